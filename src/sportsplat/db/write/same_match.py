"""Find the stored match that a staged row refers to, and merge stored matches that turn out to be one.

Which rule applies when, in the order in which `write_matches` calls them:

1. `moved_fixtures.follow_moves`: a fixture that its source has moved to another day keeps its match.
2. `link_matches`: a row refers to the match that its source reported under the same key before; else to the
   match of the same league, day, pair and number; else to the only match of the pair that another source has
   a day off (time zones) or with swapped sides (neutral ground), if nothing contradicts that it is the same.
   A row that refers to none becomes a new match.
3. `moved_fixtures.merge_moved`: a moved fixture and the match that other sources have under its new key
   become one.
4. `merge_duplicates`: two final matches of different sources, a day off or with swapped sides, and with the
   same result, become one: that they are the same may be known only after both are stored.
5. `moved_fixtures.merge_nearby`: as rule 3, a day off or with swapped sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sportsplat.db.history import DETAILS, FORECASTS, QUOTES, STATS, same_key
from sportsplat.db.write.claims import COLUMNS, knowledge, listed, turn
from sportsplat.db.write.staging import PLAIN

if TYPE_CHECKING:
    import psycopg

    from sportsplat.db.write.import_run import ImportRun


_MAKE = """
CREATE TEMPORARY TABLE IF NOT EXISTS linked_matches
    (position integer PRIMARY KEY, match_id bigint NOT NULL, fresh boolean NOT NULL DEFAULT false)
    ON COMMIT DROP;
TRUNCATE linked_matches
"""

_STORED = """
INSERT INTO linked_matches (position, match_id)
SELECT row_number() OVER (), id FROM unnest(%(ids)s::bigint[]) AS t (id)
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

# A day off: the same result, or one of them unplayed and no other game of the pair and stage near. The other
# way round: on the same day, with the result turned, or one of them unplayed. A match which this source, or
# this file, names elsewhere is another one.
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
              AND n.stage = t.stage AND n.match_date BETWEEN t.match_date - 4 AND t.match_date + 4)
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


def link_matches(run: ImportRun) -> None:
    """Fill `linked_matches` (position, match_id, fresh) for every staged row.

    A row is left without a link where its source names, under the key of one match, another game than before.
    """
    run.execute_each(_MAKE)
    run.execute(_BY_OWN_CLAIM)
    run.execute("ANALYZE linked_matches")
    if _left(run):
        run.execute(_OF_SAME_KEY)
        if _left(run):
            run.execute(_NEARLY_SAME)
            run.execute(_NEW_UNDER_RESERVED_IDS if run.staged and run.staged.reserved else _NEW)


def link_stored(run: ImportRun, match_ids: Sequence[int]) -> None:
    """Fill `linked_matches` with stored matches, where no file is imported."""
    run.execute_each(_MAKE)
    run.execute(_STORED, ids=list(match_ids))


def _left(run: ImportRun) -> bool:
    return run.execute(_WITHOUT_LINK).fetchone() is not None


IN_USE = """
EXISTS (SELECT FROM predictions WHERE match_id = {id}) OR EXISTS (SELECT FROM bets WHERE match_id = {id})
"""
"""Whether predictions or bets refer to a match: such a match is never dropped."""

# Before the match that stays was held, the other one was all that was held of it.
_PAST = f"""
WITH kept AS (
    SELECT least(m.recorded_at, min(r.recorded_at)) AS since
      FROM matches m LEFT JOIN match_revisions r ON r.match_id = m.id
     WHERE m.id = %(keep)s GROUP BY m.recorded_at),
moved AS (
    UPDATE match_revisions r SET match_id = %(keep)s, superseded_at = least(r.superseded_at, kept.since)
      FROM kept WHERE r.match_id = %(drop)s AND r.recorded_at < kept.since)
INSERT INTO match_revisions (match_id, recorded_at, superseded_at, {", ".join(COLUMNS)})
SELECT %(keep)s, m.recorded_at, kept.since, {listed("m")}
  FROM matches m, kept WHERE m.id = %(drop)s AND m.recorded_at < kept.since
"""

_KNOWS_LESS = f"""
DELETE FROM match_claims k USING match_claims g
 WHERE k.match_id = %(keep)s AND g.match_id = %(drop)s AND k.source = g.source
   AND {knowledge("k")} < {knowledge("g")}
"""

_FACTS = (
    ("match_claims", "match_claims", "o.source = f.source"),
    ("player_match_stats", "player_match_stats", "o.player_id = f.player_id"),
    *(
        (table, kind.table, same_key(kind, "o", "f", leave_out=["match_id"]))
        for kind in (DETAILS, STATS, QUOTES, FORECASTS)
        for table in (kind.revisions, kind.table)
    ),
)
_JOIN = (
    _PAST,
    _KNOWS_LESS,
    *(
        f"""
        UPDATE {table} f SET match_id = %(keep)s
         WHERE match_id = %(drop)s
           AND NOT EXISTS (SELECT FROM {held} o WHERE o.match_id = %(keep)s AND {same})
        """
        for table, held, same in _FACTS
    ),
    "DELETE FROM matches WHERE id = %(drop)s",
)


def merge_matches(
    conn: psycopg.Connection[Any], keep: int, drop: int, *, turned: bool = False
) -> tuple[int, int] | None:
    """Make one match of two; return the id of the one that stayed, and that of the other.

    turned: their venues are the other way round. Where predictions or bets refer to `drop` that one stays;
    None, and nothing is changed, where they refer to both. The caller resolves what its claims say then.
    """
    query = f"SELECT {IN_USE.format(id='%s')}"
    if conn.execute(query.encode(), (drop, drop)).fetchone() == (True,):
        keep, drop = drop, keep
        if conn.execute(query.encode(), (drop, drop)).fetchone() == (True,):
            return None
    if turned:
        turn(conn, [drop])
    for statement in _JOIN:
        conn.execute(statement.encode(), {"keep": keep, "drop": drop})
    return keep, drop


_OTHER_SOURCES = """
SELECT FROM match_claims c JOIN matches m ON m.id = c.match_id
 WHERE m.league = %(league)s AND c.source <> %(source)s LIMIT 1
"""

_DUPLICATES = """
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

_RELINK = "UPDATE linked_matches SET match_id = %(keep)s, fresh = false WHERE match_id = %(drop)s"


def merge_duplicates(run: ImportRun) -> list[int]:
    """Make one match of two that the linked matches turn out to be; return the ids of those that stay.

    A match that predictions or bets refer to is never dropped: of two such, both stay.
    """
    if run.execute(_OTHER_SOURCES).fetchone() is None:
        return []
    merged = []
    for keep, drop, turned in run.execute(_DUPLICATES).fetchall():
        merged += merge_linked(run, keep, drop, turned=turned)
    return merged


def merge_linked(run: ImportRun, keep: int, drop: int, *, turned: bool = False) -> list[int]:
    """Make one of two linked matches; return the id of the one that stays, nothing where both have to."""
    merged = merge_matches(run.conn, keep, drop, turned=turned)
    if merged is None:
        return []
    relink(run, *merged)
    return [merged[0]]


def relink(run: ImportRun, keep: int, drop: int) -> None:
    """Let the rows that are linked with the match `drop` be linked with `keep`."""
    run.execute(_RELINK, keep=keep, drop=drop)
