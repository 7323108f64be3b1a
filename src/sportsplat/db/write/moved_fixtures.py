"""Fixtures that a source has moved to another day, or lists no more: two rules of `same_match`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.db.history import DETAILS, STATS
from sportsplat.db.write.same_match import merge_linked, relink

if TYPE_CHECKING:
    from sportsplat.db.write.import_run import ImportRun

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


class FixtureChanges(NamedTuple):
    """Matches whose fixture got a new date, and those whose fixture was withdrawn."""

    moved: list[int]
    withdrawn: list[int]


def follow_moves(run: ImportRun, *, has_fixtures: bool) -> FixtureChanges:
    """Give claims their new dates, and withdraw what a complete file has no more.

    Staged ones that an older file dates as they were are left out.

    has_fixtures: whether a staged match is yet to be played; only what is, or was stored so, moves.
    """
    if not has_fixtures and run.execute(_FIXTURES).fetchone() is None:
        return FixtureChanges([], [])
    moved = []
    for match_id, claimed, newer, position, staged in run.execute(_MOVED).fetchall():
        if claimed in ("scheduled", "withdrawn") and not newer:
            run.execute(_MOVE, match=match_id, position=position)
            moved.append(match_id)
        elif staged == "scheduled":
            run.execute("DELETE FROM staged_matches WHERE position = %(position)s", position=position)
    withdrawn = run.execute(_WITHDRAW).fetchall() if run.complete else []
    return FixtureChanges(moved, [match_id for (match_id,) in withdrawn])


# A fixture that the file's source has moved to the key of a match which others brought, and it does not name.
_MOVED_ONTO = """
SELECT c.match_id, m.id,
       EXISTS (SELECT FROM match_claims o WHERE o.match_id = c.match_id AND o.source <> c.source)
  FROM match_claims c
  JOIN matches m ON m.league = %(league)s AND m.match_date = c.match_date AND m.home_id = c.home_id
   AND m.away_id = c.away_id AND m.number = c.number AND m.id <> c.match_id
 WHERE c.match_id = ANY (%(moved)s) AND c.source = %(source)s
   AND NOT EXISTS (SELECT FROM match_claims o WHERE o.match_id = m.id AND o.source = c.source)
"""

# One that it has moved to a day beside such a match, or whose sides are the other way round there: by the
# rule that links a row of a file to a match (`_NEARLY_SAME`), with one of them unplayed and no other near.
# Who has that match has gone on since, and so would have named another one of the day.
_MOVED_NEARBY = """
WITH pair AS (
    SELECT a.id AS moved, t.id AS place, t.home_id <> a.home_id AS turned
      FROM matches a
      JOIN matches t ON t.league = a.league AND t.season = a.season AND t.id <> a.id
       AND CASE WHEN t.home_id = a.home_id
                THEN t.away_id = a.away_id AND abs(t.match_date - a.match_date) = 1
                ELSE t.home_id = a.away_id AND t.away_id = a.home_id AND t.match_date = a.match_date
                     AND t.number = a.number END
     WHERE a.id = ANY (%(moved)s) AND (a.status <> 'final' OR t.status <> 'final')
       AND NOT EXISTS (SELECT FROM match_claims o WHERE o.match_id = t.id AND o.source = %(source)s)
       AND NOT EXISTS (SELECT FROM match_claims o WHERE o.match_id = a.id AND o.source <> %(source)s)
       AND EXISTS (SELECT FROM match_claims o JOIN match_claims later USING (source, season)
                    WHERE o.match_id = t.id AND later.match_date > a.match_date + 1)
       AND NOT EXISTS (
           SELECT FROM matches n
            WHERE n.league = t.league AND n.home_id = t.home_id AND n.away_id = t.away_id
              AND n.stage = t.stage AND n.id NOT IN (a.id, t.id)
              AND n.match_date BETWEEN t.match_date - 4 AND t.match_date + 4))
SELECT min(place), moved, bool_or(turned) FROM pair GROUP BY moved HAVING count(*) = 1
"""

# Other sources have the old one still: what is of this source alone goes along.
_LEAVE = tuple(
    f"UPDATE {table} SET match_id = %(keep)s WHERE match_id = %(drop)s AND source = %(source)s"
    for table in ("match_claims", DETAILS.table, DETAILS.revisions, STATS.table, STATS.revisions)
)


def merge_moved(run: ImportRun, moved: Sequence[int]) -> list[int]:
    """Let fixtures that the file's source has moved be the matches that others have there already.

    Return the ids of matches whose claims are others now. What other sources still have on the old day stays
    a match of its own.
    """
    merged = []
    for old, place, has_others in run.execute(_MOVED_ONTO, moved=list(moved)).fetchall():
        if has_others:
            for statement in _LEAVE:
                run.execute(statement, keep=place, drop=old)
            relink(run, place, old)
            merged += [old, place]
        else:
            merged += merge_linked(run, place, old)
    return merged


def merge_nearby(run: ImportRun, moved: Sequence[int]) -> list[int]:
    """Let moved fixtures, which stand on their new days by now, be matches that others have beside them.

    Return the ids of the matches that stay.
    """
    merged = []
    for place, old, turned in run.execute(_MOVED_NEARBY, moved=list(moved)).fetchall():
        merged += merge_linked(run, place, old, turned=turned)
    return merged
