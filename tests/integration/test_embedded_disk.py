"""A disk that is full, before, during and after an initialisation: named, and worth no row.

The disk is a file system in memory that only root can mount; nobody else runs these.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import disk
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from tests.embedded import Make, query
from tests.program import run, servers

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk"),
]

MB = 1_000_000
Mount = Callable[[int], Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Mount]:
    """Return a maker of a disk of so many MB; called again, the same disk has another size."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size_mb: int) -> Path:
        options = f"size={size_mb * MB},mode=0755" + (",remount" if folder.is_mount() else "")
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
        return folder

    yield mount
    if folder.is_mount():
        run(folder, "down")
        subprocess.run(["umount", folder], check=True)


def refused(environment: EmbeddedEnvironment) -> EnvironmentUnavailable:
    with pytest.raises(EnvironmentUnavailable) as found:
        environment.ensure(60)
    assert found.value.error_code == "DISK_FULL", found.value.to_dict()
    assert found.value.exit_code == 4
    return found.value


def what_is_in(state_dir: Path) -> set[str]:
    return {path.name for path in state_dir.iterdir()}


def test_a_disk_of_20_mb_is_refused_before_anything_is_made(small_disk: Mount) -> None:
    project = small_disk(20)

    said = run(project, "up", "--json")

    assert (said.exit_code, said.error["code"]) == (4, "DISK_FULL")
    assert "needs 64 MB, and 20 MB are free" in said.error["cause"]
    assert str(project) in said.error["fix"]
    assert what_is_in(project) == {".sportsplat"}
    assert what_is_in(project / ".sportsplat") == {".gitignore", "lock"}

    small_disk(100)
    assert run(project, "up", "--json").data["state"] == "running"
    assert run(project, "down", "--volumes", "--yes", "--json").data["state"] == "absent"


@pytest.mark.parametrize("template", [False, True], ids=["initdb", "copy"])
def test_a_disk_that_fills_up_during_the_initialisation_keeps_nothing_half_made(
    make: Make, tmp_path: Path, small_disk: Mount, monkeypatch: pytest.MonkeyPatch, template: bool
) -> None:
    """There was room when it was looked for, and somebody else took it."""
    templates = tmp_path / "templates"
    if template:
        make(tmp_path / "before", templates=templates).ensure(60)
    project = make(small_disk(20), templates=templates)
    monkeypatch.setattr(disk, "free_bytes", lambda _: 100 * MB)

    error = refused(project)

    assert "No space left on device" in (error.cause or "") or "wrote only" in (error.cause or "")
    assert what_is_in(project.spec.state_dir) == {".gitignore", "lock"}
    small_disk(100)
    assert project.ensure(60).actions[0].startswith("initialised")
    assert query(project, "SELECT 1") == [(1,)]


def fill(folder: Path) -> Path:
    """Take all the room that there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    return filler


def insert_until_refused(environment: EmbeddedEnvironment) -> tuple[int, str]:
    """Store rows, each in a transaction of its own, until the server takes no more; return how many."""
    stored = 0
    with psycopg.connect(environment.endpoint().dsn(), autocommit=True) as connection:
        try:
            for number in range(2000):
                connection.execute("INSERT INTO kept SELECT %s, repeat('x', 100000)", [number])
                stored += 1
        except psycopg.Error as error:
            return stored, str(error)
    raise AssertionError("the disk was never full")


def test_a_disk_that_is_full_later_costs_no_row_that_was_stored(made: Make, small_disk: Mount) -> None:
    project = made(small_disk(100), tuning={})
    project.ensure(60)
    query(
        project, "CREATE TABLE kept (n int, filler text); ALTER TABLE kept ALTER filler SET STORAGE EXTERNAL"
    )
    filler = fill(project.spec.state_dir)

    stored, said = insert_until_refused(project)

    assert "No space left on device" in said or "server closed the connection" in said
    if project.status().state == "running":
        assert project.ask("SELECT count(*) FROM kept") == [str(stored)]
    project.stop()
    filler.unlink()
    project.ensure(60)
    assert project.ask("SELECT count(*) FROM kept") == [str(stored)]


def test_a_server_without_room_to_start_says_so_and_starts_when_it_has(made: Make, small_disk: Mount) -> None:
    project = made(small_disk(100), tuning={})
    project.ensure(60)
    query(project, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    project.stop()
    filler = fill(project.spec.state_dir)

    error = refused(project)

    assert "0 MB are free" in (error.cause or "")
    assert servers(project.spec.state_dir) == []
    filler.unlink()
    project.ensure(60)
    assert project.ask("SELECT count(*) FROM kept") == ["1000"]


def test_down_works_on_a_full_disk(made: Make, small_disk: Mount) -> None:
    project = made(small_disk(100))
    project.ensure(60)
    fill(project.spec.state_dir)

    assert project.stop() == ["stopped PostgreSQL"]
    assert project.remove() == ["deleted the data"]
    assert servers(project.spec.state_dir) == []


def test_a_disk_that_is_full_during_an_ingest_is_named_and_what_was_stored_stays(
    small_disk: Mount,
) -> None:
    folder = small_disk(120)
    assert run(folder, "up", "--backend", "embedded").exit_code == 0
    assert run(folder, "ingest", "simulate", "--season", "2010").exit_code == 0
    before = run(folder, "leagues", "--json").data["leagues"]
    filler = folder / "filler"
    filler.write_bytes(bytes(max(0, disk.free_bytes(folder) - 200_000)))

    full = run(folder, "ingest", "simulate", "--season", "2011", "--json", timeout_s=120)

    assert (full.exit_code, full.error["code"]) == (4, "DISK_FULL"), full.error
    filler.unlink()
    assert run(folder, "up").exit_code == 0
    assert run(folder, "leagues", "--json").data["leagues"] == before
    assert run(folder, "ingest", "simulate", "--season", "2011").exit_code == 0
