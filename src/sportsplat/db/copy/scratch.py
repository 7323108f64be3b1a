"""A temporary database on the server of another one, always dropped afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.conninfo import make_conninfo

from sportsplat.db.connection import connect
from sportsplat.db.errors import loss_ignored

if TYPE_CHECKING:
    from sportsplat.db.connection import Connection

PREFIX = "sportsplat_verify_"
# A lock of the session that made it tells a scratch database in use from one that a killed run left.
_LEFT = """
SELECT name FROM (SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles) AS found (name)
WHERE starts_with(name, %s) AND pg_try_advisory_lock(hashtextextended(name, 0))
"""
_MAY_CREATE = "SELECT rolsuper OR (rolcreatedb AND rolcreaterole) FROM pg_roles WHERE rolname = current_user"
_POWERLESS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS"


@dataclass(frozen=True)
class Scratch:
    """A temporary database and the login of its only user."""

    database: str
    user: str
    password: str = field(repr=False)


def may_create(dsn: str) -> bool:
    """Tell whether the user of this database may make others on its server, and users for them."""
    with connect(dsn, autocommit=True) as conn:
        return conn.execute(_MAY_CREATE).fetchone() == (True,)


@contextmanager
def scratch_database(dsn: str, password: str) -> Iterator[Scratch]:
    """Yield a new, empty database beside that of `dsn`; dropped at the end, its sessions ended.

    password: of its user, who exists for it alone, and may only create things in its schema public, so that
    what a file contains runs without the rights of the user of `dsn`. Those that killed runs for the same
    database left are dropped first.
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
            _make_user(conn, dsn, name, password)
            yield Scratch(name, name, password)
        finally:
            with loss_ignored():  # the next run sweeps
                _drop(conn, name)


def _make_user(conn: Connection, dsn: str, name: str, password: str) -> None:
    """Make the user of a scratch database, of the same name."""
    # What the server logs of this is no password. The method is named, or libpq would ask the server and
    # hold up every thread of this process meanwhile.
    verifier = conn.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    user = sql.Identifier(name)
    create = sql.SQL("CREATE ROLE {} {} PASSWORD {}")
    conn.execute(create.format(user, sql.SQL(_POWERLESS), sql.Literal(verifier)))
    with connect(make_conninfo(dsn, dbname=name), autocommit=True) as inside:
        inside.execute(sql.SQL("GRANT CREATE, USAGE ON SCHEMA public TO {}").format(user))


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
    conn.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
