"""Translate PostgreSQL errors into errors of this package: `server_error` is the only place that does.

Reads of the API have their own small table (`db/read/api.py`), because a request is not a command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import psycopg
from psycopg import errors as pg

from sportsplat.db.connection import read_only
from sportsplat.errors import (
    DataConflict,
    EnvironmentUnavailable,
    InputRefused,
    MigrationError,
    ResourceConflict,
    SportsplatError,
)

if TYPE_CHECKING:
    from sportsplat.db.connection import Connection


_NOTHING = "nothing was changed"
_SERVER_STOPS = ("57P01", "57P02", "57P03")


def is_lost(error: BaseException) -> bool:
    """Tell whether an error of psycopg's says that the server, or the way to it, is gone.

    The driver's own errors about a broken connection have no SQLSTATE.
    """
    if not isinstance(error, psycopg.OperationalError):
        return False
    state = error.sqlstate
    return state is None or state.startswith("08") or state in _SERVER_STOPS


def lost(error: psycopg.Error, work: str, again: str, kept: str = _NOTHING) -> SportsplatError:
    """Return the error for a server that went away during `work`. kept: what became of it."""
    return EnvironmentUnavailable(
        f"the server ended the connection during {work}; {kept}",
        cause=" ".join(str(error).split()),
        fix=f"sportsplat up, then: {again}",
        code="CONNECTION_LOST",
    )


@contextmanager
def report_lost_connection(work: str, again: str, kept: str = _NOTHING) -> Iterator[None]:
    """Turn the loss of any connection of the block's into one of our errors (`CONNECTION_LOST`)."""
    try:
        yield
    except psycopg.OperationalError as error:
        if is_lost(error):
            raise lost(error, work, again, kept) from error
        raise


@contextmanager
def loss_ignored() -> Iterator[None]:
    """Ignore a lost connection during clean-up: what was to be ended is gone with the server."""
    try:
        yield
    except psycopg.OperationalError as error:
        if not is_lost(error):
            raise


@dataclass(frozen=True)
class Work:
    """Long work in the database, as the messages about its errors name it."""

    name: str
    """The subject of a sentence: "the restore", "migration 0012"."""
    again: str
    """The next step once the cause has gone: usually the command that does the work."""
    kept: str = _NOTHING
    """What became of the database."""
    kind: Literal["restore", "migration", "ingest"] = "restore"


class _Meaning(NamedTuple):
    """What errors of the server mean during some kinds of work. The texts are templates."""

    errors: tuple[type[psycopg.Error], ...]
    kinds: tuple[str, ...]
    raised: type[SportsplatError]
    code: str
    message: str
    fix: str


_ANY = ("restore", "migration", "ingest")
_MEANINGS = (
    _Meaning(
        (pg.LockNotAvailable, pg.DeadlockDetected),
        _ANY,
        ResourceConflict,
        code="LOCK_TIMEOUT",
        message="{name} waited too long for a table that is in use; {kept}",
        fix="wait until they have ended, then: {again}",
    ),
    _Meaning(
        (pg.DiskFull,),
        _ANY,
        EnvironmentUnavailable,
        code="DISK_FULL",
        message="the server's disk is full: {name} failed, and {kept}",
        fix="free some space there (df -h), then: {again}",
    ),
    _Meaning(
        (pg.InsufficientPrivilege,),
        ("restore", "migration"),
        DataConflict,
        code="NOT_ALLOWED",
        message="user '{user}' is not allowed to do {name}; {kept}",
        fix='as the server\'s administrator: ALTER DATABASE "{database}" OWNER TO "{user}" (its tables too); '
        "then: {again}",
    ),
    _Meaning(
        (pg.QueryCanceled,),
        ("migration",),
        MigrationError,
        code="STATEMENT_TIMEOUT",
        message="{name} took too long; {kept}",
        fix="when the server is less busy: {again}",
    ),
    _Meaning(
        (pg.UntranslatableCharacter,),
        ("ingest",),
        DataConflict,
        code="WRONG_ENCODING",
        message="the database's encoding lacks a letter of a name; {name} failed, and {kept}",
        fix="sportsplat db backup, then restore it into a database made with: "
        "createdb --template template0 --encoding UTF8 NEWNAME",
    ),
    _Meaning(
        (psycopg.IntegrityError, psycopg.DataError),
        ("ingest",),
        InputRefused,
        code="ROW_REFUSED",
        message="the database refused a row during {name}; {kept}",
        fix="report this: the source's parser should have put that row into quarantine",
    ),
    _Meaning(
        (pg.OutOfMemory, pg.InsufficientResources),
        ("ingest",),
        EnvironmentUnavailable,
        code="DATABASE_FULL",
        message="the database has no room left for {name}; {kept}",
        fix="make room, then: {again}",
    ),
    _Meaning(
        (psycopg.Error,),
        ("restore",),
        DataConflict,
        code="REFUSED_BY_SERVER",
        message="{name} failed; {kept}",
        fix="fix what the server reports, then: {again}",
    ),
    _Meaning(
        (psycopg.Error,),
        ("migration",),
        MigrationError,
        code="MIGRATION_FAILED",
        message="{name} failed; {kept}",
        fix="fix what the server reports, then: {again}",
    ),
    _Meaning(
        (psycopg.Error,),
        ("ingest",),
        EnvironmentUnavailable,
        code="DATABASE_FAILED",
        message="{name} failed; {kept}",
        fix="sportsplat status, then: {again}",
    ),
)
"""The first that fits is taken."""


@contextmanager
def server_errors(conn: Connection, work: Work | Callable[[], Work]) -> Iterator[None]:
    """Turn an error of the server, also one raised through SQLAlchemy, into one of this package's.

    work: or a function that returns it, called after the error.
    """
    try:
        yield
    except Exception as error:
        reported = getattr(error, "orig", error)
        if not isinstance(reported, psycopg.Error):
            raise
        raise server_error(conn, reported, work() if callable(work) else work) from reported


def server_error(conn: Connection, error: psycopg.Error, work: Work) -> SportsplatError:
    """Return the error of this package that stands for an error of the server during `work`."""
    # The work has more connections than this one, which does not notice what it does not ask.
    if conn.closed or is_lost(error):
        return lost(error, work.name, work.again, work.kept)
    cause = " ".join(str(error).split())
    if isinstance(error, pg.ReadOnlySqlTransaction):
        return read_only(conn, cause)
    meaning = next(each for each in _MEANINGS if work.kind in each.kinds and isinstance(error, each.errors))
    if meaning.code == "LOCK_TIMEOUT":
        cause += _holders(conn)
    texts = {
        "name": work.name,
        "again": work.again,
        "kept": work.kept,
        "user": conn.info.user,
        "database": conn.info.dbname,
    }
    return meaning.raised(
        meaning.message.format(**texts), cause=cause, fix=meaning.fix.format(**texts), code=meaning.code
    )


def _holders(conn: Connection) -> str:
    if conn.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
        return ""
    return f"; tables are held by {table_holders(conn)}"


def table_holders(conn: Connection) -> str:
    """Name the other sessions that hold locks on our tables, for the message of a lock time-out."""
    rows = conn.execute(
        """
        SELECT DISTINCT l.pid, coalesce(nullif(a.application_name, ''), 'unnamed'),
                        coalesce(a.state, 'unknown')
        FROM pg_locks l
        JOIN pg_class c ON c.oid = l.relation AND c.relnamespace = 'public'::regnamespace
        LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.granted AND l.pid <> pg_backend_pid()
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        ORDER BY l.pid
        """
    ).fetchall()
    return ", ".join(f"server process {pid} ({name}, {state})" for pid, name, state in rows) or "gone by now"
