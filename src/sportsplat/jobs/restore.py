"""Putting a backup in the place of what the database holds, all or nothing; emptying the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from psycopg import sql

from sportsplat.db.engine import Connection
from sportsplat.db.migrate import migrate
from sportsplat.db.migration_lock import take_lock
from sportsplat.db.replace import (
    empty,
    give_grants,
    has_rows,
    known_objects,
    refuse_encoding,
    revoke_defaults,
    tables,
)
from sportsplat.db.revisions import behind, current, head
from sportsplat.errors import MigrationError, UsageError
from sportsplat.infra.backup_file import Manifest
from sportsplat.infra.environment import Endpoint, open_environment
from sportsplat.jobs.backup import backup, default_file, describe, read
from sportsplat.jobs.restoring import LOCK_HELD_S, compare, load_archive, opened
from sportsplat.progress import Progress, silent
from sportsplat.settings import asset_dir

if TYPE_CHECKING:
    from sportsplat.settings import Settings


@dataclass(frozen=True)
class Backup:
    """A file that was read and found whole."""

    path: Path
    manifest: Manifest


def restore(
    settings: Settings, file: Path, *, yes: bool = False, keep: bool = True, tell: Progress = silent
) -> dict[str, Any]:
    """Put what a backup holds into the running database in one transaction, compared before it is committed.

    yes: consent to replace rows that are there. keep: back those up first.
    Returns what `describe` says of the file, `backend` (where it went), `actions` and `seconds`. A backup of
    an older schema is migrated afterwards.
    Raises InputRefused (`BACKUP_DAMAGED`, `NOT_A_BACKUP`, `NO_SUCH_FILE`), MigrationError (`SCHEMA_NEWER`),
    UsageError (`NEEDS_YES`), ResourceConflict (`LOCK_HELD`, `LOCK_TIMEOUT`), DataConflict (`FOREIGN_OBJECTS`,
    `WRONG_ENCODING`, `NOT_ALLOWED`), CheckFailed (`BACKUP_DIFFERS`); each leaves the database as it was.
    """
    started = time.perf_counter()
    found = open_backup(file, tell)
    environment = open_environment(settings)
    endpoint = environment.endpoint()
    again = f"sportsplat db restore {quote(str(file))}"
    actions = prepare(endpoint, again)
    with alone(endpoint, "restore", again) as conn:
        if has_rows(conn, tables(conn)):
            if not yes:
                raise needs_yes(f"{again} --yes")
            if keep:
                actions.append(keep_rows(settings, "restore", tell))
        actions.append(swap(conn, found, tell))
    actions += bring_up_to_date(endpoint, found)
    facts = describe(file, found.manifest) | {"backend": environment.backend, "actions": actions}
    return facts | {"seconds": round(time.perf_counter() - started, 3)}


def reset(
    settings: Settings, *, yes: bool = False, keep: bool = True, tell: Progress = silent
) -> dict[str, Any]:
    """Drop everything of ours and make the schema anew; return `actions` and `schema_revision`.

    yes: consent to lose rows that are there. keep: back those up first. What is not ours is left alone and is
    a reason to refuse (DataConflict, `FOREIGN_OBJECTS`), before anything is touched.
    """
    endpoint = open_environment(settings).endpoint()
    migrations = asset_dir("migrations")
    actions = []
    again = "sportsplat db reset --yes"
    with alone(endpoint, "reset", again) as conn:
        if has_rows(conn, tables(conn)):
            if not yes:
                raise needs_yes(again)
            if keep:
                actions.append(keep_rows(settings, "reset", tell))
        conn.execute("BEGIN")
        ours = known_objects(conn, migrations)
        empty(conn, ours)
        revoke_defaults(conn)
        conn.execute("COMMIT")
    if ours:
        actions.append(f"dropped {len(ours)} tables, views and functions")
    applied = migrate(endpoint.dsn(), migrations)
    actions.append(f"migrated the schema to {head(migrations)} ({len(applied)} steps)")
    return {"actions": actions, "schema_revision": head(migrations)}


def open_backup(file: Path, tell: Progress = silent) -> Backup:
    """Return a backup that is whole and whose schema this version knows; nothing else is touched.

    Raises InputRefused, MigrationError (`SCHEMA_NEWER`).
    """
    manifest = read(file, tell)
    try:
        behind(manifest.schema_revision, asset_dir("migrations"))
    except MigrationError as newer:
        raise MigrationError(
            f"{file} is of schema revision {manifest.schema_revision}, which this version does not know",
            cause=f"sportsplat {manifest.sportsplat} made it; {newer.cause}",
            fix="pip install --upgrade sportsplat",
            code="SCHEMA_NEWER",
        ) from newer
    return Backup(file, manifest)


def prepare(endpoint: Endpoint, again: str) -> list[str]:
    """Migrate a database that has never been, since the first migration makes the roles where it may.

    Returns what was done. Raises DataConflict (`WRONG_ENCODING`).
    """
    migrations = asset_dir("migrations")
    with opened(endpoint.dsn(), "restore", again) as conn:
        refuse_encoding(conn)
        if current(conn) is not None or known_objects(conn, migrations):
            return []
    migrate(endpoint.dsn(), migrations)
    return ["made roles and schema in an empty database"]


@contextmanager
def alone(endpoint: Endpoint, work: str, again: str, *, shared: bool = False) -> Iterator[Connection]:
    """Yield an autocommit connection that holds off migrations and restores, and backups unless `shared`."""
    with opened(endpoint.dsn(), work, again) as conn:
        take_lock(conn, LOCK_HELD_S, shared=shared)
        yield conn


def swap(conn: Connection, found: Backup, tell: Progress) -> str:
    """Replace what is in the database by a backup in one transaction; return what was done.

    Before the commit every table is compared with the manifest, so whatever fails leaves the old content.
    """
    migrations = asset_dir("migrations")
    manifest = found.manifest
    conn.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
    empty(conn, known_objects(conn, migrations, manifest.objects))
    load_archive(conn, found.path, manifest, tell)
    give_grants(conn, migrations)
    compare(conn, manifest, found.path, tell)
    conn.execute("COMMIT")
    names = [sql.Identifier("public", name) for name in manifest.tables]
    conn.execute(sql.SQL("ANALYZE {}").format(sql.SQL(", ").join(names)))  # the planner has not seen them
    return f"restored {manifest.rows:,} rows of {len(manifest.tables)} tables, all equal"


def bring_up_to_date(endpoint: Endpoint, found: Backup) -> list[str]:
    """Migrate what was restored from an older schema; return what was done."""
    migrations = asset_dir("migrations")
    was = found.manifest.schema_revision
    missing = behind(was, migrations)
    if not missing:
        return []
    migrate(endpoint.dsn(), migrations)
    return [f"migrated the schema from {was} to {missing[-1]}"]


def needs_yes(command: str) -> UsageError:
    """Return the refusal to replace rows without consent."""
    return UsageError(
        "nothing was changed: the database holds data, and replacing it needs consent",
        cause="--yes was not given",
        fix=command,
        code="NEEDS_YES",
    )


def keep_rows(settings: Settings, before: str, tell: Progress) -> str:
    """Back up what is about to go; return what was done."""
    file = default_file(settings, f"before-{before}")
    backup(settings, file, locked=True, tell=tell)
    return f"backed up what was there to {file}"
