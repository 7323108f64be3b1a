"""Kelly stakes over exclusive outcomes: exact against numerical optimisers, prudent by every cap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from sportsplat.betting.kelly import kelly_exclusive, stake_fractions


def expected_log_growth(fractions: np.ndarray, p: np.ndarray, odds: np.ndarray) -> float:
    wealth = 1.0 - fractions.sum() + fractions * odds
    return float((p * np.log(wealth)).sum()) if (wealth > 0.0).all() else float("-inf")


def by_optimiser(p: np.ndarray, odds: np.ndarray, method: str) -> np.ndarray:
    k = len(p)
    result = minimize(
        lambda f: -float((p * np.log(np.maximum(1 - f.sum() + f * odds, 1e-12))).sum()),
        np.full(k, 0.01),
        method=method,
        bounds=[(0, 1)] * k,
        constraints=LinearConstraint(np.ones((1, k)), 0.0, 0.999999),
        tol=1e-13,
    )
    return np.asarray(result.x)


CASES = [
    ([0.55, 0.45], [2.0, 1.8]),
    ([0.5, 0.3, 0.2], [2.2, 3.2, 4.0]),
    ([0.40, 0.35, 0.25], [2.6, 3.1, 4.5]),  # two outcomes have an edge: they must share
    ([0.5, 0.3, 0.2], [1.9, 3.1, 4.6]),
    ([0.1, 0.6, 0.3], [15.0, 1.7, 3.0]),
]


@pytest.mark.parametrize(("p", "odds"), CASES)
@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
@pytest.mark.filterwarnings("ignore:delta_grad")
def test_two_numerical_optimisers_find_nothing_better(p: list[float], odds: list[float], method: str) -> None:
    chance, price = np.array(p), np.array(odds)
    ours = kelly_exclusive(chance, price)
    theirs = by_optimiser(chance, price, method)
    best = expected_log_growth(ours, chance, price)
    assert expected_log_growth(np.clip(theirs, 0, 1), chance, price) <= best + 1e-9
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_a_single_bet_is_the_textbook_fraction() -> None:
    """f = (p·b - q) / b: 55% at even money stakes a tenth."""
    np.testing.assert_allclose(kelly_exclusive([0.55, 0.45], [2.0, np.nan]), [0.1, 0.0], atol=1e-12)


def test_an_arbitrage_stakes_everything_in_proportion_to_belief() -> None:
    np.testing.assert_allclose(kelly_exclusive([0.6, 0.4], [2.2, 2.2]), [0.6, 0.4], atol=1e-12)


@st.composite
def offers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    k = draw(st.integers(2, 5))
    weights = np.array(draw(st.lists(st.floats(0.05, 1.0), min_size=k, max_size=k)))
    odds = np.array(draw(st.lists(st.floats(1.05, 30.0), min_size=k, max_size=k)))
    return weights / weights.sum(), odds


@given(offers(), st.integers(0, 2**32 - 1))
def test_no_neighbouring_stakes_grow_faster(offer: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    p, odds = offer
    if (1 / odds).sum() < 1.001:
        return
    ours = kelly_exclusive(p, odds)
    best = expected_log_growth(ours, p, odds)
    rng = np.random.default_rng(seed)
    for size in (0.2, 0.01):
        other = np.clip(ours + rng.normal(0, size, len(p)), 0, 1)
        assert expected_log_growth(other, p, odds) <= best + 1e-12


@given(offers())
def test_no_edge_gives_no_stake(offer: tuple[np.ndarray, np.ndarray]) -> None:
    p, odds = offer
    fair_or_worse = np.minimum(odds, 0.999 / p)
    assert not kelly_exclusive(p, fair_or_worse).any()


@given(offers(), st.floats(0.01, 1), st.floats(0.001, 0.2), st.floats(0, 0.2))
def test_a_stake_never_exceeds_its_caps(
    offer: tuple[np.ndarray, np.ndarray], fraction: float, max_stake: float, min_edge: float
) -> None:
    p, odds = (row[None, :] for row in offer)
    stakes = stake_fractions(p, odds, kelly_fraction=fraction, max_stake=max_stake, min_edge=min_edge)
    assert stakes.fractions.sum() <= max_stake + 1e-12
    assert (stakes.fractions <= fraction * stakes.full_kelly + 1e-12).all()
    assert not stakes.fractions[stakes.edge < min_edge].any()
    wanted = stakes.full_kelly.sum() * fraction
    if abs(wanted - max_stake) > 1e-12:
        assert stakes.capped[0] == (wanted > max_stake)


def test_many_matches_at_once_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(3)
    p = rng.dirichlet([4, 3, 3], 200)
    odds = rng.uniform(1.2, 6.0, (200, 3))
    odds[rng.random((200, 3)) < 0.1] = np.nan
    together = kelly_exclusive(p, odds)
    for row in range(200):
        np.testing.assert_array_equal(together[row], kelly_exclusive(p[row], odds[row]))


@pytest.mark.parametrize("truth", [[0.5, 0.5], [0.7, 0.2, 0.1], [1 / 3, 1 / 3, 1 / 3], [0.1] * 10])
def test_fair_prices_take_no_stake_however_they_are_rounded(truth: list[float]) -> None:
    """Prices that sum to one leave 0/0 as the last reserve, in floating point anything at all."""
    p = np.array(truth)
    for nudge in (-2e-16, 0.0, 2e-16):
        assert kelly_exclusive(p * (1 + nudge), 1.0 / p).max() < 1e-9


def test_a_match_without_prices_takes_no_stake() -> None:
    p = np.array([[0.5, 0.5]])
    stakes = stake_fractions(p, np.full((1, 2), np.nan), kelly_fraction=1, max_stake=1, min_edge=0)
    assert not stakes.fractions.any()
