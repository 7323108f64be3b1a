"""New databases made before: kept in the user's cache folder, so that the next one is a copy.

A template is one file (see `pack`), named by everything that it depends on. It appears in one step, is read
only when it and its folder belong to this user and no other user may write them, and one that is damaged is
thrown away. It holds no password: its owner has none, so that no
login to a copy is possible before it is given one.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sportsplat.infra import disk
from sportsplat.infra.embedded.account import Account
from sportsplat.infra.lock import wait_for

_MAGIC = b"sportsplat-pack 1"
_HEAD = len(b"%s %08x %016x\n" % (_MAGIC, 0, 0))


class DamagedError(Exception):
    """The file is not what `write` makes."""


@dataclass(frozen=True)
class _File:
    name: str
    length: int
    kept: int
    """Bytes up to the last that is not zero."""
    start: int
    """Where they begin; files that hold the same share them."""


def write(folder: Path, file: BinaryIO) -> None:
    """Write the files and folders of `folder` to `file`, an empty file. Links are not kept."""
    folders, paths = _inside(folder)
    starts: dict[bytes, int] = {}
    files: list[tuple[str, int, int, int]] = []
    end = 0
    for path in paths:
        content = path.read_bytes()
        kept = content.rstrip(b"\0")
        start = starts.setdefault(kept, end)
        end = max(end, start + len(kept))
        files.append((str(path.relative_to(folder)), len(content), len(kept), start))
    body = [json.dumps({"folders": folders, "files": files}).encode() + b"\n", *starts]
    checksum, length = 0, 0
    for part in body:
        checksum, length = zlib.crc32(part, checksum), length + len(part)
    file.write(b"%s %08x %016x\n" % (_MAGIC, checksum, length))
    file.writelines(body)


def read(content: bytes, folder: Path, account: Account) -> None:
    """Make `folder`, private and of `account`, from what `write` wrote.

    Raises DamagedError before anything is made, OSError where it cannot be made.
    """
    folders, files, contents = _checked(content)
    for name in ("", *folders):
        (folder / name).mkdir(mode=0o700)
        account.chown(folder / name)
    at = os.open(folder, os.O_RDONLY)
    try:
        for file in files:
            _make(file, contents[file.start : file.start + file.kept], at, account)
    finally:
        os.close(at)


def _inside(folder: Path) -> tuple[list[str], list[Path]]:
    """Return all folders below `folder` by their relative names, parents first, and all files."""
    folders: list[str] = []
    files: list[Path] = []
    for root, below, names in os.walk(folder):
        folders += [str((Path(root) / name).relative_to(folder)) for name in below]
        files += [Path(root) / name for name in names]
    return folders, files


def _checked(content: bytes) -> tuple[list[str], list[_File], memoryview]:
    body = memoryview(content)[_HEAD:]
    if content[:_HEAD] != b"%s %08x %016x\n" % (_MAGIC, zlib.crc32(body), len(body)):
        raise DamagedError
    end = content.index(b"\n", _HEAD)
    try:
        index = json.loads(content[_HEAD:end])
        return index["folders"], [_File(*entry) for entry in index["files"]], body[end + 1 - _HEAD :]
    except (ValueError, KeyError, TypeError):  # another version wrote it
        raise DamagedError from None


def _make(file: _File, content: memoryview, at: int, account: Account) -> None:
    fd = os.open(file.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=at)
    try:
        _write_all(fd, content)
        if not _reserved(fd, file):
            _write_all(fd, memoryview(bytes(file.length - file.kept)))
        if not account.is_ourselves:
            os.fchown(fd, account.uid, account.gid)
    finally:
        os.close(fd)


def _write_all(fd: int, content: memoryview) -> None:
    while content:
        content = content[os.write(fd, content) :]


def _reserved(fd: int, file: _File) -> bool:
    """Lengthen the file by its zeros without writing them, where the system can; their room is taken then."""
    if file.length == file.kept:
        return True
    try:
        os.posix_fallocate(fd, file.kept, file.length - file.kept)
    except AttributeError:
        return False
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
        return False
    return True


_SUFFIX, _PARTIAL = ".pack", ".partial"
_KEPT = 4
_PATIENCE_S = 60.0


def default_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of templates in the user's cache; None where there is no home to have one in."""
    cache = environ.get("XDG_CACHE_HOME", "")
    if not Path(cache).is_absolute():
        home = environ.get("HOME", "")
        if not Path(home).is_absolute():
            return None
        cache = str(Path(home) / ".cache")
    return Path(cache) / "sportsplat" / "templates"


def copy(folder: Path, name: str, target: Path, account: Account) -> bool:
    """Make `target` from the template `name`; False where there is none that can be trusted.

    Raises OSError where `target` cannot be written; what was made of it by then is the caller's to clear.
    """
    content = _content(folder, name)
    if content is None:
        return False
    try:
        read(content, target, account)
    except DamagedError:
        with suppress(OSError):
            _path(folder, name).unlink()
        return False
    with suppress(OSError):
        os.utime(_path(folder, name))  # the one used longest ago goes first
    return True


@contextmanager
def build_lock(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock, so that one process makes a template and others wait for it; made if missing.

    Yields whether a template may be kept there: not in a folder of others, nor in one that cannot be written,
    nor while another process is still making one after a minute.
    """
    lock = _lock(folder)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def store(folder: Path, name: str, made: Path) -> None:
    """Keep the database at `made`, whose server is stopped and whose owner has no password, as a template.

    To be called by the holder of the lock. Where there is no room for it, nothing is kept.
    """
    with suppress(OSError):
        for left in folder.glob(f"*{_PARTIAL}"):
            left.unlink()
        _write(folder, name, made)
        _prune(folder)


def _write(folder: Path, name: str, made: Path) -> None:
    size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    if disk.free_bytes(folder) < 3 * size:  # the project needs its room more
        return
    fd, unfinished = tempfile.mkstemp(suffix=_PARTIAL, dir=folder)
    try:
        with os.fdopen(fd, "wb") as file:
            write(made, file)
        Path(unfinished).replace(_path(folder, name))
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _prune(folder: Path) -> None:
    """Remove all but the few that were used last."""
    kept = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[_KEPT:]:
        path.unlink()


def _content(folder: Path, name: str) -> bytes | None:
    try:
        if not _is_ours(folder.stat(), stat.S_ISDIR):
            return None
        fd = os.open(_path(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            return file.read() if _is_ours(os.fstat(fd), stat.S_ISREG) else None
    except OSError:
        return None


def _is_ours(info: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """Whether it is what it should be, belongs to this user, and no other user may write it."""
    shared = info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return is_kind(info.st_mode) and info.st_uid == os.geteuid() and not shared


def _lock(folder: Path) -> int | None:
    """Return a descriptor that holds the lock, None where there is none to be had."""
    fd = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours(folder.stat(), stat.S_ISDIR):
            fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            if wait_for(partial(_try, fd), _PATIENCE_S):
                return fd
    except OSError:
        pass
    if fd is not None:
        os.close(fd)
    return None


def _try(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}{_SUFFIX}"
