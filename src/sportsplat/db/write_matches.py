"""Matches into their table: staged, compared with what is stored, and only differences written.

A stored row that says the same is not even locked, because the comparison comes before the upsert: `ON
CONFLICT` alone would lock, and so rewrite the header of, every row it meets. The caller holds the league's
lock and one transaction; then nobody else can slip in between comparison and write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg

from sportsplat.db.pgcopy import PgType, read_columns
from sportsplat.db.staging import Stage, Tally, fill, take
from sportsplat.domain import MatchRecord

if TYPE_CHECKING:
    import numpy.typing as npt

    Ids = npt.NDArray[np.int64]

NO_MATCH = -1

_MATCHES = Stage(
    "staged_matches",
    {
        "position": "integer",
        "season": "integer",
        "match_date": "date",
        "kickoff_utc": "timestamptz",
        "precision": "text",
        "home_id": "bigint",
        "away_id": "bigint",
        "number": "smallint",
        "neutral": "boolean",
        "stage": "text",
        "status": "text",
        "home_score": "integer",
        "away_score": "integer",
        "known_at": "timestamptz",
    },
)

# Knowledge only grows: scheduled < cancelled < final. A kick-off known to the minute is not blurred to a day.
_UPSERT_MATCHES = """
WITH written AS (
    INSERT INTO matches (league, season, match_date, kickoff_utc, precision, home_id, away_id, number,
                         neutral, stage, status, home_score, away_score, known_at, source, run_id)
    SELECT %(league)s, s.season, s.match_date, e.kickoff_utc, e.precision, s.home_id, s.away_id, s.number,
           s.neutral, s.stage, s.status, s.home_score, s.away_score, e.known_at, %(source)s, %(run_id)s
      FROM staged_matches s
      LEFT JOIN matches t
        ON t.league = %(league)s AND t.match_date = s.match_date
       AND t.home_id = s.home_id AND t.away_id = s.away_id AND t.number = s.number
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
  JOIN matches t ON t.league = %(league)s AND t.match_date = s.match_date
   AND t.home_id = s.home_id AND t.away_id = s.away_id AND t.number = s.number
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
     WHERE t.league = %(league)s AND t.source = %(source)s
       AND NOT EXISTS (SELECT FROM staged_matches s
                        WHERE s.match_date = t.match_date AND s.home_id = t.home_id
                          AND s.away_id = t.away_id AND s.number = t.number)
    WINDOW pair AS (PARTITION BY t.season, t.home_id, t.away_id, t.stage)),
new AS (
    SELECT s.*, count(*) OVER (PARTITION BY s.season, s.home_id, s.away_id, s.stage) AS candidates
      FROM staged_matches s
     WHERE NOT EXISTS (SELECT FROM matches t WHERE t.league = %(league)s AND t.match_date = s.match_date
                          AND t.home_id = s.home_id AND t.away_id = s.away_id AND t.number = s.number))
SELECT gone.id, gone.status, new.position, new.status
  FROM gone JOIN new USING (season, home_id, away_id, stage)
 WHERE gone.candidates = 1 AND new.candidates = 1 AND (gone.status = 'scheduled' OR new.status = 'scheduled')
"""

_MOVE = """
UPDATE matches t
   SET match_date = s.match_date, number = s.number, kickoff_utc = s.kickoff_utc, precision = s.precision
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
) -> tuple[Tally, Ids]:
    """Upsert matches; return the tally and the id of each record's match, in order (-1: superseded).

    A final match stays final, whatever an older file says. A fixture whose date was moved keeps its id, and
    with it its quotes and predictions.
    """
    ids = np.full(len(records), NO_MATCH, dtype=np.int64)
    if not records:
        return Tally(), ids
    fill(conn, _MATCHES, _match_columns(records, teams))
    params = {"league": league, "source": source, "run_id": run_id}
    moved = _follow_moves(conn, params)
    tally = take(conn, _UPSERT_MATCHES, params, len(records))
    only_moved = conn.execute(_SIGN_MOVES, {"moved": moved, "run_id": run_id}).rowcount if moved else 0
    found = read_columns(conn, _MATCH_IDS, {"position": PgType.INT4, "id": PgType.INT8}, params)
    ids[found["position"]] = found["id"]
    return tally.plus(Tally(0, only_moved, -only_moved)), ids


def _match_columns(records: Sequence[MatchRecord], teams: Mapping[str, int]) -> dict[str, Sequence[Any]]:
    fields = zip(*records, strict=True)
    columns: dict[str, Sequence[Any]] = dict(zip(MatchRecord._fields, fields, strict=True))
    columns["home_id"] = [teams[name] for name in columns.pop("home")]
    columns["away_id"] = [teams[name] for name in columns.pop("away")]
    return {"position": range(len(records)), **columns}


def _follow_moves(conn: psycopg.Connection[Any], params: Mapping[str, Any]) -> list[int]:
    """Give stored fixtures their new dates; leave out staged ones that an older file dates as they were.

    Return the ids of those that got a new date.
    """
    moved = []
    for match_id, stored, position, staged in conn.execute(_MOVED, params).fetchall():
        if stored == "scheduled":
            conn.execute(_MOVE, {"match": match_id, "position": position})
            moved.append(match_id)
        elif staged == "scheduled":
            conn.execute("DELETE FROM staged_matches WHERE position = %s", (position,))
    return moved
