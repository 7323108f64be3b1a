"""Quotes lie in a partition a season: made when needed, followed when a season moves, skipped when asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sportsplat.db import binary as pgarray
from sportsplat.db.connection import APP_ROLE, READ_ROLE, Connection
from sportsplat.db.copy.content import content
from sportsplat.db.read import frames as read
from sportsplat.db.schema.migrate import check
from tests.backups import fill
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS
from tests.integration.test_migrations import CLOSED_TWICE, go

PARTITIONS = (
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'quotes'::regclass ORDER BY 1"
)
# Two leagues whose seasons overlap: 6 seasons of 100 matches with 50 quotes each, and a season of 40.
MANY = """
INSERT INTO leagues VALUES ('epl', 'Premier League', 'soccer', '{home,draw,away}', 'Europe/London'),
                           ('nba', 'NBA', 'basketball', '{home,away}', 'America/New_York');
INSERT INTO teams (league, name) SELECT l, 'Team ' || n FROM unnest(ARRAY['epl', 'nba']) l,
                                                             generate_series(1, 2) n;
SELECT ensure_quote_partition(n) FROM generate_series(2010, 2016) n;
INSERT INTO matches (league, season, match_date, kickoff_utc, precision, home_id, away_id, source)
SELECT league, season, day, day::timestamptz, 'minute', home, away, 'made up'
  FROM (SELECT 'epl' AS league, 2010 + n / 700 AS season, make_date(2010 + n / 700, 8, 1) + n % 100 AS day,
               1 AS home, 2 AS away FROM generate_series(0, 4199) n WHERE n % 700 < 100
        UNION ALL SELECT 'nba', 2012, make_date(2012, 11, 1) + n, 3, 4 FROM generate_series(0, 39) n) made;
INSERT INTO quotes (match_id, bookmaker, market, outcome, is_closing, decimal_odds, known_at, season)
SELECT m.id, 'book ' || b, 'result', o, c, 1.5 + b / 10.0, m.kickoff_utc, m.season
  FROM matches m, generate_series(1, 80) b, unnest(ARRAY['home', 'away']) o,
       unnest(ARRAY[true, false]) c
"""


def partitions(conn: Connection) -> list[str]:
    return [name for (name,) in conn.execute(PARTITIONS).fetchall()]


@pytest.fixture
def app(database: Database) -> Iterator[Connection]:
    """The application's role on a database of its own."""
    with database.connect(APP_ROLE, autocommit=True) as conn:
        yield conn


def test_the_application_makes_a_partition_though_it_owns_nothing(
    database: Database, app: Connection
) -> None:
    assert app.execute("SELECT ensure_quote_partition(2019), ensure_quote_partition(2019)").fetchone() == (
        True,
        False,
    )
    assert partitions(app) == ["quotes_2019"]
    owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('quotes', 'quotes_2019')"
    assert app.execute(owner).fetchall() == [(database.endpoint.user,)] * 2
    assert check(database.dsn, MIGRATIONS) == []
    for role in (APP_ROLE, READ_ROLE):
        with database.connect(role) as conn:
            assert conn.execute("SELECT count(*) FROM quotes_2019").fetchone() == (0,)


@pytest.mark.parametrize("season", [None, 19, 2201])
def test_no_partition_is_made_for_what_is_no_season(app: Connection, season: int | None) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="no season starts in"):
        app.execute("SELECT ensure_quote_partition(%s)", (season,))


def test_readers_and_strangers_make_none(database: Database) -> None:
    with (
        database.connect(READ_ROLE) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("SELECT ensure_quote_partition(2019)")


def test_objects_of_the_caller_do_not_deceive_the_functions(app: Connection) -> None:
    app.execute("CREATE TEMPORARY TABLE quotes (n int); CREATE TEMPORARY TABLE matches (n int)")
    app.execute("SELECT ensure_quote_partition(2019)")
    assert app.execute("SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = %s::regclass",
                       ("public.quotes_2019",)).fetchone() == ("public.quotes",)  # fmt: skip


def test_many_who_need_the_same_partitions_at_once_all_get_them(database: Database) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with database.connect(APP_ROLE, autocommit=True) as conn:
                for season in range(2000, 2010):
                    conn.execute("SELECT ensure_quote_partition(%s)", (season,))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.connect() as conn:
        assert len(partitions(conn)) == 10


def test_making_a_partition_waits_for_no_reader(database: Database, app: Connection) -> None:
    with database.connect() as reader:
        reader.execute("SELECT count(*) FROM quotes, matches")
        app.execute("SET lock_timeout = '1s'")
        app.execute("SELECT ensure_quote_partition(2019)")
        reader.execute("SELECT count(*) FROM quotes")


def test_quotes_follow_a_match_to_another_season(database: Database) -> None:
    with database.connect() as conn:
        fill(conn, 10)
        before = content(conn)["quotes"].rows
        with database.connect(APP_ROLE) as app:
            moved = app.execute("UPDATE matches SET season = 1999 WHERE id <= 4").rowcount
        assert moved == 4
        counted = "SELECT season, count(*) FROM quotes GROUP BY 1 ORDER BY 1"
        assert conn.execute(counted).fetchall() == [(1999, 60), (2000, before - 60)]
        assert partitions(conn) == ["quotes_1999", "quotes_2000"]


def test_a_filled_partition_gets_the_keys_of_all(database: Database, app: Connection) -> None:
    with database.connect() as conn:
        fill(conn, 2)
        conn.execute("UPDATE matches SET season = 2001 WHERE id = 2")
    with app.transaction():
        assert app.execute("SELECT open_quote_partition(2002)").fetchone() == (True,)
        app.execute("INSERT INTO quotes_2002 SELECT 1, bookmaker, market, outcome, line, is_closing,"
                    " decimal_odds, quoted_at, known_at, 2002 FROM quotes WHERE match_id = 1")  # fmt: skip
        with pytest.raises(psycopg.errors.ForeignKeyViolation), app.transaction():
            app.execute("SELECT close_quote_partition(2002)")
        with pytest.raises(psycopg.errors.CheckViolation), app.transaction():
            app.execute("UPDATE quotes_2002 SET season = 2000")
        app.execute("DELETE FROM quotes_2002")
        app.execute("SELECT close_quote_partition(2002)")
    assert check(database.dsn, MIGRATIONS) == []


@pytest.fixture
def many(database: Database) -> Iterator[Connection]:
    """Two hundred thousand quotes in seven seasons."""
    with database.connect(autocommit=True) as conn:
        conn.execute(MANY.encode())
        conn.execute("ANALYZE")
        assert conn.execute("SELECT count(*) FROM quotes").fetchone() == (204_800,)
        yield conn


def test_a_question_about_seasons_looks_at_their_partitions_alone(
    many: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every query of `quotes_frame` is explained just before it runs."""
    asked: list[set[str]] = []
    execute, read_columns = psycopg.Connection.execute, pgarray.read_columns

    def explained(conn: Any, query: Any, params: Any = None, **kw: Any) -> Any:
        text = query.as_string(conn) if isinstance(query, sql.Composable) else query
        if isinstance(text, str) and "quotes" in text:
            asked.append(scanned_by(execute(conn, f"EXPLAIN {text}".encode(), params)))
        return execute(conn, query, params, **kw)

    def columns(conn: Any, query: Any, fields: Any, params: Any = None) -> Any:
        asked.append(scanned_by(execute(conn, f"EXPLAIN {query.as_string(conn)}".encode(), params)))
        return read_columns(conn, query, fields, params)

    def scanned_by(cursor: Any) -> set[str]:
        return set(re.findall(r"on (quotes_\d+)\b", "\n".join(line for (line,) in cursor.fetchall())))

    monkeypatch.setattr(psycopg.Connection, "execute", explained)
    monkeypatch.setattr("sportsplat.db.read.frames.read_columns", columns)
    assert len(read.quotes_frame(many, "epl", seasons=[2013])) == 32_000
    assert asked == [{"quotes_2013"}] * 2
    asked.clear()
    assert len(read.quotes_frame(many, "nba")) == 12_800
    assert asked == [{"quotes_2012"}] * 2
    asked.clear()
    assert len(read.quotes_frame(many, "epl", seasons=[1950])) == 0
    assert asked == [set()] * 2


def test_one_season_is_not_read_whole_for_one_match(many: Connection) -> None:
    row = many.execute("SELECT min(id) FROM matches WHERE season = 2014").fetchone()
    assert row is not None
    query = "EXPLAIN SELECT * FROM quotes q JOIN matches m ON (m.id, m.season) = (q.match_id, q.season)" \
            " WHERE m.id = %s AND m.season = 2014"  # fmt: skip
    plan = "\n".join(line for (line,) in many.execute(query.encode(), (row[0],)).fetchall())
    assert "Seq Scan on quotes" not in plan
    assert set(re.findall(r"on (quotes_\d+)\b", plan)) == {"quotes_2014"}


def test_the_migration_keeps_every_quote_and_its_way_back_too(empty_database: Database) -> None:
    go(empty_database, "upgrade", "0012")
    told = "SELECT match_id, bookmaker, is_closing, decimal_odds, quoted_at, known_at FROM quotes ORDER BY 4"
    with empty_database.connect(autocommit=True) as conn:
        conn.execute(
            CLOSED_TWICE.replace("(true, 1.8, '2020-10-11 17:00Z'),", "")
            .replace("q.odds, q.at, q.at", "q.odds, CASE WHEN NOT closing THEN q.at END, q.at")
            .encode()
        )  # fmt: skip
        before = conn.execute(told).fetchall()
        assert len(before) == 2
        go(empty_database, "upgrade", "0013")
        assert conn.execute(told).fetchall() == before
        assert partitions(conn) == ["quotes_2020"]
        go(empty_database, "downgrade", "0012")
        assert conn.execute(told).fetchall() == before


def test_the_application_cannot_use_up_the_ids_of_matches(app: Connection) -> None:
    (first,) = app.execute("SELECT first_new_match_id()").fetchone() or (0,)
    for last in (2**63 - 1, first + 10**8):
        with pytest.raises(psycopg.errors.NumericValueOutOfRange):
            app.execute("SELECT use_match_ids(%s)", (last,))
    app.execute("SELECT use_match_ids(%s)", (first + 1000,))
    assert app.execute("SELECT first_new_match_id()").fetchone() == (first + 1001,)
