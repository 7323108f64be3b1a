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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from sportsplat.db.catalogue import difference, expected_here, live, restore_grants
from sportsplat.db.engine import Connection, connect
from sportsplat.db.migration_lock import set_timeouts, table_holders, take_lock
from sportsplat.db.replace import has_rows, tables
from sportsplat.db.revisions import behind, current, destructive, head, revisions
from sportsplat.errors import (
    DataConflict,
    EnvironmentUnavailable,
    MigrationError,
    ResourceConflict,
    SchemaDrift,
    SportsplatError,
)

if TYPE_CHECKING:
    from alembic.config import Config

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
    Raises ResourceConflict (LOCK_HELD, LOCK_TIMEOUT), DataConflict (SERVER_TOO_OLD), MigrationError
    (SCHEMA_NEWER, NOT_ALLOWED, STATEMENT_TIMEOUT, CONNECTION_LOST, MIGRATION_FAILED), and SchemaDrift when
    the schema is not what the migrations make.
    """
    name = f"sportsplat migrate (process {os.getpid()})"
    with connect(dsn, autocommit=True, name=name) as conn:
        _refuse_old_server(conn)
        set_timeouts(conn, lock_timeout_s, statement_timeout_s)
        take_lock(conn, wait_s)
        missing = behind(current(conn), migrations_dir)
        with _translated(conn, migrations_dir):
            destroying = destructive(migrations_dir, missing)
            at_stake = bool(destroying) and current(conn) is not None and has_rows(conn, tables(conn))
        if back_up is not None and at_stake:
            back_up(destroying[0])
        with _translated(conn, migrations_dir):
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
        with _translated(conn, migrations_dir):
            return difference(expected_here(conn, migrations_dir), live(conn))


def drifted(drift: list[str]) -> SchemaDrift:
    """Return the error that lists all differences; they are also in its `details` as `drift`."""
    return SchemaDrift(
        f"the schema is not what the migrations make: {len(drift)} difference{'s' * (len(drift) > 1)}",
        cause="\n         ".join(drift),
        fix="put each of them back (`sportsplat psql`), then: sportsplat db check",
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


@contextmanager
def _translated(conn: Connection, migrations_dir: Path) -> Iterator[None]:
    """Turn what the server says, be it through SQLAlchemy, into an error of ours."""
    try:
        yield
    except Exception as error:
        said = getattr(error, "orig", error)
        if not isinstance(said, psycopg.Error):
            raise
        raise _failure(conn, said, migrations_dir) from said


def _failure(conn: Connection, error: psycopg.Error, migrations_dir: Path) -> SportsplatError:
    said = " ".join(str(error).split())
    again = "sportsplat db migrate"
    if conn.closed:
        message = (
            "the server ended the connection during the migration; what was not finished was rolled back"
        )
        return MigrationError(message, cause=said, fix=again, code="CONNECTION_LOST")
    missing = behind(current(conn), migrations_dir)
    step = f"migration {missing[0]}" if missing else "the verification of the schema"
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return ResourceConflict(
            f"{step} waited too long for a table that somebody uses; nothing of it was kept",
            cause=f"{said}; tables are held by {table_holders(conn)}",
            fix=f"wait until they have ended, then: {again}",
            code="LOCK_TIMEOUT",
        )
    if isinstance(error, psycopg.errors.DiskFull):
        return EnvironmentUnavailable(
            f"the server's disk is full: {step} failed, and nothing of it was kept",
            cause=said,
            fix=f"make room there (df -h), then: {again}",
            code="DISK_FULL",
        )
    code, fix = "MIGRATION_FAILED", "put right what the server complains about, then: " + again
    if isinstance(error, psycopg.errors.QueryCanceled):
        code, fix = "STATEMENT_TIMEOUT", f"when the server is less busy: {again}"
    elif isinstance(error, psycopg.errors.InsufficientPrivilege):
        owner = f'ALTER DATABASE "{conn.info.dbname}" OWNER TO "{conn.info.user}"'
        code, fix = "NOT_ALLOWED", f"as the server's administrator: {owner}; then: {again}"
    return MigrationError(f"{step} failed; nothing of it was kept", cause=said, fix=fix, code=code)
