"""Features into their table: staged, compared, and only rows whose values changed written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from sportsplat.db.pgwire import Array, PgType
from sportsplat.db.staging import Stage, Tally, fill, take, tune

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
