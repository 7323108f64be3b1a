"""One moment of a database, held still while a program reads it on other connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal

import psycopg

from sportsplat.db.table_locks import in_order, lock_tables
from sportsplat.errors import ResourceConflict

if TYPE_CHECKING:
    from sportsplat.db.engine import Connection

_ATTEMPTS = 5
_TABLES = """
SELECT c.oid, c.relname FROM pg_catalog.pg_class c
WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p')
ORDER BY c.relname COLLATE "C"
"""


@contextmanager
def held_still(
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
        "tables come and go, so no moment of the database could be held still",
        cause="another command is migrating or restoring",
        fix="wait until it has ended and run the command again",
        code="SCHEMA_CHANGING",
    )
