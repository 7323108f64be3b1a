"""Box scores, forecasts and details into their tables, as quotes in `write`: only differences are written.

Rows reported as of an earlier moment than the stored ones replace nothing, they only fill gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from psycopg.types.json import Jsonb

from sportsplat.db.binary import PgType
from sportsplat.db.history import COUNTED, DETAILS, FORECASTS, STATS, TOLD, keep, merged, stored
from sportsplat.db.write.quotes import of_known_matches, reach
from sportsplat.db.write.staging import Stage, Tally, codes, fill, moments, take

if TYPE_CHECKING:
    from sportsplat.db.binary import Array
    from sportsplat.db.write.import_run import ImportRun
    from sportsplat.db.write.matches import Ids
    from sportsplat.domain import DetailRecord, ForecastRecord, TeamStatsRecord

_STATS = Stage(
    "staged_stats",
    {
        "match_id": PgType.INT8,
        "is_home": PgType.BOOL,
        "stats": PgType.FLOAT8_ARRAY,
        "known_at": PgType.TIMESTAMPTZ,
    },
    joined_on=("match_id",),
)

# Two files of a source may each know a part of a box score: names are merged, and the whole counts as known
# when its last part was.
_UPSERT_STATS = f"""
WITH differing AS MATERIALIZED (
    SELECT s.*, n.moment, {stored(STATS)}
      FROM (SELECT g.match_id, CASE WHEN g.is_home THEN m.home_id ELSE m.away_id END AS team_id, g.is_home,
                   jsonb_strip_nulls(jsonb_build_object({{pairs}})) AS stats, g.known_at,
                   %(source)s::text AS source
              FROM staged_stats g JOIN matches m ON m.id = g.match_id) s
     CROSS JOIN {TOLD} n
      LEFT JOIN team_match_stats t
        ON t.match_id BETWEEN %(first)s AND %(last)s AND t.match_id = s.match_id AND t.team_id = s.team_id
       AND t.source = %(source)s
     WHERE t.match_id IS NULL OR t.stats || s.stats IS DISTINCT FROM t.stats OR s.known_at > t.known_at),
written AS (
    INSERT INTO team_match_stats (match_id, team_id, is_home, stats, known_at, source, recorded_at)
    SELECT match_id, team_id, is_home,
           {merged("stats")},
           greatest(stored_known_at, known_at), source, greatest(stored_at, moment)
      FROM differing WHERE stored_at <= moment OR stats || stored IS DISTINCT FROM stored
    ON CONFLICT (match_id, team_id, source) DO UPDATE
       SET is_home = excluded.is_home, stats = excluded.stats, known_at = excluded.known_at,
           recorded_at = excluded.recorded_at
    RETURNING (xmax = 0) AS inserted),
kept AS ({keep(STATS)})
{COUNTED}
"""


def write_team_stats(run: ImportRun, records: Sequence[TeamStatsRecord], match_ids: Ids) -> Tally:
    """Upsert box scores of the matches `match_ids` (one id per record; -1 is left out)."""
    records, match_ids = of_known_matches(records, match_ids)
    if not records:
        return Tally()
    _, is_home, stats, known_at = zip(*records, strict=True)
    names = sorted({name for named in stats for name in named})
    staged = {
        "match_id": match_ids,
        "is_home": np.array(is_home, dtype=np.bool_),
        "stats": _by_name(stats, names),
        "known_at": moments(known_at),
    }
    pairs = ", ".join(
        f"(%(names)s::text[])[{position}], nullif(g.stats[{position}], 'NaN')"
        for position in range(1, len(names) + 1)
    )
    statement = _UPSERT_STATS.format(pairs=pairs)
    params = run.params | {"names": names, **reach(match_ids)}
    return take(run.conn, statement, params, fill(run.conn, _STATS, staged))


def _by_name(stats: Sequence[dict[str, float]], names: Sequence[str]) -> Array:
    """Return (records, names), NaN where a box score lacks a name."""
    nan = float("nan")
    return np.array([[named.get(name, nan) for name in names] for named in stats], dtype=np.float64)


_FORECASTS = Stage(
    "staged_forecasts",
    {
        "match_id": PgType.INT8,
        "publisher": PgType.INT4,
        "probabilities": PgType.FLOAT8_ARRAY,
        "known_at": PgType.TIMESTAMPTZ,
    },
    joined_on=("match_id",),
)

# Two files that print one forecast with more or fewer digits say the same.
_UPSERT_FORECASTS = f"""
WITH differing AS MATERIALIZED (
    SELECT s.*, n.moment, {stored(FORECASTS)}
      FROM (SELECT match_id, (%(publisher)s::text[])[publisher] AS publisher, probabilities, known_at
              FROM staged_forecasts) s
     CROSS JOIN {TOLD} n
      LEFT JOIN forecasts t
        ON t.match_id BETWEEN %(first)s AND %(last)s AND t.match_id = s.match_id AND t.publisher = s.publisher
     WHERE t.match_id IS NULL OR t.known_at <> s.known_at
        OR abs(t.probabilities[1] - s.probabilities[1]) > 1e-6
        OR abs(t.probabilities[2] - s.probabilities[2]) > 1e-6),
written AS (
    INSERT INTO forecasts (match_id, publisher, probabilities, known_at, recorded_at)
    SELECT match_id, publisher, probabilities, known_at, moment FROM differing WHERE stored_at <= moment
    ON CONFLICT (match_id, publisher) DO UPDATE
       SET probabilities = excluded.probabilities, known_at = excluded.known_at,
           recorded_at = excluded.recorded_at
    RETURNING (xmax = 0) AS inserted),
kept AS ({keep(FORECASTS)})
{COUNTED}
"""


def write_forecasts(run: ImportRun, records: Sequence[ForecastRecord], match_ids: Ids) -> Tally:
    """Upsert published probabilities of the matches `match_ids` (one id per record; -1 is left out)."""
    records, match_ids = of_known_matches(records, match_ids)
    if not records:
        return Tally()
    _, publisher, probabilities, known_at = zip(*records, strict=True)
    publishers, distinct = codes(publisher)
    staged = {
        "match_id": match_ids,
        "publisher": publishers,
        "probabilities": np.array(probabilities, dtype=np.float64),
        "known_at": moments(known_at),
    }
    params = run.params | {"publisher": distinct, **reach(match_ids)}
    return take(run.conn, _UPSERT_FORECASTS, params, fill(run.conn, _FORECASTS, staged))


_UPSERT_DETAILS = f"""
WITH differing AS MATERIALIZED (
    SELECT s.*, n.moment, {stored(DETAILS)}
      FROM (SELECT u.*, %(source)s::text AS source
              FROM unnest(%(match_ids)s::bigint[], %(phases)s::text[], %(details)s::jsonb[],
                          %(moments)s::timestamptz[]) AS u (match_id, phase, details, known_at)) s
     CROSS JOIN {TOLD} n
      LEFT JOIN match_details t
        ON t.match_id = s.match_id AND t.source = %(source)s AND t.phase = s.phase
     WHERE t.match_id IS NULL OR t.details || s.details IS DISTINCT FROM t.details
        OR t.known_at IS DISTINCT FROM s.known_at),
written AS (
    INSERT INTO match_details (match_id, source, phase, details, known_at, recorded_at)
    SELECT match_id, source, phase,
           {merged("details")},
           CASE WHEN stored_at <= moment THEN known_at ELSE stored_known_at END, greatest(stored_at, moment)
      FROM differing WHERE stored_at <= moment OR details || stored IS DISTINCT FROM stored
    ON CONFLICT (match_id, source, phase) DO UPDATE
       SET details = excluded.details, known_at = excluded.known_at, recorded_at = excluded.recorded_at
    RETURNING (xmax = 0) AS inserted),
kept AS ({keep(DETAILS)})
{COUNTED}
"""


def write_details(run: ImportRun, records: Sequence[DetailRecord], match_ids: Ids) -> Tally:
    """Upsert details of the matches `match_ids` (one id per record; -1 is left out)."""
    records, match_ids = of_known_matches(records, match_ids)
    if not records:
        return Tally()
    params = run.params | {
        "match_ids": match_ids.tolist(),
        "phases": [str(record.phase) for record in records],
        "details": [Jsonb(record.details) for record in records],
        "moments": [record.known_at for record in records],
    }
    return take(run.conn, _UPSERT_DETAILS, params, len(records))
