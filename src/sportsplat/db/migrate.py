"""Bring a database's schema to the code's last revision, one migrator at a time, and verify what came of it.

Alembic runs the migrations on a connection of ours, configured here: no alembic.ini, and no URL in any configuration
text, so a password may hold any character and cannot leak. Each migration is a transaction of its own: whenever the
process is killed, the database is at one revision or the next, and the next run goes on from there.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from sportsplat.db.catalogue import difference, expected_here, live, restore_grants
from sportsplat.db.engine import Connection, connect
from sportsplat.db.revisions import behind, current, head
from sportsplat.errors import DataConflict, MigrationError, ResourceConflict, SchemaDrift, SportsplatError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["check", "current", "head", "migrate", "plan"]

LOCK_KEY = int.from_bytes(b"spschema")
OLDEST_SERVER = 150000  # UNIQUE NULLS NOT DISTINCT
_POLL_S = 0.1


def migrate(
    dsn: str,
    migrations_dir: Path,
    *,
    wait_s: float = 60,
    lock_timeout_s: float = 10,
    statement_timeout_s: float = 600,
) -> list[str]:
    """Apply every migration that the database lacks, verify the schema, return the revisions applied.

    wait_s: how long to wait for another migrator. lock_timeout_s, statement_timeout_s: how long one statement may
    wait for a table, and how long it may run.
    Raises ResourceConflict (LOCK_HELD, LOCK_TIMEOUT), MigrationError (MIGRATION_FAILED, SCHEMA_NEWER, NOT_ALLOWED,
    STATEMENT_TIMEOUT), SchemaDrift when the schema is not what the migrations make, DataConflict (SERVER_TOO_OLD).
    """
    name = f"sportsplat migrate (process {os.getpid()})"
    with connect(make_conninfo(dsn, application_name=name), autocommit=True) as conn:
        _refuse_old_server(conn)
        _lock(conn, wait_s)
        missing = behind(current(conn), migrations_dir)
        if missing:
            _set_timeouts(conn, lock_timeout_s, statement_timeout_s)
            with _translated(conn, migrations_dir):
                upgrade(conn, migrations_dir)
        _verify(conn, migrations_dir)
    return missing


def plan(dsn: str, migrations_dir: Path) -> str:
    """Return the SQL that `migrate` would run, empty when nothing is missing. Runs none of it."""
    with connect(dsn, autocommit=True) as conn:
        revision = current(conn)
    if not behind(revision, migrations_dir):
        return ""
    from alembic import command

    config = alembic_config(migrations_dir, output=io.StringIO())
    command.upgrade(config, f"{revision or 'base'}:head", sql=True)
    text: str = config.output_buffer.getvalue()  # type: ignore[attr-defined]
    return text


def check(dsn: str, migrations_dir: Path) -> list[str]:
    """Return every difference between the live schema and what the migrations make, one line each.

    Raises MigrationError (SCHEMA_BEHIND, SCHEMA_NEWER) when the database is at another revision.
    """
    with connect(dsn, autocommit=True) as conn:
        revision = current(conn)
        missing = behind(revision, migrations_dir)
        if missing:
            raise MigrationError(
                f"the schema is {len(missing)} migrations behind",
                cause=f"the database is at revision {revision or 'none'}, the code at {missing[-1]}",
                fix="sportsplat db migrate",
                code="SCHEMA_BEHIND",
            )
        return difference(expected_here(conn, migrations_dir), live(conn))


def alembic_config(
    migrations_dir: Path, *, conn: Connection | None = None, output: io.StringIO | None = None
) -> Config:
    """Return Alembic's configuration for commands on `conn`, or offline into `output`."""
    from alembic.config import Config

    config = Config(output_buffer=output)
    # ConfigParser takes % for the start of an interpolation.
    config.set_main_option("script_location", str(migrations_dir).replace("%", "%%"))
    if conn is not None:
        config.attributes["connection"] = _engine(conn).connect()
    return config


def _engine(conn: Connection) -> Any:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    return create_engine(
        "postgresql+psycopg://", creator=lambda: conn, poolclass=StaticPool, hide_parameters=True
    )


def upgrade(conn: Connection, migrations_dir: Path) -> None:
    """Run what is missing on an autocommit connection; no lock, no time-outs, nothing verified."""
    from alembic import command

    conn.autocommit = False
    config = alembic_config(migrations_dir, conn=conn)
    try:
        command.upgrade(config, "head")
    finally:
        conn.rollback()
        conn.autocommit = True


def _refuse_old_server(conn: Connection) -> None:
    version = conn.info.server_version
    if version < OLDEST_SERVER:
        raise DataConflict(
            f"the server is PostgreSQL {version // 10000}, too old for this schema",
            cause=f"server_version_num is {version}",
            fix="use PostgreSQL 15 or later",
            code="SERVER_TOO_OLD",
        )


def _lock(conn: Connection, wait_s: float) -> None:
    """Take the migrators' session lock, which ends with the connection."""
    end = time.monotonic() + wait_s
    while not _one(conn, "SELECT pg_try_advisory_lock(%s)", LOCK_KEY):
        if time.monotonic() >= end:
            pid, who, since = _holder(conn)
            raise ResourceConflict(
                f"another migration holds the lock, server process {pid}",
                cause=f"waited {wait_s:g} s for {who}, connected since {since}",
                fix=f"wait for it and try again; if it hangs: SELECT pg_terminate_backend({pid})",
                code="LOCK_HELD",
                pid=pid,
            )
        time.sleep(_POLL_S)


def _holder(conn: Connection) -> tuple[Any, Any, Any]:
    row = conn.execute(
        """
        SELECT l.pid, coalesce(nullif(a.application_name, ''), 'a session without a name'), a.backend_start
        FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (l.classid::bigint << 32) + l.objid::bigint = %s
        """,
        [LOCK_KEY],
    ).fetchone()
    return row or ("gone by now", "a session that has just ended", "unknown")


def _one(conn: Connection, query: str, *arguments: Any) -> Any:
    row = conn.execute(query.encode(), arguments).fetchone()
    return row[0] if row else None


def _set_timeouts(conn: Connection, lock_timeout_s: float, statement_timeout_s: float) -> None:
    settings = {
        "lock_timeout": f"{lock_timeout_s * 1000:.0f}ms",
        "statement_timeout": f"{statement_timeout_s * 1000:.0f}ms",
        # A statement of a killed migrator ends by itself instead of holding the lock.
        "client_connection_check_interval": "1s",
    }
    for name, value in settings.items():
        conn.execute("SELECT set_config(%s, %s, false)", [name, value])


def _verify(conn: Connection, migrations_dir: Path) -> None:
    wanted, found = expected_here(conn, migrations_dir), live(conn)
    if restore_grants(conn, wanted, found):
        found = live(conn)
    drift = difference(wanted, found)
    if drift:
        more = f"; and {len(drift) - 5} more" if len(drift) > 5 else ""
        raise SchemaDrift(
            f"the schema is not what the migrations make: {len(drift)} differences",
            cause="; ".join(drift[:5]) + more,
            fix="sportsplat db check lists all of them; put each back, or give sportsplat a database of its own",
            drift=drift,
        )


@contextmanager
def _translated(conn: Connection, migrations_dir: Path) -> Iterator[None]:
    """Turn what the server says about a failed migration into an error of ours."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        raise _failure(conn, error.orig, migrations_dir) from error.orig
    except psycopg.Error as error:
        raise _failure(conn, error, migrations_dir) from error


def _failure(conn: Connection, error: psycopg.Error, migrations_dir: Path) -> SportsplatError:
    said = " ".join(str(error).split())
    if conn.closed:
        return MigrationError(
            "the connection broke during a migration, which was rolled back",
            cause=said,
            fix="sportsplat db migrate",
            code="CONNECTION_LOST",
        )
    revision = behind(current(conn), migrations_dir)[0]
    where = f"migration {revision}: {said}"
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return ResourceConflict(
            f"migration {revision} waited too long for a table that somebody uses; nothing of it was kept",
            cause=where,
            fix="end the sessions that hold it (SELECT pid, query FROM pg_stat_activity), then: sportsplat db migrate",
            code="LOCK_TIMEOUT",
            revision=revision,
        )
    code, fix = "MIGRATION_FAILED", "sportsplat db check"
    if isinstance(error, psycopg.errors.QueryCanceled):
        code, fix = "STATEMENT_TIMEOUT", "sportsplat db migrate, when the server is less busy"
    elif isinstance(error, psycopg.errors.InsufficientPrivilege):
        code, fix = (
            "NOT_ALLOWED",
            f"let user {conn.info.user} own database {conn.info.dbname}, then: sportsplat db migrate",
        )
    return MigrationError(
        f"migration {revision} failed; nothing of it was kept",
        cause=where,
        fix=fix,
        code=code,
        revision=revision,
    )
