"""Translate PostgreSQL errors during long operations into errors of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from sportsplat.db.connection import read_only
from sportsplat.errors import DataConflict, EnvironmentUnavailable, ResourceConflict, SportsplatError

if TYPE_CHECKING:
    from sportsplat.db.connection import Connection


_NOTHING = "nothing was changed"
_SERVER_STOPS = ("57P01", "57P02", "57P03")


def is_lost(error: BaseException) -> bool:
    """Tell whether an error of psycopg's says that the server, or the way to it, is gone.

    The driver's own words about a broken connection have no SQLSTATE.
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


@contextmanager
def translated(conn: Connection, work: str, again: str) -> Iterator[None]:
    """Turn an error of the server into one of ours and end its transaction, of which nothing is kept.

    `work` names what was done ("the restore"), `again` is the command that does it.
    """
    try:
        yield
    except psycopg.Error as error:
        raise _translated(conn, error, work, again) from error


def _translated(conn: Connection, error: psycopg.Error, work: str, again: str) -> SportsplatError:
    said = " ".join(str(error).split())
    # The work has more connections than this one, which does not notice what it does not ask.
    if conn.closed or is_lost(error):
        return lost(error, work, again)
    conn.rollback()
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return read_only(conn, said)
    if isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
        return ResourceConflict(
            f"{work} waited too long for a table that is in use; nothing was changed",
            cause=f"{said}; tables are held by {table_holders(conn)}",
            fix=f"wait until they have ended, then: {again}",
            code="LOCK_TIMEOUT",
        )
    if isinstance(error, psycopg.errors.DiskFull):
        return EnvironmentUnavailable(
            f"the server's disk is full; {work} changed nothing",
            cause=said,
            fix=f"free some space there, then: {again}",
            code="DISK_FULL",
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return DataConflict(
            f"user {conn.info.user!r} is not allowed to do {work}; nothing was changed",
            cause=said,
            fix=f'as the server\'s administrator: ALTER DATABASE "{conn.info.dbname}" OWNER TO '
            f'"{conn.info.user}" (its tables too); then: {again}',
            code="NOT_ALLOWED",
        )
    return DataConflict(
        f"{work} failed; nothing was changed",
        cause=said,
        fix=f"fix what the server reports, then: {again}",
        code="REFUSED_BY_SERVER",
    )


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
