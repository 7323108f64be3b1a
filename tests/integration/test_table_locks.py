"""All tables locked at once while others write: everybody goes on, and nobody is ended for a deadlock."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from sportsplat.db.copy import locks as table_locks
from sportsplat.db.copy.locks import consistent_snapshot, in_order, lock_tables
from sportsplat.infra.lock import wait_for
from tests.conftest import Database

SOMEBODY_WAITS = b"SELECT FROM pg_locks WHERE NOT granted AND relation IS NOT NULL"


def test_what_refers_comes_before_what_it_refers_to(filled: Database) -> None:
    with filled.connect() as conn:
        order = in_order(conn, ["leagues", "matches", "quotes", "team_aliases", "teams"])
    assert order.index("quotes") < order.index("matches") < order.index("teams") < order.index("leagues")
    assert order.index("team_aliases") < order.index("teams")


def test_a_cycle_of_references_is_taken_by_name(empty_database: Database) -> None:
    with empty_database.connect() as conn:
        conn.execute(
            """
            CREATE TABLE b (id int PRIMARY KEY);
            CREATE TABLE a (id int PRIMARY KEY REFERENCES b, self int REFERENCES a);
            ALTER TABLE b ADD FOREIGN KEY (id) REFERENCES a
            """
        )
        assert in_order(conn, ["b", "a"]) == ["a", "b"]


def test_a_writer_who_needs_what_we_hold_goes_on_and_we_wait(filled: Database) -> None:
    """His row of `leagues` is written before that of `team_aliases`: against the order of references."""
    held: list[int] = []

    def hold() -> None:
        with filled.connect(autocommit=True) as conn, consistent_snapshot(conn, "EXCLUSIVE"):
            row = conn.execute("SELECT count(*) FROM team_aliases WHERE source = 'late'").fetchone()
            assert row is not None
            held.append(row[0])

    with filled.connect() as writer, filled.connect(autocommit=True) as conn:
        (team,) = writer.execute(
            "INSERT INTO teams (league, name) VALUES ('y', 'Late FC') RETURNING id"
        ).fetchall()
        holder = threading.Thread(target=hold)
        holder.start()
        assert wait_for(lambda: conn.execute(SOMEBODY_WAITS).rowcount > 0, 10)
        writer.execute(
            "INSERT INTO team_aliases (league, source, alias, team_id) VALUES ('y', 'late', 'Late', %s)", team
        )
        writer.commit()
        holder.join(20)
    assert held == [1]


def test_writers_without_a_pause_let_us_in(filled: Database) -> None:
    ended = threading.Event()
    refused: list[psycopg.Error] = []

    def write() -> None:
        try:
            with filled.connect(autocommit=True) as conn:
                while not ended.is_set():
                    conn.execute("INSERT INTO teams (league, name) VALUES ('y', gen_random_uuid()::text)")
        except psycopg.Error as error:
            refused.append(error)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(10):
            with filled.connect(autocommit=True) as conn, consistent_snapshot(conn, "EXCLUSIVE"):
                pass
    finally:
        ended.set()
        for writer in writers:
            writer.join()
    assert refused == []


def test_a_table_that_is_never_free_ends_the_wait_and_keeps_no_lock(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_locks, "WAIT_S", 0.5)
    with filled.connect() as client, filled.connect(autocommit=True) as conn:
        client.execute("LOCK TABLE leagues IN ACCESS SHARE MODE")
        started = time.monotonic()
        with consistent_snapshot(conn, "EXCLUSIVE"):
            pass  # who reads is in nobody's way
        with pytest.raises(psycopg.errors.LockNotAvailable), conn.transaction():
            lock_tables(conn, ["teams", "leagues"], "ACCESS EXCLUSIVE")
        assert time.monotonic() - started < 5
        client.execute("INSERT INTO teams (league, name) VALUES ('y', 'Free FC')")


def test_what_follows_in_the_transaction_waits_as_long_as_before(filled: Database) -> None:
    with filled.connect() as conn:
        conn.execute("SET lock_timeout = '7s'")
        lock_tables(conn, ["teams"], "EXCLUSIVE")
        assert conn.execute("SHOW lock_timeout").fetchone() == ("7s",)
        conn.commit()
        assert conn.execute("SHOW lock_timeout").fetchone() == ("7s",)
