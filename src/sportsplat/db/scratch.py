"""A database for a moment, on the server of another one; gone afterwards, whatever happens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.conninfo import make_conninfo

from sportsplat.db.engine import connect

if TYPE_CHECKING:
    from sportsplat.db.engine import Connection

PREFIX = "sportsplat_verify_"
# A lock of the session that made it tells a scratch database in use from one that a killed run left.
_LEFT = """
SELECT datname FROM pg_database
WHERE starts_with(datname, %s) AND pg_try_advisory_lock(hashtextextended(datname, 0))
"""
_MAY_CREATE = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"


def may_create(dsn: str) -> bool:
    """Tell whether the user of this database may make others on its server."""
    with connect(dsn, autocommit=True) as conn:
        return conn.execute(_MAY_CREATE).fetchone() == (True,)


@contextmanager
def scratch_database(dsn: str) -> Iterator[str]:
    """Yield the dsn of a new, empty database beside that of `dsn`; dropped at the end, its sessions ended.

    Those that killed runs for the same database left are dropped first.
    """
    with connect(dsn, autocommit=True, name=f"sportsplat verify (process {os.getpid()})") as conn:
        prefix = _prefix(conn)
        _sweep(conn, prefix)
        name = prefix + os.urandom(4).hex()
        conn.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        try:
            # Of template0, since others may be connected to template1; the order of texts is of no concern.
            create = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"
            conn.execute(sql.SQL(create).format(sql.Identifier(name)))
            yield make_conninfo(dsn, dbname=name)
        finally:
            if not conn.closed:
                _drop(conn, name)


def _prefix(conn: Connection) -> str:
    """Return how names of scratch databases of this database begin: advisory locks are one database's own."""
    row = conn.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    return f"{PREFIX}{row[0] if row is not None else 0}_"


def _sweep(conn: Connection, prefix: str) -> None:
    for (name,) in conn.execute(_LEFT, [prefix]).fetchall():
        _drop(conn, name)
        conn.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def _drop(conn: Connection, name: str) -> None:
    conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
