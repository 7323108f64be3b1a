"""The versions of a row, one a run: what it takes to take one of them out.

A row has a chain of versions: what each run left, with what it found in `run_changes`. Where the version that
is to go is the last one, the row becomes what it was before. Where a later run has changed the row since, the
row stays, and that run now follows on what was before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import sql

from sportsplat.db.history import DETAILS, FORECASTS, QUOTES, STATS, Kind

if TYPE_CHECKING:
    import psycopg


class TrackedTable(NamedTuple):
    """A table whose changes are noted: the columns of its key, and whether a column tells a row's run."""

    name: str
    key: tuple[str, ...]
    tells_run: bool = True


CLAIMS = TrackedTable("match_claims", ("match_id", "source"))
MATCHES = TrackedTable("matches", ("id",))
KINDS = {"quotes": QUOTES, "stats": STATS, "forecasts": FORECASTS, "details": DETAILS}
FACTS = {name: TrackedTable(kind.table, kind.key) for name, kind in KINDS.items()}
PASTS = (
    *(TrackedTable(kind.revisions, (*kind.key, "recorded_at"), tells_run=False) for kind in KINDS.values()),
    TrackedTable("match_revisions", ("match_id", "superseded_at"), tells_run=False),
)

# What the run did to each key: what was there before, and the first change of another run since (`next`).
_CHAIN = """
CREATE TEMPORARY TABLE {undoing} ON COMMIT DROP AS
WITH mine AS (
    SELECT id, key, before, came_from FROM run_changes WHERE run_id = %(run)s AND table_name = %(table)s),
every AS (
    SELECT * FROM mine
    UNION ALL
    ({brought})
    UNION ALL
    SELECT DISTINCT NULL::bigint, c.key, NULL::jsonb, NULL::jsonb
      FROM run_changes c
     WHERE c.table_name = %(table)s AND c.run_id <> %(run)s AND c.before ->> 'run_id' = %(run)s::text
       AND NOT EXISTS (SELECT FROM mine WHERE mine.key = c.key))
SELECT e.*,
       (SELECT c.id FROM run_changes c
         WHERE c.table_name = %(table)s AND c.key = e.key AND c.run_id <> %(run)s
           AND CASE WHEN e.id IS NULL THEN c.before ->> 'run_id' = %(run)s::text ELSE c.id > e.id END
         ORDER BY c.id LIMIT 1) AS next
  FROM every e
"""
_BROUGHT = """
    SELECT NULL::bigint, {key}, NULL::jsonb, NULL::jsonb
      FROM {table} t WHERE t.run_id = %(run)s AND NOT EXISTS (SELECT FROM mine WHERE mine.key = {key})
"""
_NONE_BROUGHT = "SELECT NULL::bigint, NULL::jsonb, NULL::jsonb, NULL::jsonb WHERE false"

# Since then another run has brought a row where this one had removed it: that run found what was before.
_BROUGHT_ANEW = """
WITH anew AS (
    SELECT t.run_id, u.key, u.before
      FROM {undoing} u JOIN {table} t ON {same_key}
     WHERE u.next IS NULL AND u.id IS NOT NULL AND u.came_from IS NULL AND t.run_id <> %(run)s),
noted AS (
    INSERT INTO run_changes (run_id, table_name, key, before)
    SELECT run_id, %(table)s, key, before FROM anew ON CONFLICT DO NOTHING)
DELETE FROM {undoing} u USING anew WHERE anew.key = u.key
"""
_HAND_ON = "UPDATE run_changes c SET before = u.before FROM {undoing} u WHERE c.id = u.next"
_REMOVE = "DELETE FROM {table} t USING {undoing} u WHERE u.next IS NULL AND {same_key}"
_RESTORE = """
INSERT INTO {table}
SELECT r.* FROM {undoing} u JOIN matches m ON m.id = (u.key ->> 0)::bigint
 CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, u.before || {now}) r
 WHERE u.next IS NULL AND u.before IS NOT NULL {teams}
ON CONFLICT DO NOTHING
"""
_HAS_TEAM = "AND EXISTS (SELECT FROM teams WHERE teams.id = {})"
_COUNTS = """
SELECT count(*) FILTER (WHERE next IS NULL AND before IS NULL),
       count(*) FILTER (WHERE next IS NULL AND before IS NOT NULL)
  FROM {undoing}
"""

# What a later run kept as the past was this run's word; what is past now is what this run found.
_FORGET_PAST = """
DELETE FROM {past} t USING {undoing} u JOIN run_changes c ON c.id = u.next
 WHERE {same_key} AND t.recorded_at = (c.before ->> 'recorded_at')::timestamptz
"""
_KEEP_PAST = """
UPDATE run_changes k SET run_id = c.run_id
  FROM {undoing} u JOIN run_changes c ON c.id = u.next
 WHERE k.run_id = %(run)s AND k.table_name = %(past)s
   AND k.key = u.key || jsonb_build_array(u.before -> 'recorded_at')
"""

# Box scores and details are merged key by key: of the keys stored now, those of the run are removed.
_WITHOUT = """
(SELECT coalesce(jsonb_object_agg(name, value), '{{}}') FROM (
    SELECT name, value FROM jsonb_each({now}) AS e (name, value)
     WHERE p.theirs -> name IS DISTINCT FROM value OR p.was -> name IS NOT DISTINCT FROM value
    UNION ALL
    SELECT name, value FROM jsonb_each(p.was) AS e (name, value)
     WHERE {now} -> name = p.theirs -> name AND p.theirs -> name <> value) x)
"""
_TAKE_PARTS_OUT = """
WITH p AS (
    SELECT u.key, c.id, c.before -> {name} AS theirs, coalesce(u.before -> {name}, '{{}}') AS was
      FROM {undoing} u JOIN run_changes c ON c.id = u.next),
later AS (
    UPDATE run_changes c SET before = c.before || jsonb_build_object({name}, {of_change})
      FROM p WHERE c.table_name = %(table)s AND c.key = p.key AND c.id > p.id AND c.before IS NOT NULL)
UPDATE {table} t SET {column} = {of_row}
  FROM {undoing} u JOIN p USING (key)
 WHERE {same_key} AND t.{column} <> {of_row}
"""


def follow(conn: psycopg.Connection[Any], table: TrackedTable, run_id: int) -> None:
    """Make the table `undoing_<name>`: each key that a run touched, what was there before, and who came next.

    Its rows: `key`, `before` (empty: nothing), `next` (empty: the run's version is the last one).
    """
    _execute(conn, _CHAIN, table, run_id)
    _execute(conn, "ANALYZE {undoing}", table, run_id)


def hand_on(conn: psycopg.Connection[Any], table: TrackedTable, run_id: int) -> None:
    """Let later runs follow on what was before the run."""
    if table.tells_run:
        _execute(conn, _BROUGHT_ANEW, table, run_id)
    _execute(conn, _HAND_ON, table, run_id)


def take_parts_out(conn: psycopg.Connection[Any], kind: Kind, run_id: int) -> None:
    """Take the parts that a run brought out of what later runs merged with them. Before `hand_on`."""
    table = TrackedTable(kind.table, kind.key)
    column = sql.Identifier(kind.value)
    without = {
        "of_change": sql.SQL(_WITHOUT).format(now=sql.SQL("(c.before -> {})").format(kind.value)),
        "of_row": sql.SQL(_WITHOUT).format(now=sql.SQL("t.{}").format(column)),
    }
    _execute(conn, _TAKE_PARTS_OUT, table, run_id, name=sql.Literal(kind.value), column=column, **without)


def mend_past(conn: psycopg.Connection[Any], kind: Kind, run_id: int) -> None:
    """Let the past of what later runs replaced be what was before the run.

    Before `hand_on` of the table, and before `follow` of its past.
    """
    table, past = TrackedTable(kind.table, kind.key), sql.Identifier(kind.revisions)
    _execute(conn, _FORGET_PAST, table, run_id, past=past)
    statement = sql.SQL(_KEEP_PAST).format(undoing=_undoing(table)).as_string(conn)
    conn.execute(statement.encode(), {"run": run_id, "past": kind.revisions})


def remove(conn: psycopg.Connection[Any], table: TrackedTable, run_id: int) -> None:
    """Remove the rows whose last version is the run's."""
    _execute(conn, _REMOVE, table, run_id)


def restore(conn: psycopg.Connection[Any], table: TrackedTable, run_id: int) -> int:
    """Put back what was before the run, where match and teams are still there; return how many rows were."""
    teams = [name for name in ("team_id", "home_id", "away_id") if name in _columns(conn, table)]
    there = [sql.SQL(_HAS_TEAM).format(sql.SQL("r.{}").format(sql.Identifier(name))) for name in teams]
    season = sql.SQL("jsonb_build_object('season', m.season)" if table is FACTS["quotes"] else "'{}'::jsonb")
    return _execute(conn, _RESTORE, table, run_id, teams=sql.SQL(" ").join(there), now=season)


def counts(conn: psycopg.Connection[Any], table: TrackedTable) -> tuple[int, int]:
    """Return of how many keys nothing was there before the run, and of how many something was."""
    row = conn.execute(sql.SQL(_COUNTS).format(undoing=_undoing(table)).as_string(conn).encode()).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _execute(
    conn: psycopg.Connection[Any], template: str, table: TrackedTable, run_id: int, **parts: sql.Composable
) -> int:
    columns = [sql.SQL("to_jsonb(t.{})").format(sql.Identifier(name)) for name in table.key]
    key = sql.SQL("jsonb_build_array({})").format(sql.SQL(", ").join(columns))
    # The first column finds rows by an index; the whole key is compared then.
    same = sql.SQL("t.{} = (u.key ->> 0)::bigint AND u.key = {}").format(sql.Identifier(table.key[0]), key)
    name = sql.Identifier(table.name)
    brought = sql.SQL(_BROUGHT).format(key=key, table=name) if table.tells_run else sql.SQL(_NONE_BROUGHT)
    statement = sql.SQL(template).format(
        undoing=_undoing(table), table=name, same_key=same, brought=brought, **parts
    )
    params = {"run": run_id, "table": table.name}
    return conn.execute(statement.as_string(conn).encode(), params, prepare=False).rowcount


def _undoing(table: TrackedTable) -> sql.Identifier:
    return sql.Identifier(f"undoing_{table.name}")


def _columns(conn: psycopg.Connection[Any], table: TrackedTable) -> list[str]:
    statement = sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table.name))
    return [column.name for column in conn.execute(statement).description or ()]
