"""Locks on many tables at once, taken so that neither we nor those who write meanwhile die of them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Literal

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from sportsplat.db.engine import Connection

WAIT_S = 10.0
"""How long a table that somebody uses is waited for."""
_TRY_FOR = "300ms"
"""Less than the second after which PostgreSQL looks for a deadlock and ends one of those in it."""
_REFERENCES = b"""
SELECT held.relname, told.relname FROM pg_catalog.pg_constraint f
JOIN pg_catalog.pg_class held ON held.oid = f.conrelid
JOIN pg_catalog.pg_class told ON told.oid = f.confrelid
WHERE f.contype = 'f' AND f.conrelid <> f.confrelid
  AND held.relnamespace = 'public'::pg_catalog.regnamespace
  AND told.relnamespace = 'public'::pg_catalog.regnamespace
"""


def in_order(conn: Connection, tables: Iterable[str]) -> list[str]:
    """Return tables of schema public in the order in which everybody should lock several of them.

    One that refers to another comes before it, as for whoever inserts: the row first, then what it names. A
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
