"""`up`, `status`, `url`, `psql`, `logs` and `down` as scripts and people use them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.program import PROGRAM, Ran, environment, run, servers, variables_of

KEYS = {
    "backend",
    "state",
    "endpoint",
    "server_version",
    "schema_revision",
    "project_dir",
    "schema_head",
    "actions",
    "services",
    "notes",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project that is up; each test leaves it so."""
    folder = tmp_path_factory.mktemp("environment")
    try:
        assert run(folder, "up").exit_code == 0
        yield folder
    finally:
        run(folder, "down", "--volumes", "--yes")
    assert servers(folder / ".sportsplat") == []


@pytest.fixture(scope="module")
def password(project: Path) -> str:
    return variables_of(project / ".env")["POSTGRES_PASSWORD"]


def test_a_first_up_returns_although_its_output_is_piped(tmp_path: Path) -> None:
    """The server must not hold the pipe of the command that started it."""
    try:
        done = subprocess.run(
            ["bash", "-c", f"'{PROGRAM}' up | cat"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert "started PostgreSQL" in done.stdout
    finally:
        run(tmp_path, "down", "--volumes", "--yes")
    assert servers(tmp_path / ".sportsplat") == []


def test_up_and_status_give_the_same_object(project: Path) -> None:
    up, status = run(project, "up", "--json"), run(project, "status", "--json")

    assert set(status.data) == KEYS
    assert up.data == status.data | {"notes": []}
    assert up.data["state"] == "running"
    assert up.data["actions"] == []
    assert up.envelope["command"] == "up"


def test_people_see_the_state_and_the_schema(project: Path) -> None:
    shown = run(project, "status")

    assert shown.stderr == ""
    assert "running (embedded)" in shown.stdout
    assert "up to date" in shown.stdout


def test_the_url_is_masked_unless_revealed(project: Path, password: str) -> None:
    masked, revealed = run(project, "url").stdout, run(project, "url", "--reveal").stdout

    assert masked.startswith("postgresql://sportsplat:***@127.0.0.1:")
    assert revealed == masked.replace("***", password)
    assert run(project, "url", "--reveal", "--json").data["url"] == revealed.strip()


def test_psql_takes_what_follows_the_dashes(project: Path) -> None:
    asked = run(project, "psql", "--", "-XAt", "-c", "SELECT current_user, current_database()")
    assert asked == Ran(0, "sportsplat|sportsplat\n", "")

    assert run(project, "psql", "--", "-c", "SELECT 1/0", "-v", "ON_ERROR_STOP=1").exit_code == 1


def test_logs_end_with_what_the_server_said_last(project: Path) -> None:
    run(project, "psql", "--", "-c", "DO $$ BEGIN RAISE LOG 'a mark of %', 'ours'; END $$")

    assert "a mark of ours" in run(project, "logs", "-n", "3").stdout
    assert any("a mark of ours" in line for line in run(project, "logs", "--json").data["lines"])
    assert run(project, "logs", "redis", "--json").error["code"] == "USAGE"
    assert run(project, "logs", "-f", "--json").exit_code == 2


def test_down_keeps_the_data_and_can_be_repeated(project: Path) -> None:
    run(project, "psql", "--", "-c", "CREATE TABLE public.kept AS SELECT 42 AS answer")

    assert run(project, "down", "--json").data["actions"] == ["stopped PostgreSQL"]
    assert run(project, "down", "--json").data == {"backend": "embedded", "state": "stopped", "actions": []}
    stopped = run(project, "status", "--json").data
    assert (stopped["state"], stopped["endpoint"]) == ("stopped", None)
    for words in (("url",), ("psql", "--", "-c", "SELECT 1")):
        refused = run(project, *words, "--json") if words[0] == "url" else run(project, *words)
        assert refused.exit_code == 4
        assert "sportsplat up" in refused.stdout + refused.stderr

    run(project, "up")
    assert run(project, "psql", "--", "-XAtc", "SELECT answer FROM kept").stdout == "42\n"
    run(project, "psql", "--", "-c", "DROP TABLE kept")


def test_data_is_not_deleted_without_consent(project: Path) -> None:
    refused = run(project, "down", "--volumes", "--json")

    assert (refused.exit_code, refused.error["code"]) == (2, "NEEDS_YES")
    assert run(project, "status", "--exit-code", "--json").data["state"] == "running"


def test_a_complete_database_is_not_initialised_anew(project: Path) -> None:
    refused = run(project, "up", "--reinit", "--json")

    assert (refused.exit_code, refused.error["code"]) == (2, "NOTHING_TO_REINIT")


@pytest.mark.parametrize("port", ["0", "65536", "many"])
def test_a_port_that_is_none_is_a_usage_error(project: Path, port: str) -> None:
    assert run(project, "up", "--port", port).exit_code == 2


def test_auto_does_not_follow_a_url_away_from_the_data(project: Path) -> None:
    refused = run(
        project, "status", "--json", DATABASE_URL="postgresql://me:hunter2hunter2@nowhere.invalid/x"
    )

    assert (refused.exit_code, refused.error["code"]) == (6, "BACKEND_WOULD_CHANGE")
    assert "hunter2" not in refused.stdout + refused.stderr


def test_an_unreachable_server_has_its_own_exit_code(tmp_path: Path) -> None:
    refused = run(tmp_path, "up", "--json", DATABASE_URL="postgresql://me:hunter2hunter2@127.0.0.1:1/x")

    assert (refused.exit_code, refused.error["code"]) == (4, "DATABASE_UNREACHABLE")
    assert "hunter2" not in refused.stdout + refused.stderr


def test_a_project_without_a_database_is_absent_and_stays_so(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.yaml").write_text("")
    assert run(tmp_path, "status", "--json").data["state"] == "absent"
    asked = run(tmp_path, "status", "--exit-code", "--json")
    assert (asked.exit_code, asked.envelope["ok"], asked.envelope["data"]["state"]) == (4, True, "absent")
    assert run(tmp_path, "down", "--json").data["actions"] == []
    assert [path.name for path in tmp_path.iterdir()] == ["config"]


def test_the_password_is_told_to_nobody(project: Path, password: str) -> None:
    said = [run(project, *words) for words in (("up",), ("status", "--json"), ("logs",), ("up", "--verbose"))]

    for one in said:
        assert password not in one.stdout + one.stderr
    wrong = run(project, "up", "--json", POSTGRES_PASSWORD="canary-4711-canary")
    assert (wrong.exit_code, wrong.error["code"]) == (6, "WRONG_PASSWORD")
    assert "canary-4711-canary" not in wrong.stdout + wrong.stderr
    found = subprocess.run(
        ["grep", "-rlF", "--", password, project], capture_output=True, text=True, check=False
    )
    assert found.stdout.split() == [str(project / ".env")]


@pytest.mark.parametrize("word", ["status", "up"])
def test_a_look_at_a_running_database_loads_nothing_heavy(project: Path, word: str) -> None:
    """Both are run by scripts again and again. The driver is loaded: every query goes through it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", PROGRAM, word],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}

    assert "typer" in loaded
    assert loaded & {"alembic", "docker", "lightgbm", "numpy", "pandas", "sqlalchemy"} == set()
