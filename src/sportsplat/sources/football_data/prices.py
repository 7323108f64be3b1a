"""The price columns of football-data.co.uk: bookmaker, market, outcome and time of each column.

A column is named book, then `C` if closing, then the outcome: `B365H`, `PSCD`, `B365C>2.5`, `AvgCAHA`. The
line of a handicap stands in a column of its own: `GBAH`, `BbAHh`, `AHh`, closing `AHCh`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import compress, repeat
from typing import NamedTuple

from sportsplat.domain import Market, MatchKey, Outcome, QuoteRecord

BOOKMAKERS = {
    "1XB": "1xbet",
    "Avg": "average",  # over the books of an odds comparison: BetBrain until 2018/19, OddsPortal after
    "B365": "bet365",
    "BbAv": "average",
    "BbMx": "maximum",
    "BF": "betfair",
    "BFD": "betfred",
    "BFE": "betfair-exchange",
    "BMGM": "betmgm",
    "BS": "blue-square",
    "BV": "betvictor",
    "BW": "bwin",
    "CL": "coral",
    "GB": "gamebookers",
    "IW": "interwetten",
    "LB": "ladbrokes",
    "Max": "maximum",
    "P": "pinnacle",
    "PS": "pinnacle",
    "SB": "sportingbet",
    "SJ": "stan-james",
    "SO": "sportingodds",
    "SY": "stanleybet",
    "VC": "vc-bet",
    "WH": "william-hill",
}
"""Bookmakers by the beginning of their columns.

Spell a new one as `sources/table/suggest/names.py` does, if it is there, or one book has two names.
"""
OUTCOMES = {
    "H": (Market.RESULT, Outcome.HOME),
    "D": (Market.RESULT, Outcome.DRAW),
    "A": (Market.RESULT, Outcome.AWAY),
    ">2.5": (Market.TOTAL, Outcome.OVER),
    "<2.5": (Market.TOTAL, Outcome.UNDER),
    "AHH": (Market.SPREAD, Outcome.HOME),
    "AHA": (Market.SPREAD, Outcome.AWAY),
}
PRICE_COLUMNS = (
    *(book + closing + outcome for book in BOOKMAKERS for closing in ("", "C") for outcome in OUTCOMES),
    *(f"{book}AH" for book in BOOKMAKERS),
    *("AHh", "AHCh", "BbAHh"),
)
_BOOK = "|".join(sorted(BOOKMAKERS, key=len, reverse=True))
_COLUMN = re.compile(rf"(?P<book>{_BOOK})(?P<closing>C?)(?P<outcome>{'|'.join(map(re.escape, OUTCOMES))})")


class PriceColumn(NamedTuple):
    """One price column of an offer."""

    position: int
    column: str
    outcome: Outcome


class PriceColumns(NamedTuple):
    """All prices of one book on one market at one time; `line_index` is the column of the handicap."""

    bookmaker: str
    market: Market
    is_closing: bool
    sides: tuple[PriceColumn, ...]
    line_index: int | None
    line_column: str


class PriceRow(NamedTuple):
    """A row with its match, when pre-match prices were taken (None: unknown), and when prices are known."""

    cells: Sequence[str]
    match: MatchKey
    collected_at: datetime | None
    collected_known_at: datetime
    closed_known_at: datetime


class PriceProblem(NamedTuple):
    """What could not be a quote: the position of its row, and why it was rejected."""

    position: int
    code: str
    reason: str


def offers_of(header: Sequence[str]) -> list[PriceColumns]:
    """Find the price columns of a header; the first of two columns for one price counts."""
    position = {name: index for index, name in reversed(list(enumerate(header)))}
    sides: dict[tuple[str, Market, bool], dict[Outcome, PriceColumn]] = {}
    prefixes: dict[tuple[str, Market, bool], str] = {}
    for index, name in enumerate(header):
        found = _COLUMN.fullmatch(name)
        if found:
            market, outcome = OUTCOMES[found["outcome"]]
            offer = (BOOKMAKERS[found["book"]], market, bool(found["closing"]))
            prefixes.setdefault(offer, found["book"])
            sides.setdefault(offer, {}).setdefault(outcome, PriceColumn(index, name, outcome))
    offers = []
    for (bookmaker, market, is_closing), by_outcome in sides.items():
        line = (
            _line_column(prefixes[bookmaker, market, is_closing], is_closing, position)
            if market is Market.SPREAD
            else ""
        )
        offers.append(
            PriceColumns(bookmaker, market, is_closing, tuple(by_outcome.values()), position.get(line), line)
        )
    return offers


def read_quotes(
    offers: Sequence[PriceColumns], rows: Sequence[PriceRow]
) -> tuple[list[QuoteRecord], list[PriceProblem]]:
    """Return the quotes of all rows, column by column, and what could not be one.

    An empty price or 0 is a price that is missing. A spread with one refused side or line is refused whole:
    old files have rows in which line and prices changed places.
    """
    quotes: list[QuoteRecord] = []
    problems: list[PriceProblem] = []
    if not rows:
        return quotes, problems
    cells, matches, collected_at, collected_known_at, closed_known_at = zip(*rows, strict=True)
    for offer in offers:
        quoted_at = repeat(None) if offer.is_closing else collected_at
        known_at = closed_known_at if offer.is_closing else collected_known_at
        texts = [[row[side.position] for row in cells] for side in offer.sides]
        prices = [list(map(_price, column)) for column in texts]
        bad = [
            problem for each in zip(offer.sides, texts, prices, strict=True) for problem in _bad_prices(*each)
        ]
        lines: Iterable[float | None] = repeat(2.5 if offer.market is Market.TOTAL else None)
        if offer.market is Market.SPREAD:
            lines, bad_lines = _lines(offer, cells, texts)
            bad += bad_lines
            refused = {problem.position for problem in bad}
            prices = (
                [
                    [None if position in refused else price for position, price in enumerate(column)]
                    for column in prices
                ]
                if refused
                else prices
            )
        problems += bad
        for side, column in zip(offer.sides, prices, strict=True):
            records = zip(
                matches, repeat(offer.bookmaker), repeat(offer.market), repeat(side.outcome), lines, column,
                repeat(offer.is_closing), quoted_at, known_at,
            )  # fmt: skip
            quotes += map(QuoteRecord._make, compress(records, column))
    return quotes, problems


def _bad_prices(
    side: PriceColumn, texts: Sequence[str], prices: Sequence[float | None]
) -> Iterator[PriceProblem]:
    if None in prices:
        for position, price in enumerate(prices):
            if price is None:
                reason = f"{side.column} is {texts[position]!r}: decimal odds are above 1"
                yield PriceProblem(position, "bad-price", reason)


def _lines(
    offer: PriceColumns, cells: Sequence[Sequence[str]], prices: Sequence[Sequence[str]]
) -> tuple[list[float | None], list[PriceProblem]]:
    """Return the handicap of each row, and those that are missing beside a price."""
    column = offer.line_index
    texts = ["" if column is None else row[column].strip() for row in cells]
    lines = list(map(_handicap, texts))
    problems = [
        PriceProblem(
            position,
            "bad-line",
            f"{offer.line_column} is {texts[position]!r}: a handicap is a multiple of 0.25",
        )
        for position, (line, *beside) in enumerate(zip(lines, *prices, strict=True))
        if line is None and any(beside)
    ]
    return lines, problems


def _line_column(prefix: str, is_closing: bool, position: dict[str, int]) -> str:
    """Return the name of the column that holds an offer's handicap, a book's own before the common one."""
    if is_closing:
        return "AHCh"
    own = "BbAHh" if prefix in ("BbAv", "BbMx") else f"{prefix}AH"
    return own if own in position else "AHh" if "AHh" in position else "BbAHh"


@lru_cache(maxsize=1024)
def _handicap(text: str) -> float | None:
    """Read "-0.75", or its split form "-0.5/-1"; None for anything that is no quarter."""
    try:
        parts = [float(part) for part in text.split("/")]
    except ValueError:
        return None
    line = sum(parts) / len(parts)
    return line + 0.0 if (line * 4).is_integer() else None


@lru_cache(maxsize=16384)
def _price(text: str) -> float | None:
    """Read a price: 0.0 when it is missing (blank or zero), None when it is no decimal price."""
    if not text.strip():
        return 0.0
    try:
        price = float(text)
    except ValueError:
        return None
    return price if (price == 0 or 1 < price < float("inf")) and "_" not in text else None
