"""Quotes into their table: compared, and only differences written.

As in `write_matches`, a row that says the same is not touched. What a price was before stays, see `history`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from psycopg import sql

from sportsplat.db.binary import PgType
from sportsplat.db.history import QUOTES, TOLD, keep, same_key, stored
from sportsplat.db.write.matches import NO_MATCH
from sportsplat.db.write.staging import Stage, Tally, codes, fill, moments, numbers, take

if TYPE_CHECKING:
    from sportsplat.db.write.import_run import ImportRun
    from sportsplat.db.write.matches import Ids
    from sportsplat.domain import QuoteRecord

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

# Of one price without a moment, files that know more or less of the kick-off say different ones: that
# which is nearest to the kick-off stays. A price that was read before (known_at is when it was read) is known
# since: reading the same price again later changes nothing.
# Each season has a partition; naming those of the staged matches leaves the others alone. Whether a row is
# new is known from the comparison: rows that come back from a partitioned table do not tell it.
_UPSERT_QUOTES = f"""
WITH differing AS MATERIALIZED (
    SELECT s.*, n.moment, {stored(QUOTES)}
      FROM ({{source}}) s
     CROSS JOIN {TOLD} n
      LEFT JOIN quotes t
        ON t.season IN ({{seasons}}) AND t.match_id BETWEEN %(first)s AND %(last)s
       AND t.season = s.season AND {same_key(QUOTES, "t", "s")}
     WHERE t.match_id IS NULL OR t.decimal_odds <> s.decimal_odds
        OR CASE WHEN s.quoted_at IS NOT NULL THEN t.known_at <> s.known_at
                WHEN t.known_at = s.known_at THEN false
                WHEN s.known_at = n.moment AND s.known_at < t.known_at THEN true
                WHEN t.known_at = t.recorded_at THEN false
                ELSE (SELECT greatest(s.known_at - m.kickoff_utc, m.kickoff_utc - s.known_at)
                             < greatest(t.known_at - m.kickoff_utc, m.kickoff_utc - t.known_at)
                        FROM matches m WHERE m.id = s.match_id) END),
written AS (
    INSERT INTO quotes (match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at,
                        known_at, season, recorded_at)
    SELECT match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at, known_at, season,
           moment
      FROM differing WHERE stored_at <= moment
    ON CONFLICT (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, season) DO UPDATE
       SET decimal_odds = excluded.decimal_odds, known_at = excluded.known_at,
           recorded_at = excluded.recorded_at),
kept AS ({keep(QUOTES)})
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new AND stored_at <= moment)
  FROM differing
"""

# A price without a time is known at the latest from when it was reported.
_SOURCE = f"""
SELECT g.match_id, (%(bookmaker)s::text[])[g.bookmaker] COLLATE "C" AS bookmaker,
       (%(market)s::text[])[g.market] COLLATE "C" AS market,
       (%(outcome)s::text[])[g.outcome] COLLATE "C" AS outcome, nullif(g.line, 'NaN') AS line, g.is_closing,
       g.decimal_odds, nullif(g.quoted_at, '-infinity') AS quoted_at,
       CASE g.quoted_at WHEN '-infinity' THEN least(g.known_at, n.moment) ELSE g.known_at END AS known_at,
       m.season::smallint AS season
  FROM staged_quotes g JOIN matches m ON m.id = g.match_id CROSS JOIN {TOLD} n
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


def write_quotes(run: ImportRun, records: Sequence[QuoteRecord], match_ids: Ids) -> Tally:
    """Upsert prices of the matches `match_ids` (one id per record; -1 is left out). None is ever removed.

    What is stored as of a later moment than that of the run stays.
    """
    records, match_ids = of_known_matches(records, match_ids)
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
    rows = fill(run.conn, _QUOTES, staged)
    seasons = [season for (season,) in run.execute(_STAGED_SEASONS).fetchall()]
    ensure_quote_partitions(run.conn, seasons)
    return upsert_quotes(run, sql.SQL(_SOURCE), seasons, {**texts, **reach(match_ids)}, rows)


def upsert_quotes(
    run: ImportRun,
    source: sql.Composable,
    seasons: Sequence[int],
    params: dict[str, Any],
    rows: int,
) -> Tally:
    """Write those of the `rows` of a query that differ from what is stored for `seasons`.

    `params` are the query's, with the `first` and the `last` match id that it gives.
    """
    listed = sql.SQL(", ").join(map(sql.Literal, seasons))
    statement = sql.SQL(_UPSERT_QUOTES).format(source=source, seasons=listed)
    return take(run.conn, statement.as_string(run.conn), run.params | params, rows)


def reach(match_ids: Ids) -> dict[str, int]:
    """Return the first and last match, so that an index finds the part of the table to compare with."""
    return {"first": int(match_ids.min()), "last": int(match_ids.max())}


def of_known_matches(records: Sequence[Any], match_ids: Ids) -> tuple[Sequence[Any], Ids]:
    """Return records without those whose match has no id, and the ids."""
    known = match_ids != NO_MATCH
    if known.all():
        return records, match_ids
    return [record for record, keep in zip(records, known.tolist(), strict=True) if keep], match_ids[known]
