"""Prices by the million into `quotes`: staged by season, then a season at a time.

The first quotes of a season fill a table without keys, which are made over all rows together before it
becomes a partition: row by row they would cost five times as much. Where a season has quotes already, only
differences are written, as in `write`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from psycopg import sql

from sportsplat.db import staged_prices as staged_rows
from sportsplat.db.pgcopy import write_columns
from sportsplat.db.price_checks import Overround, Repeats, Settled, drop_repeats, drop_unfair
from sportsplat.db.staged_prices import COLUMNS, PRICES, Noted, Ready, source
from sportsplat.db.staging import Tally
from sportsplat.db.write import ensure_quote_partitions, upsert_quotes

if TYPE_CHECKING:
    from datetime import datetime

    from sportsplat.db.pgwire import Array, Columns


class PriceStage:
    """Prices on their way in, inside one transaction of the caller's, which tuned the planner for staging."""

    def __init__(self, conn: psycopg.Connection[Any], recorded_at: datetime | None = None) -> None:
        """Begin with none. recorded_at: as of when they are told (None: now)."""
        self._conn = conn
        self._recorded_at = recorded_at
        self.reserved: Array = np.zeros(0, dtype=np.int64)  # no ids of matches: these are written first
        self._noted = Noted(conn)

    def ready(self, season: int, prices: Columns) -> Ready:
        """Return what `add` takes of prices of matches of one season.

        Columns: row, match, offer, line, decimal_odds, quoted_at (missing: the least integer), loose.

        `row` is a price's line in its file, `match` and `offer` its places in what `settle` is given; `loose`
        says that its overround has not been judged.
        """
        return Ready(season, prices)

    def add(self, ready: Ready) -> None:
        """Stage prices."""
        season, prices, _ = ready
        if season not in self._noted.rows:
            staged_rows.create(self._conn, season)
        columns = {name: prices[name] for name in PRICES}
        write_columns(self._conn, staged_rows.table(season), columns, PRICES)
        self._noted.add(season, prices)

    def before_matches(self) -> None:
        """Wait for the right to make partitions; to be called before this transaction writes matches."""
        seasons = list(self._noted.rows)
        query = "SELECT bool_or(to_regclass('public.quotes_' || s) IS NULL) FROM unnest(%s::int[]) s"
        if self._conn.execute(query, (seasons,)).fetchone() == (True,):
            self._conn.execute("LOCK TABLE matches IN SHARE ROW EXCLUSIVE MODE")

    def settle(
        self,
        matches: Columns,
        offers: Sequence[tuple[str, str, str, bool]],
        overround: Overround,
        *,
        limit: int = 1000,
    ) -> Settled:
        """Write what was staged.

        matches: by place, their `match_id` (-1: none), whether it is stored from the other side (`turned`),
        when they `starts`, and when their closing prices were known (`closes`). offers: by place, bookmaker,
        market, outcome, and whether it is a closing price.

        At most `limit` contradictions within the file, and as many prices of impossible offers, are named,
        all are counted; none of these rows is written. Rows that repeat another one count as unchanged.
        """
        conn = self._conn
        season_of = staged_rows.stage_matches(conn, matches)
        staged_rows.stage_offers(conn, offers)
        conn.execute("SET LOCAL maintenance_work_mem = '256MB'")
        whole = overround.whole(offers)
        settled = Settled(Tally(), [], 0, [], 0, {})
        for staged in sorted(self._noted.rows):
            rows = self._noted.rows.pop(staged)
            places = np.flatnonzero(rows).tolist()
            unmatched = {place: int(rows[place]) for place in places if place not in season_of}
            seasons = sorted({season_of[place] for place in places if place in season_of})
            loose = self._noted.loose(staged) & whole
            unfair, unfair_rows = drop_unfair(conn, staged, loose, overround, limit - len(settled.unfair))
            tally, twins = self._settle_season(staged, seasons, limit - len(settled.contradictions))
            settled = Settled(
                settled.tally.plus(tally),
                settled.contradictions + twins.contradictions,
                settled.contradicting + twins.groups,
                settled.unfair + unfair,
                settled.unfair_rows + unfair_rows,
                settled.unmatched | unmatched,
            )
            for is_loose in (False, True):
                table = staged_rows.table(staged, loose=is_loose)
                conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
        return settled

    def _settle_season(self, staged: int, seasons: Sequence[int], limit: int) -> tuple[Tally, Repeats]:
        """Write the prices that were staged for a season; stored matches may say that it is another one."""
        tally, twins = Tally(), None
        for season in seasons:
            inserted = self._fill_new(staged, season)
            if inserted is None and twins is None:
                twins = drop_repeats(self._conn, staged, limit)
                tally = tally.plus(Tally(unchanged=twins.repeats))
                inserted = self._fill_new(staged, season)
            tally = tally.plus(self._upsert(staged, season) if inserted is None else Tally(inserted))
        return tally, twins or Repeats()

    def _fill_new(self, staged: int, season: int) -> int | None:
        """Fill a season that has no partition yet; None where it has one, or where rows repeat a key."""
        conn = self._conn
        try:
            with conn.transaction():
                if conn.execute("SELECT open_quote_partition(%s)", (season,)).fetchone() != (True,):
                    return None
                table = sql.Identifier("public", f"quotes_{season}")
                rows = self._insert(table, source(staged, season))
                conn.execute("SELECT close_quote_partition(%s)", (season,))
                return rows
        except psycopg.errors.UniqueViolation:
            return None

    def _upsert(self, staged: int, season: int) -> Tally:
        """Write into a partition that is there; its rows are compared only where these matches have some."""
        conn = self._conn
        ensure_quote_partitions(conn, [season])
        prices = source(staged, season)
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
        (rows,) = conn.execute(count).fetchone() or (0,)
        params = {"first": first, "last": last, "recorded_at": self._recorded_at}
        return upsert_quotes(conn, prices, [season], params, rows)

    def _insert(self, table: sql.Identifier, prices: sql.Composed) -> int:
        insert = "INSERT INTO {} ({}, recorded_at) SELECT s.*, coalesce(%s::timestamptz, now()) FROM ({}) s"
        statement = sql.SQL(insert).format(table, sql.SQL(COLUMNS), prices)
        return self._conn.execute(statement, (self._recorded_at,)).rowcount
