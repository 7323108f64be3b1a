"""Prices by the million into `quotes`: staged by season, then a season at a time.

The first quotes of a season fill a table without keys, which are made over all rows together before it
becomes a partition: row by row they would cost five times as much. Where a season has quotes already, only
differences are written, as in `write`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from sportsplat.db.pgcopy import write_columns
from sportsplat.db.pgwire import PgType
from sportsplat.db.staging import Stage, Tally, fill
from sportsplat.db.write import ensure_quote_partitions, upsert_quotes

if TYPE_CHECKING:
    from sportsplat.db.pgwire import Array, Columns

_PRICES: Mapping[str, PgType] = {
    "row": PgType.INT4,
    "match": PgType.INT4,
    "offer": PgType.INT4,
    "line": PgType.FLOAT8,
    "decimal_odds": PgType.FLOAT8,
    "quoted_at": PgType.TIMESTAMPTZ,
}
_MATCHES = Stage(
    "staged_price_matches",
    {
        "match": PgType.INT4,
        "match_id": PgType.INT8,
        "starts": PgType.TIMESTAMPTZ,
        "closes": PgType.TIMESTAMPTZ,
    },
    joined_on=("match", "match_id"),
)
_SEASONS = """
ALTER TABLE staged_price_matches ADD COLUMN IF NOT EXISTS season smallint;
UPDATE staged_price_matches s SET season = m.season FROM matches m WHERE m.id = s.match_id;
ANALYZE staged_price_matches;
"""
_OFFERS = """
DROP TABLE IF EXISTS staged_price_offers;
CREATE TEMPORARY TABLE staged_price_offers
    (offer int, bookmaker text COLLATE "C", market text COLLATE "C", outcome text COLLATE "C",
     is_closing bool);
"""
_FILL_OFFERS = """
INSERT INTO staged_price_offers
SELECT place - 1, bookmaker, market, outcome, is_closing
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::bool[])
       WITH ORDINALITY AS o (bookmaker, market, outcome, is_closing, place)
"""
_SOURCE = """
SELECT p.match_id, o.bookmaker, o.market, o.outcome, nullif(g.line, 'NaN') AS line, o.is_closing,
       g.decimal_odds, nullif(g.quoted_at, '-infinity') AS quoted_at,
       CASE WHEN o.is_closing THEN p.closes
            ELSE coalesce(nullif(g.quoted_at, '-infinity'), p.starts) END AS known_at,
       p.season
  FROM {staged} g JOIN staged_price_matches p ON p.match = g.match
  JOIN staged_price_offers o ON o.offer = g.offer
 WHERE p.season = {season}
"""
_COLUMNS = "match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at, known_at, season"
_TWINS = """
DROP TABLE IF EXISTS staged_price_twins;
CREATE TEMPORARY TABLE staged_price_twins AS
SELECT p.match_id, g.offer, g.line, g.quoted_at, min(g.row) AS first, count(*) AS rows,
       min(g.decimal_odds) <> max(g.decimal_odds) AS contradict
  FROM {staged} g JOIN staged_price_matches p ON p.match = g.match
 GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
"""
_DROP_TWINS = """
DELETE FROM {staged} g USING staged_price_twins t, staged_price_matches p
 WHERE p.match = g.match AND t.match_id = p.match_id AND t.offer = g.offer AND t.line = g.line
   AND t.quoted_at = g.quoted_at AND (t.contradict OR g.row <> t.first)
"""
_CONTRADICTIONS = """
SELECT first, rows, count(*) OVER () FROM staged_price_twins WHERE contradict ORDER BY first LIMIT %s
"""


class Settled(NamedTuple):
    """What became of staged prices. contradictions: first line and number of rows that say different things.

    contradicting: how many such groups there are, of which `contradictions` names the first. unmatched: rows
    whose match has no id.
    """

    tally: Tally
    contradictions: list[tuple[int, int]]
    contradicting: int
    unmatched: int


class PriceStage:
    """Prices on their way in, inside one transaction of the caller's, which tuned the planner for staging."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self._rows: dict[int, Array] = {}  # by season, the number of prices of each match

    def add(self, season: int, prices: Columns) -> None:
        """Stage prices of matches of one season: row, match, offer, line, decimal_odds, quoted_at.

        `row` is a price's line in its file, `match` and `offer` its places in what `settle` is given.
        """
        table = _staged(season)
        if season not in self._rows:
            columns = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind.sql))
                for name, kind in _PRICES.items()
            )
            self._conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
            self._conn.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({})").format(_bare(season), columns))
            self._rows[season] = np.zeros(0, dtype=np.int64)
        write_columns(self._conn, table, prices, _PRICES)
        before = self._rows[season]
        rows = np.bincount(prices["match"], minlength=len(before))
        rows[: len(before)] += before
        self._rows[season] = rows

    def lock_for_new_seasons(self) -> None:
        """Wait for the right to make partitions; to be called before this transaction writes matches."""
        seasons = list(self._rows)
        query = "SELECT bool_or(to_regclass('public.quotes_' || s) IS NULL) FROM unnest(%s::int[]) s"
        if self._conn.execute(query, (seasons,)).fetchone() == (True,):
            self._conn.execute("LOCK TABLE matches IN SHARE ROW EXCLUSIVE MODE")

    def settle(
        self, matches: Columns, offers: Sequence[tuple[str, str, str, bool]], *, limit: int = 1000
    ) -> Settled:
        """Write what was staged.

        matches: by place, their `match_id` (-1: none), when they `starts`, and when their closing prices were
        known (`closes`). offers: by place, bookmaker, market, outcome, and whether it is a closing price.

        At most `limit` contradictions within the file are named, all are counted; none of their rows is
        written. Rows that repeat another one count as unchanged.
        """
        conn = self._conn
        known = np.flatnonzero(matches["match_id"] >= 0)
        fill(conn, _MATCHES, {"match": known, **{name: values[known] for name, values in matches.items()}})
        conn.execute(_SEASONS)
        conn.execute(_OFFERS)
        conn.execute(_FILL_OFFERS, [list(texts) for texts in zip(*offers, strict=True)] or [[], [], [], []])
        conn.execute("ANALYZE staged_price_offers")
        conn.execute("SET LOCAL maintenance_work_mem = '256MB'")
        query = "SELECT match, season FROM staged_price_matches"
        season_of = dict(conn.execute(query).fetchall())
        tally, contradicting, unmatched = Tally(), 0, 0
        contradictions: list[tuple[int, int]] = []
        for staged in sorted(self._rows):
            rows = self._rows.pop(staged)
            places = np.flatnonzero(rows).tolist()
            unmatched += int(sum(rows[place] for place in places if place not in season_of))
            seasons = sorted({season_of[place] for place in places if place in season_of})
            done, named, groups = self._settle_season(staged, seasons, limit - len(contradictions))
            tally, contradicting = tally.plus(done), contradicting + groups
            contradictions += named
            conn.execute(sql.SQL("DROP TABLE {}").format(_staged(staged)))
        return Settled(tally, contradictions, contradicting, unmatched)

    def _settle_season(
        self, staged: int, seasons: Sequence[int], limit: int
    ) -> tuple[Tally, list[tuple[int, int]], int]:
        """Write the prices that were staged for a season; stored matches may say that it is another one."""
        tally, sifted = Tally(), False
        named, groups = list[tuple[int, int]](), 0
        for season in seasons:
            inserted = self._fill_new(staged, season)
            if inserted is None and not sifted:
                sifted = True
                repeats, named, groups = self._sift(staged, limit)
                tally = tally.plus(Tally(unchanged=repeats))
                inserted = self._fill_new(staged, season)
            tally = tally.plus(self._upsert(staged, season) if inserted is None else Tally(inserted))
        return tally, named, groups

    def _fill_new(self, staged: int, season: int) -> int | None:
        """Fill a season that has no partition yet; None where it has one, or where rows repeat a key."""
        conn = self._conn
        try:
            with conn.transaction():
                if conn.execute("SELECT open_quote_partition(%s)", (season,)).fetchone() != (True,):
                    return None
                table = sql.Identifier("public", f"quotes_{season}")
                insert = sql.SQL("INSERT INTO {} ({}) {}").format(
                    table, sql.SQL(_COLUMNS), _source(staged, season)
                )
                rows = conn.execute(insert).rowcount
                conn.execute("SELECT close_quote_partition(%s)", (season,))
                return rows
        except psycopg.errors.UniqueViolation:
            return None

    def _sift(self, staged: int, limit: int) -> tuple[int, list[tuple[int, int]], int]:
        """Leave one of rows that say the same, none of those that contradict each other.

        Return how many rows repeated another one, contradictions (at most `limit`), and how many there are.
        """
        conn, table = self._conn, _staged(staged)
        conn.execute(sql.SQL(_TWINS).format(staged=table))
        repeats = self._count(
            "SELECT coalesce(sum(rows - 1), 0)::bigint FROM staged_price_twins WHERE NOT contradict", staged
        )
        found = conn.execute(_CONTRADICTIONS, (max(limit, 1),)).fetchall()
        if repeats or found:
            conn.execute(sql.SQL(_DROP_TWINS).format(staged=table))
        named = [(first, rows) for first, rows, _ in found][: max(limit, 0)]
        return repeats, named, found[0][2] if found else 0

    def _upsert(self, staged: int, season: int) -> Tally:
        """Write into a partition that is there; its rows are compared only where these matches have some."""
        conn = self._conn
        ensure_quote_partitions(conn, [season])
        source = _source(staged, season)
        stored = (
            "SELECT EXISTS (SELECT FROM staged_price_matches p WHERE p.season = {season} AND EXISTS"
            " (SELECT FROM quotes q WHERE q.season = {season} AND q.match_id = p.match_id))"
        )
        query = sql.SQL(stored).format(season=sql.Literal(season))
        if conn.execute(query).fetchone() == (False,):
            insert = sql.SQL("INSERT INTO quotes ({}) {} ORDER BY p.match_id").format(
                sql.SQL(_COLUMNS), source
            )
            return Tally(conn.execute(insert).rowcount)
        first, last = conn.execute(
            "SELECT min(match_id), max(match_id) FROM staged_price_matches"
        ).fetchone() or (0, 0)  # fmt: skip
        rows = self._count("SELECT count(*) FROM ({source}) s", staged, season)
        return upsert_quotes(conn, source, [season], {"first": first, "last": last}, rows)

    def _count(self, query: str, staged: int, season: int = 0) -> int:
        asked = sql.SQL(query).format(staged=_staged(staged), source=_source(staged, season))
        row = self._conn.execute(asked).fetchone()
        return int(row[0]) if row else 0


def _source(staged: int, season: int) -> sql.Composed:
    return sql.SQL(_SOURCE).format(staged=_staged(staged), season=sql.Literal(season))


def _bare(season: int) -> sql.Identifier:
    return sql.Identifier(f"staged_prices_{season}")


def _staged(season: int) -> sql.Identifier:
    return sql.Identifier("pg_temp", f"staged_prices_{season}")
