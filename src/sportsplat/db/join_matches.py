"""One match of two: what is stored of the one becomes the other's, and the one is gone.

Each source's word is kept. Of what a source says of both, and of a price or forecast that both have, that of
the match which stays counts; but a result is not taken back by a fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sportsplat.db.history import DETAILS, FORECASTS, QUOTES, STATS, same_key
from sportsplat.db.resolve import COLUMNS, knowledge, listed
from sportsplat.db.turning import turn

if TYPE_CHECKING:
    import psycopg

IN_USE = """
EXISTS (SELECT FROM predictions WHERE match_id = {id}) OR EXISTS (SELECT FROM bets WHERE match_id = {id})
"""
"""Whether predictions or bets speak of a match: such a one is never dropped."""

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

    turned: their venues are the other way round. Where predictions or bets speak of `drop` that one stays;
    None, and nothing is changed, where they speak of both. The caller resolves what its claims say then.
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
