"""Prices of football-data.co.uk: whose, of what, when, and from when they may be used."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sportsplat.domain import Batch, Market, Outcome, QuoteRecord
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.football_data.source import FootballData

LEAGUES = load_leagues()
DAY_ONLY = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG"
WITH_TIME = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG"


def read(columns: str, values: str, *, day: str = "15/08/2020", clock: str | None = "15:00") -> Batch:
    header, start = (DAY_ONLY, f"E0,{day}") if clock is None else (WITH_TIME, f"E0,{day},{clock}")
    data = f"{header},{columns}\n{start},Acton,Barnes,1,1,{values}\n"
    return FootballData().parse(Payload.of("E0.csv", data.encode()), None, LEAGUES)


def only_quote(
    columns: str, values: str, *, day: str = "15/08/2020", clock: str | None = "15:00"
) -> QuoteRecord:
    batch = read(columns, values, day=day, clock=clock)
    assert batch.rejected == []
    (quote,) = batch.quotes
    return quote


@pytest.mark.parametrize(
    ("column", "bookmaker", "market", "outcome", "closing"),
    [
        ("B365H", "bet365", Market.RESULT, Outcome.HOME, False),
        ("B365CD", "bet365", Market.RESULT, Outcome.DRAW, True),
        ("PSA", "pinnacle", Market.RESULT, Outcome.AWAY, False),
        ("PSCH", "pinnacle", Market.RESULT, Outcome.HOME, True),
        ("P>2.5", "pinnacle", Market.TOTAL, Outcome.OVER, False),
        ("PC<2.5", "pinnacle", Market.TOTAL, Outcome.UNDER, True),
        ("BWH", "bwin", Market.RESULT, Outcome.HOME, False),
        ("VCCA", "vc-bet", Market.RESULT, Outcome.AWAY, True),
        ("BbAvH", "average", Market.RESULT, Outcome.HOME, False),
        ("AvgCH", "average", Market.RESULT, Outcome.HOME, True),
        ("BbMx>2.5", "maximum", Market.TOTAL, Outcome.OVER, False),
        ("MaxC<2.5", "maximum", Market.TOTAL, Outcome.UNDER, True),
        ("BFDD", "betfred", Market.RESULT, Outcome.DRAW, False),
        ("BFECH", "betfair-exchange", Market.RESULT, Outcome.HOME, True),
    ],
)
def test_a_column_name_tells_book_market_outcome_and_time(
    column: str, bookmaker: str, market: Market, outcome: Outcome, closing: bool
) -> None:
    quote = only_quote(column, "2.5")
    assert (quote.bookmaker, quote.market, quote.outcome) == (bookmaker, market, outcome)
    assert (quote.is_closing, quote.decimal_odds) == (closing, 2.5)
    assert quote.line == (2.5 if market is Market.TOTAL else None)


@pytest.mark.parametrize(
    ("columns", "bookmaker", "closing"),
    [
        ("GBAHH,GBAHA,GBAH", "gamebookers", False),
        ("BbAvAHH,BbAvAHA,BbAHh", "average", False),
        ("PAHH,PAHA,AHh", "pinnacle", False),
        ("B365CAHH,B365CAHA,AHCh", "bet365", True),
    ],
)
def test_a_handicap_takes_its_line_from_its_own_column(columns: str, bookmaker: str, closing: bool) -> None:
    batch = read(columns, "1.9,2.02,-0.75")
    assert [(q.outcome, q.decimal_odds, q.line) for q in batch.quotes] == [
        (Outcome.HOME, 1.9, -0.75),
        (Outcome.AWAY, 2.02, -0.75),
    ]
    assert {(q.bookmaker, q.market, q.is_closing) for q in batch.quotes} == {
        (bookmaker, Market.SPREAD, closing)
    }


def test_opening_and_closing_lines_are_not_mixed() -> None:
    batch = read("AHh,B365AHH,AHCh,B365CAHH", "-0.5,1.9,-1,2.1")
    assert [(q.line, q.is_closing) for q in batch.quotes] == [(-0.5, False), (-1.0, True)]


def test_a_split_line_is_the_mean_of_its_halves() -> None:
    assert only_quote("LBAHH,LBAH", "1.9,-1.5/-2").line == -1.75


@pytest.mark.parametrize("missing", ["", " ", "0", "0.0"])
def test_a_missing_price_is_no_quote_and_no_fault(missing: str) -> None:
    batch = read("B365H,B365D", f"{missing},3.4")
    assert ([q.outcome for q in batch.quotes], batch.rejected) == ([Outcome.DRAW], [])


@pytest.mark.parametrize("absurd", ["1", "0.9", "-2", "evens", "--", "inf"])
def test_an_absurd_price_is_recorded_and_costs_only_itself(absurd: str) -> None:
    batch = read("B365H,B365D", f"{absurd},3.4")
    assert (len(batch.matches), [q.outcome for q in batch.quotes]) == (1, [Outcome.DRAW])
    (rejected,) = batch.rejected
    assert (rejected.code, rejected.line) == ("bad-price", 2)
    assert "B365H" in rejected.reason


def test_line_and_prices_that_changed_places_are_refused_together() -> None:
    """As in E1 2004/05 from line 477: the line stands under LBAHH, a price under LBAH."""
    batch = read("LBAHH,LBAHA,LBAH", "-0.25,1.96,2")
    assert (batch.quotes, [row.code for row in batch.rejected]) == ([], ["bad-price"])
    batch = read("LBAHH,LBAHA,LBAH", "2.1,1.96,1.88")
    assert (batch.quotes, [row.code for row in batch.rejected]) == ([], ["bad-line"])


@pytest.mark.parametrize(
    ("day", "clock", "quoted"),
    [
        ("15/08/2020", "15:00", datetime(2020, 8, 14, 16, tzinfo=UTC)),  # Saturday: Friday 17:00 BST
        ("14/08/2020", "20:00", datetime(2020, 8, 14, 16, tzinfo=UTC)),  # Friday evening: that afternoon
        ("17/08/2020", "20:00", datetime(2020, 8, 14, 16, tzinfo=UTC)),  # Monday: the Friday before
        ("18/08/2020", "19:45", datetime(2020, 8, 18, 14, tzinfo=UTC)),  # Tuesday 15:00 BST
        ("20/08/2020", "19:45", datetime(2020, 8, 18, 14, tzinfo=UTC)),  # Thursday: Tuesday
        ("12/12/2020", "15:00", datetime(2020, 12, 11, 17, tzinfo=UTC)),  # winter time
    ],
)
def test_prices_are_collected_on_fridays_and_tuesdays(day: str, clock: str, quoted: datetime) -> None:
    quote = only_quote("B365H", "2.5", day=day, clock=clock)
    assert (quote.quoted_at, quote.known_at) == (quoted, quoted)


@pytest.mark.parametrize(
    ("day", "clock", "decision"),
    [
        ("21/08/2018", None, datetime(2018, 8, 20, 23, tzinfo=UTC)),  # a Tuesday: midnight that begins it
        ("14/08/2020", "12:30", datetime(2020, 8, 14, 11, 30, tzinfo=UTC)),  # a Friday: kick-off before 17:00
    ],
)
def test_a_price_collected_on_the_day_counts_from_the_decision(
    day: str, clock: str | None, decision: datetime
) -> None:
    """It stood before the match; the source does not say since when."""
    quote = only_quote("B365H", "2.5", day=day, clock=clock)
    assert (quote.quoted_at, quote.known_at) == (None, decision)


def test_a_closing_price_is_known_at_kick_off() -> None:
    quote = only_quote("PSCH", "2.5", day="15/08/2020", clock="15:00")
    assert (quote.quoted_at, quote.known_at) == (None, datetime(2020, 8, 15, 14, tzinfo=UTC))


def test_without_a_kick_off_time_no_decision_of_the_day_sees_the_closing_price() -> None:
    quote = only_quote("PSCH", "2.5", day="15/08/2015", clock=None)
    assert (quote.quoted_at, quote.known_at) == (None, datetime(2015, 8, 15, 23, tzinfo=UTC))
