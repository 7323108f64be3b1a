"""Prices by the million into `quotes`: staged by season, then a season at a time.

The first quotes of a season fill a table without keys, which are made over all rows together before it
becomes a partition: row by row they would cost five times as much. Where a season has quotes already, only
differences are written, as in `quotes`. `PriceStage` is right whatever is stored; where all is new,
`straight_quotes` is a quarter faster.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from sportsplat.db.binary import Array, Columns, write_columns
from sportsplat.db.history import TOLD
from sportsplat.db.write.price_tables import (
    PRICES,
    Offer,
    Overround,
    PriceCounts,
    Repeats,
    Unfair,
    create,
    drop_repeats,
    drop_unfair,
    rows,
    stage_matches,
    stage_offers,
    table,
)
from sportsplat.db.write.quotes import ensure_quote_partitions, upsert_quotes
from sportsplat.db.write.staging import Tally

if TYPE_CHECKING:
    from sportsplat.db.write.import_run import ImportRun

COLUMNS = "match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at, known_at, season"
_SOURCE = f"""
SELECT match_id, bookmaker, market, outcome, nullif(line, 'NaN') AS line, is_closing, decimal_odds,
       nullif(quoted_at, '-infinity') AS quoted_at,
       CASE WHEN quoted_at > '-infinity' AND NOT is_closing THEN quoted_at
            ELSE least(CASE WHEN is_closing THEN closes ELSE starts END, n.moment) END AS known_at,
       season
  FROM ({{rows}}) r CROSS JOIN {TOLD} n
 WHERE season = {{season}}
"""


class Ready(NamedTuple):
    """Prices of a season, ready to be stored; as they go over the wire where no statement takes them over."""

    season: int
    prices: Columns
    encoded: memoryview = memoryview(b"")


class PriceWriteResult(NamedTuple):
    """What became of staged prices. contradictions: first line and number of rows that say different things.

    contradicting: how many such groups there are, of which `contradictions` names the first. unfair: prices
    of offers whose overround cannot be, the first of `unfair_rows`. unmatched: how many rows a match
    without an id has, by its place.
    """

    tally: Tally
    contradictions: list[tuple[int, int]]
    contradicting: int
    unfair: list[Unfair]
    unfair_rows: int
    unmatched: dict[int, int]


class SeasonPrices(NamedTuple):
    """The prices of one season of a file."""

    season: int  # as the file has it
    stored_seasons: list[int]  # as their matches have it
    rows: int
    unmatched: dict[int, int]  # how many rows a match without an id has, by its place
    unfair_rows: int


class PriceWriter(ABC):
    """Prices of a file on their way in, inside one transaction of the caller's, which tuned the planner.

    The caller adds the blocks of the file, calls `before_matches`, writes the matches, and calls `settle`.
    """

    reserved: Array
    """Of each match by its place, the id that it is to have if it is new; empty: the next one."""

    def __init__(self, run: ImportRun) -> None:
        """Begin with none."""
        self._run = run
        self._conn = run.conn
        self._noted = PriceCounts(run.conn)

    def ready(self, season: int, prices: Columns) -> Ready:
        """Return what `add` takes of prices of matches of one season.

        Columns: row, match, offer, line, decimal_odds, quoted_at (missing: the least integer), loose.

        `row` is a price's line in its file, `match` and `offer` its places in what `settle` is given; `loose`
        says that its overround has not been judged.
        """
        return Ready(season, prices)

    @abstractmethod
    def add(self, ready: Ready) -> None:
        """Send prices of one season to the server."""

    @abstractmethod
    def before_matches(self) -> None:
        """Prepare for matches; to be called before this transaction writes them."""

    def settle(
        self, matches: Columns, offers: Sequence[Offer], overround: Overround, *, limit: int = 1000
    ) -> PriceWriteResult:
        """Write what was added.

        matches: by place, their `match_id` (-1: none), whether it is stored from the other side (`turned`),
        when they `starts`, and when their closing prices were known (`closes`). offers: by place, bookmaker,
        market, outcome, and whether it is a closing price.

        At most `limit` contradictions within the file, and as many prices of impossible offers, are named,
        all are counted; none of these rows is written. Rows that repeat another one count as unchanged.
        """
        conn = self._conn
        season_of = stage_matches(conn, matches)
        stage_offers(conn, offers)
        conn.execute("SET LOCAL maintenance_work_mem = '256MB'")
        whole = overround.whole(offers)
        settled = PriceWriteResult(Tally(), [], 0, [], 0, {})
        for season in sorted(self._noted.rows):
            rows = self._noted.rows.pop(season)
            places = np.flatnonzero(rows).tolist()
            unmatched = {place: int(rows[place]) for place in places if place not in season_of}
            stored_seasons = sorted({season_of[place] for place in places if place in season_of})
            loose = self._noted.loose(season) & whole
            unfair, unfair_rows = drop_unfair(
                conn, season, loose, overround, limit - len(settled.unfair), stored=self._stored(season)
            )
            of_season = SeasonPrices(season, stored_seasons, int(rows.sum()), unmatched, unfair_rows)
            tally, repeated = self._settle_season(of_season, limit - len(settled.contradictions))
            settled = PriceWriteResult(
                settled.tally.plus(tally),
                settled.contradictions + repeated.contradictions,
                settled.contradicting + repeated.groups,
                settled.unfair + unfair,
                settled.unfair_rows + unfair_rows,
                settled.unmatched | unmatched,
            )
            for is_loose in (False, True):
                conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table(season, loose=is_loose)))
        return settled

    def _stored(self, season: int) -> sql.Identifier | None:  # noqa: ARG002 - for subclasses
        """Return the table that has the prices of a season already; None: they are staged."""
        return None

    @abstractmethod
    def _settle_season(self, prices: SeasonPrices, limit: int) -> tuple[Tally, Repeats]:
        """Write the prices of one season."""


class PriceStage(PriceWriter):
    """Prices are staged, and written when their matches are: right whatever is stored already."""

    reserved = np.zeros(0, dtype=np.int64)

    def add(self, ready: Ready) -> None:
        """Stage prices."""
        season, prices, _ = ready
        if season not in self._noted.rows:
            create(self._conn, season)
        columns = {name: prices[name] for name in PRICES}
        write_columns(self._conn, table(season), columns, PRICES)
        self._noted.add(season, prices)

    def before_matches(self) -> None:
        """Wait for the right to make partitions."""
        seasons = list(self._noted.rows)
        query = "SELECT bool_or(to_regclass('public.quotes_' || s) IS NULL) FROM unnest(%s::int[]) s"
        if self._conn.execute(query, (seasons,)).fetchone() == (True,):
            self._conn.execute("LOCK TABLE matches IN SHARE ROW EXCLUSIVE MODE")

    def _settle_season(self, prices: SeasonPrices, limit: int) -> tuple[Tally, Repeats]:
        """Write the prices that were staged for a season; stored matches may say that it is another one."""
        staged = prices.season
        tally, repeated = Tally(), None
        for season in prices.stored_seasons:
            inserted = self._fill_new(staged, season)
            if inserted is None and repeated is None:
                repeated = drop_repeats(self._conn, staged, limit)
                tally = tally.plus(Tally(unchanged=repeated.repeats))
                inserted = self._fill_new(staged, season)
            tally = tally.plus(self._upsert(staged, season) if inserted is None else Tally(inserted))
        return tally, repeated or Repeats()

    def _fill_new(self, staged: int, season: int) -> int | None:
        """Fill a season that has no partition yet; None where it has one, or where rows repeat a key."""
        conn = self._conn
        try:
            with conn.transaction():
                if conn.execute("SELECT open_quote_partition(%s)", (season,)).fetchone() != (True,):
                    return None
                table = sql.Identifier("public", f"quotes_{season}")
                rows = self._insert(table, _source(staged, season))
                conn.execute("SELECT close_quote_partition(%s)", (season,))
                return rows
        except psycopg.errors.UniqueViolation:
            return None

    def _upsert(self, staged: int, season: int) -> Tally:
        """Write into a partition that is there; its rows are compared only where these matches have some."""
        conn = self._conn
        ensure_quote_partitions(conn, [season])
        prices = _source(staged, season)
        stored = (
            "SELECT EXISTS (SELECT FROM staged_price_matches p WHERE p.season = {season} AND EXISTS"
            " (SELECT FROM quotes q WHERE q.season = {season} AND q.match_id = p.match_id))"
        )
        query = sql.SQL(stored).format(season=sql.Literal(season))
        if conn.execute(query).fetchone() == (False,):
            ordered = sql.SQL("SELECT * FROM ({}) s ORDER BY match_id").format(prices)
            return Tally(self._insert(sql.Identifier("quotes"), ordered))
        first, last = conn.execute(
            "SELECT min(match_id), max(match_id) FROM staged_price_matches"
        ).fetchone() or (0, 0)  # fmt: skip
        count = sql.SQL("SELECT count(*) FROM ({}) s").format(prices)
        (rows,) = conn.execute(count, self._run.params).fetchone() or (0,)
        return upsert_quotes(self._run, prices, [season], {"first": first, "last": last}, rows)

    def _insert(self, table: sql.Identifier, prices: sql.Composed) -> int:
        insert = f"INSERT INTO {{}} ({{}}, recorded_at) SELECT s.*, n.moment FROM ({{}}) s, {TOLD} n"
        statement = sql.SQL(insert).format(table, sql.SQL(COLUMNS), prices)
        return self._conn.execute(statement, self._run.params).rowcount


def _source(staged: int, season: int) -> sql.Composed:
    """Return the query of `quotes`' columns, of prices staged for one season whose matches are of another.

    Its parameter `recorded_at` is the moment as of which they are reported (None: now): a price without a
    moment is known at the latest from then.
    """
    return sql.SQL(_SOURCE).format(rows=rows(staged), season=sql.Literal(season))
