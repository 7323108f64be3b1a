"""Lock many tables at once without deadlocks with concurrent writers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Literal

import psycopg
from psycopg import sql

from sportsplat.errors import ResourceConflict

if TYPE_CHECKING:
    from sportsplat.db.connection import Connection


WAIT_S = 10.0
"""How long a table that somebody uses is waited for."""
_TRY_FOR = "300ms"
"""Less than the second after which PostgreSQL looks for a deadlock and ends one of those in it."""
_REFERENCES = b"""
SELECT held.relname, target.relname FROM pg_catalog.pg_constraint f
JOIN pg_catalog.pg_class held ON held.oid = f.conrelid
JOIN pg_catalog.pg_class target ON target.oid = f.confrelid
WHERE f.contype = 'f' AND f.conrelid <> f.confrelid
  AND held.relnamespace = 'public'::pg_catalog.regnamespace
  AND target.relnamespace = 'public'::pg_catalog.regnamespace
"""


def in_order(conn: Connection, tables: Iterable[str]) -> list[str]:
    """Return tables of schema public in the order in which everybody should lock several of them.

    One that refers to another comes before it, as for an INSERT: the row first, then what it names. A
    cycle of references has no such order, and is taken by name.
    """
    wanted = sorted(tables)
    after: dict[str, set[str]] = {name: set() for name in wanted}
    for referring, referred in conn.execute(_REFERENCES).fetchall():
        if referring in after and referred in after:
            after[referred].add(referring)
    try:
        return list(TopologicalSorter(after).static_order())
    except CycleError:
        return wanted


def lock_tables(
    conn: Connection, tables: list[str], mode: Literal["ACCESS SHARE", "EXCLUSIVE", "ACCESS EXCLUSIVE"]
) -> None:
    """Lock these tables of schema public until the open transaction ends, all of them or none.

    tables: as `in_order` returns them. While one table is waited for the others are held only for moments, so
    that a writer who needs them goes on, ends, and lets us in. No snapshot is taken. Raises psycopg's
    LockNotAvailable or DeadlockDetected after `WAIT_S`, and UndefinedTable.
    """
    if not tables:
        return
    names = sql.SQL(", ").join(sql.Identifier("public", name) for name in tables)
    lock = sql.SQL("LOCK TABLE {} IN {} MODE").format(names, sql.SQL(mode))
    end = time.monotonic() + WAIT_S
    was = conn.execute("SHOW lock_timeout").fetchone()
    while not _locked(conn, lock, last=time.monotonic() >= end):
        pass
    if was is not None:
        conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(was[0]))


def _locked(conn: Connection, lock: sql.Composed, *, last: bool) -> bool:
    conn.execute("SAVEPOINT before_locks")
    got_all = False
    try:
        conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_TRY_FOR))
        conn.execute(lock)
        got_all = True
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        if last:
            raise
        conn.execute("ROLLBACK TO before_locks")
    conn.execute("RELEASE before_locks")
    return got_all


_ATTEMPTS = 5
_TABLES = """
SELECT c.oid, c.relname FROM pg_catalog.pg_class c
WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p')
ORDER BY c.relname COLLATE "C"
"""


@contextmanager
def consistent_snapshot(
    conn: Connection, mode: Literal["ACCESS SHARE", "EXCLUSIVE"] = "ACCESS SHARE"
) -> Iterator[str]:
    """Yield the name of a snapshot of schema public, with all its tables locked until the block ends.

    mode: ACCESS SHARE keeps tables from being dropped or altered, EXCLUSIVE also from being written to.
    The tables are locked before the snapshot is taken: of a table that was replaced meanwhile (as a restore
    does) an older snapshot would see no row at all. `conn` is an autocommit connection.
    """
    try:
        yield _snapshot(conn, mode)
    finally:
        if not conn.closed:
            conn.rollback()


def _snapshot(conn: Connection, mode: Literal["ACCESS SHARE", "EXCLUSIVE"]) -> str:
    for _ in range(_ATTEMPTS):
        tables = conn.execute(_TABLES).fetchall()
        order = in_order(conn, [name for _, name in tables])
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        with suppress(psycopg.errors.UndefinedTable):
            lock_tables(conn, order, mode)
            if conn.execute(_TABLES).fetchall() == tables:
                row = conn.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
                return str(row[0]) if row is not None else ""
        conn.rollback()
    raise ResourceConflict(
        "tables are being created and dropped, so no consistent snapshot of the database could be taken",
        cause="another command is migrating or restoring",
        fix="wait until it has ended and run the command again",
        code="SCHEMA_CHANGING",
    )
