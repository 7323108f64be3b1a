"""The file of a backup: an archive of `pg_dump`, behind it what it holds and a proof that it is whole.

    archive in the custom format     `pg_restore` reads it; it takes no notice of what follows
    manifest, JSON
    its length (8 bytes), its SHA-256 (32 bytes), `sportsplat-bak-1`

One file, so that nothing can be parted from it, and never changed once it has its name.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from shlex import quote
from typing import Any, BinaryIO

from sportsplat.errors import EnvironmentUnavailable, InputRefused, ResourceConflict

FORMAT = 1
_END = b"sportsplat-bak-1"
_FOOTER = 8 + 32 + len(_END)
_ARCHIVE = b"PGDMP"
_BLOCK = 1 << 20
_PARTIAL = re.compile(r"\.partial-\d+-[0-9a-f]{8}$")


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    tables: name to `rows` and `hash` (see `db.content`), both of one moment. sequences: the number that each
    gives next. objects: the tables, views and so on in it. bytes, sha256: of the archive. verified: when the
    archive was restored and compared before it got its name, else None.
    """

    created_at: str
    backend: str
    server_version: str
    schema_revision: str
    sportsplat: str
    tables: Mapping[str, Mapping[str, Any]]
    sequences: Mapping[str, int]
    objects: list[str]
    bytes: int = 0
    sha256: str = ""
    verified: Mapping[str, str] | None = None
    format: int = field(default=FORMAT)

    @property
    def rows(self) -> int:
        """Rows of all tables but Alembic's own."""
        return sum(table["rows"] for name, table in self.tables.items() if name != "alembic_version")


@dataclass(frozen=True)
class NewFile:
    """A backup on its way: `partial` takes the archive; while `fd` is held it is not cleaned up."""

    path: Path
    partial: Path
    fd: int
    replaces: bool

    def seal(self, manifest: Manifest) -> Manifest:
        """Put the manifest behind the archive, flush both to the disk, give the file its name in one step.

        Returns the manifest with size and checksum of the archive.
        """
        with writing(self.path):
            with self.partial.open("rb") as archive:
                size = os.fstat(self.fd).st_size
                manifest = replace(manifest, bytes=size, sha256=digest(archive, size))
            text = json.dumps(asdict(manifest), sort_keys=True).encode()
            os.lseek(self.fd, 0, os.SEEK_END)
            footer = len(text).to_bytes(8, "big") + hashlib.sha256(text).digest() + _END
            _write(self.fd, text + footer)
            os.fsync(self.fd)
            self._name()
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return manifest

    def _name(self) -> None:
        if self.replaces:
            self.partial.replace(self.path)
            return
        try:
            os.link(self.partial, self.path)  # unlike a rename it never replaces a file that came meanwhile
        except FileExistsError:
            raise _exists(self.path) from None
        except OSError:  # a file system without hard links
            refuse_existing(self.path)
            self.partial.replace(self.path)


@contextmanager
def new_file(path: Path, *, force: bool = False) -> Iterator[NewFile]:
    """Yield a file to be (0600) in the folder of `path`, which is made; what is not sealed leaves nothing.

    Sweeps what killed runs left there. Raises ResourceConflict (`FILE_EXISTS`) unless `force`, and
    EnvironmentUnavailable (`DISK_FULL`, `NOT_WRITABLE`).
    """
    path = path.absolute()
    if not force:
        refuse_existing(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_leftovers(path.parent)
        partial, fd = _begin(path)
    try:
        yield NewFile(path, partial, fd, force)
    finally:
        partial.unlink(missing_ok=True)
        os.close(fd)


def _begin(path: Path) -> tuple[Path, int]:
    """Return the file that becomes `path`, open and locked; raises OSError."""
    while True:  # between the two another backup may have swept it
        partial = path.with_name(f"{path.name}.partial-{os.getpid()}-{os.urandom(4).hex()}")
        fd = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink:
            return partial, fd
        os.close(fd)


def refuse_existing(path: Path) -> None:
    """Raise ResourceConflict (`FILE_EXISTS`) when there is something at `path`."""
    if os.path.lexists(path):
        raise _exists(path)


def remove_leftovers(folder: Path) -> int:
    """Remove what backups that were killed left in `folder`, and return how many files that were."""
    return sum(_removed_if_stale(left) for left in folder.iterdir() if _PARTIAL.search(left.name))


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of a backup; the archive itself is not read.

    Raises InputRefused: `NO_SUCH_FILE`, `NOT_A_BACKUP`, `BACKUP_DAMAGED`, `BACKUP_NEWER`.
    """
    with opened(path) as file:
        if file.read(len(_ARCHIVE)) != _ARCHIVE:
            raise InputRefused(
                f"{path} is not a backup",
                cause="it does not begin as pg_dump's custom format does",
                fix="name a file made by `sportsplat db backup`; `sportsplat db backups` lists them",
                code="NOT_A_BACKUP",
            )
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _FOOTER))
        footer = file.read()
        length = int.from_bytes(footer[:8], "big")
        if not footer.endswith(_END) or length > size - _FOOTER:
            raise _damaged(path, "its end is missing: it was cut short, or made without sportsplat")
        file.seek(size - _FOOTER - length)
        text = file.read(length)
    if hashlib.sha256(text).digest() != footer[8:40]:
        raise _damaged(path, "its manifest is not what was written")
    manifest = _parsed(path, text)
    if manifest.bytes != size - _FOOTER - length:
        raise _damaged(
            path, f"its archive has {size - _FOOTER - length:,} bytes instead of {manifest.bytes:,}"
        )
    return manifest


def newest(folder: Path) -> tuple[Path, Manifest] | None:
    """Return the backup in a folder that was made last, with its manifest; None where there is none.

    Moments of manifests are whole seconds; of two in one second it is the file that was written last.
    """
    found = []
    for path in folder.glob("*.dump") if folder.is_dir() else ():
        with suppress(InputRefused):
            found.append((path, read_manifest(path)))
    return max(found, key=lambda each: (each[1].created_at, written_ns(each[0])), default=None)


def written_ns(path: Path) -> int:
    """Return when a file was last written, in nanoseconds since 1970; 0 for one that is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def check_archive(path: Path, manifest: Manifest) -> None:
    """Raise InputRefused (`BACKUP_DAMAGED`) unless the archive is what was written."""
    with opened(path) as file:
        if digest(file, manifest.bytes) != manifest.sha256:
            raise _damaged(path, "the checksum of its archive is another one than when it was made")


def digest(file: BinaryIO, size: int) -> str:
    """Return the SHA-256 of the next `size` bytes."""
    checksum = hashlib.sha256()
    while block := file.read(min(_BLOCK, size)):
        checksum.update(block)
        size -= len(block)
    return checksum.hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a backup for reading; raises InputRefused (`NO_SUCH_FILE`) when that cannot be done."""
    try:
        file = path.open("rb")
    except OSError as error:
        denied = isinstance(error, PermissionError)
        owned = denied and (_owned_fix(path) or _owned_fix(path.parent))
        raise InputRefused(
            f"{path} cannot be read",
            cause=error.strerror,
            fix=owned or "sportsplat db backups (lists those of this project)",
            code="NO_SUCH_FILE",
        ) from error
    with file:
        yield file


def _parsed(path: Path, text: bytes) -> Manifest:
    found = json.loads(text)
    if found["format"] > FORMAT:
        raise InputRefused(
            f"{path} was made by a newer sportsplat",
            cause=f"its format is {found['format']}, and this version knows {FORMAT}",
            fix="pip install --upgrade sportsplat",
            code="BACKUP_NEWER",
        )
    return Manifest(**{name.name: found[name.name] for name in fields(Manifest)})


def _damaged(path: Path, cause: str) -> InputRefused:
    return InputRefused(
        f"{path} is not a whole backup",
        cause=cause,
        fix="use another backup: sportsplat db backups",
        code="BACKUP_DAMAGED",
    )


def _exists(path: Path) -> ResourceConflict:
    return ResourceConflict(
        f"{path} exists and is left alone",
        cause="a backup never replaces a file unasked",
        fix="name another file, or replace it with --force",
        code="FILE_EXISTS",
    )


def _removed_if_stale(partial: Path) -> bool:
    """Remove an archive that was never finished and is not being written; return whether it was one."""
    try:
        with partial.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            stale = file.read(len(_ARCHIVE)) in (b"", _ARCHIVE)
            if stale:
                partial.unlink()
            return stale
    except OSError:
        return False


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Translate system errors about `path` into EnvironmentUnavailable (`DISK_FULL`, `NOT_WRITABLE`)."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(path) from error
        raise EnvironmentUnavailable(
            f"the backup cannot be written: {path}",
            cause=str(error),
            fix=_owned_fix(path.parent if path.suffix == ".dump" else path)
            or "make the folder writable for you, or name a file in one that is",
            code="NOT_WRITABLE",
        ) from error


def unreadable_folder(folder: Path, error: OSError) -> EnvironmentUnavailable:
    """Return the error for a folder of backups that may not be looked into."""
    return EnvironmentUnavailable(
        f"the folder of backups cannot be read: {folder}",
        cause=str(error),
        fix=_owned_fix(folder) or f"make it readable for you: chmod u+rwx {quote(str(folder))}",
        code="NOT_READABLE",
    )


def _owned_fix(folder: Path) -> str:
    """Return what gives a folder of another user (a backup made with sudo) back; empty for one's own."""
    with suppress(OSError):
        if folder.stat().st_uid != os.geteuid():
            return f"sudo chown -R $(id -u) {quote(str(folder))}"
    return ""


def disk_full(path: Path) -> EnvironmentUnavailable:
    """Return the error for a disk without room for the backup; what was begun is removed."""
    free = ""
    with suppress(OSError):
        room = os.statvfs(path.parent)
        free = f"; {room.f_bavail * room.f_frsize // 2**20} MiB are free without it"
    return EnvironmentUnavailable(
        f"the disk is full: no backup was written to {path}",
        cause=f"no space left in {path.parent}{free}",
        fix="free some space, or write to a file on another disk: sportsplat db backup FILE",
        code="DISK_FULL",
    )
