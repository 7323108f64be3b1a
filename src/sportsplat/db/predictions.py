"""Predictions into their table, where they stay as they were made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_INSERT = """
INSERT INTO predictions (match_id, model_id, as_of, probabilities)
SELECT %(match_id)s, %(model_id)s, %(as_of)s, %(probabilities)s
 WHERE %(probabilities)s::float8[] IS DISTINCT FROM (
       SELECT probabilities FROM predictions
        WHERE match_id = %(match_id)s AND model_id = %(model_id)s AND as_of <= %(as_of)s
        ORDER BY as_of DESC LIMIT 1)
ON CONFLICT (match_id, model_id, as_of) DO NOTHING
"""


def store_predictions(
    conn: psycopg.Connection[Any],
    model_id: int,
    as_of: datetime,
    match_id: Sequence[int],
    probabilities: Sequence[Sequence[float]],
) -> int:
    """Add forecasts that differ from the model's last one of the match; return how many those were.

    match_id (n,), probabilities (n, k). A forecast that says what the one before it said is that forecast
    still, so that asking again without new facts adds nothing. The caller commits.
    """
    conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('sportsplat predictions ' || %s, 0))", (str(model_id),)
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            _INSERT,
            [
                {"match_id": match, "model_id": model_id, "as_of": as_of, "probabilities": list(shares)}
                for match, shares in zip(match_id, probabilities, strict=True)
            ],
        )
        return max(cursor.rowcount, 0)


def cancelled_matches(conn: psycopg.Connection[Any], league: str) -> list[int]:
    """Return the ids of a league's matches that will not be played."""
    rows = conn.execute("SELECT id FROM matches WHERE league = %s AND status = 'cancelled'", (league,))
    return [int(match_id) for (match_id,) in rows.fetchall()]
