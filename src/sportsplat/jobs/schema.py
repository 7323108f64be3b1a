"""The database's schema: bring it up to date, say where it is, show what would run, look for drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sportsplat.errors import CheckFailed, EnvironmentUnavailable, MigrationError, SportsplatError
from sportsplat.infra.backend import open_environment
from sportsplat.paths import asset_dir
from sportsplat.results import Result

if TYPE_CHECKING:
    from pathlib import Path

    from sportsplat.config.settings import Settings


@dataclass(frozen=True)
class Migrated(Result):
    """The revisions that were applied, and the file of the backup that was made before them."""

    applied: list[str]
    backup: str | None
    schema_revision: str
    schema_head: str


@dataclass(frozen=True)
class SchemaState(Result):
    """Revision of the database and that of the code; `state`: current, behind, absent (none yet) or newer."""

    schema_revision: str | None
    schema_head: str
    state: str

    def __str__(self) -> str:
        there = self.schema_revision or "no revision"
        return f"the database is at {there}, the code at {self.schema_head} ({self.state})"


@dataclass(frozen=True)
class MigrationPlan(SchemaState):
    """The SQL that `migrate` would run, and the revisions in it that may delete rows; empty: none."""

    sql: str
    destructive: list[str]


@dataclass(frozen=True)
class SchemaCheck(Result):
    """The revision that the schema equals, and how many objects were compared."""

    schema_revision: str
    objects: int


@dataclass(frozen=True)
class InitScript(Result):
    """The script that creates the schema in a new container; changed: it was written."""

    path: str
    schema_revision: str
    changed: bool


def migrate(
    settings: Settings, *, wait_s: float = 60, lock_timeout_s: float = 10, back_up: bool = True
) -> Migrated:
    """Bring the running database to the head.

    Raises what `apply` raises; EnvironmentUnavailable when no database is running.
    """
    from sportsplat.db.schema.revisions import head

    dsn = _owner_dsn(settings)
    applied, backup = apply(settings, dsn, wait_s=wait_s, lock_timeout_s=lock_timeout_s, back_up=back_up)
    needed = head(asset_dir("migrations"))
    return Migrated(applied, backup, needed, needed)


def apply(
    settings: Settings, dsn: str, *, wait_s: float = 60, lock_timeout_s: float = 10, back_up: bool = True
) -> tuple[list[str], str | None]:
    """Apply what is missing and verify; return the revisions applied, and the file of the backup before them.

    A backup is made when one of them takes stored rows away; None where nothing was at stake, or without
    `back_up`. Raises what `sportsplat.db.schema.migrate.migrate` raises, and MigrationError
    (MIGRATION_NOT_BACKED_UP) before anything is applied.
    """
    from sportsplat.db.schema.migrate import migrate as run

    made: list[str] = []
    applied = run(
        dsn,
        asset_dir("migrations"),
        wait_s=wait_s,
        lock_timeout_s=lock_timeout_s,
        back_up=(lambda revision: made.append(_backup(settings, revision))) if back_up else None,
    )
    return applied, (made[0] if made else None)


def current(settings: Settings) -> SchemaState:
    """Return the schema revision of the database, and of the code."""
    from sportsplat.db.connection import connect
    from sportsplat.db.schema.migrate import current as revision_of
    from sportsplat.db.schema.migrate import revisions

    known = revisions(asset_dir("migrations"))
    with connect(_owner_dsn(settings), autocommit=True) as conn:
        revision = revision_of(conn)
    states = {None: "absent", known[-1]: "current"}
    state = states.get(revision, "behind" if revision in known else "newer")
    return SchemaState(revision, known[-1], state)


def plan(settings: Settings) -> MigrationPlan:
    """Return what `migrate` would run; nothing is run."""
    from sportsplat.db.schema.migrate import behind
    from sportsplat.db.schema.migrate import plan as run
    from sportsplat.db.schema.revisions import destructive

    migrations = asset_dir("migrations")
    found = current(settings)
    sql = run(_owner_dsn(settings), migrations)
    missing = behind(found.schema_revision, migrations)
    return MigrationPlan(**vars(found), sql=sql, destructive=list(destructive(migrations, missing)))


def check(settings: Settings) -> SchemaCheck:
    """Compare the schema with what the migrations make. Raises SchemaDrift on any difference."""
    from sportsplat.db.schema.catalogue import expected
    from sportsplat.db.schema.migrate import check as run
    from sportsplat.db.schema.migrate import drifted, head

    migrations = asset_dir("migrations")
    drift = run(_owner_dsn(settings), migrations)
    if drift:
        raise drifted(drift)
    return SchemaCheck(head(migrations), len(expected(migrations)))


def render_init(folder: Path | None = None, *, check: bool = False) -> InitScript:
    """Write the init script, or only compare. Needs no database.

    folder: None for the one that ships with the program, which Docker mounts.
    Raises CheckFailed (INIT_SCRIPT_STALE) when `check` finds another text, EnvironmentUnavailable
    (NOT_WRITABLE).
    """
    from sportsplat.db.schema.rendered import INIT_FILE, first_difference, render_init_script
    from sportsplat.db.schema.revisions import head
    from sportsplat.jobs.write_file import write_atomically

    migrations = asset_dir("migrations")
    path = (folder or asset_dir("compose") / "postgres" / "init") / INIT_FILE
    wanted = render_init_script(migrations)
    found = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
    if check and found != wanted:
        raise CheckFailed(
            f"{path} is not what the migrations make",
            cause=first_difference(wanted, found) if path.is_file() else "there is no such file",
            fix="sportsplat db render-init" + (f" --out {folder}" if folder is not None else ""),
            code="INIT_SCRIPT_STALE",
        )
    try:
        if found != wanted:
            write_atomically(path, wanted)
    except OSError as refused:
        raise EnvironmentUnavailable(
            f"cannot write {path}",
            cause=str(refused),
            fix="name a folder that can be written with --out",
            code="NOT_WRITABLE",
        ) from refused
    return InitScript(str(path), head(migrations), found != wanted)


def _backup(settings: Settings, revision: str) -> str:
    from sportsplat.jobs.backup.backup import backup_before

    try:
        return str(backup_before(settings, revision))
    except SportsplatError as failed:
        raise MigrationError(
            f"no backup could be made before migration {revision}, so nothing was migrated",
            cause=": ".join(filter(None, (failed.message, failed.cause))),
            fix=f"{failed.fix}; or without a backup: sportsplat db migrate --no-backup",
            code="MIGRATION_NOT_BACKED_UP",
        ) from failed


def _owner_dsn(settings: Settings) -> str:
    return open_environment(settings).direct_endpoint().dsn()
