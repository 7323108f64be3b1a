from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sportsplat.leagues.league import PriceRef, get_league
from sportsplat.models.baselines import BaseRate, fit_base_rate, offered_prices
from tests.model_data import made_up

EPL = get_league("epl")
PINNACLE, AVERAGE = PriceRef("pinnacle", False), PriceRef("average", False)
IDS = np.array([30, 10, 20])


def quotes(*rows: tuple[int, str, int, float, bool, str]) -> pd.DataFrame:
    names = ["match_id", "bookmaker", "outcome", "decimal_odds", "is_closing", "known_at"]
    frame = pd.DataFrame(list(rows), columns=names)
    frame["bookmaker"] = frame["bookmaker"].astype("category")
    frame["known_at"] = pd.to_datetime(frame["known_at"], utc=True)
    return frame


def book(
    match: int, name: str, odds: tuple[float, ...], day: str = "2020-01-01", closing: bool = False
) -> Any:
    return [(match, name, outcome, price, closing, day) for outcome, price in enumerate(odds)]


def test_base_rate_counts_outcomes_and_rules_nothing_out() -> None:
    data = made_up(1, 60, outcomes=3, gap=0.6).data
    data.outcomes[:] = np.eye(3)[[0] * 40 + [2] * 20]
    rate = fit_base_rate(data)
    np.testing.assert_allclose(rate.shares, [40.5 / 61.5, 0.5 / 61.5, 20.5 / 61.5])
    assert rate.predict(data.features.iloc[:2]).tolist() == [list(rate.shares)] * 2
    assert BaseRate.from_artifact(rate.to_artifact()) == rate


def test_prices_come_from_the_first_reference_that_quotes_everything() -> None:
    table = quotes(
        *book(10, "pinnacle", (2.0, 3.5, 4.0)),
        *book(10, "average", (1.9, 3.4, 3.9)),
        *book(20, "pinnacle", (2.1, 3.3, 3.6))[:2],
        *book(20, "average", (2.0, 3.2, 3.5)),
        *book(99, "pinnacle", (9.0, 9.0, 9.0)),
    )
    offer = offered_prices(table, IDS, EPL, (PINNACLE, AVERAGE))
    assert offer.ref.tolist() == [-1, 0, 1]
    np.testing.assert_array_equal(offer.decimal_odds[1:], [[2.0, 3.5, 4.0], [2.0, 3.2, 3.5]])
    assert np.isnan(offer.decimal_odds[0]).all()


def test_a_later_quote_replaces_the_earlier_one() -> None:
    table = quotes(
        *book(10, "pinnacle", (2.2, 3.3, 3.3), "2020-01-03"),
        *book(10, "pinnacle", (2.0, 3.5, 4.0), "2020-01-01"),
    )
    offer = offered_prices(table, IDS, EPL, (PINNACLE,))
    np.testing.assert_array_equal(offer.decimal_odds[1], [2.2, 3.3, 3.3])


def test_closing_prices_are_not_mistaken_for_earlier_ones() -> None:
    table = quotes(*book(10, "pinnacle", (2.0, 3.5, 4.0), closing=True))
    assert offered_prices(table, IDS, EPL, (PINNACLE,)).ref.tolist() == [-1, -1, -1]


def test_nobody_quotes_an_empty_table() -> None:
    offer = offered_prices(quotes(), IDS, EPL, (PINNACLE,))
    assert offer.ref.tolist() == [-1, -1, -1]
    assert np.isnan(offer.decimal_odds).all()
