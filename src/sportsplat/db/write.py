"""Quotes, box scores and forecasts into their tables: staged, compared, and only differences written.

As in `write_matches`, a row that says the same is not touched.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from sportsplat.db.staging import Stage, Tally, fill, take
from sportsplat.db.write_matches import NO_MATCH

if TYPE_CHECKING:
    from sportsplat.db.write_matches import Ids
    from sportsplat.domain import ForecastRecord, QuoteRecord, TeamStatsRecord

_QUOTES = Stage(
    "staged_quotes",
    {
        "match_id": "bigint",
        "bookmaker": "text",
        "market": "text",
        "outcome": "text",
        "line": "double precision",
        "decimal_odds": "double precision",
        "is_closing": "boolean",
        "quoted_at": "timestamptz",
        "known_at": "timestamptz",
    },
)

_UPSERT_QUOTES = """
WITH written AS (
    INSERT INTO quotes (match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at,
                        known_at)
    SELECT s.match_id, s.bookmaker, s.market, s.outcome, s.line, s.is_closing, s.decimal_odds, s.quoted_at,
           s.known_at
      FROM staged_quotes s
      LEFT JOIN quotes t
        ON t.match_id = s.match_id AND t.bookmaker = s.bookmaker AND t.market = s.market
       AND t.outcome = s.outcome AND t.is_closing = s.is_closing AND t.line IS NOT DISTINCT FROM s.line
       AND t.quoted_at IS NOT DISTINCT FROM s.quoted_at
     WHERE t.match_id IS NULL
        OR (t.decimal_odds, t.known_at) IS DISTINCT FROM (s.decimal_odds, s.known_at)
    ON CONFLICT (match_id, bookmaker, market, outcome, line, is_closing, quoted_at) DO UPDATE
       SET decimal_odds = excluded.decimal_odds, known_at = excluded.known_at
    RETURNING (xmax = 0) AS inserted)
SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
"""


def write_quotes(conn: psycopg.Connection[Any], records: Sequence[QuoteRecord], match_ids: Ids) -> Tally:
    """Upsert prices of the matches `match_ids` (one id per record; -1 is left out). None is ever removed."""
    records, match_ids = _of_known_matches(records, match_ids)
    if not records:
        return Tally()
    _, bookmaker, market, outcome, line, odds, closing, quoted_at, known_at = zip(*records, strict=True)
    values = {
        "match_id": _int64(match_ids),
        "bookmaker": bookmaker,
        "market": market,
        "outcome": outcome,
        "line": line,
        "decimal_odds": odds,
        "is_closing": closing,
        "quoted_at": quoted_at,
        "known_at": known_at,
    }
    return take(conn, _UPSERT_QUOTES, {}, fill(conn, _QUOTES, values))


_STATS = Stage(
    "staged_stats",
    {"match_id": "bigint", "is_home": "boolean", "stats": "jsonb", "known_at": "timestamptz"},
)

# Two sources may each know a part of a box score: names are merged, and the whole counts as known when its
# last part was.
_UPSERT_STATS = """
WITH written AS (
    INSERT INTO team_match_stats (match_id, team_id, is_home, stats, known_at)
    SELECT s.match_id, CASE WHEN s.is_home THEN m.home_id ELSE m.away_id END, s.is_home,
           coalesce(t.stats || s.stats, s.stats), greatest(t.known_at, s.known_at)
      FROM staged_stats s
      JOIN matches m ON m.id = s.match_id
      LEFT JOIN team_match_stats t
        ON t.match_id = s.match_id AND t.team_id = CASE WHEN s.is_home THEN m.home_id ELSE m.away_id END
     WHERE t.match_id IS NULL OR t.stats || s.stats IS DISTINCT FROM t.stats OR s.known_at > t.known_at
    ON CONFLICT (match_id, team_id) DO UPDATE
       SET is_home = excluded.is_home, stats = excluded.stats, known_at = excluded.known_at
    RETURNING (xmax = 0) AS inserted)
SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
"""


def write_team_stats(
    conn: psycopg.Connection[Any], records: Sequence[TeamStatsRecord], match_ids: Ids
) -> Tally:
    """Upsert box scores of the matches `match_ids` (one id per record; -1 is left out)."""
    records, match_ids = _of_known_matches(records, match_ids)
    if not records:
        return Tally()
    _, is_home, stats, known_at = zip(*records, strict=True)
    values = {
        "match_id": _int64(match_ids),
        "is_home": is_home,
        "stats": [json.dumps(named, allow_nan=False) for named in stats],
        "known_at": known_at,
    }
    return take(conn, _UPSERT_STATS, {}, fill(conn, _STATS, values))


_FORECASTS = Stage(
    "staged_forecasts",
    {
        "match_id": "bigint",
        "publisher": "text",
        "probabilities": "double precision[]",
        "known_at": "timestamptz",
    },
)

_UPSERT_FORECASTS = """
WITH written AS (
    INSERT INTO forecasts (match_id, publisher, probabilities, known_at)
    SELECT s.match_id, s.publisher, s.probabilities, s.known_at
      FROM staged_forecasts s
      LEFT JOIN forecasts t ON t.match_id = s.match_id AND t.publisher = s.publisher
     WHERE t.match_id IS NULL OR (t.probabilities, t.known_at) IS DISTINCT FROM (s.probabilities, s.known_at)
    ON CONFLICT (match_id, publisher) DO UPDATE
       SET probabilities = excluded.probabilities, known_at = excluded.known_at
    RETURNING (xmax = 0) AS inserted)
SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
"""


def write_forecasts(
    conn: psycopg.Connection[Any], records: Sequence[ForecastRecord], match_ids: Ids
) -> Tally:
    """Upsert published probabilities of the matches `match_ids` (one id per record; -1 is left out)."""
    records, match_ids = _of_known_matches(records, match_ids)
    if not records:
        return Tally()
    _, publisher, probabilities, known_at = zip(*records, strict=True)
    values = {
        "match_id": _int64(match_ids),
        "publisher": publisher,
        "probabilities": ["{" + ",".join(map(repr, shares)) + "}" for shares in probabilities],
        "known_at": known_at,
    }
    return take(conn, _UPSERT_FORECASTS, {}, fill(conn, _FORECASTS, values))


def _of_known_matches(records: Sequence[Any], match_ids: Ids) -> tuple[Sequence[Any], Ids]:
    known = match_ids != NO_MATCH
    if known.all():
        return records, match_ids
    return [record for record, keep in zip(records, known.tolist(), strict=True) if keep], match_ids[known]


def _int64(values: Ids) -> Any:
    import pyarrow as pa

    return pa.array(values)
