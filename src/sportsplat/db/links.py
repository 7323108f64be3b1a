"""Which stored match a staged row speaks of; a row that speaks of none becomes a new match.

In this order: the match that this source named by the same words before; the match of the same league, day,
pair and number; and where there is neither, the only match of the pair that another source dates a day off
(time zones) or names the other way round (neutral ground), if nothing contradicts that it is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sportsplat.db.staged_matches import PLAIN

if TYPE_CHECKING:
    import psycopg

_MAKE = """
CREATE TEMPORARY TABLE IF NOT EXISTS linked_matches
    (position integer PRIMARY KEY, match_id bigint NOT NULL, fresh boolean NOT NULL DEFAULT false);
TRUNCATE linked_matches
"""

_BY_OWN_CLAIM = """
INSERT INTO linked_matches (position, match_id)
SELECT s.position, c.match_id
  FROM staged_matches s
  JOIN match_claims c ON c.source = %(source)s AND c.match_date BETWEEN %(first)s AND %(last)s
   AND c.match_date = s.match_date AND c.home_id = s.home_id AND c.away_id = s.away_id AND c.number = s.number
"""

_OF_SAME_KEY = """
INSERT INTO linked_matches (position, match_id)
SELECT s.position, t.id
  FROM staged_matches s
  JOIN matches t ON t.league = %(league)s AND t.match_date BETWEEN %(first)s AND %(last)s
   AND t.match_date = s.match_date AND t.home_id = s.home_id AND t.away_id = s.away_id AND t.number = s.number
  LEFT JOIN linked_matches own ON own.position = s.position
  LEFT JOIN match_claims c ON c.match_id = t.id AND c.source = %(source)s
 WHERE own.position IS NULL AND c.match_id IS NULL
"""

_WITHOUT_LINK = """
SELECT FROM staged_matches s LEFT JOIN linked_matches l USING (position) WHERE l.position IS NULL LIMIT 1
"""

# A day off: the same result, or one of them unplayed and no other game of the pair near. The other way round:
# on the same day, with the result turned, or one of them unplayed. A match which this source, or this file,
# names elsewhere is another one.
_NEARLY_SAME = f"""
WITH open AS MATERIALIZED (
    SELECT s.* FROM ({PLAIN}) s LEFT JOIN linked_matches l USING (position) WHERE l.position IS NULL),
free AS MATERIALIZED (
    SELECT t.* FROM matches t
     WHERE t.league = %(league)s AND t.match_date BETWEEN %(first)s::date - 1 AND %(last)s::date + 1
       AND NOT EXISTS (SELECT FROM match_claims c WHERE c.match_id = t.id AND c.source = %(source)s)
       AND NOT EXISTS (SELECT FROM linked_matches l WHERE l.match_id = t.id)
       AND NOT EXISTS (SELECT FROM open o
                        WHERE o.match_date = t.match_date AND o.home_id = t.home_id
                          AND o.away_id = t.away_id)),
near AS (
    SELECT s.position, t.id, false AS turned
      FROM (SELECT open.*, match_date + shift AS day FROM open CROSS JOIN (VALUES (-1), (1)) AS d (shift)) s
      JOIN free t ON t.home_id = s.home_id AND t.away_id = s.away_id AND t.season = s.season
       AND t.match_date = s.day
     WHERE (t.status = 'final' AND s.status = 'final')
        OR NOT EXISTS (
           SELECT FROM matches n
            WHERE n.league = t.league AND n.home_id = t.home_id AND n.away_id = t.away_id AND n.id <> t.id
              AND n.match_date BETWEEN t.match_date - 4 AND t.match_date + 4)
    UNION ALL
    SELECT s.position, t.id, true
      FROM open s
      JOIN free t ON t.home_id = s.away_id AND t.away_id = s.home_id AND t.season = s.season
       AND t.match_date = s.match_date AND t.number = s.number),
candidate AS (
    SELECT n.position, n.id,
           count(*) OVER (PARTITION BY n.position) AS of_row, count(*) OVER (PARTITION BY n.id) AS of_match
      FROM near n JOIN open s USING (position) JOIN free t USING (id)
     WHERE t.status <> 'final' OR s.status <> 'final'
        OR EXISTS (
           SELECT FROM match_claims c
            WHERE c.match_id = n.id
              AND CASE WHEN (c.home_id = s.home_id) THEN (c.home_score, c.away_score)
                       ELSE (c.away_score, c.home_score) END = (s.home_score, s.away_score)))
INSERT INTO linked_matches (position, match_id)
SELECT position, id FROM candidate WHERE of_row = 1 AND of_match = 1
"""

_NEW = f"""
WITH open AS (
    SELECT s.* FROM ({PLAIN}) s LEFT JOIN linked_matches l USING (position) WHERE l.position IS NULL),
made AS (
    INSERT INTO matches (league, season, match_date, kickoff_utc, precision, home_id, away_id, number,
                         neutral, stage, status, home_score, away_score, known_at, source, run_id,
                         recorded_at)
    SELECT %(league)s, season, match_date, kickoff_utc, precision, home_id, away_id, number, neutral, stage,
           status, home_score, away_score, known_at, %(source)s, %(run_id)s,
           coalesce(%(recorded_at)s::timestamptz, now())
      FROM open ORDER BY position
    ON CONFLICT (league, match_date, home_id, away_id, number) DO NOTHING
    RETURNING id, match_date, home_id, away_id, number)
INSERT INTO linked_matches (position, match_id, fresh)
SELECT o.position, m.id, true FROM made m JOIN open o USING (match_date, home_id, away_id, number)
"""
_NEW_UNDER_RESERVED_IDS = _NEW.replace("(league, season,", "(id, league, season,", 1).replace(
    "SELECT %(league)s,", "OVERRIDING SYSTEM VALUE SELECT new_id, %(league)s,", 1
)


def link_matches(conn: psycopg.Connection[Any], params: Mapping[str, Any]) -> None:
    """Fill `linked_matches` (position, match_id, fresh) for every staged row.

    A row is left without a link where its source names, under the key of one match, another game than before.
    """
    for statement in _MAKE.split(";"):
        conn.execute(statement.encode())
    conn.execute(_BY_OWN_CLAIM, params)
    conn.execute("ANALYZE linked_matches")
    if _left(conn):
        conn.execute(_OF_SAME_KEY, params)
        if _left(conn):
            conn.execute(_NEARLY_SAME.encode(), params)
            new = _NEW_UNDER_RESERVED_IDS if params["reserved"] else _NEW
            conn.execute(new.encode(), params)


def _left(conn: psycopg.Connection[Any]) -> bool:
    return conn.execute(_WITHOUT_LINK).fetchone() is not None
