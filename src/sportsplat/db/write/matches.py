"""Matches into their tables: staged, tied to stored ones, kept as their source's claims, and resolved.

A stored row that says the same is not even locked, because the comparison comes before the upsert: `ON
CONFLICT` alone would lock, and so rewrite the header of, every row it meets. The caller holds the league's
lock and one transaction; then no other write comes between comparison and write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sportsplat.db.binary import PgType, read_columns
from sportsplat.db.write.claims import keep_late_claims, knowledge, resolve_matches
from sportsplat.db.write.moved_fixtures import follow_moves, merge_moved, merge_nearby
from sportsplat.db.write.same_match import link_matches, merge_duplicates
from sportsplat.db.write.staging import PLAIN, Tally, stage_matches
from sportsplat.domain import MatchRecord, MatchStatus

if TYPE_CHECKING:
    import numpy.typing as npt

    from sportsplat.db.write.import_run import ImportRun

    Ids = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

NO_MATCH = -1


class Written(NamedTuple):
    """What became of records."""

    tally: Tally
    ids: Ids  # of each record's match, -1 where it was left out
    turned: Flags  # whether the match is stored from the other side
    left_out: list[int]  # positions of records that could be tied to no match
    contradicted: list[tuple[int, int, int]]  # position, and the scores that its source gave before


# Knowledge only grows: scheduled < cancelled < final. A kick-off known to the minute is not blurred to a day,
# and what the source said later is not taken back by an older file.
_CLAIM = f"""
WITH written AS (
    INSERT INTO match_claims (match_id, source, season, match_date, kickoff_utc, precision, home_id, away_id,
                              number, neutral, stage, status, home_score, away_score, known_at, recorded_at,
                              run_id)
    SELECT l.match_id, %(source)s, s.season, s.match_date, e.kickoff_utc, e.precision, s.home_id, s.away_id,
           s.number, s.neutral, s.stage, s.status, s.home_score, s.away_score, e.known_at, n.moment,
           %(run_id)s
      FROM ({PLAIN}) s
      JOIN linked_matches l USING (position)
     CROSS JOIN (SELECT coalesce(%(recorded_at)s::timestamptz, now()) AS moment) n
      LEFT JOIN match_claims t ON t.match_id = l.match_id AND t.source = %(source)s
     CROSS JOIN LATERAL (SELECT t.precision = 'minute' AND s.precision = 'day' AS coarser) c
     CROSS JOIN LATERAL (
           SELECT CASE WHEN c.coarser THEN t.kickoff_utc ELSE s.kickoff_utc END AS kickoff_utc,
                  CASE WHEN c.coarser THEN t.precision ELSE s.precision END AS precision,
                  CASE WHEN c.coarser AND s.status = 'final' THEN coalesce(t.known_at, s.known_at)
                       ELSE s.known_at END AS known_at) e
     WHERE s.position <> ALL (%(refused)s::integer[]) AND (t.match_id IS NULL
        OR (({knowledge("s")}, n.moment) >= ({knowledge("t")}, t.recorded_at)
            AND (t.season, t.match_date, t.kickoff_utc, t.precision, t.home_id, t.away_id, t.number,
                 t.neutral, t.stage, t.status, t.home_score, t.away_score, t.known_at)
                IS DISTINCT FROM (s.season, s.match_date, e.kickoff_utc, e.precision, s.home_id, s.away_id,
                                  s.number, s.neutral, s.stage, s.status, s.home_score, s.away_score,
                                  e.known_at)))
    ON CONFLICT (match_id, source) DO UPDATE
       SET season = excluded.season, match_date = excluded.match_date, kickoff_utc = excluded.kickoff_utc,
           precision = excluded.precision, home_id = excluded.home_id, away_id = excluded.away_id,
           number = excluded.number, neutral = excluded.neutral, stage = excluded.stage,
           status = excluded.status, home_score = excluded.home_score, away_score = excluded.away_score,
           known_at = excluded.known_at, recorded_at = excluded.recorded_at, run_id = excluded.run_id
    RETURNING match_id)
SELECT count(*), coalesce(array_agg(w.match_id) FILTER (WHERE NOT l.fresh), ARRAY[]::bigint[])
  FROM written w JOIN linked_matches l USING (match_id)
"""

_CONTRADICTED = f"""
SELECT s.position, c.home_score, c.away_score
  FROM ({PLAIN}) s JOIN linked_matches l USING (position)
  JOIN match_claims c ON c.match_id = l.match_id AND c.source = %(source)s
 WHERE c.status = 'final' AND s.status = 'final' AND NOT l.fresh
   AND (c.home_score, c.away_score) <> (s.home_score, s.away_score)
"""

_LINKS = """
SELECT l.position, l.match_id, s.home_id <> m.home_id
  FROM linked_matches l JOIN staged_matches s USING (position) JOIN matches m ON m.id = l.match_id
"""
_LINK_COLUMNS = {"position": PgType.INT4, "match_id": PgType.INT8, "turned": PgType.BOOL}

_LEFT_OUT = """
SELECT position FROM staged_matches s LEFT JOIN linked_matches l USING (position) WHERE l.position IS NULL
"""


def write_matches(
    run: ImportRun,
    records: Sequence[MatchRecord],
    teams: Mapping[str, int],
    *,
    ids_wanted: bool = True,
    accept_changes: bool = True,
    reserved: Ids | None = None,
) -> Written:
    """Upsert matches; the tally counts matches whose row is new, changed, or as it was.

    Without `ids_wanted` (nothing hangs on these matches) the ids are not looked up: all are -1.
    A final match stays final, whatever an older file says. A fixture whose date was moved keeps its id, and
    with it its quotes and predictions. Unless `accept_changes`, a result that its own source gave otherwise
    before is not taken. reserved: the id that each match is to have if it is new (None: the next one).
    """
    ids = np.full(len(records), NO_MATCH, dtype=np.int64)
    turned = np.zeros(len(records), dtype=np.bool_)
    if not records:
        return Written(Tally(), ids, turned, [], [])
    run = stage_matches(run, records, teams, reserved)
    has_fixtures = any(record.status == MatchStatus.SCHEDULED for record in records)
    moved, withdrawn = follow_moves(run, has_fixtures=has_fixtures)
    link_matches(run)
    contradicted = [] if accept_changes else run.execute(_CONTRADICTED).fetchall()
    refused = [position for position, _, _ in contradicted]
    row = run.execute(_CLAIM, refused=refused).fetchone()
    claims, known_before = row if row is not None else (0, [])
    keep_late_claims(run, refused)
    updated = 0
    if claims or moved or withdrawn:
        merged = merge_moved(run, moved) + merge_duplicates(run)
        changed = resolve_matches(run, [*known_before, *moved, *withdrawn, *merged])
        if moved:  # and stand on their new days now
            merged = merge_nearby(run, moved) + merge_duplicates(run)
            changed += resolve_matches(run, merged) if merged else []
        updated = _count(run, "NOT fresh AND match_id = ANY(%(changed)s)", changed=changed) if changed else 0
    if ids_wanted:
        linked = read_columns(run.conn, _LINKS, _LINK_COLUMNS)
        ids[linked["position"]] = linked["match_id"]
        turned[linked["position"]] = linked["turned"]
    left_out = [row[0] for row in run.execute(_LEFT_OUT).fetchall()]
    fresh = _count(run, "fresh")
    tally = Tally(fresh, updated, len(records) - fresh - updated - len(left_out) - len(contradicted))
    return Written(tally, ids, turned, left_out, contradicted)


def _count(run: ImportRun, condition: str, **more: object) -> int:
    row = run.execute(f"SELECT count(*) FROM linked_matches WHERE {condition}", **more).fetchone()
    return int(row[0]) if row else 0
