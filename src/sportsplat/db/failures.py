"""What the server says during long work on whole tables, turned into errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from sportsplat.db.migration_lock import table_holders
from sportsplat.errors import DataConflict, EnvironmentUnavailable, ResourceConflict, SportsplatError

if TYPE_CHECKING:
    from sportsplat.db.engine import Connection


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
    if conn.closed:
        return EnvironmentUnavailable(
            f"the server ended the connection during {work}; nothing of it was kept",
            cause=said,
            fix=f"sportsplat status, then: {again}",
            code="CONNECTION_LOST",
        )
    conn.rollback()
    if isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
        return ResourceConflict(
            f"{work} waited too long for a table that somebody uses; nothing of it was kept",
            cause=f"{said}; tables are held by {table_holders(conn)}",
            fix=f"wait until they have ended, then: {again}",
            code="LOCK_TIMEOUT",
        )
    if isinstance(error, psycopg.errors.DiskFull):
        return EnvironmentUnavailable(
            f"the server's disk is full; nothing of {work} was kept",
            cause=said,
            fix=f"make room there, then: {again}",
            code="DISK_FULL",
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return DataConflict(
            f"user {conn.info.user!r} may not do {work}; nothing of it was kept",
            cause=said,
            fix=f'as the server\'s administrator: ALTER DATABASE "{conn.info.dbname}" OWNER TO '
            f'"{conn.info.user}" (its tables too); then: {again}',
            code="NOT_ALLOWED",
        )
    return DataConflict(
        f"{work} failed; nothing of it was kept",
        cause=said,
        fix=f"put right what the server complains about, then: {again}",
        code="REFUSED_BY_SERVER",
    )
