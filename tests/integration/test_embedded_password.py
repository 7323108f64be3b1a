"""Passwords of embedded data that are wrong, lost or made anew: mended, wherever that is cut short."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest

from sportsplat.errors import DataConflict, EnvironmentUnavailable
from tests.embedded import Make, query
from tests.program import run, servers, start, variables_of

pytestmark = pytest.mark.fault


def test_a_wrong_password_is_named_and_mended(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path, configured_password="right-one")
    environment.ensure(60)
    query(environment, "CREATE TABLE kept AS SELECT 42 AS answer")
    other = make(tmp_path, configured_password="wrong-one")

    with pytest.raises(DataConflict) as refused:
        other.ensure(60)
    assert refused.value.error_code == "WRONG_PASSWORD"
    assert "wrong-one" not in str(refused.value.to_dict())
    assert environment.status().state == "running"

    assert other.reset_password() == ["stopped PostgreSQL", "gave the data the configured password"]
    other.ensure(60)
    assert other.ask("SELECT answer FROM kept") == ["42"]
    assert environment.status().state == "unhealthy"


def test_a_lost_password_is_not_replaced_behind_the_users_back(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)
    (tmp_path / ".env").unlink()

    with pytest.raises(DataConflict) as refused:
        environment.ensure(60)
    assert refused.value.error_code == "PASSWORD_MISSING"
    assert not (tmp_path / ".env").exists()

    environment.reset_password()
    environment.ensure(60)
    assert environment.ask("SELECT 1") == ["1"]


def test_a_rotated_password_is_in_env_and_data_and_the_old_one_is_refused(made: Make, tmp_path: Path) -> None:
    project = made(tmp_path)
    before = project.ensure(60).endpoint
    query(project, "CREATE TABLE kept AS SELECT 42 AS answer")

    actions = project.rotate_password()

    assert actions[0] == "generated a new password into .env"
    after = made(tmp_path).endpoint()
    assert (after.port, after.database) == (before.port, before.database)
    assert after.password != before.password
    assert variables_of(tmp_path / ".env")["POSTGRES_PASSWORD"] == after.password
    assert made(tmp_path).ask("SELECT answer FROM kept") == ["42"]
    assert project.ask("SELECT answer FROM kept") == ["42"]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(before.dsn())
    assert made(tmp_path).ensure(60).actions == []


def test_a_stopped_server_stays_stopped(made: Make, tmp_path: Path) -> None:
    project = made(tmp_path)
    project.ensure(60)
    project.stop()

    assert project.rotate_password()[-1] == "gave the data the configured password"
    assert project.status().state == "stopped"
    made(tmp_path).ensure(60)
    assert made(tmp_path).ask("SELECT 1") == ["1"]


def test_a_password_of_the_environment_is_given_to_the_data_and_stays(made: Make, tmp_path: Path) -> None:
    made(tmp_path).ensure(60)
    before = (tmp_path / ".env").read_text()
    given = made(tmp_path, configured_password="from elsewhere")

    assert "generated a new password into .env" not in given.rotate_password()

    assert (tmp_path / ".env").read_text() == before
    assert given.ask("SELECT 1") == ["1"]


def test_without_data_there_is_nothing_to_rotate(make: Make, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnavailable) as refused:
        make(tmp_path).rotate_password()
    assert (refused.value.error_code, refused.value.fix) == ("NOT_RUNNING", "sportsplat up")
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize("moment", range(6))
def test_a_rotation_killed_at_any_moment_is_finished_by_the_next_up(tmp_path: Path, moment: int) -> None:
    assert run(tmp_path, "up").exit_code == 0
    try:
        client = start(tmp_path, "db", "rotate-password")
        time.sleep(0.25 + 0.07 * moment)
        client.kill()
        client.wait()

        assert run(tmp_path, "up", "--json").data["state"] == "running"
        url = run(tmp_path, "url", "--reveal", "--json").data["url"]
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("sportsplat",)
        assert not (tmp_path / ".sportsplat" / "password-changes").exists()
    finally:
        assert run(tmp_path, "down", "--volumes", "--yes").exit_code == 0
    assert servers(tmp_path) == []


@pytest.mark.parametrize(
    "line",
    [
        'POSTGRES_PASSWORD="alpha9" # local only',
        "\ufeffPOSTGRES_PASSWORD=alpha9\r",
        "POSTGRES_PASSWORD=alpha9\t# local only",
        'POSTGRES_PASSWORD="al\\"pha9"',
        "SPORTSPLAT_INFRA__PASSWORD=alpha9",
        "POSTGRES_PASSWORD=other\nSPORTSPLAT_INFRA__PASSWORD='alpha9'",
    ],
)
def test_a_password_of_env_is_rotated_however_it_is_written(project_dir: Path, line: str) -> None:
    (project_dir / ".env").write_text(f"{line}\nPOSTGRES_USER=bob\n", newline="")
    try:
        assert run(project_dir, "up", "--backend", "embedded").exit_code == 0
        old = run(project_dir, "url", "--reveal").stdout.strip()
        rotated = run(project_dir, "db", "rotate-password", "--json")
        assert rotated.data["actions"][0] == "generated a new password into .env"
        new = run(project_dir, "url", "--reveal").stdout.strip()
        assert new != old
        assert run(project_dir, "status", "--json").data["state"] == "running"
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(old)
        psycopg.connect(new).close()
    finally:
        run(project_dir, "down", "--volumes", "--yes")


def test_a_rotation_of_what_the_environment_gives_already_is_no_success(project_dir: Path) -> None:
    (project_dir / "secret").write_text("from-a-file")
    (project_dir / ".env").write_text("POSTGRES_PASSWORD_FILE=secret\n")
    try:
        assert run(project_dir, "up", "--backend", "embedded").exit_code == 0
        refused = run(project_dir, "db", "rotate-password", "--json")
        assert (refused.exit_code, refused.error["code"]) == (3, "PASSWORD_NOT_OURS")
        assert "POSTGRES_PASSWORD_FILE in " in refused.error["cause"]
        (project_dir / "secret").write_text("another-one")
        rotated = run(project_dir, "db", "rotate-password", "--json").data["actions"]
        assert rotated[0].startswith(
            "kept the password, which is from the environment (POSTGRES_PASSWORD_FILE"
        )
        assert run(project_dir, "status", "--json").data["state"] == "running"
    finally:
        run(project_dir, "down", "--volumes", "--yes")
