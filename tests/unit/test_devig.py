"""Five ways to take a margin out of prices, against two independent root finders and by property."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, root

from sportsplat.betting.devig import METHODS, devig
from sportsplat.errors import UsageError

BOOKS = [
    [2.6, 2.4, 4.3],  # the three-way example in the documentation of Berk's `shin`
    [1.05, 15.0, 30.0],
    [1.91, 1.91],
    [1.2, 4.75],
    [7.0, 4.2, 1.45],
    [3.75, 3.6, 2.05],
    [1.01, 21.0],
    [5.0, 6.5, 3.4, 8.0, 4.6, 6.5],
]


def fair_power(q: np.ndarray, k: float) -> np.ndarray:
    return np.asarray(q**k)


def fair_odds_ratio(q: np.ndarray, c: float) -> np.ndarray:
    return np.asarray(q / (c + q - c * q))


def fair_shin(q: np.ndarray, z: float) -> np.ndarray:
    return np.asarray((np.sqrt(z * z + 4 * (1 - z) * q * q / q.sum()) - z) / (2 * (1 - z)))


FORMULAS: dict[str, tuple[Callable[[np.ndarray, float], np.ndarray], float, float, float]] = {
    "power": (fair_power, 0.2, 20.0, 1.1),
    "odds_ratio": (fair_odds_ratio, 0.2, 20.0, 1.1),
    "shin": (fair_shin, 0.0, 0.9, 0.03),
}


@pytest.mark.parametrize("method", sorted(FORMULAS))
@pytest.mark.parametrize("book", BOOKS, ids=str)
def test_two_independent_root_finders_agree_with_ours(method: str, book: list[float]) -> None:
    formula, low, high, start = FORMULAS[method]
    q = 1.0 / np.array(book)
    by_bracket = brentq(lambda x: formula(q, x).sum() - 1.0, low, high, xtol=1e-14, rtol=1e-14)
    by_powell = root(lambda x: formula(q, x[0]).sum() - 1.0, [start], tol=1e-13).x[0]
    ours = devig([book], method).probabilities[0]
    np.testing.assert_allclose(ours, formula(q, by_bracket), atol=1e-11)
    np.testing.assert_allclose(ours, formula(q, by_powell), atol=1e-8)


def test_the_published_example_of_shin() -> None:
    """Numbers printed in the README of mberk/shin for odds 2.6, 2.4, 4.3."""
    published = [0.37299406033208965, 0.4047794109200184, 0.2222265287474275]
    np.testing.assert_allclose(devig([[2.6, 2.4, 4.3]], "shin").probabilities[0], published, atol=1e-9)


@given(st.floats(1.02, 20.0), st.floats(1.0, 1.15))
def test_shin_of_two_outcomes_is_the_additive_method(first: float, booksum: float) -> None:
    """An identity of the literature (Jullien & Salanié): both take the same amount off each side."""
    second = booksum - 1.0 / first
    book = [[first, 1.0 / second]] if second < 1.0 else [[2.0, 2.0]]
    np.testing.assert_allclose(
        devig(book, "shin").probabilities, devig(book, "additive").probabilities, atol=1e-10, equal_nan=True
    )


@st.composite
def books(draw: st.DrawFn) -> list[float]:
    """Prices of a bookmaker with a margin of up to 12% on plausible outcomes."""
    weights = np.array(draw(st.lists(st.floats(0.15, 1.0), min_size=2, max_size=6)))
    margin = draw(st.floats(1.0, 1.12))
    return [float(price) for price in 1.0 / (weights / weights.sum() * margin)]


@pytest.mark.parametrize("method", METHODS)
@given(book=books())
def test_probabilities_sum_to_one_and_keep_the_order_of_the_prices(method: str, book: list[float]) -> None:
    fair = devig([book], method)
    if min(book) <= 1.0:
        return
    assert fair.converged.all()
    assert fair.probabilities.sum() == pytest.approx(1.0, abs=1e-11)
    by_price = np.argsort(book, kind="stable")
    assert (np.diff(fair.probabilities[0][by_price]) <= 1e-12).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("truth", [[0.5, 0.5], [0.9, 0.1], [0.45, 0.28, 0.27], [0.8, 0.15, 0.05]])
def test_fair_prices_are_unchanged(method: str, truth: list[float]) -> None:
    fair = devig([[1.0 / p for p in truth]], method)
    np.testing.assert_allclose(fair.probabilities[0], truth, atol=1e-9)
    assert fair.overround[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_rows_and_columns_does_not_matter(method: str) -> None:
    rows = np.array([book for book in BOOKS if len(book) == 3])
    straight = devig(rows, method).probabilities
    np.testing.assert_allclose(
        devig(rows[::-1, ::-1], method).probabilities[::-1, ::-1], straight, atol=1e-12
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("missing", [np.nan, 0.0, 1.0, np.inf])
def test_a_missing_price_makes_the_row_nan_and_no_other(method: str, missing: float) -> None:
    fair = devig([[2.0, missing], [1.9, 1.9]], method)
    assert np.isnan(fair.probabilities[0]).all()
    assert fair.converged.tolist() == [False, True]
    np.testing.assert_allclose(fair.probabilities[1], [0.5, 0.5], atol=1e-12)


def test_an_answer_that_does_not_exist_is_not_given() -> None:
    """Additive would need a negative probability; Shin a negative share of insiders."""
    additive = devig([[1.01, 15.0, 200.0]], "additive")
    shin = devig([[3.0, 3.0, 3.2]], "shin")
    for answer in (additive, shin):
        assert not answer.converged.any()
        assert np.isnan(answer.probabilities).all()
    assert math.isclose(shin.overround[0], 2 / 3 + 1 / 3.2 - 1)


def test_power_also_serves_the_best_prices_of_many_books() -> None:
    """Best-of-market prices often sum below one; the default method still answers."""
    assert devig([[3.0, 3.0, 3.2]], "power").converged.all()


def test_multiplicative_is_another_name_of_proportional() -> None:
    assert devig([[2.0, 1.9]], "multiplicative").method == "proportional"


def test_an_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no de-vig method 'shim'") as error:
        devig([[2.0, 2.0]], "shim")
    assert "odds_ratio" in str(error.value.fix)


def test_a_single_row_of_prices_without_its_second_axis_is_refused() -> None:
    with pytest.raises(UsageError, match="shape"):
        devig([2.0, 2.0])
