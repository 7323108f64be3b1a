"""What is wrong with staged prices among themselves: repeats, contradictions, impossible overrounds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import sql

from sportsplat.db.staged_prices import rows, table
from sportsplat.db.staging import Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import psycopg

_TWINS = """
DROP TABLE IF EXISTS staged_price_twins;
CREATE TEMPORARY TABLE staged_price_twins AS
SELECT match_id, bookmaker, market, outcome, line, is_closing, quoted_at, min(row) AS first,
       count(*) AS rows, min(decimal_odds) <> max(decimal_odds) AS contradict
  FROM ({rows}) r
 GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING count(*) > 1;
"""
_DROP_TWINS = """
DELETE FROM {staged} s
 USING ({rows}) r
  JOIN staged_price_twins t USING (match_id, bookmaker, market, outcome, line, is_closing, quoted_at)
 WHERE s.row = r.row AND (t.contradict OR r.row <> t.first)
"""
_REPEATS = "SELECT coalesce(sum(rows - 1), 0)::bigint FROM staged_price_twins WHERE NOT contradict"
_CONTRADICTIONS = """
SELECT first, rows, count(*) OVER () FROM staged_price_twins WHERE contradict ORDER BY first LIMIT %s
"""
# Of prices that say the same, one counts; those that contradict each other are not taken anyway.
_UNFAIR = """
DROP TABLE IF EXISTS staged_price_unfair;
CREATE TEMPORARY TABLE staged_price_unfair AS
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

    def whole(self, offers: Sequence[tuple[str, str, str, bool]]) -> set[int]:
        """Return the places of offers (bookmaker, market, outcome, whether closing) that can be whole."""
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
    """Rows of one file that speak of the same thing.

    repeats: rows that say what another one says. contradictions: first line, and number of rows, of groups
    that say different things. groups: how many of these there are, named or not.
    """

    repeats: int = 0
    contradictions: list[tuple[int, int]] = []  # noqa: RUF012 - never changed
    groups: int = 0


class Settled(NamedTuple):
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


def drop_repeats(conn: psycopg.Connection[Any], season: int, limit: int) -> Repeats:
    """Leave one of rows that say the same, none of those that contradict each other; name `limit` of them."""
    conn.execute(_query(_TWINS, season))
    (repeats,) = conn.execute(_REPEATS).fetchone() or (0,)
    found = conn.execute(_CONTRADICTIONS, (max(limit, 1),)).fetchall()
    if repeats or found:
        conn.execute(_query(_DROP_TWINS, season))
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
