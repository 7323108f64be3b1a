"""What an older file says of matches after a newer one did: it changes their past, and not what they say now.

Only of matches that no other source names: with several, what held then depended on what each had said by
then, and of claims only the last is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sportsplat.db.resolve import COLUMNS, FACTS, knowledge, listed
from sportsplat.db.staged_matches import PLAIN

if TYPE_CHECKING:
    import psycopg

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

# What is known already does not count as told anew, and what was told later but knew less never held.
_FORGET = f"""
DELETE FROM late_claims l USING match_revisions r
 WHERE r.match_id = l.match_id AND r.recorded_at <= %(recorded_at)s AND {knowledge("r")} > {knowledge("l")};
DELETE FROM match_revisions r USING late_claims l
 WHERE r.match_id = l.match_id AND r.recorded_at > %(recorded_at)s AND {knowledge("r")} < {knowledge("l")}
"""

# It held until what was told next; and is not noted where what holds says the same and nothing else had held.
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

_KEEP = f"""
INSERT INTO match_revisions (match_id, recorded_at, superseded_at, {", ".join(COLUMNS)})
SELECT l.match_id, %(recorded_at)s, l.superseded_at, {listed("l", COLUMNS)} FROM late_claims l
"""


def keep_late_claims(conn: psycopg.Connection[Any], params: Mapping[str, Any]) -> None:
    """Put the linked rows that were told as of a moment before what is stored into the past of their matches.

    params: those of `stage_matches`, and `refused`. The caller holds the league's lock.
    """
    if params["recorded_at"] is None:
        return
    if conn.execute(_LATE.encode(), params).rowcount > 0:
        for statements in (_FORGET, _BOUND, _CUT, _KEEP):
            for statement in statements.split(";"):
                conn.execute(statement.encode(), params)
    conn.execute("DROP TABLE late_claims")
