"""Two stored matches that turn out to be one: what a third source says can show it, whatever came first.

They are one when no source names both, they are a day apart or have changed venues, a result that a source
gives of the one is what another source gives of the other, and no third match fits as well. And they are one
when a source has moved the one to the very day on which others have the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sportsplat.db.history import DETAILS, STATS
from sportsplat.db.join_matches import join_matches

if TYPE_CHECKING:
    import psycopg

_OTHER_SOURCES = """
SELECT FROM match_claims c JOIN matches m ON m.id = c.match_id
 WHERE m.league = %(league)s AND c.source <> %(source)s LIMIT 1
"""

_TWINS = """
WITH pair AS MATERIALIZED (
    SELECT a.id AS one, b.id AS other, false AS turned
      FROM linked_matches l
      JOIN matches a ON a.id = l.match_id
     CROSS JOIN (VALUES (-1), (1)) AS d (shift)
      JOIN matches b ON b.league = a.league AND b.match_date = a.match_date + d.shift
       AND b.home_id = a.home_id AND b.away_id = a.away_id AND b.season = a.season
    UNION ALL
    SELECT a.id, b.id, true
      FROM linked_matches l
      JOIN matches a ON a.id = l.match_id
      JOIN matches b ON b.league = a.league AND b.match_date = a.match_date AND b.home_id = a.away_id
       AND b.away_id = a.home_id AND b.number = a.number AND b.season = a.season),
apart AS MATERIALIZED (
    SELECT pair.* FROM pair
      JOIN (SELECT match_id, array_agg(source) AS names FROM match_claims
             WHERE match_id IN (SELECT one FROM pair) GROUP BY match_id) x ON x.match_id = one
      JOIN (SELECT match_id, array_agg(source) AS names FROM match_claims
             WHERE match_id IN (SELECT other FROM pair) GROUP BY match_id) y ON y.match_id = other
     WHERE NOT x.names && y.names),
near AS (
    SELECT DISTINCT one, other, turned
      FROM apart
      JOIN match_claims p ON p.match_id = one AND p.status = 'final'
      JOIN match_claims q ON q.match_id = other AND q.status = 'final'
     WHERE CASE WHEN p.home_id = q.home_id THEN (p.home_score, p.away_score) = (q.home_score, q.away_score)
                ELSE (p.home_score, p.away_score) = (q.away_score, q.home_score) END),
either AS (SELECT one, other, turned FROM near UNION SELECT other, one, turned FROM near),
alone AS (SELECT one FROM either GROUP BY one HAVING count(*) = 1)
SELECT least(e.one, e.other), greatest(e.one, e.other), bool_or(e.turned)
  FROM either e JOIN alone a ON a.one = e.one JOIN alone b ON b.one = e.other
 GROUP BY 1, 2
"""

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
# rule that ties a row of a file to a match (`links.py`), with one of them unplayed and no other game near.
# Who has that match has gone on since, and so would have named another one of the day.
_MOVED_BESIDE = """
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
_RELINK = "UPDATE linked_matches SET match_id = %(keep)s, fresh = false WHERE match_id = %(drop)s"


def merge_twins(conn: psycopg.Connection[Any], params: Mapping[str, Any]) -> list[int]:
    """Make one match of two that the linked matches turn out to be; return the ids of those that stay.

    A match that predictions or bets speak of is never dropped: of two such, both stay.
    """
    if conn.execute(_OTHER_SOURCES, params).fetchone() is None:
        return []
    merged = []
    for keep, drop, turned in conn.execute(_TWINS).fetchall():
        merged += _merge(conn, keep, drop, turned=turned)
    return merged


def merge_moved(conn: psycopg.Connection[Any], params: Mapping[str, Any], moved: Sequence[int]) -> list[int]:
    """Let fixtures that the file's source has moved be the matches that others have there already.

    Return the ids of matches whose claims are others now. What other sources still have on the old day stays
    a match of its own.
    """
    merged = []
    for old, place, has_others in conn.execute(_MOVED_ONTO, {**params, "moved": list(moved)}).fetchall():
        if has_others:
            for statement in (*_LEAVE, _RELINK):
                conn.execute(statement.encode(), {**params, "keep": place, "drop": old})
            merged += [old, place]
        else:
            merged += _merge(conn, place, old)
    return merged


def merge_beside(conn: psycopg.Connection[Any], params: Mapping[str, Any], moved: Sequence[int]) -> list[int]:
    """Let moved fixtures, which stand on their new days by now, be matches that others have beside them.

    Return the ids of the matches that stay.
    """
    merged = []
    for place, old, turned in conn.execute(_MOVED_BESIDE, {**params, "moved": list(moved)}).fetchall():
        merged += _merge(conn, place, old, turned=turned)
    return merged


def _merge(conn: psycopg.Connection[Any], keep: int, drop: int, *, turned: bool = False) -> list[int]:
    """Make one match of two; return the id of the one that stays, nothing where both have to."""
    joined = join_matches(conn, keep, drop, turned=turned)
    if joined is None:
        return []
    conn.execute(_RELINK, dict(zip(("keep", "drop"), joined, strict=True)))
    return [joined[0]]
