"""Lines and prices of a season workbook: which number is which, and since when it is known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sportsplat.domain import Market, Outcome, Phase
from sportsplat.sources.sportsbookreview.source import SportsbookReview
from tests.sportsbookreview import (
    HOST,
    HOSTS,
    LEAGUES,
    MLB,
    VISITOR,
    VISITORS,
    Row,
    change,
    codes,
    h,
    lines,
    mlb,
    nba,
    v,
)
from tests.workbooks import workbook


@pytest.mark.parametrize(
    ("visitor", "host", "expected"),
    [
        (
            (184, 189.5),
            (12.5, 13),
            {"spread_open": -12.5, "spread_close": -13, "total_open": 184, "total_close": 189.5},
        ),
        (
            (3.5, 195),
            (199, 2),
            {"spread_open": 3.5, "spread_close": -2, "total_open": 199, "total_close": 195},
        ),
        (
            ("pk", 190),
            (190, "PK\xa0"),
            {"spread_open": 0, "spread_close": 0, "total_open": 190, "total_close": 190},
        ),
        (("197.5u10", 200), (3, "NL"), {"spread_open": -3, "total_open": 197.5, "total_close": 200}),
        ((-10, 220), (218.5, None), {"spread_open": 10, "total_open": 218.5, "total_close": 220}),
    ],
)
def test_the_larger_number_is_the_total_and_the_spread_is_added_to_the_home_score(
    visitor: Row, host: Row, expected: dict[str, float]
) -> None:
    batch = nba(v(Open=visitor[0], Close=visitor[1]), h(Open=host[0], Close=host[1]))
    assert (lines(batch), batch.rejected) == (expected, [])
    assert all(str(value) != "-0.0" for value in lines(batch).values())


@pytest.mark.parametrize(
    ("visitor", "host", "kept"),
    [
        (47, 2, {"spread_open": -2}),
        (1955.5, 3.5, {"spread_open": -3.5}),
        (216, 1105, {"total_open": 216}),
        (2.5115, 204, {"total_open": 204}),
        ("7.5.", 204, {"total_open": 204}),
    ],
)
def test_a_line_that_cannot_be_is_left_out_and_the_other_kept(
    visitor: object, host: object, kept: object
) -> None:
    batch = nba(v(Open=visitor, Close=None), h(Open=host, Close=None))
    assert (lines(batch), [code for _, code in codes(batch)]) == (kept, ["bad-line"])


def test_an_opening_line_is_known_at_the_decision_moment_and_a_closing_one_after_it() -> None:
    opening, closing = nba(VISITOR, HOST).details
    assert (opening.phase, opening.known_at) == (Phase.SCHEDULE, datetime(2007, 10, 30, 4, tzinfo=UTC))
    assert (closing.phase, closing.known_at) == (Phase.START, datetime(2007, 10, 31, 4, tzinfo=UTC))
    assert set(closing.details) == {"spread_close", "total_close"}


def test_the_moneyline_is_a_closing_quote_and_a_line_without_a_price_is_none() -> None:
    quotes = nba(VISITOR, HOST).quotes
    assert [(q.market, q.outcome, round(q.decimal_odds, 4)) for q in quotes] == [
        (Market.RESULT, Outcome.HOME, 1.0714),
        (Market.RESULT, Outcome.AWAY, 10.0),
    ]
    assert {(q.bookmaker, q.is_closing, q.quoted_at) for q in quotes} == {("consensus", True, None)}
    assert {q.known_at for q in quotes} == {datetime(2007, 10, 31, 4, tzinfo=UTC)}


def test_a_price_that_is_none_is_left_out_and_a_missing_one_is_no_fault() -> None:
    batch = nba(v(ML=8), h(ML=-300))
    assert ([q.outcome for q in batch.quotes], codes(batch)) == ([Outcome.HOME], [(2, "bad-price")])
    batch = nba(v(ML="NL"), h(ML="NL"))
    assert (batch.quotes, batch.rejected) == ([], [])


def test_baseball_has_quotes_on_three_markets_from_columns_without_a_name() -> None:
    quotes = {
        (q.market.value, q.outcome.value, q.is_closing): (q.line, round(q.decimal_odds, 3))
        for q in mlb(VISITORS, HOSTS).quotes
    }
    assert quotes == {
        ("result", "home", False): (None, 1.877),
        ("result", "away", False): (None, 1.943),
        ("result", "home", True): (None, 1.855),
        ("result", "away", True): (None, 2.03),
        ("spread", "home", True): (-1.5, 2.3),
        ("spread", "away", True): (-1.5, 1.667),
        ("total", "over", False): (9, 1.862),
        ("total", "under", False): (9, 1.962),
        ("total", "over", True): (8.5, 1.952),
        ("total", "under", True): (8.5, 1.87),
    }


def test_an_opening_price_is_known_at_the_decision_moment() -> None:
    known = {(q.is_closing, q.known_at) for q in mlb(VISITORS, HOSTS).quotes}
    midnight, end = datetime(2010, 4, 4, 4, tzinfo=UTC), datetime(2010, 4, 5, 4, tzinfo=UTC)
    assert known == {(False, midnight), (True, end)}


def test_files_before_2014_have_no_run_line() -> None:
    left = MLB.index("Run Line")
    rows = [row[:left] + row[left + 2 :] for row in (MLB, VISITORS, HOSTS)]
    batch = SportsbookReview().parse(workbook("mlb-odds-2010.xlsx", rows), None, LEAGUES)
    assert (len(batch.quotes), {q.market for q in batch.quotes}) == (8, {Market.RESULT, Market.TOTAL})


@pytest.mark.parametrize(("column", "value"), [("Run Line", -1.5), ("Close OU", 104), ("Open OU", 9.5)])
def test_lines_of_a_pair_that_do_not_fit_are_no_quotes(column: str, value: float) -> None:
    both = value == 104
    batch = mlb(
        change(VISITORS, MLB, **{column: value}), change(HOSTS, MLB, **{column: value}) if both else HOSTS
    )
    assert (len(batch.quotes), codes(batch)) == (8, [(3, "bad-line")])


def test_starting_pitchers_are_details_of_the_start() -> None:
    (record,) = mlb(VISITORS, HOSTS).details
    assert record.details == {"home_pitcher": "JBECKETT-R", "away_pitcher": "CSABATHIA-L"}
    assert (record.phase, record.known_at) == (Phase.START, datetime(2010, 4, 5, 4, tzinfo=UTC))
