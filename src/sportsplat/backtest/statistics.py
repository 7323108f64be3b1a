"""Statistics of a backtest: block bootstrap by match day, detectable edge, drawdown.

Matches of one day share news, weather and referees' moods less than they share our model's mistakes, and bets
of one day share a bankroll: whole days are drawn with replacement, so that whatever moves together stays
together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportsplat.domain import JsonObject
from sportsplat.models.calibration import NORMAL_95
from sportsplat.models.dataset import FloatArray
from sportsplat.models.score import log_loss_each, scores

Floats = NDArray[np.float64]
NORMAL_80: Final = 0.8416212335729143
CHUNK: Final = 2_000_000  # draws held at once: 16 MB


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% percentile-bootstrap interval and the bootstrap's standard error.

    Both are None where there are fewer than two days.
    """

    value: float
    ci95: tuple[float, float] | None
    standard_error: float | None


def mean_by_day(
    values: ArrayLike, days: NDArray[Any], rng: np.random.Generator, samples: int = 2000
) -> Estimate:
    """Return the mean of `values` (n,), resampling whole days; equal entries of `days` (n,) are one day."""
    array = np.asarray(values, dtype=np.float64)
    return ratio_by_day(array, np.ones(len(array)), days, rng, samples)


def ratio_by_day(
    numerator: ArrayLike,
    denominator: ArrayLike,
    days: NDArray[Any],
    rng: np.random.Generator,
    samples: int = 2000,
) -> Estimate:
    """Return Σ numerator / Σ denominator (profit / staked is the return on investment), resampling whole
    days.

    Raises ValueError for no rows or a denominator that sums to zero.
    """
    above, below = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    if not len(above) or below.sum() == 0.0:
        raise ValueError("nothing to estimate: no rows, or a denominator of zero")
    _, block = np.unique(days, return_inverse=True)
    tops, bottoms = np.bincount(block, weights=above), np.bincount(block, weights=below)
    value = float(above.sum() / below.sum())
    if len(tops) < 2:
        return Estimate(value, None, None)
    drawn = [tops[rows].sum(axis=1) / bottoms[rows].sum(axis=1) for rows in _draws(len(tops), samples, rng)]
    ratios = np.concatenate(drawn)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return Estimate(value, (float(low), float(high)), float(ratios.std(ddof=1)))


def _draws(days: int, samples: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield (some, days) indices of days drawn with replacement, `samples` rows in all."""
    size = max(1, CHUNK // days)
    for start in range(0, samples, size):
        yield rng.integers(0, days, (min(size, samples - start), days))


def detectable_edge(roi: Estimate) -> float | None:
    """Return the smallest true return on what is staked that such bets would have shown, as a share.

    (z.975 + z.80) · standard error of that same return, with its stakes and its match days: a two-sided test
    at 5% finds a return of this size with a power of 80%. None where there is no standard error.
    """
    return None if roi.standard_error is None else (NORMAL_95 + NORMAL_80) * roi.standard_error


def drawdowns(bankroll: Floats) -> Floats:
    """Return how far below its highest point so far a bankroll (n,) stands, as a share of that point."""
    peak = np.maximum.accumulate(bankroll)
    return np.asarray(1.0 - bankroll / peak)


@dataclass(frozen=True)
class Comparison:
    """The objects `forecast`, `baselines` and `paired` of the command line."""

    forecast: JsonObject
    baselines: dict[str, JsonObject | None]
    paired: dict[str, JsonObject]


def compare(
    ours: FloatArray,
    others: Mapping[str, FloatArray],
    outcomes: FloatArray,
    days: NDArray[Any],
    rng: np.random.Generator,
    samples: int,
) -> Comparison:
    """Score `ours` (n, k) and each of `others` (n, k; NaN rows without a forecast) against `outcomes` (n,
    k).

    A baseline is scored on the matches that it covers (`matches`), the paired difference of log losses is
    taken on just those, and its 95% interval comes from resampling whole days. One without any forecast is
    None, unpaired.
    """
    losses = log_loss_each(ours, outcomes)
    baselines: dict[str, JsonObject | None] = {}
    paired: dict[str, JsonObject] = {}
    for name, theirs in others.items():
        spoken = np.isfinite(theirs).all(axis=1)
        if not spoken.any():
            baselines[name] = None
            continue
        baselines[name] = scores(theirs[spoken], outcomes[spoken]) | {"matches": int(spoken.sum())}
        gaps = losses[spoken] - log_loss_each(theirs[spoken], outcomes[spoken])
        estimate = mean_by_day(gaps, days[spoken], rng, samples)
        paired[name] = {
            "matches": int(spoken.sum()),
            "log_loss_difference": estimate.value,
            "ci95": None if estimate.ci95 is None else list(estimate.ci95),
        }
    return Comparison(scores(ours, outcomes), baselines, paired)


def losses_by_season(
    forecasts: Mapping[str, FloatArray], outcomes: FloatArray, season: NDArray[np.int64]
) -> list[JsonObject]:
    """Return the mean log loss of each forecaster by season, on the matches that all of a season's cover.

    A forecaster that covers less than half of a season is left out of that season.
    """
    rows = []
    for year in np.unique(season):
        here = season == year
        spoken = {name: np.isfinite(p).all(axis=1) & here for name, p in forecasts.items()}
        taking_part = [name for name, mask in spoken.items() if mask.sum() >= 0.5 * here.sum()]
        common = np.logical_and.reduce([here, *(spoken[name] for name in taking_part)])
        if not common.any():
            continue
        means = {
            name: float(log_loss_each(forecasts[name][common], outcomes[common]).mean())
            for name in taking_part
        }
        rows.append({"season": int(year), "matches": int(common.sum()), "log_loss": means})
    return rows
