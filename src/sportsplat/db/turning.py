"""What hangs on a match is told from its home side: it turns round with the match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

# An update in place would meet the other side's row under the unique key.
_STATEMENTS = (
    """
    CREATE TEMPORARY TABLE turned_quotes ON COMMIT DROP AS
    SELECT * FROM quotes WHERE match_id = ANY(%(ids)s)
    """,
    "DELETE FROM quotes WHERE match_id = ANY(%(ids)s)",
    """
    UPDATE turned_quotes
       SET outcome = CASE outcome WHEN 'home' THEN 'away' WHEN 'away' THEN 'home' ELSE outcome END,
           line = CASE market WHEN 'spread' THEN 0 - line ELSE line END
    """,
    "INSERT INTO quotes SELECT * FROM turned_quotes",
    "DROP TABLE turned_quotes",
    "UPDATE team_match_stats SET is_home = NOT is_home WHERE match_id = ANY(%(ids)s)",
    """
    UPDATE forecasts f
       SET probabilities = ARRAY(SELECT p FROM unnest(f.probabilities) WITH ORDINALITY AS u (p, place)
                                  ORDER BY place DESC)
     WHERE match_id = ANY(%(ids)s)
    """,
)


def turn(conn: psycopg.Connection[Any], match_ids: Sequence[int]) -> None:
    """Let home and away change places in the quotes, box scores and forecasts of matches."""
    for statement in _STATEMENTS:
        conn.execute(statement.encode(), {"ids": list(match_ids)})
