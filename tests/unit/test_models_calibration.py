"""Intervals of reliability and calibration error, against forecasters whose fault is known."""

from __future__ import annotations

import numpy as np
import pytest

from sportsplat.models.calibration import calibration_error, expected_calibration_error, reliability


def test_reliability_intervals_cover_the_truth_of_a_perfect_forecaster() -> None:
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(40):
        home = rng.uniform(0.1, 0.9, 1000)
        happened = (rng.random(1000) < home).astype(np.float64)
        table = reliability(np.column_stack([home, 1 - home]), np.column_stack([happened, 1 - happened]))
        assert sum(part.matches for part in table) == 1000
        inside += [part.low <= part.forecast <= part.high for part in table]
    assert 0.92 <= np.mean(inside) <= 0.985


@pytest.mark.parametrize("too_much", [0.0, 0.05, 0.1])
def test_calibration_interval_covers_the_truth(too_much: float) -> None:
    """A forecaster who always says so much more for the home side has an error of just that."""
    rng = np.random.default_rng(4)
    covered, alarms = [], []
    for _ in range(40):
        home = rng.uniform(0.2, 0.8, 1200)
        happened = (rng.random(1200) < home).astype(np.float64)
        outcomes = np.column_stack([happened, 1 - happened])
        said = np.column_stack([home + too_much, 1 - home - too_much])
        found = calibration_error(said, outcomes, rng, samples=100)
        covered.append(found.ci95[0] <= too_much <= found.ci95[1])
        alarms.append(found.ece > found.chance95)
    assert np.mean(covered) >= 0.87
    if too_much:
        assert np.mean(alarms) >= 0.7
    else:
        assert np.mean(alarms) <= 0.13


def three_outcomes(rng: np.random.Generator, matches: int) -> np.ndarray:
    strength = rng.normal(0.0, 0.4, matches)
    weights = np.exp(np.column_stack([strength + 0.2, np.zeros(matches) - 0.2, -strength - 0.1]))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    "sharpness", [1.15, *(pytest.param(each, marks=pytest.mark.slow) for each in (1.0, 0.8, 1.5))]
)
def test_the_interval_covers_small_errors_of_three_outcomes_and_holds_the_estimate(sharpness: float) -> None:
    """Too flat, true, or too sharp by so much; the true error is measured on as many matches as it takes."""

    def said(truth: np.ndarray) -> np.ndarray:
        sharper = truth**sharpness
        return np.asarray(sharper / sharper.sum(axis=1, keepdims=True))

    rng = np.random.default_rng(11)
    endless = three_outcomes(rng, 100_000)
    true_error = expected_calibration_error(said(endless), endless)
    covered = []
    for _ in range(40):
        truth = three_outcomes(rng, 1900)
        happened = (rng.random((1900, 1)) > np.cumsum(truth, axis=1)[:, :-1]).sum(axis=1)
        found = calibration_error(
            said(truth), np.eye(3)[happened], rng, days=np.arange(1900) // 5, samples=100
        )
        covered.append(found.ci95[0] <= true_error <= found.ci95[1])
        assert found.ci95[0] <= found.ece <= found.ci95[1]
    assert np.mean(covered) >= 0.87


def test_days_that_move_together_widen_the_interval() -> None:
    """Every second day the home sides win more often, every other day less."""
    rng = np.random.default_rng(5)
    days = np.arange(2000) // 20
    home = rng.uniform(0.3, 0.7, 2000)
    happened = (rng.random(2000) < home + np.where(days % 2, 0.25, -0.25)).astype(np.float64)
    said = np.column_stack([home + 0.15, 0.85 - home])
    outcomes = np.column_stack([happened, 1 - happened])
    blocked = calibration_error(said, outcomes, np.random.default_rng(1), days=days, samples=300).ci95
    single = calibration_error(said, outcomes, np.random.default_rng(1), samples=300).ci95
    assert blocked[1] - blocked[0] > 1.3 * (single[1] - single[0])


def test_forecasts_without_a_gap_have_an_error_of_zero() -> None:
    said = np.tile([1.0, 0.0], (50, 1))
    found = calibration_error(said, said, np.random.default_rng(0), samples=20)
    assert (found.ece, found.ci95, found.chance95) == (0.0, (0.0, 0.0), 0.0)
