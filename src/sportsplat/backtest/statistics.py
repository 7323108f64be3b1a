"""What chance alone would do: block bootstrap by match day, detectable edge, drawdown.

Matches of one day share news, weather and referees' moods less than they share our model's mistakes, and bets
of one day share a bankroll: whole days are drawn with replacement, so that whatever moves together stays
together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
NORMAL_975: Final = 1.959963984540054
NORMAL_80: Final = 0.8416212335729143
CHUNK: Final = 2_000_000  # draws held at once: 16 MB


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% percentile-bootstrap interval; None where there are fewer than two days."""

    value: float
    ci95: tuple[float, float] | None


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
        return Estimate(value, None)
    drawn = [tops[rows].sum(axis=1) / bottoms[rows].sum(axis=1) for rows in _draws(len(tops), samples, rng)]
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    return Estimate(value, (float(low), float(high)))


def _draws(days: int, samples: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield (some, days) indices of days drawn with replacement, `samples` rows in all."""
    size = max(1, CHUNK // days)
    for start in range(0, samples, size):
        yield rng.integers(0, days, (min(size, samples - start), days))


def detectable_edge(unit_profits: Floats) -> float | None:
    """Return the smallest true profit per unit that so many bets would have shown, as a share of the stake.

    (z.975 + z.80) · s / √n: a two-sided test at 5% finds a mean of this size with a power of 80%, for n bets
    whose profit per unit has standard deviation s. None for fewer than two bets.
    """
    if len(unit_profits) < 2:
        return None
    spread = float(unit_profits.std(ddof=1))
    return (NORMAL_975 + NORMAL_80) * spread / float(np.sqrt(len(unit_profits)))


def drawdowns(bankroll: Floats) -> Floats:
    """Return how far below its highest point so far a bankroll (n,) stands, as a share of that point."""
    peak = np.maximum.accumulate(bankroll)
    return np.asarray(1.0 - bankroll / peak)
