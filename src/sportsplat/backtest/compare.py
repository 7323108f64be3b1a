"""Our forecasts beside everybody else's, on the same matches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportsplat.backtest.statistics import mean_by_day
from sportsplat.domain import JsonObject
from sportsplat.models.dataset import FloatArray
from sportsplat.models.score import log_loss_each, scores


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
    """Score `ours` (n, k) and each of `others` (n, k; NaN rows where it says nothing) against `outcomes` (n,
    k).

    A baseline is scored on the matches that it speaks of (`matches`), the paired difference of log losses is
    taken on just those, and its 95% interval comes from resampling whole days. One that never speaks is None,
    unpaired.
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

    A forecaster that speaks of less than half of a season is left out of it rather than shrinking it.
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
