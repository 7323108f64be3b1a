"""Putting a backup in the place of what the database holds, all or nothing; emptying the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from psycopg import sql

from sportsplat.db.connection import Connection
from sportsplat.db.copy.replace import empty, give_grants, revoke_defaults
from sportsplat.db.errors import report_lost_connection
from sportsplat.db.schema.migrate import migrate, take_lock
from sportsplat.db.schema.objects import has_rows, known_objects, objects, refuse_encoding, tables
from sportsplat.db.schema.revisions import behind, head
from sportsplat.errors import MigrationError, UsageError
from sportsplat.infra.backend import open_environment
from sportsplat.infra.backup.file import Manifest
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.backup.backup import BackupFacts, backup, default_file, describe, read
from sportsplat.jobs.backup.load import LOCK_HELD_S, Scripts, compare, load_archive, opened
from sportsplat.jobs.backup.restorable import restorable
from sportsplat.paths import asset_dir
from sportsplat.progress import Progress, silent
from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings


@dataclass(frozen=True)
class Backup:
    """A file that was read and found whole."""

    path: Path
    manifest: Manifest


@dataclass(frozen=True)
class RestoreReport(BackupFacts):
    """The backup that was restored, where (`backend`), and what was done."""

    actions: list[str]
    seconds: float


@dataclass(frozen=True)
class ResetReport(Result):
    """What was done to empty the database."""

    actions: list[str]
    schema_revision: str


def restore(
    settings: Settings,
    file: Path,
    *,
    yes: bool = False,
    keep: bool = True,
    trust: bool = False,
    tell: Progress = silent,
) -> RestoreReport:
    """Put what a backup holds into the running database in one transaction, compared before it is committed.

    yes: consent to replace rows that are there. keep: back those up first. trust: consent to run code of the
    file that is not sportsplat's (see `restorable`).
    A backup of an older schema is migrated afterwards.
    Raises InputRefused (`BACKUP_DAMAGED`, `NOT_A_BACKUP`, `NO_SUCH_FILE`, `FOREIGN_CODE`,
    `BACKUP_FORBIDDEN`), MigrationError (`SCHEMA_NEWER`), UsageError (`NEEDS_YES`), ResourceConflict
    (`LOCK_HELD`, `LOCK_TIMEOUT`), DataConflict (`FOREIGN_OBJECTS`, `WRONG_ENCODING`, `NOT_ALLOWED`,
    `REFUSED_BY_SERVER`), CheckFailed (`BACKUP_DIFFERS`); each leaves the database as it was.
    """
    started = time.perf_counter()
    found = open_backup(file, tell)
    environment = open_environment(settings)
    endpoint = environment.direct_endpoint()
    again = f"sportsplat db restore {quote(str(file))}" + " --yes" * yes
    actions = prepare(endpoint, again)
    with alone(endpoint, "restore", again) as conn:
        holds_rows = has_rows(conn, tables(conn))
        if holds_rows and not yes:
            raise needs_yes(f"{again} --yes")
        scripts = restorable(settings, endpoint, conn, file, found.manifest, again, trust=trust, tell=tell)
        if holds_rows and keep:
            actions.append(keep_rows(settings, "restore", tell))
        actions += swap(conn, found, scripts, again, tell)
    actions += bring_up_to_date(endpoint, found)
    facts = vars(replace(describe(file, found.manifest), backend=environment.backend))
    return RestoreReport(**facts, actions=actions, seconds=round(time.perf_counter() - started, 3))


def reset(
    settings: Settings, *, yes: bool = False, keep: bool = True, tell: Progress = silent
) -> ResetReport:
    """Drop everything of ours and make the schema anew.

    yes: consent to lose rows that are there. keep: back those up first. What is not ours is left alone and is
    a reason to refuse (DataConflict, `FOREIGN_OBJECTS`), before anything is touched.
    """
    endpoint = open_environment(settings).direct_endpoint()
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
    return ResetReport(actions, head(migrations))


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
    # A restore holds the tables, and reading definitions waits for them: seconds, not a minute.
    with alone(endpoint, "restore", again, shared=True) as conn:
        refuse_encoding(conn)
        if "table alembic_version" in objects(conn) or known_objects(conn, migrations):
            return []
    migrate(endpoint.dsn(), migrations)
    return ["made roles and schema in an empty database"]


@contextmanager
def alone(endpoint: Endpoint, work: str, again: str, *, shared: bool = False) -> Iterator[Connection]:
    """Yield an autocommit connection that holds off migrations and restores, and backups unless `shared`."""
    with opened(endpoint.dsn(), work, again) as conn:
        take_lock(conn, LOCK_HELD_S, shared=shared)
        yield conn


def swap(conn: Connection, found: Backup, scripts: Scripts, again: str, tell: Progress) -> list[str]:
    """Replace what is in the database by a backup in one transaction; return what was done.

    scripts: of `restorable`. again: the command that is running.
    Before the commit every table is compared with the manifest, so whatever fails leaves the old content.
    """
    migrations = asset_dir("migrations")
    manifest = found.manifest
    conn.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
    empty(conn, known_objects(conn, migrations, manifest.objects))
    left_out = load_archive(conn, scripts, found.path, manifest, tell)
    give_grants(conn, migrations)
    compare(conn, manifest, found.path, tell)
    names = [sql.Identifier("public", name) for name in manifest.tables]
    with report_lost_connection(
        "the last step", again, "the database holds all of the new rows, or all of the old"
    ):
        conn.execute("COMMIT")
        conn.execute(sql.SQL("ANALYZE {}").format(sql.SQL(", ").join(names)))  # the planner has not seen them
    actions = [f"restored {manifest.rows:,} rows of {len(manifest.tables)} tables, all equal"]
    if left_out:
        actions.append(f"left out options that this server does not know: {', '.join(left_out)}")
    return actions


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
