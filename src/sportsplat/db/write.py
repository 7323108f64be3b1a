"""Quotes, box scores, forecasts and details into their tables: compared, and only differences written.

As in `write_matches`, a row that says the same is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from sportsplat.db.pgwire import PgType
from sportsplat.db.staging import Stage, Tally, codes, fill, moments, numbers, take
from sportsplat.db.write_matches import NO_MATCH

if TYPE_CHECKING:
    from sportsplat.db.pgwire import Array
    from sportsplat.db.write_matches import Ids
    from sportsplat.domain import DetailRecord, ForecastRecord, QuoteRecord, TeamStatsRecord

_QUOTES = Stage(
    "staged_quotes",
    {
        "match_id": PgType.INT8,
        "bookmaker": PgType.INT4,
        "market": PgType.INT4,
        "outcome": PgType.INT4,
        "line": PgType.FLOAT8,
        "decimal_odds": PgType.FLOAT8,
        "is_closing": PgType.BOOL,
        "quoted_at": PgType.TIMESTAMPTZ,
        "known_at": PgType.TIMESTAMPTZ,
    },
    joined_on=("match_id",),
)

# A missing line or moment is compared by a stand-in, since NULLs cannot be hashed. Each season has a
# partition; naming those of the staged matches leaves the others alone. Whether a row is new is known from
# the comparison: rows that come back from a partitioned table do not tell it.
_UPSERT_QUOTES = """
WITH differing AS MATERIALIZED (
    SELECT s.*, t.match_id IS NULL AS is_new
      FROM ({source}) s
      LEFT JOIN quotes t
        ON t.season IN ({seasons}) AND t.match_id BETWEEN %(first)s AND %(last)s
       AND t.match_id = s.match_id AND t.season = s.season AND t.bookmaker = s.bookmaker
       AND t.market = s.market AND t.outcome = s.outcome AND t.is_closing = s.is_closing
       AND coalesce(t.line, 'NaN') = coalesce(s.line, 'NaN')
       AND coalesce(t.quoted_at, '-infinity') = coalesce(s.quoted_at, '-infinity')
     WHERE t.match_id IS NULL OR (t.decimal_odds, t.known_at) IS DISTINCT FROM (s.decimal_odds, s.known_at)),
written AS (
    INSERT INTO quotes (match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at,
                        known_at, season)
    SELECT match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at, known_at, season
      FROM differing
    ON CONFLICT (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, season) DO UPDATE
       SET decimal_odds = excluded.decimal_odds, known_at = excluded.known_at)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM differing
"""

_SOURCE = """
SELECT g.match_id, (%(bookmaker)s::text[])[g.bookmaker] COLLATE "C" AS bookmaker,
       (%(market)s::text[])[g.market] COLLATE "C" AS market,
       (%(outcome)s::text[])[g.outcome] COLLATE "C" AS outcome, nullif(g.line, 'NaN') AS line, g.is_closing,
       g.decimal_odds, nullif(g.quoted_at, '-infinity') AS quoted_at, g.known_at,
       m.season::smallint AS season
  FROM staged_quotes g JOIN matches m ON m.id = g.match_id
"""

_STAGED_SEASONS = """
SELECT season FROM matches WHERE id IN (SELECT match_id FROM staged_quotes) GROUP BY season ORDER BY season
"""


def ensure_quote_partitions(conn: psycopg.Connection[Any], seasons: Iterable[int]) -> None:
    """Make room for the quotes of seasons that have none yet.

    That waits for everybody who writes matches: before a transaction that does so itself it is safe, within
    one it can meet another that waits for this one.
    """
    for season in sorted(set(seasons)):
        conn.execute("SELECT ensure_quote_partition(%s)", (season,))


def write_quotes(conn: psycopg.Connection[Any], records: Sequence[QuoteRecord], match_ids: Ids) -> Tally:
    """Upsert prices of the matches `match_ids` (one id per record; -1 is left out). None is ever removed."""
    records, match_ids = _of_known_matches(records, match_ids)
    if not records:
        return Tally()
    _, bookmaker, market, outcome, line, odds, closing, quoted_at, known_at = zip(*records, strict=True)
    coded = {"bookmaker": codes(bookmaker), "market": codes(market), "outcome": codes(outcome)}
    staged = {
        "match_id": match_ids,
        "line": numbers(line),
        "decimal_odds": numbers(odds),
        "is_closing": np.array(closing, dtype=np.bool_),
        "quoted_at": moments(quoted_at),
        "known_at": moments(known_at),
        **{name: positions for name, (positions, _) in coded.items()},
    }
    texts = {name: distinct for name, (_, distinct) in coded.items()}
    rows = fill(conn, _QUOTES, staged)
    seasons = [season for (season,) in conn.execute(_STAGED_SEASONS).fetchall()]
    ensure_quote_partitions(conn, seasons)
    return upsert_quotes(conn, sql.SQL(_SOURCE), seasons, {**texts, **_reach(match_ids)}, rows)


def upsert_quotes(
    conn: psycopg.Connection[Any],
    source: sql.Composable,
    seasons: Sequence[int],
    params: Mapping[str, Any],
    rows: int,
) -> Tally:
    """Write those of the `rows` of a query that differ from what is stored for `seasons`.

    `params` are the query's, with the `first` and the `last` match id that it gives.
    """
    listed = sql.SQL(", ").join(map(sql.Literal, seasons))
    statement = sql.SQL(_UPSERT_QUOTES).format(source=source, seasons=listed)
    return take(conn, statement.as_string(conn), params, rows)


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
_UPSERT_STATS = """
WITH written AS (
    INSERT INTO team_match_stats (match_id, team_id, is_home, stats, known_at, source)
    SELECT s.match_id, s.team_id, s.is_home, coalesce(t.stats || s.stats, s.stats),
           greatest(t.known_at, s.known_at), %(source)s
      FROM (SELECT g.match_id, CASE WHEN g.is_home THEN m.home_id ELSE m.away_id END AS team_id, g.is_home,
                   jsonb_strip_nulls(jsonb_build_object({pairs})) AS stats, g.known_at
              FROM staged_stats g JOIN matches m ON m.id = g.match_id) s
      LEFT JOIN team_match_stats t
        ON t.match_id BETWEEN %(first)s AND %(last)s AND t.match_id = s.match_id AND t.team_id = s.team_id
       AND t.source = %(source)s
     WHERE t.match_id IS NULL OR t.stats || s.stats IS DISTINCT FROM t.stats OR s.known_at > t.known_at
    ON CONFLICT (match_id, team_id, source) DO UPDATE
       SET is_home = excluded.is_home, stats = excluded.stats, known_at = excluded.known_at
    RETURNING (xmax = 0) AS inserted)
SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
"""


def write_team_stats(
    conn: psycopg.Connection[Any], source: str, records: Sequence[TeamStatsRecord], match_ids: Ids
) -> Tally:
    """Upsert what `source` says of box scores of `match_ids` (one id per record; -1 is left out)."""
    records, match_ids = _of_known_matches(records, match_ids)
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
    pairs = sql.SQL(", ").join(
        sql.SQL("{}::text, nullif(g.stats[{}], 'NaN')").format(name, position)
        for position, name in enumerate(names, start=1)
    )
    statement = sql.SQL(_UPSERT_STATS).format(pairs=pairs).as_string(conn)
    return take(conn, statement, {"source": source, **_reach(match_ids)}, fill(conn, _STATS, staged))


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
_UPSERT_FORECASTS = """
WITH written AS (
    INSERT INTO forecasts (match_id, publisher, probabilities, known_at)
    SELECT s.*
      FROM (SELECT match_id, (%(publisher)s::text[])[publisher] AS publisher, probabilities, known_at
              FROM staged_forecasts) s
      LEFT JOIN forecasts t
        ON t.match_id BETWEEN %(first)s AND %(last)s AND t.match_id = s.match_id AND t.publisher = s.publisher
     WHERE t.match_id IS NULL OR t.known_at <> s.known_at
        OR abs(t.probabilities[1] - s.probabilities[1]) > 1e-6
        OR abs(t.probabilities[2] - s.probabilities[2]) > 1e-6
    ON CONFLICT (match_id, publisher) DO UPDATE
       SET probabilities = excluded.probabilities, known_at = excluded.known_at
    RETURNING (xmax = 0) AS inserted)
SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
"""


def write_forecasts(
    conn: psycopg.Connection[Any], records: Sequence[ForecastRecord], match_ids: Ids
) -> Tally:
    """Upsert published probabilities of the matches `match_ids` (one id per record; -1 is left out)."""
    records, match_ids = _of_known_matches(records, match_ids)
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
    params = {"publisher": distinct, **_reach(match_ids)}
    return take(conn, _UPSERT_FORECASTS, params, fill(conn, _FORECASTS, staged))


_UPSERT_DETAILS = """
WITH written AS (
    INSERT INTO match_details (match_id, source, phase, details, known_at)
    SELECT s.match_id, %(source)s, s.phase, coalesce(t.details || s.details, s.details), s.known_at
      FROM unnest(%(match_ids)s::bigint[], %(phases)s::text[], %(details)s::jsonb[],
                  %(moments)s::timestamptz[])
           AS s (match_id, phase, details, known_at)
      LEFT JOIN match_details t
        ON t.match_id = s.match_id AND t.source = %(source)s AND t.phase = s.phase
     WHERE t.match_id IS NULL OR t.details || s.details IS DISTINCT FROM t.details
        OR t.known_at IS DISTINCT FROM s.known_at
    ON CONFLICT (match_id, source, phase) DO UPDATE
       SET details = excluded.details, known_at = excluded.known_at
    RETURNING (xmax = 0) AS inserted)
SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
"""


def write_details(
    conn: psycopg.Connection[Any], source: str, records: Sequence[DetailRecord], match_ids: Ids
) -> Tally:
    """Upsert what `source` says besides of the matches `match_ids` (one id per record; -1 is left out)."""
    records, match_ids = _of_known_matches(records, match_ids)
    if not records:
        return Tally()
    params = {
        "source": source,
        "match_ids": match_ids.tolist(),
        "phases": [str(record.phase) for record in records],
        "details": [Jsonb(record.details) for record in records],
        "moments": [record.known_at for record in records],
    }
    return take(conn, _UPSERT_DETAILS, params, len(records))


def _reach(match_ids: Ids) -> dict[str, int]:
    """Return the first and last match, so that an index finds the part of the table to compare with."""
    return {"first": int(match_ids.min()), "last": int(match_ids.max())}


def _of_known_matches(records: Sequence[Any], match_ids: Ids) -> tuple[Sequence[Any], Ids]:
    known = match_ids != NO_MATCH
    if known.all():
        return records, match_ids
    return [record for record, keep in zip(records, known.tolist(), strict=True) if keep], match_ids[known]
