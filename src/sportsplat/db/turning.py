"""What hangs on a match is told from its home side: it turns round with the match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sportsplat.db.history import FORECASTS, QUOTES

if TYPE_CHECKING:
    import psycopg

# An update in place would meet the other side's row under the unique key. Box scores before are told by team.
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
_STATEMENTS = (
    *(_QUOTES.format(table=table) for table in (QUOTES.table, QUOTES.revisions)),
    "UPDATE team_match_stats SET is_home = NOT is_home WHERE match_id = ANY(%(ids)s)",
    *(_FORECASTS.format(table=table) for table in (FORECASTS.table, FORECASTS.revisions)),
)


def turn(conn: psycopg.Connection[Any], match_ids: Sequence[int]) -> None:
    """Let home and away change places in the quotes, box scores and forecasts of matches."""
    for statement in ";".join(_STATEMENTS).split(";"):
        conn.execute(statement.encode(), {"ids": list(match_ids)})
