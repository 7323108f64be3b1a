"""Intervals cover what they claim to cover, and an edge is detectable when the arithmetic says so."""

from __future__ import annotations

import numpy as np
import pytest

from sportsplat.backtest.statistics import Estimate, detectable_edge, drawdowns, mean_by_day, ratio_by_day


def test_the_interval_covers_the_truth_when_days_move_together() -> None:
    """Days share a shock: an interval that ignores it covers far less than it claims."""
    by_day, by_row = 0, 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        days = np.repeat(np.arange(80), 10)
        values = rng.normal(0.0, 1.0, 80)[days] + rng.normal(0.0, 1.0, 800)
        blocked = mean_by_day(values, days, rng, 400).ci95
        single = mean_by_day(values, np.arange(800), rng, 400).ci95
        assert blocked is not None
        assert single is not None
        by_day += blocked[0] <= 0.0 <= blocked[1]
        by_row += single[0] <= 0.0 <= single[1]
    assert by_day >= 105
    assert by_row <= 80


def test_one_bet_a_day_gives_the_textbook_interval() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0.2, 2.0, 5000)
    estimate = mean_by_day(values, np.arange(5000), rng, 4000)
    half = 1.96 * values.std() / np.sqrt(5000)
    assert estimate.ci95 == pytest.approx((values.mean() - half, values.mean() + half), abs=0.004)


def test_the_return_on_investment_is_weighted_by_the_stake() -> None:
    estimate = ratio_by_day([10.0, -1.0], [100.0, 1.0], np.array([1, 2]), np.random.default_rng(0), 100)
    assert estimate.value == pytest.approx(9 / 101)
    assert estimate.ci95 == pytest.approx((-1.0, 0.1))


def test_a_seed_gives_the_same_interval_twice_and_many_days_are_drawn_in_pieces() -> None:
    values = np.random.default_rng(0).normal(size=30_000)
    days = np.arange(30_000)
    first = mean_by_day(values, days, np.random.default_rng(9), 150)
    assert first == mean_by_day(values, days, np.random.default_rng(9), 150)
    assert first != mean_by_day(values, days, np.random.default_rng(8), 150)


def test_a_single_day_has_no_interval() -> None:
    assert mean_by_day([1.0, 2.0], np.array([3, 3]), np.random.default_rng(0)).ci95 is None


def test_nothing_cannot_be_estimated() -> None:
    with pytest.raises(ValueError, match="nothing to estimate"):
        mean_by_day([], np.array([]), np.random.default_rng(0))


def test_equal_independent_bets_detect_what_the_textbook_says() -> None:
    rng = np.random.default_rng(4)
    profits = np.where(rng.random(2000) < 0.5, 1.0, -1.0)
    edge = detectable_edge(mean_by_day(profits, np.arange(2000), rng, 4000))
    assert edge == pytest.approx(2.8016 / np.sqrt(2000), rel=0.04)


def test_the_detectable_edge_is_found_four_times_in_five() -> None:
    """Stakes differ and bets of a day move together: such a true return is significant in 80%."""
    rng = np.random.default_rng(4)
    days = np.repeat(np.arange(250), 8)
    stakes = rng.lognormal(0.0, 1.0, len(days))

    def returns(edge: float) -> np.ndarray:
        return np.asarray(edge + rng.normal(0.0, 0.6, 250)[days] + rng.normal(0.0, 1.0, len(days)))

    def judged(edge: float) -> Estimate:
        return ratio_by_day(stakes * returns(edge), stakes, days, rng, 200)

    edges = [detectable_edge(judged(0.0)) for _ in range(20)]
    assert None not in edges
    edge = float(np.mean([known for known in edges if known is not None]))
    unweighted = 2.8016 * np.sqrt((0.6**2 + 1.0) / len(days))
    assert edge > 1.5 * unweighted
    intervals = [judged(edge).ci95 for _ in range(400)]
    found = [low > 0.0 or high < 0.0 for low, high in (pair for pair in intervals if pair is not None)]
    assert len(found) == 400
    assert 0.74 <= np.mean(found) <= 0.86


def test_one_day_detects_nothing() -> None:
    assert detectable_edge(mean_by_day([1.0, 2.0], np.array([3, 3]), np.random.default_rng(0))) is None


def test_drawdown_is_measured_from_the_highest_point_so_far() -> None:
    np.testing.assert_allclose(drawdowns(np.array([100.0, 120.0, 90.0, 130.0])), [0.0, 0.0, 0.25, 0.0])
