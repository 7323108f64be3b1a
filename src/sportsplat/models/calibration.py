"""Does a forecast of 60% happen 60% of the time? Reliability in bins of equal mass, with intervals.

For two outcomes the home probability is examined; for three or more each outcome's probability in turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportsplat.models.dataset import FloatArray

BINS = 10
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Bin:
    """Matches with forecasts of about one size: mean forecast, observed share and its 95% Wilson interval."""

    outcome: int
    matches: int
    forecast: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error, its 95% bootstrap interval, and the 95% point of chance alone."""

    ece: float
    ci95: tuple[float, float]
    chance95: float


def reliability(probabilities: FloatArray, outcomes: FloatArray, bins: int = BINS) -> list[Bin]:
    """Return bins of equal mass per examined outcome, in order of the forecast, from (n, k) arrays."""
    table = []
    for outcome in _examined(probabilities):
        forecast, happened = probabilities[:, outcome], outcomes[:, outcome]
        for rows in np.array_split(np.argsort(forecast, kind="stable"), min(bins, len(forecast))):
            observed = float(happened[rows].mean())
            low, high = wilson(observed, len(rows))
            table.append(Bin(outcome, len(rows), float(forecast[rows].mean()), observed, low, high))
    return table


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95% score interval of a share seen in n trials. Source: Wilson (1927)."""
    z2 = NORMAL_95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_95 / (1 + z2 / n) * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def expected_calibration_error(probabilities: FloatArray, outcomes: FloatArray, bins: int = BINS) -> float:
    """Return the mean absolute gap between forecast and observed share over bins of equal mass, in [0, 1].

    Source: Naeini, Cooper and Hauskrecht (2015), with equal-mass bins. It is above 0 for a perfect forecaster
    too: see `calibration_error` for the size that chance alone gives.
    """
    examined = _examined(probabilities)
    gaps = [_gap(probabilities[:, outcome], outcomes[:, outcome], bins) for outcome in examined]
    return float(np.mean(gaps))


def calibration_error(
    probabilities: FloatArray,
    outcomes: FloatArray,
    rng: np.random.Generator,
    *,
    bins: int = BINS,
    samples: int = 500,
) -> CalibrationError:
    """Return the calibration error with a 95% interval by bootstrap over matches.

    Redrawing matches adds chance to the error once more, so its quantiles are moved down by that bias: the
    upper end once, the lower end twice, as the error itself carries it too. `chance95` comes from outcomes
    drawn from the forecasts themselves: an error below it is no sign of miscalibration, and the interval
    then begins at 0.
    """
    n = len(probabilities)
    ece = expected_calibration_error(probabilities, outcomes, bins)
    redrawn = np.empty(samples)
    by_chance = np.empty(samples)
    cumulative = np.cumsum(probabilities, axis=1)[:, :-1]
    for sample in range(samples):
        rows = rng.integers(0, n, n)
        redrawn[sample] = expected_calibration_error(probabilities[rows], outcomes[rows], bins)
        happened = (rng.random((n, 1)) > cumulative).sum(axis=1)
        drawn = np.eye(probabilities.shape[1])[happened]
        by_chance[sample] = expected_calibration_error(probabilities, drawn, bins)
    chance95 = float(np.quantile(by_chance, 0.95))
    low, high = (float(value) for value in np.quantile(redrawn, [0.025, 0.975]))
    bias = max(float(redrawn.mean()) - ece, 0.0)
    lower = max(low - 2 * bias, 0.0) if ece > chance95 else 0.0
    return CalibrationError(ece, (lower, high - bias), chance95)


def _examined(probabilities: FloatArray) -> range:
    outcomes = probabilities.shape[1]
    return range(1) if outcomes == 2 else range(outcomes)


def _gap(forecast: FloatArray, happened: FloatArray, bins: int) -> float:
    order = np.argsort(forecast, kind="stable")
    edges = np.linspace(0, len(order), min(bins, len(order)) + 1).astype(np.int64)[:-1]
    return float(np.abs(np.add.reduceat((forecast - happened)[order], edges)).sum() / len(order))
