"""Bring a database's schema to the code's last revision, one migrator at a time, and verify what came of it.

Alembic runs the migrations on a connection of ours, configured here: no alembic.ini, and no URL in any
configuration text, so a password may hold any character and cannot leak. Each migration is a transaction of
its own: whenever the process is killed, the database is at one revision or the next, and the next run goes on
from there.
"""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat.db.connection import Connection, connect
from sportsplat.db.errors import Work, server_errors
from sportsplat.db.schema.catalogue import difference, expected_here, live, restore_grants
from sportsplat.db.schema.objects import has_rows, refuse_encoding, tables
from sportsplat.db.schema.revisions import behind, current, destructive, head, revisions
from sportsplat.errors import DataConflict, MigrationError, ResourceConflict, SchemaDrift

if TYPE_CHECKING:
    from alembic.config import Config


LOCK_KEY = int.from_bytes(b"spschema")
_POLL_S = 0.1


def take_lock(conn: Connection, wait_s: float, *, shared: bool = False) -> None:
    """Wait up to `wait_s` seconds for the lock; raises ResourceConflict (LOCK_HELD) that names its holder.

    shared: together with others who share it, as backups do.
    """
    end = time.monotonic() + wait_s
    while not _try(conn, shared=shared):
        if time.monotonic() >= end:
            pid, name, since = _holder(conn)
            raise ResourceConflict(
                f"another migration, restore or backup holds the lock: server process {pid}",
                cause=f"waited {wait_s:g} s for {name}, connected since {since}",
                fix=f"wait for it and try again; if it hangs: SELECT pg_terminate_backend({pid})",
                code="LOCK_HELD",
                pid=pid,
            )
        time.sleep(_POLL_S)


def set_timeouts(conn: Connection, lock_timeout_s: float, statement_timeout_s: float) -> None:
    """Bound how long one statement of this session may wait for a table, and how long it may run."""
    settings = {
        "lock_timeout": f"{lock_timeout_s * 1000:.0f}ms",
        "statement_timeout": f"{statement_timeout_s * 1000:.0f}ms",
        # A statement of a killed migrator ends by itself instead of holding the lock.
        "client_connection_check_interval": "1s",
    }
    for name, value in settings.items():
        conn.execute("SELECT set_config(%s, %s, false)", [name, value])


def _try(conn: Connection, *, shared: bool) -> bool:
    function = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
    row = conn.execute(f"SELECT {function}(%s)".encode(), [LOCK_KEY]).fetchone()
    return bool(row and row[0])


def _holder(conn: Connection) -> tuple[Any, Any, Any]:
    row = conn.execute(
        """
        SELECT l.pid, coalesce(nullif(a.application_name, ''), 'an unnamed session'), a.backend_start
        FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (l.classid::bigint << 32) + l.objid::bigint = %s
        """,
        [LOCK_KEY],
    ).fetchone()
    return row or ("unknown", "a session that just ended", "unknown")


__all__ = ["behind", "check", "current", "head", "migrate", "plan", "revisions"]

OLDEST_SERVER = 150000  # UNIQUE NULLS NOT DISTINCT
_ALEMBIC = threading.Lock()  # it keeps the migration that runs in global variables


def migrate(
    dsn: str,
    migrations_dir: Path,
    *,
    wait_s: float = 60,
    lock_timeout_s: float = 10,
    statement_timeout_s: float = 600,
    back_up: Callable[[str], object] | None = None,
) -> list[str]:
    """Apply every migration that the database lacks, verify the schema, return the revisions applied.

    wait_s: how long to wait for another migrator. lock_timeout_s, statement_timeout_s: how long a statement
    may wait for a table, and how long it may run. back_up: called with the first revision that would take
    stored rows away, before any is applied; what it raises ends the migration.
    Raises ResourceConflict (LOCK_HELD, LOCK_TIMEOUT), DataConflict (SERVER_TOO_OLD, NOT_ALLOWED, and
    WRONG_ENCODING before the first revision), EnvironmentUnavailable (DATABASE_READ_ONLY, CONNECTION_LOST,
    DISK_FULL), MigrationError (SCHEMA_NEWER, STATEMENT_TIMEOUT, MIGRATION_FAILED), and SchemaDrift when the
    schema is not what the migrations make.
    """
    name = f"sportsplat migrate (process {os.getpid()})"
    with connect(dsn, autocommit=True, name=name) as conn:
        _refuse_old_server(conn)
        set_timeouts(conn, lock_timeout_s, statement_timeout_s)
        take_lock(conn, wait_s)
        revision = current(conn)
        if revision is None:
            refuse_encoding(conn)
        missing = behind(revision, migrations_dir)
        with server_errors(conn, partial(_work, conn, migrations_dir)):
            destroying = destructive(migrations_dir, missing)
            at_stake = bool(destroying) and revision is not None and has_rows(conn, tables(conn))
        if back_up is not None and at_stake:
            back_up(destroying[0])
        with server_errors(conn, partial(_work, conn, migrations_dir)):
            if missing:
                upgrade(conn, migrations_dir)
            drift = _verify(conn, migrations_dir)
    if drift:
        raise drifted(drift)
    return missing


def plan(dsn: str, migrations_dir: Path) -> str:
    """Return the SQL that `migrate` would run, empty when nothing is missing. Runs none of it.

    Raises MigrationError (SCHEMA_NEWER).
    """
    with connect(dsn, autocommit=True) as conn:
        revision = current(conn)
    return offline_sql(migrations_dir, revision) if behind(revision, migrations_dir) else ""


def offline_sql(
    migrations_dir: Path, revision: str | None = None, *, until: str = "head", bare: bool = False
) -> str:
    """Return the SQL from `revision` (None: an empty database) to `until`; no server is asked.

    Each migration is a transaction of its own; with `bare` the caller puts them into one.
    """
    from alembic import command

    output = io.StringIO()
    config = alembic_config(migrations_dir, output)
    config.attributes["bare"] = bare
    with _ALEMBIC:
        command.upgrade(config, f"{revision or 'base'}:{until}", sql=True)
    return output.getvalue()


def check(dsn: str, migrations_dir: Path, *, lock_timeout_s: float = 10) -> list[str]:
    """Return every difference between the live schema and what the migrations make, one line each.

    Raises MigrationError (SCHEMA_BEHIND, SCHEMA_NEWER) when the database is at another revision, and
    ResourceConflict (LOCK_TIMEOUT) when somebody holds a table so that it cannot even be read.
    """
    with connect(dsn, autocommit=True) as conn:
        revision = current(conn)
        missing = behind(revision, migrations_dir)
        if missing:
            raise MigrationError(
                f"the schema lacks {len(missing)} migrations",
                cause=f"the database is at {revision or 'no revision at all'}, the code at {missing[-1]}",
                fix="sportsplat db migrate",
                code="SCHEMA_BEHIND",
            )
        set_timeouts(conn, lock_timeout_s, 0)
        with server_errors(conn, partial(_work, conn, migrations_dir)):
            return difference(expected_here(conn, migrations_dir), live(conn))


def drifted(drift: list[str]) -> SchemaDrift:
    """Return the error that lists all differences; they are also in its `details` as `drift`."""
    return SchemaDrift(
        f"the schema differs from the migrations: {len(drift)} difference{'s' * (len(drift) > 1)}",
        cause="\n         ".join(drift),
        fix="revert each of them (`sportsplat psql`), then: sportsplat db check",
        drift=drift,
    )


def alembic_config(migrations_dir: Path, output: io.StringIO | None = None) -> Config:
    """Return Alembic's configuration for these migrations; offline commands write their SQL to `output`."""
    from alembic.config import Config

    config = Config(output_buffer=output)
    # ConfigParser takes % for the start of an interpolation.
    config.set_main_option("script_location", str(migrations_dir).replace("%", "%%"))
    return config


@contextmanager
def alembic_on(conn: Connection, migrations_dir: Path) -> Iterator[Config]:
    """Yield Alembic's configuration for commands that run on `conn`, an autocommit connection."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: conn, poolclass=StaticPool, hide_parameters=True
    )
    config = alembic_config(migrations_dir)
    conn.autocommit = False
    try:
        with engine.connect() as connection, _ALEMBIC:
            config.attributes["connection"] = connection
            yield config
    finally:
        if not conn.closed:
            conn.rollback()
            conn.autocommit = True


def upgrade(conn: Connection, migrations_dir: Path) -> None:
    """Run what is missing on an autocommit connection; no lock, no time-outs, nothing verified."""
    from alembic import command

    with alembic_on(conn, migrations_dir) as config:
        command.upgrade(config, "head")


def _refuse_old_server(conn: Connection) -> None:
    version = conn.info.server_version
    if version < OLDEST_SERVER:
        raise DataConflict(
            f"the server is PostgreSQL {version // 10000}, too old for this schema",
            cause=f"server_version_num is {version}",
            fix="use PostgreSQL 15 or later",
            code="SERVER_TOO_OLD",
        )


def _verify(conn: Connection, migrations_dir: Path) -> list[str]:
    wanted, found = expected_here(conn, migrations_dir), live(conn)
    if restore_grants(conn, wanted, found):
        found = live(conn)
    return difference(wanted, found)


def _work(conn: Connection, migrations_dir: Path) -> Work:
    """Return what an error is about: the first migration that is still missing, or the verification."""
    again = "sportsplat db migrate"
    if conn.closed:
        return Work("the migration", again, "unfinished work was rolled back", "migration")
    missing = behind(current(conn), migrations_dir)
    step = f"migration {missing[0]}" if missing else "the verification of the schema"
    return Work(step, again, kind="migration")
