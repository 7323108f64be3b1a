"""One run taken back: its rows are gone, what it replaced is there again, and what other runs said stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import sql

from sportsplat.db.history import DETAILS, STATS
from sportsplat.db.write.claims import resolve_matches
from sportsplat.db.write.import_run import ImportRun, note_changes
from sportsplat.db.write.same_match import IN_USE
from sportsplat.db.write.undo_chain import (
    CLAIMS,
    FACTS,
    KINDS,
    MATCHES,
    PASTS,
    counts,
    follow,
    hand_on,
    mend_past,
    remove,
    restore,
    take_parts_out,
)
from sportsplat.errors import DataConflict

if TYPE_CHECKING:
    import psycopg

    from sportsplat.leagues.league import League


class Undone(NamedTuple):
    """How many rows went, and how many say again what they said, by kind; how many could not come back."""

    removed: dict[str, int]
    restored: dict[str, int]
    lost: int


class UsedMatch(NamedTuple):
    """A match of which predictions or bets speak."""

    id: int
    day: str
    home: str
    away: str


# The earlier value, saved by a later run: the one this run found.
_MATCH_PAST = """
WITH gone AS (
    DELETE FROM match_revisions r USING undoing_matches u JOIN run_changes c ON c.id = u.next
     WHERE r.match_id = (u.key ->> 0)::bigint AND r.recorded_at = (c.before ->> 'recorded_at')::timestamptz
    RETURNING u.before, r.match_id, r.superseded_at)
INSERT INTO match_revisions
SELECT r.* FROM gone g
 CROSS JOIN LATERAL jsonb_populate_record(NULL::match_revisions, g.before
       || jsonb_build_object('match_id', g.match_id, 'superseded_at', g.superseded_at)) r
 WHERE g.before IS NOT NULL AND r.recorded_at < r.superseded_at
ON CONFLICT DO NOTHING
"""

# A later run of the same source has brought facts of the match, and so has named it, too. Its file says how;
# where that cannot be read, as this run did.
_NAMED_SINCE = f"""
CREATE TEMPORARY TABLE undoing_named ON COMMIT DROP AS
WITH facts AS (
    {
    " UNION ALL ".join(
        f"SELECT match_id, run_id FROM {table.name} WHERE match_id IN (SELECT id FROM undoing_ids)"
        for table in FACTS.values()
    )
})
SELECT DISTINCT ON (t.match_id, t.source) t.*, f.run_id AS named_by
  FROM undoing_match_claims u
  JOIN match_claims t ON t.match_id = (u.key ->> 0)::bigint AND t.source = u.key ->> 1
  JOIN facts f ON f.match_id = t.match_id AND f.run_id > %(run)s
  JOIN pipeline_runs r ON r.id = f.run_id AND r.source = t.source AND r.status = 'done'
 WHERE u.next IS NULL AND u.before IS NULL ORDER BY t.match_id, t.source, f.run_id;
UPDATE undoing_named SET run_id = named_by;
ALTER TABLE undoing_named DROP COLUMN named_by
"""
_NAME_AGAIN = """
INSERT INTO match_claims
SELECT n.* FROM undoing_named n JOIN matches m ON m.id = n.match_id
 WHERE NOT EXISTS (SELECT FROM match_claims c WHERE c.match_id = m.id)
ON CONFLICT DO NOTHING
"""

# Merged matches cannot be separated again, and values from before a swap have home and away exchanged.
_RESHAPED = """
SELECT DISTINCT c.run_id
  FROM run_changes c JOIN undoing_ids i ON i.id IN ((c.key ->> 0)::bigint, (c.came_from ->> 0)::bigint)
  LEFT JOIN matches m ON m.id = i.id
 WHERE c.run_id > %(run)s AND c.table_name <> 'teams'
   AND (c.came_from IS NOT NULL
        OR c.table_name = 'matches' AND (m.id IS NULL OR (c.before ->> 'home_id')::bigint <> m.home_id))
 ORDER BY c.run_id DESC
"""

_IDS = """
CREATE TEMPORARY TABLE undoing_ids ON COMMIT DROP AS
SELECT (key ->> 0)::bigint AS id FROM undoing_matches
UNION SELECT (key ->> 0)::bigint FROM undoing_match_claims
"""

# Matches may change places; and the place of one may be that of a match which is to go.
_MAKE_ROOM = f"""
DELETE FROM matches m USING undoing_matches u
 WHERE m.id = (u.key ->> 0)::bigint AND u.before IS NULL AND NOT ({IN_USE.format(id="m.id")})
   AND NOT EXISTS (SELECT FROM match_claims c WHERE c.match_id = m.id)
   AND EXISTS (SELECT FROM undoing_matches o
                WHERE o.next IS NULL AND o.key <> u.key
                  AND (o.before ->> 'match_date')::date = m.match_date
                  AND (o.before ->> 'home_id')::bigint = m.home_id
                  AND (o.before ->> 'away_id')::bigint = m.away_id
                  AND (o.before ->> 'number')::int = m.number);
UPDATE matches m SET number = 20000 + m.id % 10000 FROM undoing_matches u
 WHERE m.id = (u.key ->> 0)::bigint AND u.next IS NULL AND u.before IS NOT NULL
   AND (m.match_date, m.home_id, m.away_id, m.number)
       <> ((u.before ->> 'match_date')::date, (u.before ->> 'home_id')::bigint,
           (u.before ->> 'away_id')::bigint, (u.before ->> 'number')::smallint)
"""
_MATCHES_BACK = """
UPDATE matches m SET {assigned}
  FROM undoing_matches u CROSS JOIN LATERAL jsonb_populate_record(NULL::matches, u.before) r
 WHERE m.id = r.id AND u.next IS NULL AND u.before IS NOT NULL
   AND NOT EXISTS (SELECT FROM matches o
                    WHERE o.id <> m.id AND o.league = r.league AND o.match_date = r.match_date
                      AND o.home_id = r.home_id AND o.away_id = r.away_id AND o.number = r.number)
"""
_MATCHES_MADE_AGAIN = """
INSERT INTO matches OVERRIDING SYSTEM VALUE
SELECT r.* FROM undoing_matches u CROSS JOIN LATERAL jsonb_populate_record(NULL::matches, u.before) r
 WHERE u.next IS NULL AND u.before IS NOT NULL AND NOT EXISTS (SELECT FROM matches m WHERE m.id = r.id)
   AND 2 = (SELECT count(*) FROM teams WHERE id IN (r.home_id, r.away_id))
ON CONFLICT DO NOTHING
"""

_WITHOUT_WORD = """
SELECT id FROM matches m
 WHERE id IN (SELECT id FROM undoing_ids)
   AND NOT EXISTS (SELECT FROM match_claims c WHERE c.match_id = m.id)
"""
_USED = f"""
SELECT m.id, m.match_date::text, h.name, a.name
  FROM ({_WITHOUT_WORD}) w JOIN matches m USING (id)
  JOIN teams h ON h.id = m.home_id JOIN teams a ON a.id = m.away_id
 WHERE {IN_USE.format(id="m.id")} ORDER BY m.match_date, m.id
"""
_FORECASTS_OF_OURS = (
    f"DELETE FROM predictions WHERE match_id IN ({_WITHOUT_WORD})",
    f"DELETE FROM bets WHERE match_id IN ({_WITHOUT_WORD})",
)

# A file of several leagues has a run for each; what waits of it is noted with the first.
_QUARANTINE = """
WITH mine AS (SELECT * FROM pipeline_runs WHERE id = %(run)s)
DELETE FROM quarantine q USING mine, pipeline_runs r
 WHERE r.id = q.run_id AND (q.league = mine.league OR q.league IS NULL AND r.id = mine.id)
   AND (r.id = mine.id OR (r.file, r.source, r.counts -> 'told_at')
                          = (mine.file, mine.source, mine.counts -> 'told_at'))
"""
_WAIT_AGAIN = """
WITH mine AS (SELECT * FROM pipeline_runs WHERE id = %(run)s)
UPDATE quarantine q SET resolved_at = NULL FROM mine
 WHERE q.resolved_at = (mine.counts ->> 'told_at')::timestamptz
   AND (q.file, q.source) = (mine.file, mine.source)
   AND (q.league = mine.league OR q.league IS NULL)
"""
_OF_TEAMS = {
    "matches": ("home_id", "away_id"),
    "match_claims": ("home_id", "away_id"),
    "match_revisions": ("home_id", "away_id"),
    "team_match_stats": ("team_id",),
    "team_stat_revisions": ("team_id",),
    "player_match_stats": ("team_id",),
    "team_aliases": ("team_id",),
}
_TEAMS = f"""
DELETE FROM teams t USING run_changes c
 WHERE c.run_id = %(run)s AND c.table_name = 'teams' AND c.before IS NULL AND t.id = (c.key ->> 0)::bigint
   AND t.id NOT IN ({
    " UNION ".join(
        f"SELECT {column} FROM {table}" for table, columns in _OF_TEAMS.items() for column in columns
    )
})
"""
_MARK = """
UPDATE pipeline_runs SET status = 'undone', counts = counts || jsonb_build_object('undone_at', now())
 WHERE id = %(run)s
"""


def take_out(conn: psycopg.Connection[Any], run_id: int) -> Undone:
    """Remove what a run brought and put back what it replaced, of all but matches without any claim.

    In one transaction with `settle`, under the league's lock. In between other runs may be ingested again.
    Raises DataConflict (UNDO_LATER_FIRST) when later runs have made one match of two of them, or turned one.
    """
    conn.execute("SET LOCAL TimeZone = 'UTC'")
    conn.execute("SET LOCAL extra_float_digits = 1")
    note_changes(conn, None)
    by_name = {"claims": CLAIMS, **FACTS}
    for table in (MATCHES, *by_name.values()):
        follow(conn, table, run_id)
    _execute(conn, _IDS, run_id)
    reshaped = conn.execute(_RESHAPED, {"run": run_id}).fetchall()
    if reshaped:
        raise _later_first(run_id, [later for (later,) in reshaped])
    _execute(conn, _MATCH_PAST, run_id)
    for statement in _NAMED_SINCE.split(";"):
        conn.execute(statement.encode(), {"run": run_id})
    for kind in KINDS.values():
        mend_past(conn, kind, run_id)
    for kind in (STATS, DETAILS):
        take_parts_out(conn, kind, run_id)
    for table in PASTS:
        follow(conn, table, run_id)
    for table in (MATCHES, *by_name.values(), *PASTS):
        hand_on(conn, table, run_id)
    removed, restored, lost = {}, {}, 0
    for table in (*PASTS, *by_name.values()):
        remove(conn, table, run_id)
    _matches_back(conn)
    for table in PASTS:
        restore(conn, table, run_id)
    for name, table in by_name.items():
        removed[name], wanted = counts(conn, table)
        restored[name] = restore(conn, table, run_id)
        lost += wanted - restored[name]
    removed["quarantined"] = conn.execute(_QUARANTINE.encode(), {"run": run_id}).rowcount
    restored["quarantined"] = conn.execute(_WAIT_AGAIN.encode(), {"run": run_id}).rowcount
    restored["matches"] = counts(conn, MATCHES)[1]
    return Undone(removed, restored, lost)


def settle(conn: psycopg.Connection[Any], league: League, run_id: int, undone: Undone) -> Undone:
    """Delete the matches without a claim, bring the others to what their claims say, and mark the run.

    Predictions and bets of those that go, go along: see `used`.
    """
    note_changes(conn, None)
    conn.execute(_NAME_AGAIN)
    ours = [conn.execute(statement.encode()).rowcount for statement in _FORECASTS_OF_OURS]
    gone = conn.execute(f"DELETE FROM matches WHERE id IN ({_WITHOUT_WORD})".encode()).rowcount
    ids = conn.execute("SELECT id FROM undoing_ids JOIN matches USING (id)").fetchall()
    run = ImportRun(conn, league.code, precedence=league.precedence)
    resolve_matches(run, [match_id for (match_id,) in ids])
    teams = conn.execute(_TEAMS.encode(), {"run": run_id}).rowcount
    conn.execute("DELETE FROM run_changes WHERE run_id = %s", (run_id,))
    conn.execute(_MARK, {"run": run_id})
    removed = undone.removed | dict(
        zip(("matches", "teams", "predictions", "bets"), (gone, teams, *ours), strict=True)
    )
    return undone._replace(removed=removed)


def used(conn: psycopg.Connection[Any]) -> list[UsedMatch]:
    """Return the matches of which predictions or bets speak, and no source any more. After `take_out`."""
    return [UsedMatch(*row) for row in conn.execute(_USED.encode()).fetchall()]


def _later_first(run_id: int, later: list[int]) -> DataConflict:
    runs = ", ".join(map(str, later))
    return DataConflict(
        f"run {run_id} cannot be undone because later runs depend on it; nothing was changed",
        cause=f"run {runs} merged two of its matches, or swapped home and away of one",
        fix=f"sportsplat runs undo {later[0]}; then run {run_id}, and ingest the files of the others again",
        code="UNDO_LATER_FIRST",
        runs=later,
    )


def _matches_back(conn: psycopg.Connection[Any]) -> None:
    for statement in _MAKE_ROOM.split(";"):
        conn.execute(statement.encode())
    columns = [column.name for column in conn.execute("SELECT * FROM matches LIMIT 0").description or ()]
    assigned = sql.SQL(", ").join(
        sql.SQL("{} = r.{}").format(*[sql.Identifier(name)] * 2) for name in columns if name != "id"
    )
    conn.execute(sql.SQL(_MATCHES_BACK).format(assigned=assigned))
    conn.execute(_MATCHES_MADE_AGAIN)


def _execute(conn: psycopg.Connection[Any], statement: str, run_id: int) -> None:
    conn.execute(statement.encode(), {"run": run_id}, prepare=False)
