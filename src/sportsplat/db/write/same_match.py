"""Find the stored match that a staged row refers to; a row that refers to none becomes a new match.

In this order: the match that this source named by the same words before; the match of the same league, day,
pair and number; and where there is neither, the only match of the pair that another source dates a day off
(time zones) or names the other way round (neutral ground), if nothing contradicts that it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

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


def join_matches(
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


def merge_duplicates(run: ImportRun) -> list[int]:
    """Make one match of two that the linked matches turn out to be; return the ids of those that stay.

    A match that predictions or bets refer to is never dropped: of two such, both stay.
    """
    if run.execute(_OTHER_SOURCES).fetchone() is None:
        return []
    merged = []
    for keep, drop, turned in run.execute(_DUPLICATES).fetchall():
        merged += _merge(run, keep, drop, turned=turned)
    return merged


def merge_moved(run: ImportRun, moved: Sequence[int]) -> list[int]:
    """Let fixtures that the file's source has moved be the matches that others have there already.

    Return the ids of matches whose claims are others now. What other sources still have on the old day stays
    a match of its own.
    """
    merged = []
    for old, place, has_others in run.execute(_MOVED_ONTO, moved=list(moved)).fetchall():
        if has_others:
            for statement in (*_LEAVE, _RELINK):
                run.execute(statement, keep=place, drop=old)
            merged += [old, place]
        else:
            merged += _merge(run, place, old)
    return merged


def merge_beside(run: ImportRun, moved: Sequence[int]) -> list[int]:
    """Let moved fixtures, which stand on their new days by now, be matches that others have beside them.

    Return the ids of the matches that stay.
    """
    merged = []
    for place, old, turned in run.execute(_MOVED_BESIDE, moved=list(moved)).fetchall():
        merged += _merge(run, place, old, turned=turned)
    return merged


def _merge(run: ImportRun, keep: int, drop: int, *, turned: bool = False) -> list[int]:
    """Make one match of two; return the id of the one that stays, nothing where both have to."""
    joined = join_matches(run.conn, keep, drop, turned=turned)
    if joined is None:
        return []
    run.execute(_RELINK, keep=joined[0], drop=joined[1])
    return [joined[0]]
