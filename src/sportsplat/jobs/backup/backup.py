"""Backups: made of one moment of the database, listed, and proved by restoring them elsewhere."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat import __version__
from sportsplat.db.connection import Connection
from sportsplat.db.copy.content import content, next_values
from sportsplat.db.copy.locks import consistent_snapshot
from sportsplat.db.schema.migrate import take_lock
from sportsplat.db.schema.objects import objects
from sportsplat.db.schema.revisions import current
from sportsplat.errors import DataConflict, EnvironmentUnavailable, InputRefused, NotFound, ResourceConflict
from sportsplat.infra.backend import open_environment
from sportsplat.infra.backup import file as backup_file
from sportsplat.infra.backup.dump import Source, dumping
from sportsplat.infra.backup.file import Manifest, NewFile
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.private_file import replace_file
from sportsplat.infra.state_folder import StateFolder
from sportsplat.jobs.backup.load import LOCK_HELD_S, opened, prove
from sportsplat.progress import Progress, silent
from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings

_NOTE = ".verified"
_WHY_NO_DUMP = """
SELECT ARRAY(SELECT relname::text FROM pg_catalog.pg_class
              WHERE relnamespace = 'public'::pg_catalog.regnamespace
                AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
                AND NOT pg_catalog.has_table_privilege(oid, 'SELECT') ORDER BY 1),
       EXISTS (SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database
                WHERE d.datname = current_database() AND l.locktype = 'relation' AND NOT l.granted)
"""


@dataclass(frozen=True)
class BackupFacts(Result):
    """What is known of a backup: its file, and what it holds as of the moment `created_at`.

    tables: `rows` and `hash` of each; rows: of all of them. verified: None, or `at` and `server_version`.
    """

    file: str
    bytes: int
    created_at: str
    backend: str
    server_version: str
    schema_revision: str
    tables: Mapping[str, Mapping[str, Any]]
    rows: int
    verified: Mapping[str, str] | None


@dataclass(frozen=True)
class BackupMade(BackupFacts):
    """A backup that was written, in so many seconds."""

    seconds: float


@dataclass(frozen=True)
class BackupVerified(BackupFacts):
    """A backup that was restored elsewhere, `compared` tables of it, all equal."""

    compared: int
    seconds: float


@dataclass(frozen=True)
class DamagedBackup(Result):
    """A file that cannot be read as a backup, and why."""

    file: str
    created_at: str
    damaged: str | None


@dataclass(frozen=True)
class BackupList(Result):
    """The backups in the project's folder, newest first."""

    folder: str
    backups: Sequence[BackupFacts | DamagedBackup]


def backup(
    settings: Settings,
    file: Path | None = None,
    *,
    force: bool = False,
    verify: bool = False,
    locked: bool = False,
    tell: Progress = silent,
) -> BackupMade:
    """Write a backup of the running database.

    file: where to; a folder, or None for the project's own, gets a name with the time. force: replace a file
    that is there. verify: prove it by restoring it elsewhere before it gets its name. locked: the caller
    holds off migrations and restores already.
    Raises ResourceConflict (`FILE_EXISTS`, `LOCK_HELD`, `LOCK_TIMEOUT`), EnvironmentUnavailable
    (`NOT_RUNNING`, `DISK_FULL`, `NOT_WRITABLE`, `PG_DUMP_TOO_OLD`, …), DataConflict (`NOTHING_TO_BACK_UP`),
    and what `verify` raises.
    """
    started = time.perf_counter()
    environment = open_environment(settings)
    endpoint = environment.direct_endpoint()
    path = _path(settings, file, endpoint.database)
    with backup_file.new_file(path, force=force) as new:
        with opened(endpoint.dsn(), "backup", "sportsplat db backup") as conn:
            if not locked:
                take_lock(conn, LOCK_HELD_S, shared=True)
            with consistent_snapshot(conn) as snapshot:
                manifest = dump(conn, snapshot, endpoint, environment.backend, new, tell)
        if verify:
            manifest = replace(manifest, verified=prove(settings, new.partial, manifest, tell))
        manifest = new.seal(manifest)
    return BackupMade(**vars(describe(path, manifest)), seconds=round(time.perf_counter() - started, 3))


def backup_before(settings: Settings, reason: str) -> Path:
    """Back up into the project's folder, named after what comes next (`before-0013-…`); return the file.

    For a caller that holds the lock of migrations. Raises what `backup` raises.
    """
    path = default_file(settings, f"before-{reason}")
    backup(settings, path, locked=True)
    return path


def verify(settings: Settings, file: Path | None = None, *, tell: Progress = silent) -> BackupVerified:
    """Restore a backup into a database of its own, compare each table with the manifest, and drop it.

    file: None for the newest in the project's folder; one there that is damaged is refused, not passed over.
    On the project's server where it runs and its user may make databases, else on an embedded one of its own.
    A note beside the file remembers it.
    Raises CheckFailed (`BACKUP_DIFFERS`) naming each table that differs, InputRefused (`BACKUP_DAMAGED`,
    `NOT_A_BACKUP`, `NO_SUCH_FILE`), NotFound (`NO_BACKUP`).
    """
    started = time.perf_counter()
    file = file or _newest(settings)
    manifest = read(file, tell)
    proof = prove(settings, file, manifest, tell)
    with suppress(OSError):  # a folder that cannot be written to costs the note, not the answer
        replace_file(_note(file), json.dumps(proof | {"sha256": manifest.sha256}) + "\n")
    return BackupVerified(
        **vars(describe(file, replace(manifest, verified=proof))),
        compared=len(manifest.tables),
        seconds=round(time.perf_counter() - started, 3),
    )


def _newest(settings: Settings) -> Path:
    """Return the backup in the project's folder that was written last, whole or not."""
    where = folder(settings)
    files = sorted(where.glob("*.dump"), key=backup_file.written_ns) if where.is_dir() else []
    if not files:
        raise NotFound(
            f"there is no backup in {where}",
            fix="sportsplat db backup, or name a file: sportsplat db verify FILE",
            code="NO_BACKUP",
        )
    return files[-1]


def backups(settings: Settings) -> BackupList:
    """List the backups in the project's folder, newest first."""
    where = folder(settings)
    found: list[BackupFacts | DamagedBackup] = []
    for path in sorted(_files(where), key=backup_file.written_ns, reverse=True):
        try:
            found.append(describe(path, backup_file.read_manifest(path)))
        except InputRefused as refused:
            found.append(DamagedBackup(str(path), "", refused.cause))
    return BackupList(str(where), sorted(found, key=lambda entry: entry.created_at, reverse=True))


def _files(where: Path) -> list[Path]:
    try:
        return [path for path in where.iterdir() if path.suffix == ".dump"]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise backup_file.unreadable_folder(where, error) from error


def describe(path: Path, manifest: Manifest) -> BackupFacts:
    """Return what is known of a backup."""
    return BackupFacts(
        file=str(path),
        bytes=path.stat().st_size,
        created_at=manifest.created_at,
        backend=manifest.backend,
        server_version=manifest.server_version,
        schema_revision=manifest.schema_revision,
        tables=manifest.tables,
        rows=manifest.rows,
        verified=manifest.verified or _noted(path, manifest),
    )


def folder(settings: Settings) -> Path:
    """Return the project's folder of backups."""
    return StateFolder(settings.state_dir).backups


def read(path: Path, tell: Progress = silent) -> Manifest:
    """Return the manifest of a backup whose checksum is right. Raises InputRefused."""
    manifest = backup_file.read_manifest(path)
    tell(description=f"reading {path.name}")
    backup_file.check_archive(path, manifest)
    return manifest


def dump(
    conn: Connection, snapshot: str, endpoint: Endpoint, backend: str, new: NewFile, tell: Progress = silent
) -> Manifest:
    """Write the archive of a snapshot that `conn` holds into `new`, and return what is in it.

    pg_dump writes it while `conn` counts and hashes the same rows. Raises DataConflict
    (`NOTHING_TO_BACK_UP`), and what `infra.dump.dumping` raises.
    """
    revision = current(conn)
    if revision is None:
        raise DataConflict(
            "there is nothing to back up: the database has no schema of sportsplat's",
            cause=f"{endpoint.url()} has no table alembic_version",
            fix="sportsplat db migrate",
            code="NOTHING_TO_BACK_UP",
        )
    created = datetime.now(UTC)
    sequences = next_values(conn)
    major = conn.info.server_version // 10000
    with dumping(Source(endpoint, snapshot, major, bool(conn.pgconn.ssl_in_use)), new) as wait:
        tables = content(conn, lambda done, of, table: tell(done, of, f"reading {table}"))
        try:
            wait(lambda size: tell(description=f"writing {size / 2**20:,.0f} MiB"))
        except EnvironmentUnavailable as failed:
            if failed.error_code == "BACKUP_FAILED":
                _explain(conn, failed)
            raise
    return Manifest(
        created_at=created.isoformat(timespec="seconds"),
        backend=backend,
        server_version=conn.info.parameter_status("server_version") or "",
        schema_revision=revision,
        sportsplat=__version__,
        tables={name: asdict(table) for name, table in tables.items()},
        sequences=sequences,
        objects=objects(conn),
    )


def _explain(conn: Connection, failed: EnvironmentUnavailable) -> None:
    """Raise a better error where the server shows why pg_dump failed; its words may be of any language."""
    unreadable, waiting = conn.execute(_WHY_NO_DUMP).fetchone() or ([], False)
    if unreadable:
        raise DataConflict(
            "the database's user may not read all of schema public; no backup was written",
            cause=f"not {', '.join(unreadable)}; {failed.cause}",
            fix="connect as the owner of the tables, or have SELECT on them granted",
            code="NOT_ALLOWED",
        ) from failed
    if waiting:
        raise ResourceConflict(
            "the backup waited too long for a table in use; no backup was written",
            cause=failed.cause,
            fix="wait until a migration or restore that is running has ended, then: sportsplat db backup",
            code="LOCK_TIMEOUT",
        ) from failed


def default_file(settings: Settings, name: str) -> Path:
    """Return the path of a new backup in the project's folder: `name` and the time."""
    where = folder(settings)
    with backup_file.writing(where):
        StateFolder(settings.state_dir).create()
        return _unused(where, name)


def _path(settings: Settings, file: Path | None, database: str) -> Path:
    name = re.sub(r"[^\w.-]", "_", database)
    if file is None:
        return default_file(settings, name)
    with backup_file.writing(file):
        return _unused(file, name) if file.is_dir() else file


def _unused(where: Path, name: str) -> Path:
    """Return a path that is not there yet: `name` and the time, numbered within one second."""
    stem = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    paths = (where / f"{stem}{f'-{number}' if number > 1 else ''}.dump" for number in count(1))
    return next(path for path in paths if not path.exists())


def _note(path: Path) -> Path:
    return path.with_name(path.name + _NOTE)


def _noted(path: Path, manifest: Manifest) -> dict[str, str] | None:
    """Return what a verification left beside the file, if it was of this very archive."""
    try:
        note = json.loads(_note(path).read_text(encoding="utf-8"))
        matches = note.pop("sha256") == manifest.sha256
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    return note if matches else None
