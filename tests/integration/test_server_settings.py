"""Databases whose administrator set what sessions begin with: used as any other, or refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from psycopg import sql

from sportsplat.api.app import create_app
from sportsplat.db.connection import connect
from sportsplat.db.schema.revisions import head
from sportsplat.infra.environment import Endpoint
from sportsplat.paths import asset_dir
from tests.conftest import Database
from tests.integration.test_api import serving
from tests.program import Ran, run

SETTINGS = {
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "client_encoding": "LATIN1",
    "search_path": "elsewhere, pg_catalog",
    "array_nulls": "off",
    "extra_float_digits": "-10",
    "bytea_output": "escape",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "statement_timeout": "60ms",
    "idle_in_transaction_session_timeout": "40ms",
    "lock_timeout": "1ms",
    "role": "none",
}


@contextmanager
def with_settings(database: Endpoint, **settings: str) -> Iterator[Endpoint]:
    """Give the sessions of a database these settings."""
    with connect(database.dsn(), autocommit=True) as conn:
        for name, value in settings.items():
            change = sql.SQL("ALTER DATABASE {} SET {} TO {}").format(
                sql.Identifier(database.database), sql.Identifier(name), sql.Literal(value)
            )
            conn.execute(change)
    yield database


def use(endpoint: Endpoint, project: Path, *words: str) -> Ran:
    return run(project, *words, "--json", DATABASE_URL=endpoint.url(reveal=True))


@pytest.fixture
def season_file(tmp_path: Path) -> Path:
    """Two rounds of four clubs, prices beside them, in the shape of football-data.co.uk."""
    teams = ["Arsenal", "Chelsea", "Everton", "Fulham"]
    day, lines = date(2023, 8, 12), ["Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HS,AS,B365H,B365D,B365A"]
    for home in teams:
        for away in (team for team in teams if team != home):
            lines.append(f"E0,{day:%d/%m/%Y},15:00,{home},{away},2,1,H,11,7,1.123456789,9.87,23.4")
            day += timedelta(days=3)
    file = tmp_path / "E0.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("name", SETTINGS)
def test_what_a_database_sets_does_not_reach_a_session(database: Database, name: str) -> None:
    moment = datetime(2023, 8, 12, 14, tzinfo=UTC)
    values = [moment, moment.date(), 1.123456789, ["a", None], b"\\\x00", "K\u0142os\\"]
    with with_settings(database.endpoint, **{name: SETTINGS[name]}), database.connect() as conn:
        query = "SELECT %s::timestamptz, %s::date, %s::float8, %s::text[], %s::bytea, %s::text"
        assert conn.execute(query, values).fetchone() == tuple(values)
        names = ["TimeZone", "DateStyle", "search_path", "statement_timeout"]
        shown = conn.execute("SELECT current_setting(n) FROM unnest(%s::text[]) n", [names]).fetchall()
        assert [value for (value,) in shown] == ["UTC", "ISO, YMD", "public", "0"]


def test_a_database_that_sets_all_of_it_is_used_as_any_other(
    empty_database: Database, project_dir: Path, season_file: Path
) -> None:
    with with_settings(empty_database.endpoint, **SETTINGS) as endpoint:
        assert use(endpoint, project_dir, "up").data["state"] == "running"
        first = use(endpoint, project_dir, "ingest", "football-data", str(season_file)).data
        again = use(endpoint, project_dir, "ingest", "football-data", str(season_file)).data
        assert use(endpoint, project_dir, "db", "check").data["schema_revision"]
        assert use(endpoint, project_dir, "leagues").data["leagues"]
        backup = use(endpoint, project_dir, "db", "backup", "--verify").data
        app = create_app(
            dsn=endpoint.dsn(),
            role="sportsplat_read",
            schema_head=head(asset_dir("migrations")),
            project_dir=project_dir,
        )
        with serving(app) as client:
            answer = client.get("/v1/matches?league=epl&limit=1")
            assert answer.status_code == 200, answer.text
            (match,) = answer.json()["matches"]
            assert datetime.fromisoformat(match["kickoff_utc"]) == datetime(2023, 8, 12, 14, tzinfo=UTC)
            assert client.get("/ready").json()["checks"][0]["ok"]
    assert first["matches"]["inserted"] == backup["tables"]["matches"]["rows"] == 12
    assert first["quotes"] == {"inserted": 36, "updated": 0, "unchanged": 0}
    assert again["quotes"] == {"inserted": 0, "updated": 0, "unchanged": 36}
    with empty_database.connect() as conn:
        odds = conn.execute("SELECT max(decimal_odds), min(decimal_odds) FROM quotes").fetchone()
        assert odds == (23.4, 1.123456789)


def test_a_limit_that_the_url_names_holds(database: Database) -> None:
    limited = replace(database.endpoint, parameters={"options": "-c statement_timeout=4321ms"})
    with connect(limited.dsn()) as conn:
        assert conn.execute("SHOW statement_timeout").fetchone() == ("4321ms",)


@contextmanager
def encoded(server: Endpoint, encoding: str) -> Iterator[Endpoint]:
    """Make an empty database that stores texts in another encoding."""
    name = f"of_{encoding.lower()}"
    with connect(server.dsn(), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'".encode())
    try:
        yield replace(server, database=name)
    finally:
        with connect(server.dsn(), autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_is_not_utf8_is_refused_before_anything_is_made(
    postgres: Endpoint, project_dir: Path, encoding: str
) -> None:
    with encoded(postgres, encoding) as endpoint:
        refused = use(endpoint, project_dir, "up")
        assert (refused.exit_code, refused.error["code"]) == (6, "WRONG_ENCODING")
        assert encoding in refused.error["cause"]
        assert "--encoding UTF8" in refused.error["fix"]
        with connect(endpoint.dsn()) as conn:
            assert conn.execute("SELECT to_regclass('public.alembic_version')").fetchone() == (None,)
        assert use(endpoint, project_dir, "status").data["notes"]
        seen = {row["name"]: row for row in use(endpoint, project_dir, "doctor").error["details"]["checks"]}
        assert seen["server_settings"]["state"] == "fail"
        assert encoding in seen["server_settings"]["seen"]


def test_a_read_only_database_can_be_read_and_says_why_it_is_not_written(
    database: Database, project_dir: Path, season_file: Path
) -> None:
    with with_settings(database.endpoint, default_transaction_read_only="on") as endpoint:
        refused = use(endpoint, project_dir, "ingest", "football-data", str(season_file))
        assert (refused.exit_code, refused.error["code"]) == (4, "DATABASE_READ_ONLY")
        assert "default_transaction_read_only" in refused.error["fix"]
        assert use(endpoint, project_dir, "leagues").exit_code == 0
        assert "read-only" in str(use(endpoint, project_dir, "status").data["notes"])
        seen = {row["name"]: row for row in use(endpoint, project_dir, "doctor").data["checks"]}
        assert seen["server_settings"]["state"] == "warn"
        refused = use(endpoint, project_dir, "db", "reset", "--yes")
        assert (refused.exit_code, refused.error["code"]) == (4, "DATABASE_READ_ONLY")
        app = create_app(
            dsn=endpoint.dsn(),
            role="sportsplat_read",
            schema_head=head(asset_dir("migrations")),
            project_dir=project_dir,
        )
        with serving(app) as client:
            assert client.get("/v1/leagues").status_code == 200
            assert "read-only" in client.get("/ready").json()["checks"][0]["detail"]
