"""Features of matches and predictions into their tables. Predictions stay as they were made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from sportsplat.db.binary import Array, PgType
from sportsplat.db.write.staging import Stage, Tally, fill, take, tune

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


_FEATURES = Stage(
    "staged_features",
    {"match_id": PgType.INT8, "decision_at": PgType.TIMESTAMPTZ, "values": PgType.FLOAT8_ARRAY},
    joined_on=("match_id",),
)

_UPSERT = """
WITH written AS (
    INSERT INTO match_features (match_id, manifest, decision_at, values)
    SELECT s.match_id, %(manifest)s, s.decision_at, s.values
      FROM staged_features s
      LEFT JOIN match_features t ON t.match_id = s.match_id AND t.manifest = %(manifest)s
     WHERE t.match_id IS NULL OR (t.decision_at, t.values) IS DISTINCT FROM (s.decision_at, s.values)
    ON CONFLICT (match_id, manifest) DO UPDATE
       SET decision_at = excluded.decision_at, values = excluded.values, computed_at = now()
    RETURNING (xmax = 0) AS inserted)
SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
"""


def write_features(
    conn: psycopg.Connection[Any],
    manifest: str,
    names: Sequence[str],
    match_id: Array,
    decision_at: Array,
    values: Array,
) -> Tally:
    """Upsert one row of features a match under `manifest`; the caller commits.

    `match_id` (n,); `decision_at` (n,) datetime64[us] in UTC; `values` (n, k) float64 in the order of
    `names` (k,), a gap is NaN and is stored as NaN.
    """
    conn.execute(
        "INSERT INTO feature_manifests (hash, names) VALUES (%s, %s) ON CONFLICT (hash) DO NOTHING",
        (manifest, list(names)),
    )
    if not len(match_id):
        return Tally()
    tune(conn)
    staged = {"match_id": match_id, "decision_at": decision_at, "values": values}
    return take(conn, _UPSERT, {"manifest": manifest}, fill(conn, _FEATURES, staged))
