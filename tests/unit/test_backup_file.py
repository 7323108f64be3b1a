"""The file of a backup: one step from nothing to whole, and no damage that goes unnoticed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.errors import EnvironmentUnavailable, InputRefused, ResourceConflict
from sportsplat.infra.backup.file import Manifest, check_archive, new_file, newest, read_manifest

ARCHIVE = b"PGDMP" + bytes(range(256)) * 50
MANIFEST = Manifest(
    created_at="2024-05-01T12:00:00+00:00",
    backend="embedded",
    server_version="16.4",
    schema_revision="0012",
    sportsplat="1.0",
    tables={"teams": {"rows": 2, "hash": "00" * 16}, "alembic_version": {"rows": 1, "hash": "11" * 16}},
    sequences={"teams_id_seq": 3},
    objects=["table teams"],
)


def write(path: Path, *, force: bool = False, archive: bytes = ARCHIVE) -> Manifest:
    with new_file(path, force=force) as new:
        new.partial.write_bytes(archive)
        return new.seal(MANIFEST)


def read(path: Path) -> Manifest:
    manifest = read_manifest(path)
    check_archive(path, manifest)
    return manifest


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(InputRefused) as refused:
        action()
    assert refused.value.exit_code == 9
    return refused.value.error_code


def test_of_two_backups_of_one_second_the_one_written_last_is_the_newest(tmp_path: Path) -> None:
    for name, written in (("b.dump", 5), ("a.dump", 9), ("c.dump", 7)):
        write(tmp_path / name)
        os.utime(tmp_path / name, ns=(written, written))
    found = newest(tmp_path)
    assert found is not None
    assert found[0].name == "a.dump"


def test_what_is_written_is_read_and_is_nobody_elses_business(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.dump"
    manifest = write(path)
    assert read(path) == manifest
    assert replace(manifest, bytes=0, sha256="") == MANIFEST
    assert manifest.bytes == len(ARCHIVE)
    assert manifest.rows == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_bytes().startswith(ARCHIVE)
    assert list(path.parent.iterdir()) == [path]


def test_what_is_not_sealed_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_file(tmp_path / "a.dump") as new:
            new.partial.write_bytes(ARCHIVE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "a.dump"
    path.write_text("mine")
    with pytest.raises(ResourceConflict) as refused:
        write(path)
    assert refused.value.error_code == "FILE_EXISTS"
    assert path.read_text() == "mine"
    write(path, force=True)
    assert read(path).bytes == len(ARCHIVE)


def test_a_file_that_came_meanwhile_is_not_replaced_either(tmp_path: Path) -> None:
    path = tmp_path / "a.dump"

    def overtaken() -> None:
        with new_file(path) as new:
            new.partial.write_bytes(ARCHIVE)
            path.write_text("mine")
            new.seal(MANIFEST)

    with pytest.raises(ResourceConflict):
        overtaken()
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_the_next_backup_sweeps_what_killed_ones_left_and_no_living_one(tmp_path: Path) -> None:
    dead = tmp_path / "a.dump.partial-1-0123abcd"
    dead.write_bytes(ARCHIVE)
    not_ours = tmp_path / "notes.partial-1-0123abcd"
    not_ours.write_text("a text of the user's")
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from sportsplat.infra.backup.file import new_file\n"
        "with new_file(Path(sys.argv[1])) as new:\n"
        "    print(new.partial, flush=True)\n"
        "    time.sleep(60)\n"
    )
    words = [sys.executable, "-c", script, str(tmp_path / "b.dump")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        alive = Path(other.stdout.readline().strip())
        assert not dead.exists()
        write(tmp_path / "c.dump")
        assert alive.exists()
        assert not_ours.exists()
        other.kill()
    write(tmp_path / "d.dump")
    assert not alive.exists()


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_a_file_that_was_cut_short_is_not_whole(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.dump"
    write(path)
    os.truncate(path, int(path.stat().st_size * share))
    assert refusal(lambda: read(path)) == "BACKUP_DAMAGED"


def test_no_flipped_bit_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "a.dump"
    write(path)
    whole = path.read_bytes()
    for place in [*range(0, len(whole), 97), *range(len(whole) - 60, len(whole))]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert refusal(lambda: read(path)) in {"BACKUP_DAMAGED", "NOT_A_BACKUP"}, place


def test_more_than_was_written_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.dump"
    write(path)
    whole = path.read_bytes()
    path.write_bytes(ARCHIVE + whole)
    assert refusal(lambda: read(path)) == "BACKUP_DAMAGED"


@pytest.mark.parametrize("text", [b"", b"hello", b"SELECT 1;\n" * 1000, b"PGDM"])
def test_another_file_is_not_a_backup(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "a.dump"
    path.write_bytes(text)
    assert refusal(lambda: read(path)) == "NOT_A_BACKUP"


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.dump", tmp_path):
        with pytest.raises(InputRefused) as refused:
            read(path)
        assert refused.value.error_code == "NO_SUCH_FILE"
        assert str(path) in refused.value.message


def test_a_format_of_the_future_is_told_apart_from_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.dump"
    with new_file(path) as new:
        new.partial.write_bytes(ARCHIVE)
        new.seal(replace(MANIFEST, format=2))
    assert refusal(lambda: read(path)) == "BACKUP_NEWER"


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentUnavailable) as refused:
        write(tmp_path / "file" / "a.dump")
    assert refused.value.error_code == "NOT_WRITABLE"
    assert str(tmp_path / "file" / "a.dump") in refused.value.message
