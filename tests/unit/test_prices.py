"""Nobody bets yesterday's price with today's knowledge, and the market is the prices without their margin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sportsplat.backtest.bets import Draws, bet
from sportsplat.backtest.portfolio import Rules
from sportsplat.backtest.prices import Prices, find_prices, last_results
from sportsplat.features.build import build_features
from sportsplat.leagues.league import LeaguePrices as Declared
from sportsplat.leagues.league import PriceRef, get_league
from sportsplat.models.dataset import Dataset, make_dataset
from tests.factories import matches_frame, random_league

PINNACLE, AVERAGE = PriceRef("pinnacle", False), PriceRef("average", False)
CLOSING = PriceRef("pinnacle", True)
EPL = get_league("epl")
PRICE = (2.0, 4.0, 4.0)
OTHERS = 8
"""The match between teams 1 and 2 that is bet on; before it: 1's, 2's, one of strangers, one not played."""
SCHEDULE = [
    {"match_id": 5, "day": "2020-01-04", "time": "15:00", "home": 1, "away": 9, "score": (1, 0)},
    {"match_id": 6, "day": "2020-01-06", "time": "20:00", "home": 9, "away": 2, "score": (1, 0)},
    {"match_id": 7, "day": "2020-01-07", "time": "20:00", "home": OTHERS, "away": 9, "score": (1, 0)},
    {"match_id": 4, "day": "2020-01-07", "time": "20:00", "home": 2, "away": OTHERS},
    {"match_id": 8, "day": "2020-01-08", "time": "20:00", "home": 1, "away": 2, "score": (1, 0)},
    {"match_id": 9, "day": "2020-01-11", "time": "15:00", "home": 2, "away": 1, "score": (1, 0)},
]
NEWEST = "2020-01-06 23:00"  # when the result of match 6 became known


def dataset_of(schedule: pd.DataFrame) -> Dataset:
    return make_dataset(schedule, build_features(schedule, EPL, windows=(5,)), EPL)


def quotes(*books: tuple[int, PriceRef, str], odds: tuple[float, ...] = PRICE) -> pd.DataFrame:
    rows = [
        (match, ref.bookmaker, outcome, price, ref.closing, known)
        for match, ref, known in books
        for outcome, price in enumerate(odds)
    ]
    names = ["match_id", "bookmaker", "outcome", "decimal_odds", "is_closing", "known_at"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(known_at=pd.to_datetime(frame["known_at"], utc=True).astype("datetime64[us, UTC]"))


def priced(table: pd.DataFrame, *entry: PriceRef) -> tuple[Prices, Dataset]:
    """Prices of match 8 alone; results of all others are known to the schedule."""
    league = replace(EPL, prices=Declared(entry, (CLOSING,)))
    schedule = matches_frame(SCHEDULE)
    data = replace(dataset_of(schedule), league=league)
    one = data.take(data.match_id == 8)
    return find_prices(table, one, schedule, "proportional"), one


@pytest.mark.parametrize(
    ("known", "entry"),
    [("2020-01-03 12:00", -1), ("2020-01-06 22:59", -1), (NEWEST, 0), ("2020-01-08 20:00", 0)],
)
def test_a_price_older_than_a_known_result_of_a_team_is_not_bet_at(known: str, entry: int) -> None:
    prices, one = priced(quotes((8, PINNACLE, known), (8, CLOSING, "2020-01-08 20:00")), PINNACLE)
    assert prices.entry.ref.tolist() == [entry]
    assert prices.outdated == (entry < 0)
    assert np.isfinite(prices.fair).all()
    rules = Rules(0.25, 0.05, 0.03, 0.25, 0.10, 1000.0)
    notes = bet(np.array([[0.6, 0.2, 0.2]]), one, prices, rules, Draws(1, 50)).notes
    assert any("predates a result the forecast already uses" in note for note in notes) == (entry < 0)


def test_a_fresher_bookmaker_stands_in_and_a_declared_close_is_never_outdated() -> None:
    old, fresh = (8, PINNACLE, "2020-01-03 12:00"), (8, AVERAGE, "2020-01-07 12:00")
    prices, _ = priced(quotes(old, fresh), PINNACLE, AVERAGE)
    assert (prices.entry.ref.tolist(), prices.outdated) == ([1], 1)
    prices, _ = priced(quotes((8, CLOSING, "2020-01-03 12:00")), CLOSING)
    assert (prices.entry.ref.tolist(), prices.outdated) == ([0], 0)


def test_a_price_collected_after_the_decision_is_not_called_outdated() -> None:
    prices, _ = priced(quotes((8, PINNACLE, "2020-01-08 20:01")), PINNACLE)
    assert (prices.entry.ref.tolist(), prices.outdated) == ([-1], 0)


def test_last_results_are_those_of_a_search_through_everything() -> None:
    schedule = random_league(3, days=40)
    data = dataset_of(schedule)
    found = last_results(schedule, data)
    known = schedule["known_at"].dt.tz_localize(None).to_numpy()
    sides = schedule[["home_id", "away_id"]].to_numpy()
    for row in range(len(data)):
        theirs = np.isin(sides, sides[row]).any(axis=1) & (known <= data.decision_at[row])
        expected = known[theirs].max() if theirs.any() else np.datetime64("NaT")
        assert np.array_equal(found[row], expected, equal_nan=True)
    some = data.take(np.array([30, 3, 50]))
    assert np.array_equal(last_results(schedule, some), found[[30, 3, 50]], equal_nan=True)


def test_the_market_is_the_prices_without_their_margin() -> None:
    prices, _ = priced(quotes((8, CLOSING, "2020-01-08 20:00"), odds=(1.8, 3.6, 3.6)), PINNACLE)
    np.testing.assert_allclose(prices.fair, [[0.5, 0.25, 0.25]])
    assert prices.quoted.tolist() == [False]


def test_nobody_quotes_an_empty_table() -> None:
    prices, _ = priced(quotes(), PINNACLE)
    assert np.isnan(prices.fair).all()
    assert (prices.entry.ref.tolist(), prices.unsolved) == ([-1], 0)
