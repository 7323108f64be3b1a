"""Intervals of reliability and calibration error, against forecasters whose fault is known."""

from __future__ import annotations

import numpy as np
import pytest

from sportsplat.models.calibration import calibration_error, reliability


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
        assert np.mean(alarms) >= 0.8
    else:
        assert np.mean(alarms) <= 0.13
