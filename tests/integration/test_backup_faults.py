"""What breaks a backup, a verification or a restore, and that it costs no data: all is really broken."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sportsplat.db.connection import connect
from sportsplat.db.copy import locks as table_locks
from sportsplat.db.copy.content import Content
from sportsplat.db.schema.migrate import check, migrate, take_lock
from sportsplat.errors import EnvironmentUnavailable, ResourceConflict
from sportsplat.infra.backup import file as backup_file
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.lock import wait_for
from sportsplat.jobs.backup.backup import backup, verify
from sportsplat.jobs.backup.restore import restore
from tests.backups import CANARY, fill, held, plain_database, settings_of
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS
from tests.proc_watch import command_lines_watched
from tests.program import run, servers, start

pytestmark = pytest.mark.fault
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")

MANY, FEW = 3000, 30  # matches; 15 quotes each
MOMENTS = 6
Held = tuple[Content, dict[str, int]]


@dataclass(frozen=True)
class Stored:
    """A database with rows, what it holds, and a backup of it."""

    endpoint: Endpoint
    held: Held
    file: Path


@pytest.fixture(scope="module")
def many(postgres: Endpoint, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    """A database for which each command needs a while."""
    with _stored(postgres, tmp_path_factory.mktemp("many"), MANY) as stored:
        yield stored


@pytest.fixture
def few(postgres: Endpoint, migrated: str, tmp_path: Path) -> Iterator[Stored]:
    """A small database of this test alone."""
    with _stored(postgres, tmp_path / "few", FEW) as stored:
        yield stored


@contextmanager
def _stored(server: Endpoint, folder: Path, matches: int) -> Iterator[Stored]:
    with plain_database(server) as endpoint:
        migrate(endpoint.dsn(), MIGRATIONS)
        with connect(endpoint.dsn()) as conn:
            fill(conn, matches)
        file = Path(backup(settings_of(folder, endpoint), folder / "backup.dump").file)
        yield Stored(endpoint, held(endpoint), file)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder for `sportsplat` to run in."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def point(project: Path, endpoint: Endpoint) -> None:
    """Let the project's `.env` name this database."""
    (project / ".env").write_text(f"DATABASE_URL={endpoint.url(reveal=True)}\n")


def moments(project: Path, *words: str) -> list[float]:
    """Run the command once, and return delays in seconds spread over the time that it took."""
    started = time.monotonic()
    ran = run(project, *words)
    assert ran.exit_code == 0, ran
    took = time.monotonic() - started
    return [took * (step + 0.5) / MOMENTS for step in range(MOMENTS)]


def kill_after(project: Path, delay_s: float, *words: str) -> None:
    process = start(project, *words)
    with suppress(subprocess.TimeoutExpired):
        process.wait(delay_s)
    process.kill()
    process.wait()


def scratch_databases(endpoint: Endpoint) -> int:
    with connect(endpoint.dsn(), autocommit=True) as conn:
        found = conn.execute("SELECT FROM pg_database WHERE starts_with(datname, 'sportsplat_verify')")
        return found.rowcount


def test_a_killed_backup_leaves_no_file_or_a_whole_one(project: Path, many: Stored) -> None:
    point(project, many.endpoint)
    folder = project / ".sportsplat" / "backups"
    for delay in moments(project, "db", "backup"):
        kill_after(project, delay, "db", "backup")
        for file in folder.glob("*.dump"):
            backup_file.check_archive(file, backup_file.read_manifest(file))
    assert wait_for(lambda: run(project, "db", "backup").exit_code == 0 and _no_partial(folder), 20)
    assert held(many.endpoint) == many.held


def _no_partial(folder: Path) -> bool:
    return not [file for file in folder.iterdir() if "partial" in file.name]


@pytest.mark.parametrize("own_server", [True, False])
def test_what_a_killed_verification_left_is_gone_after_the_next(
    project: Path, many: Stored, postgres: Endpoint, own_server: bool
) -> None:
    """A plain user may make no database, so the verification starts a server of its own."""
    point(project, many.endpoint if own_server else postgres)
    words = ("db", "verify", str(many.file))
    for delay in moments(project, *words)[:: 2 if own_server else 1]:
        kill_after(project, delay, *words)
    ran = run(project, *words)
    assert ran.exit_code == 0, ran
    state = project / ".sportsplat"
    assert servers(state) == []
    assert list(state.glob("scratch-*")) == []
    assert scratch_databases(postgres) == 0


def test_a_killed_restore_leaves_the_old_rows_or_the_new(project: Path, few: Stored, many: Stored) -> None:
    point(project, few.endpoint)
    words = ("db", "restore", "--yes", "--no-backup", str(many.file))
    back = ("db", "restore", "--yes", "--no-backup", str(few.file))
    seen = []
    for delay in moments(project, *words):
        assert run(project, *back).exit_code == 0
        kill_after(project, delay, *words)
        now = held(few.endpoint)
        assert now in (few.held, many.held)
        assert check(few.endpoint.dsn(), MIGRATIONS) == []
        seen.append(now == many.held)
    assert not seen[0]
    assert run(project, *words).exit_code == 0
    assert held(few.endpoint) == many.held


def test_a_server_that_dies_in_a_restore_comes_back_with_the_old_rows_or_the_new(
    project: Path, few: Stored, many: Stored
) -> None:
    assert run(project, "up", "--backend", "embedded").exit_code == 0
    try:
        words = ("db", "restore", "--yes", "--no-backup", str(many.file))
        back = ("db", "restore", "--yes", "--no-backup", str(few.file))
        both = [run(project, *command, "--json").data["tables"] for command in (back, words)]
        for delay in moments(project, *words)[2::2]:
            assert run(project, *back).exit_code == 0
            process = start(project, *words)
            time.sleep(delay)
            (pid_file,) = (project / ".sportsplat").glob("pgdata-*/postmaster.pid")
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
            assert process.wait(60) in (0, 4), process.stderr and process.stderr.read()
            assert run(project, "up").exit_code == 0
            assert run(project, "db", "backup", "--json").data["tables"] in both
    finally:
        run(project, "down", "--volumes", "--yes")


def test_a_server_that_dies_in_a_verification_or_a_backup_is_told_as_that(
    project: Path, many: Stored
) -> None:
    assert run(project, "up", "--backend", "embedded").exit_code == 0
    try:
        assert run(project, "db", "restore", str(many.file)).exit_code == 0
        for words in (("db", "verify", str(many.file)), ("db", "backup")):
            for delay in moments(project, *words)[3:]:
                process = start(project, *words, "--json", stdout=subprocess.PIPE)
                time.sleep(delay)
                (pid_file,) = (project / ".sportsplat").glob("pgdata-*/postmaster.pid")
                os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
                said, _ = process.communicate(timeout=60)
                assert process.returncode == 0 or '"retryable": true' in said, said
                assert process.returncode in (0, 4), said
                assert run(project, "up").exit_code == 0
        assert run(project, "db", "verify").exit_code == 0
    finally:
        run(project, "down", "--volumes", "--yes")


def test_a_move_whose_source_is_lost_leaves_the_project_there(
    project: Path, few: Stored, many: Stored
) -> None:
    assert run(project, "up", "--backend", "embedded").exit_code == 0
    try:
        assert run(project, "db", "restore", str(many.file)).exit_code == 0
        with (project / ".env").open("a") as env:
            env.write(f"DATABASE_URL={few.endpoint.url(reveal=True)}\n")
        words = ("db", "move", "external", "--yes")
        process = start(project, *words, "--json", stdout=subprocess.PIPE)
        assert wait_for(lambda: _is_loading(few.endpoint), 60)
        (pid_file,) = (project / ".sportsplat").glob("pgdata-*/postmaster.pid")
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 4, said
        assert '"CONNECTION_LOST"' in said
        assert "stays with its embedded database" in said
        ran = run(project, *words)
        assert ran.exit_code == 0, ran
        assert held(few.endpoint) == many.held
    finally:
        run(project, "down", "--volumes", "--yes", SPORTSPLAT_INFRA__BACKEND="embedded")


def test_ctrl_c_leaves_nothing_behind(project: Path, many: Stored, database: Database) -> None:
    point(project, database.endpoint)
    assert run(project, "db", "restore", str(many.file)).exit_code == 0
    for words in (("db", "backup", "--verify", "a.dump"), ("db", "verify", str(many.file))):
        process = start(project, *words)
        assert wait_for(lambda: scratch_databases(database.endpoint), 30)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert scratch_databases(database.endpoint) == 0
        assert not [file for file in project.iterdir() if "a.dump" in file.name]


def test_ctrl_c_in_a_restore_leaves_the_old_rows(project: Path, few: Stored, many: Stored) -> None:
    point(project, few.endpoint)
    process = start(project, "db", "restore", "--yes", "--no-backup", str(many.file))
    assert wait_for(lambda: _is_loading(few.endpoint), 30)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert held(few.endpoint) == few.held


def _is_loading(endpoint: Endpoint) -> bool:
    """Whether somebody else's transaction has begun to write: a restore is one transaction."""
    with connect(endpoint.dsn(), autocommit=True) as conn:
        query = """
            SELECT FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL
        """
        return conn.execute(query).rowcount > 0


def test_a_backup_during_restores_is_of_the_one_or_of_the_other(
    few: Stored, many: Stored, tmp_path: Path
) -> None:
    """A snapshot that is older than a table would see none of its rows."""
    settings = settings_of(tmp_path / "both", few.endpoint)
    ended = threading.Event()

    def swap() -> None:
        while not ended.is_set():
            for file in (many.file, few.file):
                restore(settings, file, yes=True, keep=False)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        made = [backup(settings).tables for _ in range(6)]
    finally:
        ended.set()
        swapper.join()
    known = [
        {name: {"rows": table.rows, "hash": table.hash} for name, table in stored.held[0].items()}
        for stored in (few, many)
    ]
    assert all(tables in known for tables in made)


def test_two_restores_at_once_happen_one_after_the_other(project: Path, few: Stored, many: Stored) -> None:
    point(project, few.endpoint)
    files = (many.file, few.file)
    both = [start(project, "db", "restore", "--yes", "--no-backup", str(file)) for file in files]
    assert [process.wait(120) for process in both] == [0, 0]
    assert held(few.endpoint) in (few.held, many.held)
    assert check(few.endpoint.dsn(), MIGRATIONS) == []


def test_a_restore_waits_for_another_one_for_longer_than_for_a_table(
    few: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_locks, "WAIT_S", 0.3)
    settings = settings_of(tmp_path, few.endpoint)
    with connect(few.endpoint.dsn()) as other:  # as a restore that is at its rows
        take_lock(other, 1)
        tables = ", ".join(few.held[0])
        other.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE".encode())
        ended = threading.Timer(2, other.close)
        ended.start()
        restore(settings, few.file, yes=True, keep=False)
        ended.join()
    assert held(few.endpoint) == few.held


def test_who_holds_a_table_is_named_and_nothing_is_changed(
    few: Stored, many: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_locks, "WAIT_S", 0.3)
    settings = settings_of(tmp_path, few.endpoint)
    with connect(few.endpoint.dsn(), name="somebody at work") as client:
        client.execute("SELECT count(*) FROM quotes")
        with pytest.raises(ResourceConflict) as refused:
            restore(settings, many.file, yes=True, keep=False)
        assert refused.value.error_code == "LOCK_TIMEOUT"
        assert "somebody at work" in str(refused.value.cause)
        client.rollback()
        assert held(few.endpoint) == few.held
        client.execute("LOCK TABLE quotes IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ResourceConflict) as refused:
            backup(settings)
        assert refused.value.error_code == "LOCK_TIMEOUT"
        assert "somebody at work" in str(refused.value.cause)
    assert list((settings.state_dir / "backups").iterdir()) == []


@ROOT_ONLY
def test_a_full_disk_leaves_no_file(many: Stored, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, many.endpoint)
    with mounted(tmp_path / "small", f"size={many.file.stat().st_size // 2048}k") as small:
        with pytest.raises(EnvironmentUnavailable) as refused:
            backup(settings, small / "a.dump")
        assert refused.value.error_code == "DISK_FULL"
        assert refused.value.exit_code == 4
        assert str(small) in refused.value.message
        assert list(small.iterdir()) == []
    size = (many.file.stat().st_size - 1) // 4096 * 4  # whole pages: a small disk is made of them
    with mounted(tmp_path / "almost", f"size={size}k") as small:  # room for the archive, not for its end
        with pytest.raises(EnvironmentUnavailable) as refused:
            backup(settings, small / "a.dump")
        assert refused.value.error_code == "DISK_FULL"
        assert list(small.iterdir()) == []


@ROOT_ONLY
def test_a_folder_that_cannot_be_written_takes_no_backup_and_no_note(few: Stored, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, few.endpoint)
    with mounted(tmp_path / "fixed", "size=10m") as fixed:
        file = Path(backup(settings, fixed / "a.dump").file)
        subprocess.run(["mount", "-o", "remount,ro", str(fixed)], check=True)
        with pytest.raises(EnvironmentUnavailable) as refused:
            backup(settings, fixed / "b.dump")
        assert refused.value.error_code == "NOT_WRITABLE"
        assert verify(settings, file).verified is not None
        assert list(fixed.iterdir()) == [file]


def test_the_password_is_on_no_command_line_and_in_no_output(
    project: Path, few: Stored, many: Stored
) -> None:
    point(project, few.endpoint)
    file = str(project / "a.dump")
    with command_lines_watched() as lines:
        said = [
            run(project, "db", "restore", str(many.file), "--yes"),
            run(project, "db", "backup", file, "--json"),
            run(project, "db", "verify", file, "--verbose"),
            run(project, "db", "restore", file, "--yes", "--verbose"),
            run(project, "db", "backups"),
            run(project, "db", "reset", "--yes", "--json"),
            run(project, "db", "verify", str(project / ".env")),
        ]
    assert [ran.exit_code for ran in said] == [0, 0, 0, 0, 0, 0, 9]
    for program in ("pg_dump --format=custom", "pg_restore --section="):
        assert any(program in line for line in lines), f"the watcher saw no {program}"
    assert not any(CANARY in line for line in lines)
    assert not any(CANARY in ran.stdout + ran.stderr for ran in said)
    for written in project.rglob("*"):
        if written.is_file() and written.name != ".env":
            assert CANARY.encode() not in written.read_bytes(), written


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory with these options for as long as the block lasts."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
