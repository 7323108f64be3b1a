"""Temporary tables of prices by the million, and the checks that the server does on them.

Prices are staged by season; those whose overround is still to be checked are staged once more, apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from sportsplat.db.binary import Array, Columns, PgType, write_columns
from sportsplat.db.write.staging import Stage, fill

if TYPE_CHECKING:
    from collections.abc import Collection


PRICES: Mapping[str, PgType] = {
    "row": PgType.INT4,
    "match": PgType.INT4,
    "offer": PgType.INT4,
    "line": PgType.FLOAT8,
    "decimal_odds": PgType.FLOAT8,
    "quoted_at": PgType.TIMESTAMPTZ,
}


Offer = tuple[str, str, str, bool]
"""Bookmaker, market, outcome, and whether it is a closing price."""


class PriceCounts:
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
     other_side text COLLATE "C", is_closing bool) ON COMMIT DROP;
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


def create(conn: psycopg.Connection[Any], season: int, *, loose: bool = False) -> None:
    """Make the empty table for prices of a season, or for the loose ones among them once more."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind.sql)) for name, kind in PRICES.items()
    )
    name = sql.Identifier(_name(season, loose=loose))
    conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table(season, loose=loose)))
    conn.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(name, columns))


def table(season: int, *, loose: bool = False) -> sql.Identifier:
    """Return the name of the table of a season's prices, or of the loose ones among them."""
    return sql.Identifier("pg_temp", _name(season, loose=loose))


def rows(season: int, *, loose: bool = False) -> sql.Composed:
    """Return the query of a season's staged prices as their matches are stored, with `row` and `match`."""
    return sql.SQL(_ROWS).format(staged=table(season, loose=loose))


def stage_matches(conn: psycopg.Connection[Any], matches: Columns) -> dict[int, int]:
    """Stage the matches that have an id; return the season of each of them by its place."""
    known = np.flatnonzero(matches["match_id"] >= 0)
    fill(conn, _MATCHES, {"match": known, **{name: values[known] for name, values in matches.items()}})
    conn.execute(_SEASONS)
    return dict(conn.execute("SELECT match, season FROM staged_price_matches").fetchall())


def stage_offers(conn: psycopg.Connection[Any], offers: Sequence[Offer]) -> None:
    """Stage offers."""
    conn.execute(_OFFERS)
    conn.execute(_FILL_OFFERS, [list(texts) for texts in zip(*offers, strict=True)] or [[], [], [], []])
    conn.execute("ANALYZE staged_price_offers")


def _name(season: int, *, loose: bool) -> str:
    return f"staged_{'loose_' if loose else ''}prices_{season}"


_REPEATED = """
DROP TABLE IF EXISTS staged_price_repeats;
CREATE TEMPORARY TABLE staged_price_repeats ON COMMIT DROP AS
SELECT match_id, bookmaker, market, outcome, line, is_closing, quoted_at, min(row) AS first,
       count(*) AS rows, min(decimal_odds) <> max(decimal_odds) AS contradict
  FROM ({rows}) r
 GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING count(*) > 1;
"""
_DROP_REPEATS = """
DELETE FROM {staged} s
 USING ({rows}) r
  JOIN staged_price_repeats t USING (match_id, bookmaker, market, outcome, line, is_closing, quoted_at)
 WHERE s.row = r.row AND (t.contradict OR r.row <> t.first)
"""
_REPEATS = "SELECT coalesce(sum(rows - 1), 0)::bigint FROM staged_price_repeats WHERE NOT contradict"
_CONTRADICTIONS = """
SELECT first, rows, count(*) OVER () FROM staged_price_repeats WHERE contradict ORDER BY first LIMIT %s
"""
# Of prices that say the same, one counts; those that contradict each other are not taken anyway.
_UNFAIR = """
DROP TABLE IF EXISTS staged_price_unfair;
CREATE TEMPORARY TABLE staged_price_unfair ON COMMIT DROP AS
SELECT match_id, bookmaker, market, line, is_closing, quoted_at,
       array_agg(outcome ORDER BY first) AS outcomes, array_agg(decimal_odds ORDER BY first) AS decimal_odds
  FROM (SELECT match_id, bookmaker, market, outcome, line, is_closing, quoted_at, min(row) AS first,
               min(decimal_odds) AS decimal_odds
          FROM ({loose}) r WHERE offer = ANY({offers})
         GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING min(decimal_odds) = max(decimal_odds)) o
 GROUP BY 1, 2, 3, 4, 5, 6
HAVING count(*) = CASE market WHEN 'result' THEN {outcomes} ELSE 2 END
   AND NOT sum(1 / decimal_odds) BETWEEN {low} AND {high};
"""
_UNFAIR_ROWS = """
SELECT r.row, r.match, r.bookmaker, r.market, r.is_closing, u.outcomes, u.decimal_odds
  FROM ({loose}) r
  JOIN staged_price_unfair u USING (match_id, bookmaker, market, line, is_closing, quoted_at)
 ORDER BY r.row LIMIT %s
"""
_DROP_UNFAIR = """
DELETE FROM {staged} s
 USING ({loose}) r
  JOIN staged_price_unfair u USING (match_id, bookmaker, market, line, is_closing, quoted_at)
 WHERE s.row = r.row
"""
_DROP_STORED = """
DELETE FROM {stored} q
 USING staged_price_unfair u
 WHERE q.match_id = u.match_id AND q.bookmaker = u.bookmaker AND q.market = u.market
   AND q.is_closing = u.is_closing AND coalesce(q.line, 'NaN') = u.line
   AND coalesce(q.quoted_at, '-infinity') = u.quoted_at
"""


class Overround(NamedTuple):
    """Between which bounds the overround of a whole offer is; outcomes: how many a result has."""

    low: float
    high: float
    outcomes: int

    def whole(self, offers: Sequence[Offer]) -> set[int]:
        """Return the places of offers that can be whole."""
        sides = Counter((bookmaker, market, closing) for bookmaker, market, _, closing in offers)
        return {
            place
            for place, (bookmaker, market, _, closing) in enumerate(offers)
            if sides[bookmaker, market, closing] == (self.outcomes if market == "result" else 2)
        }


class Unfair(NamedTuple):
    """A price of an offer whose overround cannot be: its line, its match's place, and the whole offer."""

    row: int
    match: int
    bookmaker: str
    market: str
    is_closing: bool
    prices: list[tuple[str, float]]  # outcome and decimal odds


class Repeats(NamedTuple):
    """Rows of one file that describe the same price.

    repeats: rows that say what another one says. contradictions: first line, and number of rows, of groups
    that say different things. groups: how many of these there are, named or not.
    """

    repeats: int = 0
    contradictions: list[tuple[int, int]] = []  # noqa: RUF012 - never changed
    groups: int = 0


def drop_repeats(conn: psycopg.Connection[Any], season: int, limit: int) -> Repeats:
    """Leave one of rows that say the same, none of those that contradict each other; name `limit` of them."""
    conn.execute(_query(_REPEATED, season))
    (repeats,) = conn.execute(_REPEATS).fetchone() or (0,)
    found = conn.execute(_CONTRADICTIONS, (max(limit, 1),)).fetchall()
    if repeats or found:
        conn.execute(_query(_DROP_REPEATS, season))
    named = [(first, rows) for first, rows, _ in found][: max(limit, 0)]
    return Repeats(repeats, named, found[0][2] if found else 0)


def drop_unfair(
    conn: psycopg.Connection[Any],
    season: int,
    offers: Collection[int],
    overround: Overround,
    limit: int,
    *,
    stored: sql.Identifier | None = None,
) -> tuple[list[Unfair], int]:
    """Leave out loose prices of these offers whose overround cannot be; return `limit` of them, and how many.

    Offers that are never whole in the file need not be looked at. `stored`: where the prices are, if they are
    not staged any more.
    """
    if not offers:
        return [], 0
    conn.execute(
        _query(
            _UNFAIR,
            season,
            offers=sql.Literal(list(offers)),
            low=sql.Literal(overround.low),
            high=sql.Literal(overround.high),
            outcomes=sql.Literal(overround.outcomes),
        )
    )
    found = conn.execute(_query(_UNFAIR_ROWS, season), (max(limit, 1),)).fetchall()
    if not found:
        return [], 0
    drop = _query(_DROP_STORED, season, stored=stored) if stored else _query(_DROP_UNFAIR, season)
    dropped = conn.execute(drop).rowcount
    named = [
        Unfair(row, match, bookmaker, market, is_closing, list(zip(outcomes, decimal_odds, strict=True)))
        for row, match, bookmaker, market, is_closing, outcomes, decimal_odds in found
    ]
    return named[: max(limit, 0)], dropped


def _query(text: str, season: int, **more: sql.Composable) -> sql.Composed:
    loose = rows(season, loose=True)
    return sql.SQL(text).format(staged=table(season), rows=rows(season), loose=loose, **more)
