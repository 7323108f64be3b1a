"""Fixtures that a source dates anew, or has no more.

A file that lists a stretch of a season leaves out a fixture which its source named before, and names an
unknown one of the same pair, and there is exactly one of each: the fixture was moved, and stays one match
with its quotes and predictions. Where there is no other one, and the source lists every fixture, it was
withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import psycopg

_FIXTURES = """
SELECT FROM match_claims
 WHERE source = %(source)s AND match_date BETWEEN %(first)s AND %(last)s
   AND status IN ('scheduled', 'withdrawn') LIMIT 1
"""

_MOVED = """
WITH reach AS (
    SELECT season, min(match_date) AS first_date, max(match_date) AS last_date
      FROM staged_matches GROUP BY season),
gone AS (
    SELECT c.match_id, c.season, c.home_id, c.away_id, c.stage, c.status, n.newer,
           count(*) OVER pair AS candidates
      FROM match_claims c
     CROSS JOIN LATERAL (SELECT c.recorded_at > coalesce(%(recorded_at)s::timestamptz, now()) AS newer) n
      JOIN matches m ON m.id = c.match_id AND m.league = %(league)s
      JOIN reach r ON r.season = c.season
       AND (n.newer OR c.match_date BETWEEN r.first_date AND r.last_date)
      LEFT JOIN staged_matches s ON s.match_date = c.match_date AND s.home_id = c.home_id
                                AND s.away_id = c.away_id AND s.number = c.number
     WHERE c.source = %(source)s AND s.position IS NULL
    WINDOW pair AS (PARTITION BY c.season, c.home_id, c.away_id, c.stage)),
new AS (
    SELECT s.position, s.season, s.home_id, s.away_id, (%(stage)s::text[])[s.stage] AS stage,
           (%(status)s::text[])[s.status] AS status, count(*) OVER pair AS candidates
      FROM staged_matches s
      LEFT JOIN match_claims c ON c.source = %(source)s AND c.match_date = s.match_date
                              AND c.home_id = s.home_id AND c.away_id = s.away_id AND c.number = s.number
     WHERE c.match_id IS NULL
    WINDOW pair AS (PARTITION BY s.season, s.home_id, s.away_id, s.stage))
SELECT gone.match_id, gone.status, gone.newer, new.position, new.status
  FROM gone JOIN new USING (season, home_id, away_id, stage)
 WHERE gone.candidates = 1 AND new.candidates = 1
   AND (gone.status IN ('scheduled', 'withdrawn') OR new.status = 'scheduled')
"""

_MOVE = """
UPDATE match_claims c
   SET status = 'scheduled', match_date = s.match_date, number = s.number, kickoff_utc = s.kickoff_utc,
       precision = (%(precision)s::text[])[s.precision], run_id = %(run_id)s,
       recorded_at = coalesce(%(recorded_at)s::timestamptz, now())
  FROM staged_matches s
 WHERE c.match_id = %(match)s AND c.source = %(source)s AND s.position = %(position)s
"""


_WITHDRAW = """
WITH reach AS (
    SELECT season, min(match_date) AS first_date, max(match_date) AS last_date
      FROM staged_matches GROUP BY season),
gone AS (
    SELECT c.match_id
      FROM match_claims c
      JOIN matches m ON m.id = c.match_id AND m.league = %(league)s
      JOIN reach r ON r.season = c.season AND c.match_date > r.first_date AND c.match_date < r.last_date
      LEFT JOIN staged_matches s ON s.match_date = c.match_date AND s.home_id = c.home_id
                                AND s.away_id = c.away_id AND s.number = c.number
     WHERE c.source = %(source)s AND c.status = 'scheduled' AND s.position IS NULL
       AND c.recorded_at <= coalesce(%(recorded_at)s::timestamptz, now()))
UPDATE match_claims c
   SET status = 'withdrawn', run_id = %(run_id)s,
       recorded_at = coalesce(%(recorded_at)s::timestamptz, now())
  FROM gone WHERE c.match_id = gone.match_id AND c.source = %(source)s
RETURNING c.match_id
"""


class Followed(NamedTuple):
    """Matches whose fixture got a new date, and those whose fixture was withdrawn."""

    moved: list[int]
    withdrawn: list[int]


def follow_moves(conn: psycopg.Connection[Any], params: Mapping[str, Any], *, has_fixtures: bool) -> Followed:
    """Give claims their new dates, and withdraw what a complete file has no more.

    Staged ones that an older file dates as they were are left out.

    has_fixtures: whether a staged match is yet to be played; only what is, or was stored so, moves.
    """
    if not has_fixtures and conn.execute(_FIXTURES, params).fetchone() is None:
        return Followed([], [])
    moved = []
    for match_id, claimed, newer, position, staged in conn.execute(_MOVED, params).fetchall():
        if claimed in ("scheduled", "withdrawn") and not newer:
            conn.execute(_MOVE, {**params, "match": match_id, "position": position})
            moved.append(match_id)
        elif staged == "scheduled":
            conn.execute("DELETE FROM staged_matches WHERE position = %s", (position,))
    withdrawn = conn.execute(_WITHDRAW, params).fetchall() if params["complete"] else []
    return Followed(moved, [match_id for (match_id,) in withdrawn])
