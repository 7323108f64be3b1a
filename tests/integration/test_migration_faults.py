"""Migrations that are held up, cut off or killed leave whole steps, and the next one goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command

from sportsplat.db.schema.catalogue import live
from sportsplat.db.schema.migrate import alembic_on, behind, check, current, migrate, revisions, take_lock
from sportsplat.errors import MigrationError, ResourceConflict
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS

pytestmark = pytest.mark.fault
SPORTSPLAT = str(Path(sys.executable).parent / "sportsplat")


def upgrade_to(database: Database, revision: str) -> dict[str, str]:
    with database.connect(autocommit=True) as conn:
        with alembic_on(conn, MIGRATIONS) as config:
            command.upgrade(config, revision)
        return live(conn)


@contextmanager
def holding(database: Database, statement: str) -> Iterator[psycopg.Connection[Any]]:
    with database.connect() as conn:
        conn.execute(statement.encode())
        yield conn


def start_migrate(database: Database) -> subprocess.Popen[str]:
    environment = os.environ | {"DATABASE_URL": database.endpoint.url(reveal=True)}
    return subprocess.Popen(
        [SPORTSPLAT, "db", "migrate", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_table_in_use_stops_the_migration_in_time_with_nothing_half(empty_database: Database) -> None:
    before = upgrade_to(empty_database, "0003")
    with holding(empty_database, "LOCK TABLE teams IN ACCESS EXCLUSIVE MODE") as blocker:
        with pytest.raises(ResourceConflict) as caught:
            migrate(empty_database.dsn, MIGRATIONS, lock_timeout_s=0.2)
        assert caught.value.error_code == "LOCK_TIMEOUT"
        assert caught.value.exit_code == 5
        assert str(caught.value).startswith("migration 0004 waited too long")
        assert f"server process {blocker.info.backend_pid}" in str(caught.value.cause)
        with empty_database.connect(autocommit=True) as conn:
            assert current(conn) == "0003"
            blocker.rollback()
            assert live(conn) == before
    assert migrate(empty_database.dsn, MIGRATIONS)[0] == "0004"
    assert check(empty_database.dsn, MIGRATIONS) == []


def test_a_table_in_use_stops_the_check_in_time(database: Database) -> None:
    with (
        holding(database, "LOCK TABLE matches IN ACCESS EXCLUSIVE MODE"),
        pytest.raises(ResourceConflict, match="verification of the schema waited too long"),
    ):
        check(database.dsn, MIGRATIONS, lock_timeout_s=0.2)


def test_a_lock_that_is_held_names_its_holder(empty_database: Database) -> None:
    with empty_database.connect(autocommit=True) as holder:
        take_lock(holder, wait_s=0)
        with pytest.raises(ResourceConflict) as caught:
            migrate(empty_database.dsn, MIGRATIONS, wait_s=0.3)
        pid = holder.info.backend_pid
        assert caught.value.error_code == "LOCK_HELD"
        assert caught.value.exit_code == 5
        assert caught.value.details["pid"] == pid
        assert str(pid) in str(caught.value)
        assert "waited 0.3 s for sportsplat" in str(caught.value.cause)
    assert migrate(empty_database.dsn, MIGRATIONS, wait_s=5) == revisions(MIGRATIONS)


def test_a_statement_that_takes_too_long_is_ended(empty_database: Database) -> None:
    upgrade_to(empty_database, "0003")
    with (
        holding(empty_database, "LOCK TABLE teams IN ACCESS EXCLUSIVE MODE"),
        pytest.raises(MigrationError) as caught,
    ):
        migrate(empty_database.dsn, MIGRATIONS, lock_timeout_s=30, statement_timeout_s=0.2)
    assert caught.value.error_code == "STATEMENT_TIMEOUT"
    assert caught.value.exit_code == 7


def test_a_connection_that_the_server_ends_is_told(empty_database: Database) -> None:
    upgrade_to(empty_database, "0003")
    with holding(empty_database, "LOCK TABLE teams IN ACCESS EXCLUSIVE MODE"):
        process = start_migrate(empty_database)
        with empty_database.connect(autocommit=True) as conn:
            wait_for(
                conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            )
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 4
    assert '"CONNECTION_LOST"' in out
    assert migrate(empty_database.dsn, MIGRATIONS)[0] == "0004"


def test_a_dead_process_gives_up_the_lock_that_its_statement_waits_with(empty_database: Database) -> None:
    """The server sees within a second that nobody listens any more."""
    upgrade_to(empty_database, "0003")
    with holding(empty_database, "LOCK TABLE teams IN ACCESS EXCLUSIVE MODE") as blocker:
        process = start_migrate(empty_database)
        with empty_database.connect(autocommit=True) as conn:
            wait_for(conn, "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            process.kill()
            process.communicate()
            take_lock(conn, wait_s=8)
        blocker.rollback()
    migrate(empty_database.dsn, MIGRATIONS)
    assert check(empty_database.dsn, MIGRATIONS) == []


@pytest.mark.parametrize("reached", revisions(MIGRATIONS)[:10])
def test_a_kill_at_any_moment_leaves_whole_steps(empty_database: Database, reached: str) -> None:
    """Ten moments: as soon as each of the first ten revisions is seen by another session."""
    process = start_migrate(empty_database)
    with empty_database.connect(autocommit=True) as conn:
        while process.poll() is None and (current(conn) or "") < reached:
            time.sleep(0.0005)
        process.kill()
        process.communicate()
        left = current(conn)
        assert left is not None
        assert left >= reached
        todo = behind(left, MIGRATIONS)
    # A step whose commit was already on its way may still have been done after the look.
    applied = migrate(empty_database.dsn, MIGRATIONS)
    assert applied == todo[len(todo) - len(applied) :]
    assert check(empty_database.dsn, MIGRATIONS) == []


def wait_for(conn: psycopg.Connection[Any], query: str) -> None:
    """Repeat a query until it finds a row."""
    end = time.monotonic() + 20
    while conn.execute(query.encode()).fetchone() is None:
        assert time.monotonic() < end, query
        time.sleep(0.02)
