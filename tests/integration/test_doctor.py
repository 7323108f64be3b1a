"""What `doctor` says of a project's settings, port, database and schema: each test really breaks them."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sportsplat.infra.state_folder import StateFolder
from tests.conftest import Database
from tests.doctor import rows, states
from tests.program import NO_ENGINE, run


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose embedded server runs; each test leaves it so."""
    folder = tmp_path_factory.mktemp("up")
    try:
        assert run(folder, "up").exit_code == 0
        yield folder
    finally:
        run(folder, "down", "--volumes", "--yes")


@pytest.fixture
def running(up: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That project, as the current folder."""
    monkeypatch.chdir(up)
    return up


@pytest.fixture
def external(project_dir: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A project on a server of its own, at the schema's head."""
    monkeypatch.setenv("DATABASE_URL", database.endpoint.url(reveal=True))
    return database


def test_a_new_project_is_healthy_and_stays_untouched(project_dir: Path) -> None:
    found = rows()

    assert "fail" not in states(found).values()
    assert (found["database"]["state"], found["database"]["fix"]) == ("skipped", "sportsplat up")
    assert found["backend"]["seen"].startswith("embedded")
    assert list(project_dir.iterdir()) == []


def test_a_running_project_is_healthy_in_every_row(running: Path) -> None:
    found = rows()

    expected = dict.fromkeys(found, "ok") | dict.fromkeys(
        ("engine", "image", "secrets_folder", "engine_disk"), "skipped"
    )
    seen = states(found)
    for row in ("lock", "disk"):  # depend on the machine
        assert seen.pop(row) in ("ok", "warn")
        expected.pop(row)
    assert seen == expected
    assert found["port"]["seen"].endswith("our database listens on it")
    assert found["env_file"]["seen"] == ".env is closed to others (mode 0600)"


def test_a_port_that_somebody_holds_names_the_holder(
    project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        monkeypatch.setenv("SPORTSPLAT_INFRA__PORT", str(port))
        fixed = rows()["port"]
        monkeypatch.delenv("SPORTSPLAT_INFRA__PORT")
        StateFolder(project_dir / ".sportsplat").update(port=port)
        remembered = rows()["port"]

    assert fixed["state"] == "fail"
    assert f"process {os.getpid()} " in fixed["seen"]
    assert "--port auto" in fixed["fix"]
    assert remembered["state"] == "ok"
    assert f"{port} (used before) is taken" in remembered["seen"]
    assert rows()["port"]["seen"] == f"{port} (used before) is free"


def test_settings_that_cannot_be_read_are_a_row_and_the_rest_is_skipped(project_dir: Path) -> None:
    whole = list(rows())
    (project_dir / "config").mkdir()
    (project_dir / "config" / "settings.yaml").write_text("infra:\n  prot: 5433\n")

    found = rows()

    assert list(found) == whole
    assert found["settings"]["state"] == "fail"
    assert "prot" in found["settings"]["seen"]
    assert {found[name]["state"] for name in whole[whole.index("backend") :]} == {"skipped"}


def test_leagues_that_cannot_be_read_fail_and_hide_nothing_else(project_dir: Path) -> None:
    (project_dir / "config").mkdir()
    (project_dir / "config" / "leagues.yaml").write_text("leagues: 3\n")

    found = rows()

    assert found["settings"]["state"] == "fail"
    assert found["state_folder"]["state"] == "ok"


@pytest.mark.parametrize(
    ("revision", "fix"),
    [("0001", "sportsplat db migrate"), ("9999", "pip install --upgrade sportsplat")],
)
def test_a_schema_that_is_not_the_codes_fails(external: Database, revision: str, fix: str) -> None:
    assert rows()["schema"]["state"] == "ok"
    with external.connect(autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", (revision,))

    row = rows()["schema"]

    assert row["state"] == "fail"
    assert revision in row["seen"]
    assert row["fix"] == fix


def test_a_database_without_a_schema_fails(
    project_dir: Path, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database.endpoint.url(reveal=True))

    assert rows()["schema"]["fix"] == "sportsplat db migrate"


def test_a_server_that_is_down_fails_and_what_needs_it_is_skipped(
    project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2-hunter2@127.0.0.1:1/sports")

    found = rows()

    assert found["database"]["state"] == "fail"
    assert "does not answer" in found["database"]["seen"]
    assert "DATABASE_URL" in found["database"]["fix"]
    assert {found[name]["state"] for name in ("server_version", "schema", "clock")} == {"skipped"}
    assert "hunter2" not in str(found)


@pytest.mark.usefixtures("external")
def test_a_clock_that_differs_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's clock is two minutes behind the database's."""
    there = time.time
    monkeypatch.setattr("sportsplat.jobs.doctor.time.time", lambda: there() - 120)

    row = rows()["clock"]

    assert row["state"] == "fail"
    assert row["seen"] == "the database is 120 s ahead of this machine"


def test_a_stopped_database_is_noted(running: Path) -> None:
    try:
        assert run(running, "down").exit_code == 0
        found = rows()
    finally:
        assert run(running, "up").exit_code == 0

    assert (found["database"]["state"], found["database"]["fix"]) == ("warn", "sportsplat up")
    assert "free" in found["port"]["seen"]


def test_data_of_another_major_or_half_made_fails(project_dir: Path) -> None:
    data_dir = project_dir / ".sportsplat" / "pgdata-16"
    data_dir.mkdir(parents=True)
    half = rows()
    (data_dir / "PG_VERSION").write_text("15\n")
    other = rows()

    assert (half["database"]["state"], half["database"]["fix"]) == ("fail", "sportsplat up --reinit")
    assert other["server_version"]["state"] == "fail"
    assert "PostgreSQL 15" in other["server_version"]["seen"]


def test_a_backend_that_would_change_silently_fails(external: Database, project_dir: Path) -> None:
    StateFolder(project_dir / ".sportsplat").update(backend="embedded")

    found = rows()

    assert found["backend"]["state"] == "fail"
    assert "--backend external" in found["backend"]["fix"]
    assert found["port"]["state"] == "skipped"


def test_docker_without_an_engine_lists_what_was_tried(
    project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPORTSPLAT_INFRA__BACKEND", "docker")

    found = rows()

    assert found["engine"]["state"] == "fail"
    assert f"{NO_ENGINE} (DOCKER_HOST): there is no such file" in found["engine"]["seen"]
    assert "--backend embedded" in found["engine"]["fix"]
    assert found["database"]["state"] == "fail"


def test_without_docker_no_engine_is_no_failure_and_what_was_tried_is_told(project_dir: Path) -> None:
    row = rows()["engine"]

    assert row["state"] == "skipped"
    assert NO_ENGINE in row["seen"]
