"""The migrations on a real server: up, down, up again, planned, twice at once, in odd circumstances."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from alembic import command

from sportsplat.db.connection import connect
from sportsplat.db.schema.catalogue import CATALOGUE_FILE, live
from sportsplat.db.schema.migrate import alembic_on, check, current, head, migrate, plan, revisions
from sportsplat.db.schema.rendered import render_catalogue
from sportsplat.errors import DataConflict, MigrationError
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS, migrate_at_once


def go(database: Database, direction: str, revision: str) -> None:
    with database.connect(autocommit=True) as conn, alembic_on(conn, MIGRATIONS) as config:
        getattr(command, direction)(config, revision)


def test_up_from_empty_then_nothing_is_left_to_do(empty_database: Database) -> None:
    assert migrate(empty_database.dsn, MIGRATIONS) == revisions(MIGRATIONS)
    assert migrate(empty_database.dsn, MIGRATIONS) == []
    assert check(empty_database.dsn, MIGRATIONS) == []
    with empty_database.connect() as conn:
        assert current(conn) == head(MIGRATIONS)


def test_down_to_nothing_and_up_again(database: Database) -> None:
    go(database, "downgrade", "base")
    with database.connect(autocommit=True) as conn:
        left = [key for key in live(conn) if "alembic_version" not in key]
        assert left == []
        assert current(conn) is None
    assert migrate(database.dsn, MIGRATIONS) == revisions(MIGRATIONS)
    assert check(database.dsn, MIGRATIONS) == []


def test_each_migration_goes_down_to_where_it_came_from(empty_database: Database) -> None:
    with empty_database.connect(autocommit=True) as conn:
        for revision in revisions(MIGRATIONS):
            before = live(conn)
            go(empty_database, "upgrade", revision)
            after = live(conn)
            go(empty_database, "downgrade", "-1")
            bare = {key: text for key, text in live(conn).items() if "alembic_version" not in key}
            assert bare == {key: text for key, text in before.items() if "alembic_version" not in key}
            go(empty_database, "upgrade", revision)
            assert live(conn) == after


CLOSED_TWICE = """
INSERT INTO leagues (code, name, sport, outcomes, timezone)
VALUES ('nfl', 'NFL', 'american-football', '{home,away}', 'America/New_York');
INSERT INTO teams (league, name) VALUES ('nfl', 'A'), ('nfl', 'B');
INSERT INTO matches (league, season, match_date, kickoff_utc, precision, home_id, away_id, source)
SELECT 'nfl', 2020, '2020-10-11', '2020-10-11 17:00Z', 'minute', min(id), max(id), 'nflverse' FROM teams;
INSERT INTO quotes (match_id, bookmaker, market, outcome, is_closing, decimal_odds, quoted_at, known_at)
SELECT m.id, 'consensus', 'result', 'home', q.closing, q.odds, q.at, q.at
  FROM matches m, (VALUES (true, 1.7, timestamptz '2020-10-12 00:20Z'), (true, 1.8, '2020-10-11 17:00Z'),
                          (false, 1.9, '2020-10-10 17:00Z')) AS q (closing, odds, at);
"""


def test_of_two_closing_prices_the_one_at_the_kick_off_stays(empty_database: Database) -> None:
    go(empty_database, "upgrade", "0011")
    with empty_database.connect(autocommit=True) as conn:
        conn.execute(CLOSED_TWICE)
        go(empty_database, "upgrade", "0012")
        kept = "SELECT decimal_odds, quoted_at IS NULL FROM quotes ORDER BY decimal_odds"
        assert conn.execute(kept).fetchall() == [(1.8, True), (1.9, False)]
        go(empty_database, "downgrade", "0011")
        assert conn.execute(kept).fetchall() == [(1.8, False), (1.9, False)]


PRICED = """
INSERT INTO leagues (code, name, sport, outcomes, timezone)
VALUES ('nfl', 'NFL', 'american-football', '{home,away}', 'America/New_York');
INSERT INTO teams (league, name) VALUES ('nfl', 'A'), ('nfl', 'B');
INSERT INTO matches (league, season, match_date, kickoff_utc, precision, home_id, away_id, source)
SELECT 'nfl', 2020, '2020-10-11', '2020-10-11 17:00Z', 'minute', min(id), max(id), 'nflverse' FROM teams;
SELECT ensure_quote_partition(2020)
"""
PRICE = """
INSERT INTO quotes (match_id, bookmaker, market, outcome, is_closing, decimal_odds, known_at, season)
SELECT id, %s, 'result', 'home', true, 1.7, kickoff_utc, season FROM matches
"""


def test_rows_from_before_the_history_of_facts_do_not_say_since_when_and_later_ones_do(
    empty_database: Database,
) -> None:
    go(empty_database, "upgrade", "0014")
    with empty_database.connect(autocommit=True) as conn:
        conn.execute(PRICED)
        conn.execute(PRICE, ["before"])
        go(empty_database, "upgrade", "0015")
        conn.execute(PRICE, ["after"])
        noted = "SELECT bookmaker, recorded_at IS NOT NULL FROM quotes ORDER BY 1"
        assert conn.execute(noted).fetchall() == [("after", True), ("before", False)]
        go(empty_database, "downgrade", "0014")
        assert conn.execute("SELECT count(*) FROM quotes").fetchone() == (2,)


def test_each_migration_says_in_its_title_what_it_does() -> None:
    for file in (MIGRATIONS / "versions").glob("*.py"):
        title = file.read_text(encoding="utf-8").split('"""')[1].split("\n")[0]
        assert title.endswith(".")
        assert 10 < len(title) < 100
        assert file.stem[5:] == file.stem[5:].lower()


def test_the_plan_is_the_sql_that_makes_the_schema_and_runs_nothing(empty_database: Database) -> None:
    sql = plan(empty_database.dsn, MIGRATIONS)
    with empty_database.connect(autocommit=True) as conn:
        assert live(conn) == {}
        conn.execute(sql.encode())
    assert check(empty_database.dsn, MIGRATIONS) == []


def test_the_plan_of_a_database_half_way_holds_only_the_rest(empty_database: Database) -> None:
    go(empty_database, "upgrade", "0004")
    sql = plan(empty_database.dsn, MIGRATIONS)
    assert "CREATE TABLE matches" not in sql
    with empty_database.connect(autocommit=True) as conn:
        conn.execute(sql.encode())
    assert check(empty_database.dsn, MIGRATIONS) == []
    assert plan(empty_database.dsn, MIGRATIONS) == ""


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    with database.connect() as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    for act in (migrate, plan, check):
        with pytest.raises(MigrationError, match="revision 9999, which this version does not know") as caught:
            act(database.dsn, MIGRATIONS)
        assert caught.value.error_code == "SCHEMA_NEWER"
        assert caught.value.exit_code == 7
        assert caught.value.fix == "pip install --upgrade sportsplat"


def test_a_schema_behind_is_told_from_drift(empty_database: Database) -> None:
    go(empty_database, "upgrade", "0004")
    with pytest.raises(MigrationError) as caught:
        check(empty_database.dsn, MIGRATIONS)
    assert caught.value.error_code == "SCHEMA_BEHIND"
    assert caught.value.fix == "sportsplat db migrate"


def test_two_migrations_at_once_apply_each_step_once(empty_database: Database) -> None:
    applied = migrate_at_once([empty_database.dsn, empty_database.dsn])
    assert sorted(applied, key=len) == [[], revisions(MIGRATIONS)]
    assert check(empty_database.dsn, MIGRATIONS) == []


def test_a_password_may_hold_any_character(empty_database: Database) -> None:
    password = "p%40 %s %(x)s @:/?#'\\\"ü"
    name = empty_database.endpoint.database
    with empty_database.connect(autocommit=True) as conn:
        conn.execute(
            psycopg.sql.SQL(
                "CREATE ROLE odd_password LOGIN PASSWORD {}; ALTER DATABASE {} OWNER TO odd_password"
            ).format(password, psycopg.sql.Identifier(name))
        )
    try:
        as_user = replace(empty_database.endpoint, user="odd_password", password=password, socket_dir=None)
        assert migrate(as_user.dsn(), MIGRATIONS) == revisions(MIGRATIONS)
        assert migrate(as_user.url(reveal=True), MIGRATIONS) == []
    finally:
        with empty_database.connect(autocommit=True) as conn:
            conn.execute("DROP OWNED BY odd_password CASCADE")
            conn.execute(
                psycopg.sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER; DROP ROLE odd_password").format(
                    psycopg.sql.Identifier(name)
                )
            )


def test_a_folder_may_hold_any_character(empty_database: Database, tmp_path: Path) -> None:
    odd = tmp_path / "100% of it"
    odd.symlink_to(MIGRATIONS)
    assert migrate(empty_database.dsn, odd) == revisions(MIGRATIONS)


def test_the_catalogue_file_is_what_the_migrations_make(database: Database) -> None:
    """When stale: python -m sportsplat.db.schema.rendered "$(sportsplat url --reveal)"."""
    stored = (MIGRATIONS / CATALOGUE_FILE).read_text(encoding="utf-8")
    assert stored == render_catalogue(database.dsn, MIGRATIONS)


def test_a_user_who_may_not_create_tables_is_told_what_to_do(empty_database: Database) -> None:
    with empty_database.connect(autocommit=True) as conn:
        conn.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    try:
        guest = replace(empty_database.endpoint, user="guest", password="guest", socket_dir=None)
        with pytest.raises(DataConflict) as caught:
            migrate(guest.dsn(), MIGRATIONS)
        assert caught.value.error_code == "NOT_ALLOWED"
        assert "permission denied for schema public" in str(caught.value.cause)
        assert "ALTER DATABASE" in str(caught.value.fix)
    finally:
        with connect(empty_database.dsn, autocommit=True) as conn:
            conn.execute("DROP ROLE guest")
