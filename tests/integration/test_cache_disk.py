"""A raw cache that cannot be written, as on a full disk: the work goes on, and nothing half-made stays."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sportsplat.sources.web.cache import Copy, RawCache

URL = "https://example.org/mmz4281/2122/E0.csv"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


def copy_of(data: bytes) -> Copy:
    return Copy(data, hashlib.sha256(data).hexdigest(), '"a1"', None, datetime(2021, 8, 14, tzinfo=UTC))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("sportsplat")]


@root_only
@pytest.mark.fault
def test_a_full_disk_keeps_the_older_copy_and_nothing_half_made(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = RawCache(disk)
    older = copy_of(b"old\n" * 100)
    assert cache.store(URL, older) == cache.path_of(URL)

    assert cache.store(URL, copy_of(os.urandom(300_000))) is None
    assert cache.store(URL, copy_of(os.urandom(400_000))) is None

    assert cache.load(URL) == older
    assert files_below(disk) == ["E0.csv", "E0.csv.meta.json"]
    (said,) = warnings(caplog)
    assert str(disk) in said
    assert "No space left on device" in said


@root_only
@pytest.mark.fault
def test_a_disk_that_has_room_for_the_bytes_and_not_for_their_description_keeps_neither(disk: Path) -> None:
    cache = RawCache(disk)
    older = copy_of(b"old\n")
    cache.store(URL, older)
    (disk / "filler").write_bytes(bytes(256 * 1024 - 4 * 4096))
    room = os.statvfs(disk)
    free = room.f_bavail * room.f_frsize

    assert cache.store(URL, copy_of(os.urandom(free))) is None

    assert cache.load(URL) == older
    assert files_below(disk) == ["E0.csv", "E0.csv.meta.json", "filler"]


def test_a_cache_folder_that_is_a_file_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "cache"
    folder.write_text("not a folder")
    cache = RawCache(folder)
    with caplog.at_level(logging.WARNING, "sportsplat"):
        assert [cache.store(URL, copy_of(b"x")), cache.store(URL + "2", copy_of(b"y"))] == [None, None]
    assert cache.load(URL) is None
    (said,) = warnings(caplog)
    assert "cannot be written" in said
    assert folder.read_text() == "not a folder"


@root_only
@pytest.mark.fault
def test_a_read_only_cache_is_read_and_not_written(disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = RawCache(disk)
    older = copy_of(b"old\n")
    cache.store(URL, older)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

    assert cache.store(URL, copy_of(b"new\n")) is None

    assert cache.load(URL) == older
    (said,) = warnings(caplog)
    assert "Read-only file system" in said
