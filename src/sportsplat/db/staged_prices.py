"""Prices on their way into `quotes`: staged by season as numbers, beside their matches and offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from psycopg import sql

from sportsplat.db.pgcopy import write_columns
from sportsplat.db.pgwire import Array, Columns, PgType
from sportsplat.db.staging import Stage, fill

if TYPE_CHECKING:
    import psycopg

PRICES: Mapping[str, PgType] = {
    "row": PgType.INT4,
    "match": PgType.INT4,
    "offer": PgType.INT4,
    "line": PgType.FLOAT8,
    "decimal_odds": PgType.FLOAT8,
    "quoted_at": PgType.TIMESTAMPTZ,
}
COLUMNS = "match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at, known_at, season"


class Ready(NamedTuple):
    """Prices of a season, ready to be stored; as they go over the wire where no statement takes them over."""

    season: int
    prices: Columns
    encoded: memoryview = memoryview(b"")


class Noted:
    """What is known of prices on their way in: how many each match has, and those that are loose."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        """Begin with none."""
        self._conn = conn
        self.rows: dict[int, Array] = {}  # by season, the number of prices of each match by its place
        self._loose: dict[
            int, set[int]
        ] = {}  # by season, the offers of prices whose overround is to be judged

    def add(self, season: int, prices: Columns) -> None:
        """Count prices, and stage the loose ones apart, so that few are looked at for overrounds."""
        before = self.rows.get(season, np.zeros(0, dtype=np.int64))
        rows = np.bincount(prices["match"], minlength=len(before))
        rows[: len(before)] += before
        self.rows[season] = rows
        loose = prices["loose"]
        if not loose.any():
            return
        if season not in self._loose:
            create(self._conn, season, loose=True)
            self._loose[season] = set()
        apart = {name: prices[name][loose] for name in PRICES}
        write_columns(self._conn, table(season, loose=True), apart, PRICES)
        self._loose[season].update(np.unique(apart["offer"]).tolist())

    def loose(self, season: int) -> set[int]:
        """Return the offers of which a season has loose prices."""
        return self._loose.get(season, set())


_MATCHES = Stage(
    "staged_price_matches",
    {
        "match": PgType.INT4,
        "match_id": PgType.INT8,
        "starts": PgType.TIMESTAMPTZ,
        "closes": PgType.TIMESTAMPTZ,
        "turned": PgType.BOOL,
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
     other_side text COLLATE "C", is_closing bool);
"""
_FILL_OFFERS = """
INSERT INTO staged_price_offers
SELECT place - 1, bookmaker, market, outcome,
       CASE outcome WHEN 'home' THEN 'away' WHEN 'away' THEN 'home' ELSE outcome END, is_closing
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::bool[])
       WITH ORDINALITY AS o (bookmaker, market, outcome, is_closing, place)
"""
# What is missing stays NaN and -infinity, so that rows can be joined on it.
_ROWS = """
SELECT g.row, g.match, g.offer, p.match_id, o.bookmaker, o.market,
       CASE WHEN p.turned THEN o.other_side ELSE o.outcome END AS outcome,
       CASE WHEN p.turned AND o.market = 'spread' THEN 0 - g.line ELSE g.line END AS line, o.is_closing,
       g.decimal_odds, g.quoted_at, p.starts, p.closes, p.season
  FROM {staged} g JOIN staged_price_matches p ON p.match = g.match
  JOIN staged_price_offers o ON o.offer = g.offer
"""
_SOURCE = f"""
SELECT match_id, bookmaker, market, outcome, nullif(line, 'NaN') AS line, is_closing, decimal_odds,
       nullif(quoted_at, '-infinity') AS quoted_at,
       CASE WHEN is_closing THEN closes ELSE coalesce(nullif(quoted_at, '-infinity'), starts) END AS known_at,
       season
  FROM ({_ROWS}) r
 WHERE season = {{season}}
"""


def create(conn: psycopg.Connection[Any], season: int, *, loose: bool = False) -> None:
    """Make the empty table for prices of a season, or for the loose ones among them once more."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind.sql)) for name, kind in PRICES.items()
    )
    name = sql.Identifier(_name(season, loose=loose))
    conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table(season, loose=loose)))
    conn.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({})").format(name, columns))


def table(season: int, *, loose: bool = False) -> sql.Identifier:
    """Return the name of the table of a season's prices, or of the loose ones among them."""
    return sql.Identifier("pg_temp", _name(season, loose=loose))


def rows(season: int, *, loose: bool = False) -> sql.Composed:
    """Return the query of a season's staged prices as their matches are stored, with `row` and `match`."""
    return sql.SQL(_ROWS).format(staged=table(season, loose=loose))


def source(staged: int, season: int) -> sql.Composed:
    """Return the query of `quotes`' columns, of prices staged for one season whose matches are of another."""
    return sql.SQL(_SOURCE).format(staged=table(staged), season=sql.Literal(season))


def stage_matches(conn: psycopg.Connection[Any], matches: Columns) -> dict[int, int]:
    """Stage the matches that have an id; return the season of each of them by its place."""
    known = np.flatnonzero(matches["match_id"] >= 0)
    fill(conn, _MATCHES, {"match": known, **{name: values[known] for name, values in matches.items()}})
    conn.execute(_SEASONS)
    return dict(conn.execute("SELECT match, season FROM staged_price_matches").fetchall())


def stage_offers(conn: psycopg.Connection[Any], offers: Sequence[tuple[str, str, str, bool]]) -> None:
    """Stage offers: bookmaker, market, outcome, and whether it is a closing price."""
    conn.execute(_OFFERS)
    conn.execute(_FILL_OFFERS, [list(texts) for texts in zip(*offers, strict=True)] or [[], [], [], []])
    conn.execute("ANALYZE staged_price_offers")


def _name(season: int, *, loose: bool) -> str:
    return f"staged_{'loose_' if loose else ''}prices_{season}"
