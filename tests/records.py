"""Records made up for tests, and what a test wants to know of the tables afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from sportsplat.domain import (
    Batch,
    ForecastRecord,
    Market,
    MatchKey,
    MatchRecord,
    MatchStatus,
    Outcome,
    Precision,
    QuoteRecord,
    TeamStatsRecord,
)

DAY = date(2021, 1, 2)
TABLES = (
    "leagues",
    "teams",
    "team_aliases",
    "matches",
    "match_claims",
    "match_details",
    "quotes",
    "team_match_stats",
    "forecasts",
    "quarantine",
)


def match(
    home: str = "Ajax",
    away: str = "Boca",
    day: date = DAY,
    score: tuple[int, int] | None = None,
    **changes: Any,
) -> MatchRecord:
    """Make a match at noon UTC; with a score it is final and known two hours later."""
    kickoff = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    values: dict[str, Any] = {
        "season": 2020,
        "kickoff_utc": kickoff,
        "precision": Precision.MINUTE,
        "status": MatchStatus.SCHEDULED if score is None else MatchStatus.FINAL,
        "home_score": score[0] if score else None,
        "away_score": score[1] if score else None,
        "known_at": kickoff + timedelta(hours=2) if score else None,
        **changes,
    }
    return MatchRecord(match_date=day, home=home, away=away, **values)


def of_day(record: MatchRecord) -> MatchRecord:
    """Make a match of which only the day is known."""
    midnight = datetime(record.match_date.year, record.match_date.month, record.match_date.day, tzinfo=UTC)
    known = None if record.known_at is None else midnight + timedelta(days=1)
    return record._replace(kickoff_utc=midnight, precision=Precision.DAY, known_at=known)


def key(record: MatchRecord) -> MatchKey:
    """Return what identifies a match."""
    return MatchKey(record.match_date, record.home, record.away, record.number)


def quote(
    record: MatchRecord, odds: float = 2.0, outcome: Outcome = Outcome.HOME, **changes: Any
) -> QuoteRecord:
    """Make a pre-match price of the result."""
    early = record.kickoff_utc - timedelta(hours=20)
    values: dict[str, Any] = {
        "bookmaker": "pinnacle",
        "market": Market.RESULT,
        "line": None,
        "is_closing": False,
        "quoted_at": early,
        "known_at": early,
        **changes,
    }
    return QuoteRecord(match=key(record), outcome=outcome, decimal_odds=odds, **values)


def stats(record: MatchRecord, is_home: bool = True, **named: float) -> TeamStatsRecord:
    """Make a box score known when the match was."""
    return TeamStatsRecord(key(record), is_home, named, record.known_at or record.kickoff_utc)


def forecast(record: MatchRecord, *probabilities: float, publisher: str = "oracle") -> ForecastRecord:
    """Make a forecast known at kick-off."""
    return ForecastRecord(key(record), publisher, probabilities, record.kickoff_utc)


def batch(matches: list[MatchRecord], league: str = "sim", **lists: Any) -> Batch:
    """Make a batch of one file."""
    empty: dict[str, Any] = {"quotes": [], "stats": [], "forecasts": [], "rejected": []}
    values = {**empty, **lists}
    return Batch(league, "simulate", "made-up.csv", len(matches), matches, **values)


def row_versions(conn: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return a hash of place, writer and locker of every row: it changes when one is written or locked."""
    row = "concat_ws('|', tableoid, ctid, xmin, xmax)"
    query = f"SELECT md5(string_agg({row}, ',' ORDER BY tableoid, ctid)) FROM {{}}"
    rows = {table: conn.execute(query.format(table).encode()).fetchone() for table in TABLES}
    return {table: row[0] if row else None for table, row in rows.items()}


def count(conn: psycopg.Connection[Any], table: str) -> int:
    """Return the number of rows of a table."""
    row = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])
