"""Matches into their table: staged, compared with what is stored, and only differences written.

A stored row that says the same is not even locked, because the comparison comes before the upsert: `ON
CONFLICT` alone would lock, and so rewrite the header of, every row it meets. The caller holds the league's
lock and one transaction; then nobody else can slip in between comparison and write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg

from sportsplat.db.pgarray import read_columns
from sportsplat.db.pgwire import Columns, PgType
from sportsplat.db.staging import Stage, Tally, codes, counts, days, fill, moments, take
from sportsplat.domain import MatchRecord, MatchStatus

if TYPE_CHECKING:
    import numpy.typing as npt

    Ids = npt.NDArray[np.int64]

NO_MATCH = -1

_MATCHES = Stage(
    "staged_matches",
    {
        "position": PgType.INT4,
        "season": PgType.INT4,
        "match_date": PgType.DATE,
        "kickoff_utc": PgType.TIMESTAMPTZ,
        "precision": PgType.INT4,
        "home_id": PgType.INT8,
        "away_id": PgType.INT8,
        "number": PgType.INT2,
        "neutral": PgType.BOOL,
        "stage": PgType.INT4,
        "status": PgType.INT4,
        "home_score": PgType.INT4,
        "away_score": PgType.INT4,
        "known_at": PgType.TIMESTAMPTZ,
    },
    joined_on=("match_date", "home_id", "away_id"),
)

# Knowledge only grows: scheduled < cancelled < final. A kick-off known to the minute is not blurred to a day.
_UPSERT_MATCHES = """
WITH written AS (
    INSERT INTO matches (league, season, match_date, kickoff_utc, precision, home_id, away_id, number,
                         neutral, stage, status, home_score, away_score, known_at, source, run_id)
    SELECT %(league)s, s.season, s.match_date, e.kickoff_utc, e.precision, s.home_id, s.away_id, s.number,
           s.neutral, s.stage, s.status, s.home_score, s.away_score, e.known_at, %(source)s, %(run_id)s
      FROM (SELECT season, match_date, kickoff_utc, home_id, away_id, number, neutral,
                   (%(precision)s::text[])[precision] AS precision, (%(stage)s::text[])[stage] AS stage,
                   (%(status)s::text[])[status] AS status, nullif(home_score, -1) AS home_score,
                   nullif(away_score, -1) AS away_score, nullif(known_at, '-infinity') AS known_at
              FROM staged_matches) s
      LEFT JOIN matches t
        ON t.league = %(league)s AND t.match_date BETWEEN %(first)s AND %(last)s
       AND t.match_date = s.match_date AND t.home_id = s.home_id AND t.away_id = s.away_id
       AND t.number = s.number
     CROSS JOIN LATERAL (SELECT t.precision = 'minute' AND s.precision = 'day' AS coarser) c
     CROSS JOIN LATERAL (
           SELECT CASE WHEN c.coarser THEN t.kickoff_utc ELSE s.kickoff_utc END AS kickoff_utc,
                  CASE WHEN c.coarser THEN t.precision ELSE s.precision END AS precision,
                  CASE WHEN c.coarser AND s.status = 'final' THEN coalesce(t.known_at, s.known_at)
                       ELSE s.known_at END AS known_at) e
     WHERE t.id IS NULL
        OR (array_position(ARRAY['scheduled', 'cancelled', 'final'], s.status)
            >= array_position(ARRAY['scheduled', 'cancelled', 'final'], t.status)
            AND (t.season, t.kickoff_utc, t.precision, t.neutral, t.stage, t.status,
                 t.home_score, t.away_score, t.known_at)
                IS DISTINCT FROM (s.season, e.kickoff_utc, e.precision, s.neutral, s.stage, s.status,
                                  s.home_score, s.away_score, e.known_at))
    ON CONFLICT (league, match_date, home_id, away_id, number) DO UPDATE
       SET season = excluded.season, kickoff_utc = excluded.kickoff_utc, precision = excluded.precision,
           neutral = excluded.neutral, stage = excluded.stage, status = excluded.status,
           home_score = excluded.home_score, away_score = excluded.away_score, known_at = excluded.known_at,
           source = excluded.source, run_id = excluded.run_id, updated_at = now()
    RETURNING (xmax = 0) AS inserted)
SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
"""

_MATCH_IDS = """
SELECT s.position, t.id FROM staged_matches s
  JOIN matches t ON t.league = %(league)s AND t.match_date BETWEEN %(first)s AND %(last)s
   AND t.match_date = s.match_date AND t.home_id = s.home_id AND t.away_id = s.away_id AND t.number = s.number
"""

_FIXTURES = """
SELECT FROM matches
 WHERE league = %(league)s AND match_date BETWEEN %(first)s AND %(last)s AND status = 'scheduled' LIMIT 1
"""

# One fixture under two dates. A file that lists a stretch of a season leaves out a stored fixture of that
# stretch and names an unknown one of the same pair, and there is exactly one of each: the fixture was moved.
_MOVED = """
WITH reach AS (
    SELECT season, min(match_date) AS first_date, max(match_date) AS last_date
      FROM staged_matches GROUP BY season),
gone AS (
    SELECT t.id, t.season, t.home_id, t.away_id, t.stage, t.status, count(*) OVER pair AS candidates
      FROM matches t JOIN reach r ON r.season = t.season AND t.match_date BETWEEN r.first_date AND r.last_date
      LEFT JOIN staged_matches s ON s.match_date = t.match_date AND s.home_id = t.home_id
                                AND s.away_id = t.away_id AND s.number = t.number
     WHERE t.league = %(league)s AND t.match_date BETWEEN %(first)s AND %(last)s AND t.source = %(source)s
       AND s.position IS NULL
    WINDOW pair AS (PARTITION BY t.season, t.home_id, t.away_id, t.stage)),
new AS (
    SELECT s.position, s.season, s.home_id, s.away_id, (%(stage)s::text[])[s.stage] AS stage,
           (%(status)s::text[])[s.status] AS status, count(*) OVER pair AS candidates
      FROM staged_matches s
      LEFT JOIN matches t ON t.league = %(league)s AND t.match_date BETWEEN %(first)s AND %(last)s
                         AND t.match_date = s.match_date AND t.home_id = s.home_id
                         AND t.away_id = s.away_id AND t.number = s.number
     WHERE t.id IS NULL
    WINDOW pair AS (PARTITION BY s.season, s.home_id, s.away_id, s.stage))
SELECT gone.id, gone.status, new.position, new.status
  FROM gone JOIN new USING (season, home_id, away_id, stage)
 WHERE gone.candidates = 1 AND new.candidates = 1 AND (gone.status = 'scheduled' OR new.status = 'scheduled')
"""

_MOVE = """
UPDATE matches t
   SET match_date = s.match_date, number = s.number, kickoff_utc = s.kickoff_utc,
       precision = (%(precision)s::text[])[s.precision]
  FROM staged_matches s WHERE t.id = %(match)s AND s.position = %(position)s
"""

_SIGN_MOVES = """
UPDATE matches SET run_id = %(run_id)s, updated_at = now()
 WHERE id = ANY(%(moved)s) AND run_id IS DISTINCT FROM %(run_id)s
"""


def write_matches(
    conn: psycopg.Connection[Any],
    league: str,
    source: str,
    records: Sequence[MatchRecord],
    teams: Mapping[str, int],
    run_id: int,
    *,
    ids_wanted: bool = True,
) -> tuple[Tally, Ids]:
    """Upsert matches; return the tally and the id of each record's match, in order (-1: superseded).

    Without `ids_wanted` (nothing hangs on these matches) the ids are not looked up: all are -1.
    A final match stays final, whatever an older file says. A fixture whose date was moved keeps its id, and
    with it its quotes and predictions.
    """
    ids = np.full(len(records), NO_MATCH, dtype=np.int64)
    if not records:
        return Tally(), ids
    columns, texts = _match_columns(records, teams)
    fill(conn, _MATCHES, columns)
    params = {"league": league, "source": source, "run_id": run_id, **texts, **_reach(records)}
    moved = _follow_moves(conn, params) if _has_fixtures(conn, records, params) else []
    tally = take(conn, _UPSERT_MATCHES, params, len(records))
    only_moved = conn.execute(_SIGN_MOVES, {"moved": moved, "run_id": run_id}).rowcount if moved else 0
    if ids_wanted:
        found = read_columns(conn, _MATCH_IDS, {"position": PgType.INT4, "id": PgType.INT8}, params)
        ids[found["position"]] = found["id"]
    return tally.plus(Tally(0, only_moved, -only_moved)), ids


def _match_columns(
    records: Sequence[MatchRecord], teams: Mapping[str, int]
) -> tuple[Columns, dict[str, list[str]]]:
    """Return the staged columns, and the distinct texts that the codes in them stand for."""
    values = dict(zip(MatchRecord._fields, zip(*records, strict=True), strict=True))
    coded = {name: codes(values[name]) for name in ("precision", "stage", "status")}
    columns = {
        "position": np.arange(len(records)),
        "season": counts(values["season"]),
        "match_date": days(values["match_date"]),
        "kickoff_utc": moments(values["kickoff_utc"]),
        "home_id": counts([teams[name] for name in values["home"]]),
        "away_id": counts([teams[name] for name in values["away"]]),
        "number": counts(values["number"]),
        "neutral": np.array(values["neutral"], dtype=np.bool_),
        "home_score": counts(values["home_score"]),
        "away_score": counts(values["away_score"]),
        "known_at": moments(values["known_at"]),
        **{name: positions for name, (positions, _) in coded.items()},
    }
    return columns, {name: texts for name, (_, texts) in coded.items()}


def _reach(records: Sequence[MatchRecord]) -> dict[str, date]:
    """Return the first and last day, so that the index alone finds the part of the table to compare with."""
    every_day = [record.match_date for record in records]
    return {"first": min(every_day), "last": max(every_day)}


def _has_fixtures(
    conn: psycopg.Connection[Any], records: Sequence[MatchRecord], params: Mapping[str, Any]
) -> bool:
    """Whether anything can have moved: only what is yet to be played moves."""
    if any(record.status == MatchStatus.SCHEDULED for record in records):
        return True
    return bool(conn.execute(_FIXTURES, params).fetchone())


def _follow_moves(conn: psycopg.Connection[Any], params: Mapping[str, Any]) -> list[int]:
    """Give stored fixtures their new dates; leave out staged ones that an older file dates as they were.

    Return the ids of those that got a new date.
    """
    moved = []
    for match_id, stored, position, staged in conn.execute(_MOVED, params).fetchall():
        if stored == "scheduled":
            conn.execute(_MOVE, {**params, "match": match_id, "position": position})
            moved.append(match_id)
        elif staged == "scheduled":
            conn.execute("DELETE FROM staged_matches WHERE position = %s", (position,))
    return moved
