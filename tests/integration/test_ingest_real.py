"""The public files: every match of them is stored, none twice, and older files take nothing back."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sportsplat.db.write.staging import Tally
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.report import IngestReport
from tests.conftest import Database
from tests.records import count, row_versions

pytestmark = [pytest.mark.real_data, pytest.mark.slow]
NOTHING = {"inserted": 0, "updated": 0}


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with database.connect(autocommit=True) as opened:
        yield opened


def changed(report: IngestReport) -> int:
    tables: Sequence[Any] = [getattr(report, name) for name in ("matches", "quotes", "stats", "forecasts")]
    return sum(table.inserted + table.updated for table in tables)


def matches_in(path: Path) -> int:
    """Count the rows of a season file that name a division, by means of their own."""
    with path.open(encoding="cp1252", errors="replace", newline="") as file:
        return sum(line.startswith("E0,") for line in file)


def test_every_premier_league_season_is_whole_and_a_second_run_changes_nothing(
    context: Context, conn: psycopg.Connection[Any], real_data: Path
) -> None:
    files = sorted((real_data / "football-data.co.uk" / "mmz4281").glob("*/E0.csv"))
    first = ingest(context, "football-data", files)
    by_season = dict(
        conn.execute("SELECT season, count(*) FROM matches WHERE league = 'epl' GROUP BY season").fetchall()
    )
    assert sorted(by_season) == list(range(1993, 2022))
    for path in files:
        start = int(path.parent.name[:2])
        assert by_season[start + (1900 if start > 80 else 2000)] == matches_in(path), path
    assert Counter(by_season.values()) == {380: 27, 462: 2}
    assert first.matches.inserted == 11_184
    before = row_versions(conn)
    second = ingest(context, "football-data", files)
    assert changed(second) == 0
    assert second.matches.unchanged == 11_184
    assert second.quotes.unchanged == first.quotes.inserted
    assert second.newly_quarantined == 0
    assert row_versions(conn) == before


def test_the_nfl_file_is_whole(context: Context, conn: psycopg.Connection[Any], real_data: Path) -> None:
    report = ingest(context, "nflverse", [real_data / "nflverse" / "games.csv"])
    assert report.matches.inserted == count(conn, "matches") == 6_137
    assert report.quarantined == 0
    ties = conn.execute("SELECT count(*) FROM matches WHERE home_score = away_score").fetchone()
    assert ties == (12,)
    moved = conn.execute("SELECT count(*) FROM teams WHERE name IN ('OAK', 'SD', 'STL')").fetchone()
    assert moved == (0,)
    assert count(conn, "teams") == 32


def test_the_nba_file_of_two_rows_a_game_is_whole(
    context: Context, conn: psycopg.Connection[Any], real_data: Path
) -> None:
    path = real_data / "fivethirtyeight" / "nba-elo" / "nbaallelo.csv.gz"
    report = ingest(context, "fivethirtyeight-nba", [path])
    assert report.rows_read == 126_314
    assert report.matches.inserted == count(conn, "matches") == 63_157
    assert report.forecasts.inserted == count(conn, "forecasts")
    assert report.quarantined == 0
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    neutral = sum(row["game_location"] == "N" for row in rows) // 2
    assert conn.execute("SELECT count(*) FROM matches WHERE neutral").fetchone() == (neutral,)
    points = sum(int(row["pts"]) for row in rows)
    assert conn.execute("SELECT sum(home_score + away_score) FROM matches").fetchone() == (points,)
    assert count(conn, "teams") == len({row["fran_id"] for row in rows})


@pytest.fixture
def snapshot(real_data: Path) -> Path:
    return real_data / "football-data.co.uk" / "snapshots" / "2021-02-14" / "2021" / "E0.csv"


@pytest.fixture
def complete(real_data: Path) -> Path:
    return real_data / "football-data.co.uk" / "mmz4281" / "2021" / "E0.csv"


def test_a_snapshot_grows_into_the_season(
    context: Context, conn: psycopg.Connection[Any], snapshot: Path, complete: Path
) -> None:
    early = ingest(context, "football-data", [snapshot])
    ids = conn.execute("SELECT id FROM matches ORDER BY id").fetchall()
    late = ingest(context, "football-data", [complete])
    assert early.matches.inserted == 233
    assert late.matches.inserted == 380 - 233
    assert late.matches.updated + late.matches.unchanged == 233
    assert count(conn, "matches") == 380
    assert conn.execute("SELECT id FROM matches ORDER BY id LIMIT 233").fetchall() == ids
    assert changed(ingest(context, "football-data", [complete])) == 0


def test_a_snapshot_after_the_season_takes_nothing_back(
    context: Context, conn: psycopg.Connection[Any], snapshot: Path, complete: Path
) -> None:
    ingest(context, "football-data", [complete])
    before = {table: count(conn, table) for table in ("matches", "quotes", "team_match_stats")}
    late = ingest(context, "football-data", [snapshot])
    assert late.matches == Tally(0, 0, 233)
    assert {table: count(conn, table) for table in before} == before
    finals = conn.execute("SELECT count(*) FROM matches WHERE status = 'final'").fetchone()
    assert finals == (380,)
