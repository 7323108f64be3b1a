"""What holds of a match, from what its sources claim; where it changes, what held before is kept.

Day, venue, stage and season are those of the source with the highest precedence, but planned values give way
to what was played; the result is that of the first which has one; a place is neutral when anybody says so; a
start known to the minute beats that of a day.
A fixture is postponed when its source went on to later days without it, or withdrew it, or when a source
with higher precedence has results from before and after its day, and not this match. Nothing here depends on
the order in which the claims came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sportsplat.db.history import FORECASTS, QUOTES
from sportsplat.db.write.import_run import THIS_RUN, ImportRun
from sportsplat.db.write.staging import PLAIN
from sportsplat.db.write.teams import ensure_league

if TYPE_CHECKING:
    import psycopg

    from sportsplat.leagues.league import League


# An update in place would meet the other side's row under the unique key. Earlier box scores are keyed by
# team.
_QUOTES = """
    CREATE TEMPORARY TABLE turned_quotes ON COMMIT DROP AS
    SELECT * FROM {table} WHERE match_id = ANY(%(ids)s);
    DELETE FROM {table} WHERE match_id = ANY(%(ids)s);
    UPDATE turned_quotes
       SET outcome = CASE outcome WHEN 'home' THEN 'away' WHEN 'away' THEN 'home' ELSE outcome END,
           line = CASE market WHEN 'spread' THEN 0 - line ELSE line END;
    INSERT INTO {table} SELECT * FROM turned_quotes;
    DROP TABLE turned_quotes"""
_FORECASTS = """
    UPDATE {table} f
       SET probabilities = ARRAY(SELECT p FROM unnest(f.probabilities) WITH ORDINALITY AS u (p, place)
                                  ORDER BY place DESC)
     WHERE match_id = ANY(%(ids)s)"""
_BY_THIS_RUN = f", run_id = coalesce({THIS_RUN}, run_id)"
_STATEMENTS = (
    _QUOTES.format(table=QUOTES.table, also=_BY_THIS_RUN),
    _QUOTES.format(table=QUOTES.revisions, also=""),
    "UPDATE team_match_stats SET is_home = NOT is_home WHERE match_id = ANY(%(ids)s)",
    *(_FORECASTS.format(table=table) for table in (FORECASTS.table, FORECASTS.revisions)),
)


def turn(conn: psycopg.Connection[Any], match_ids: Sequence[int]) -> None:
    """Let home and away change places in the quotes, box scores and forecasts of matches."""
    for statement in ";".join(_STATEMENTS).split(";"):
        conn.execute(statement.encode(), {"ids": list(match_ids)})


GRACE_DAYS = 3
"""A source may bring a result that much later than the results of later days."""

_RANK = "coalesce(array_position(%(precedence)s::text[], c.source), 1000)"

_TOUCH = """
CREATE TEMPORARY TABLE IF NOT EXISTS touched_matches (match_id bigint PRIMARY KEY) ON COMMIT DROP;
TRUNCATE touched_matches;
INSERT INTO touched_matches SELECT DISTINCT unnest(%(ids)s::bigint[])
"""

# A scheduled fixture of a season with results may be postponed now; a postponed one may no longer be, also
# because the results that showed it were undone.
_TOUCH_FIXTURES = """
INSERT INTO touched_matches
SELECT id FROM matches m
 WHERE league = %(league)s AND (status = 'postponed' OR status = 'scheduled' AND EXISTS (
       SELECT FROM matches f WHERE f.league = m.league AND f.season = m.season AND f.status = 'final'))
ON CONFLICT DO NOTHING
"""

_RESOLVED = f"""
WITH claim AS MATERIALIZED (
    SELECT c.*, m.home_id AS held_home, {_RANK} AS rank, c.source COLLATE "C" AS name
      FROM touched_matches t JOIN match_claims c USING (match_id) JOIN matches m ON m.id = c.match_id),
horizon AS MATERIALIZED (
    SELECT c.source, c.season, {_RANK} AS rank, min(c.match_date) AS first, max(c.match_date) AS last
      FROM match_claims c JOIN matches m ON m.id = c.match_id
     WHERE m.league = %(league)s AND c.status = 'final'
       AND EXISTS (SELECT FROM claim WHERE claim.status = 'scheduled')
     GROUP BY 1, 2),
frame AS (
    SELECT DISTINCT ON (match_id) match_id, match_date, home_id, away_id, number, season, stage,
           bool_or(neutral) OVER (PARTITION BY match_id) AS neutral, kickoff_utc, precision,
           status = 'final' AS played
      FROM claim ORDER BY match_id, status = 'final' DESC, status = 'withdrawn', rank, name),
start AS (
    SELECT DISTINCT ON (c.match_id) c.match_id, c.kickoff_utc
      FROM claim c JOIN frame f USING (match_id)
     WHERE c.precision = 'minute'
       AND (c.status = 'final' OR c.match_date = f.match_date OR NOT f.played)
       AND (c.kickoff_utc AT TIME ZONE 'UTC')::date BETWEEN f.match_date - 1 AND f.match_date + 1
     ORDER BY c.match_id, c.status = 'final' DESC, c.rank, c.name),
result AS (
    SELECT DISTINCT ON (c.match_id) c.match_id, c.source, c.status,
           CASE WHEN c.home_id = f.home_id THEN c.home_score ELSE c.away_score END AS home_score,
           CASE WHEN c.home_id = f.home_id THEN c.away_score ELSE c.home_score END AS away_score
      FROM claim c JOIN frame f USING (match_id)
     ORDER BY c.match_id, array_position(ARRAY['final', 'cancelled', 'scheduled', 'withdrawn'], c.status),
              c.rank, c.name),
known AS (
    SELECT DISTINCT ON (c.match_id) c.match_id, c.known_at
      FROM claim c WHERE c.status = 'final'
     ORDER BY c.match_id, c.precision = 'day', c.rank, c.name),
late AS (
    SELECT c.match_id
      FROM claim c JOIN horizon h USING (source, season)
     GROUP BY c.match_id HAVING bool_and(c.match_date + {GRACE_DAYS} < h.last)
    UNION
    SELECT c.match_id
      FROM (SELECT match_id, season, min(rank) AS rank, min(match_date) AS first, max(match_date) AS last
              FROM claim GROUP BY match_id, season) c
      JOIN horizon h ON h.season = c.season AND h.rank < c.rank
                    AND h.first <= c.first AND c.last + {GRACE_DAYS} < h.last)
SELECT f.match_id, f.season, f.match_date, coalesce(s.kickoff_utc, f.kickoff_utc) AS kickoff_utc,
       CASE WHEN s.match_id IS NULL THEN f.precision ELSE 'minute' END AS precision,
       f.home_id, f.away_id, f.number, f.neutral, f.stage,
       CASE WHEN r.status = 'withdrawn' OR (r.status = 'scheduled' AND l.match_id IS NOT NULL)
            THEN 'postponed' ELSE r.status END AS status,
       r.home_score, r.away_score,
       CASE WHEN r.status = 'final' THEN greatest(k.known_at, coalesce(s.kickoff_utc, f.kickoff_utc)) END
           AS known_at,
       r.source
  FROM frame f JOIN result r USING (match_id) LEFT JOIN start s USING (match_id)
  LEFT JOIN known k USING (match_id) LEFT JOIN late l USING (match_id)
"""

FACTS = (
    "season", "match_date", "kickoff_utc", "precision", "home_id", "away_id", "number", "neutral", "stage",
    "status", "home_score", "away_score", "known_at",
)  # fmt: skip
COLUMNS = (*FACTS, "source")
"""What a match says, and what is kept of that when something else takes its place."""


def knowledge(relation: str) -> str:
    """Return how much the row of a claim or match knows: a result is not taken back by a fixture."""
    return f"(CASE {relation}.status WHEN 'final' THEN 3 WHEN 'cancelled' THEN 2 ELSE 1 END)"


def listed(prefix: str, columns: Sequence[str] = COLUMNS) -> str:
    """Return these columns of the relation `prefix`, for a statement."""
    return ", ".join(f"{prefix}.{name}" for name in columns)


# A day or venue whose place another match takes stays as it is.
_CHANGES = f"""
CREATE TEMPORARY TABLE changed_matches ON COMMIT DROP AS
SELECT r.*, r.home_id <> m.home_id AS turned,
       ({listed("r", FACTS)}) IS DISTINCT FROM ({listed("m", FACTS)}) AS says_else
  FROM ({_RESOLVED}) r JOIN matches m ON m.id = r.match_id
 WHERE ({listed("r")}) IS DISTINCT FROM ({listed("m")})
   AND NOT EXISTS (
       SELECT FROM matches o
        WHERE o.league = m.league AND o.id <> m.id AND o.match_date = r.match_date
          AND o.home_id = r.home_id AND o.away_id = r.away_id AND o.number = r.number)
"""

_KEEP = f"""
INSERT INTO match_revisions (match_id, recorded_at, superseded_at, {", ".join(COLUMNS)})
SELECT m.id, m.recorded_at, n.moment, {listed("m")}
  FROM changed_matches r JOIN matches m ON m.id = r.match_id
 CROSS JOIN (SELECT coalesce(%(recorded_at)s::timestamptz, now()) AS moment) n
 WHERE r.says_else AND m.recorded_at < n.moment
ON CONFLICT DO NOTHING
"""

_TAKE = f"""
UPDATE matches m
   SET {", ".join(f"{name} = r.{name}" for name in COLUMNS)}, run_id = %(run_id)s, updated_at = now(),
       recorded_at = CASE WHEN r.says_else
                          THEN greatest(m.recorded_at, coalesce(%(recorded_at)s::timestamptz, now()))
                          ELSE m.recorded_at END
  FROM changed_matches r WHERE m.id = r.match_id
"""


def resolve_matches(run: ImportRun, match_ids: Sequence[int]) -> list[int]:
    """Bring matches to what their claims say now; return the ids of those that say something else.

    match_ids: those whose claims changed. Fixtures that may be postponed or no longer are
    looked at as well.
    """
    run.execute_each(_TOUCH, ids=list(match_ids))
    run.execute(_TOUCH_FIXTURES)
    run.execute(_CHANGES)
    rows = run.execute("SELECT match_id, turned, says_else FROM changed_matches").fetchall()
    if rows:
        run.execute(_KEEP)
        run.execute(_TAKE)
        turned = [match_id for match_id, turned, _ in rows if turned]
        if turned:
            turn(run.conn, turned)
    run.execute("DROP TABLE changed_matches")
    return [match_id for match_id, _, says_else in rows if says_else]


def declare_league(conn: psycopg.Connection[Any], league: League) -> None:
    """Store a league's declaration; where its precedence has changed, what holds changes with it.

    The caller holds the league's lock.
    """
    if ensure_league(conn, league):
        resolve_league(conn, league.code, league.precedence)


def resolve_league(conn: psycopg.Connection[Any], league: str, precedence: Sequence[str]) -> int:
    """Bring every match of a league to what its claims say under `precedence`; return how many changed."""
    run = ImportRun(conn, league, precedence=precedence)
    ids = run.execute("SELECT id FROM matches WHERE league = %(league)s").fetchall()
    return len(resolve_matches(run, [match_id for (match_id,) in ids]))


_LATE = f"""
CREATE TEMPORARY TABLE late_claims ON COMMIT DROP AS
SELECT m.id AS match_id, s.season, s.match_date, s.kickoff_utc, s.precision, s.home_id, s.away_id, s.number,
       s.neutral, s.stage, s.status, s.home_score, s.away_score, s.known_at, m.source,
       least(m.recorded_at, t.recorded_at) AS superseded_at
  FROM ({PLAIN}) s
  JOIN linked_matches l USING (position)
  JOIN matches m ON m.id = l.match_id
  JOIN match_claims t ON t.match_id = m.id AND t.source = %(source)s
 WHERE NOT l.fresh AND s.position <> ALL (%(refused)s::integer[])
   AND {knowledge("s")} <= {knowledge("t")}
   AND %(recorded_at)s < t.recorded_at AND %(recorded_at)s < m.recorded_at
   AND NOT EXISTS (SELECT FROM match_claims o WHERE o.match_id = m.id AND o.source <> t.source)
"""

# A value already known does not count as new, and a later report that knew less was never in use.
_FORGET = f"""
DELETE FROM late_claims l USING match_revisions r
 WHERE r.match_id = l.match_id AND r.recorded_at <= %(recorded_at)s AND {knowledge("r")} > {knowledge("l")};
DELETE FROM match_revisions r USING late_claims l
 WHERE r.match_id = l.match_id AND r.recorded_at > %(recorded_at)s AND {knowledge("r")} < {knowledge("l")}
"""

# It was in use until the next report; it is not recorded where the current value is the same and no other
# came between.
_BOUND = f"""
UPDATE late_claims l
   SET superseded_at = coalesce((SELECT min(r.recorded_at) FROM match_revisions r
                                  WHERE r.match_id = l.match_id AND r.recorded_at > %(recorded_at)s),
                                l.superseded_at);
DELETE FROM late_claims l USING match_revisions r
 WHERE r.match_id = l.match_id AND r.recorded_at <= %(recorded_at)s AND %(recorded_at)s < r.superseded_at
   AND ({listed("r", FACTS)}) IS NOT DISTINCT FROM ({listed("l", FACTS)});
DELETE FROM late_claims l USING matches m
 WHERE m.id = l.match_id
   AND NOT EXISTS (
       SELECT FROM match_revisions r WHERE r.match_id = l.match_id AND r.superseded_at > %(recorded_at)s)
   AND ({listed("m", FACTS)}) IS NOT DISTINCT FROM ({listed("l", FACTS)})
"""

_CUT = """
DELETE FROM match_revisions r USING late_claims l
 WHERE r.match_id = l.match_id AND r.recorded_at = %(recorded_at)s;
UPDATE match_revisions r SET superseded_at = %(recorded_at)s
  FROM late_claims l
 WHERE r.match_id = l.match_id AND r.recorded_at < %(recorded_at)s AND %(recorded_at)s < r.superseded_at
"""

_KEEP_LATE = f"""
INSERT INTO match_revisions (match_id, recorded_at, superseded_at, {", ".join(COLUMNS)})
SELECT l.match_id, %(recorded_at)s, l.superseded_at, {listed("l", COLUMNS)} FROM late_claims l
"""


def keep_late_claims(run: ImportRun, refused: Sequence[int]) -> None:
    """Add the linked rows reported as of an earlier moment than the stored ones to the history of their
    matches, except those at the positions `refused`.
    """
    if run.recorded_at is None:
        return
    if run.execute(_LATE, refused=list(refused)).rowcount > 0:
        for statements in (_FORGET, _BOUND, _CUT, _KEEP_LATE):
            run.execute_each(statements)
    run.execute("DROP TABLE late_claims")
