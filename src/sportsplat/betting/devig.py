"""Fair probabilities from a bookmaker's prices: five ways to take the margin out.

With implied probabilities q_i = 1 / odds_i and booksum B = Σ q_i:

    proportional   p_i = q_i / B                                     (also called multiplicative)
    additive       p_i = q_i - (B - 1) / n
    power          p_i = q_i^k with k such that Σ p_i = 1            (Vovk & Zhdanov 2009; Clarke et al. 2017)
    odds_ratio     q_i / (1 - q_i) = c · p_i / (1 - p_i)             (Cheung 2015)
    shin           p_i = (√(z² + 4 (1 - z) q_i² / B) - z) / (2 (1 - z))   (Shin 1993; Jullien & Salanié 1994),
                   z the share of insiders; closed form for two outcomes, where it equals the additive method

Roots are found by Newton steps kept inside a bracket, for all rows at once. A row that has no valid answer (a
price missing, a negative additive probability, Shin on a booksum below one) is NaN and not `converged`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportsplat.betting.odds import Floats, implied_probability
from sportsplat.errors import UsageError

METHODS: Final = ("power", "proportional", "additive", "shin", "odds_ratio")
ALIASES: Final = {"multiplicative": "proportional", "odds-ratio": "odds_ratio"}
TOLERANCE: Final = 1e-12  # on the sum of a row's probabilities
MAX_ITERATIONS: Final = 80

Residual = Callable[[Floats], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Devigged:
    """Fair probabilities (n, k), overround Σ 1/odds - 1 (n,), and which rows have a valid answer (n,)."""

    probabilities: Floats
    overround: Floats
    converged: NDArray[np.bool_]
    method: str


def devig(decimal_odds: ArrayLike, method: str = "power") -> Devigged:
    """Take the margin out of prices.

    `decimal_odds` is (n, k), one column per outcome of one market, k ≥ 2; NaN, 0 or whatever is not above 1
    means that the price is missing and makes the row NaN.
    Raises UsageError for an unknown method or another shape.
    """
    odds = np.asarray(decimal_odds, dtype=np.float64)
    if odds.ndim != 2 or odds.shape[1] < 2:
        raise UsageError(
            f"prices to de-vig must be (matches, outcomes), seen shape {odds.shape}", code="BAD_SHAPE"
        )
    solve = _SOLVERS[canonical_method(method)]
    implied = implied_probability(odds)
    overround = implied.sum(axis=1) - 1.0
    complete = np.isfinite(overround)
    probabilities = np.full(odds.shape, np.nan)
    if complete.any():
        probabilities[complete] = solve(implied[complete])
    with np.errstate(invalid="ignore"):
        proper = ((probabilities > 0.0) & (probabilities < 1.0)).all(axis=1)
        converged = proper & (np.abs(probabilities.sum(axis=1) - 1.0) <= TOLERANCE * odds.shape[1])
    probabilities[~converged] = np.nan
    return Devigged(probabilities, overround, converged, canonical_method(method))


def canonical_method(method: str) -> str:
    """Return the name that METHODS has for `method`; UsageError when there is none."""
    name = ALIASES.get(method, method)
    if name not in METHODS:
        raise UsageError(
            f"there is no de-vig method {method!r}",
            cause="backtest.devig or an argument",
            fix=f"use one of: {', '.join(METHODS)}",
            code="UNKNOWN_DEVIG_METHOD",
        )
    return name


def _proportional(implied: Floats) -> Floats:
    return np.asarray(implied / implied.sum(axis=1, keepdims=True))


def _additive(implied: Floats) -> Floats:
    excess = implied.sum(axis=1, keepdims=True) - 1.0
    return np.asarray(implied - excess / implied.shape[1])


def _power(implied: Floats) -> Floats:
    logs = np.log(implied)

    def residual(exponent: Floats) -> tuple[Floats, Floats]:
        powers = np.exp(exponent[:, None] * logs)
        total = powers.sum(axis=1)
        # the logarithm of the sum is nearly straight in the exponent, so Newton needs few steps
        return np.log(total), (powers * logs).sum(axis=1) / total

    every = np.log(implied.shape[1])  # every q_i^k is at least 1/n at the lower end, at most 1/n at the upper
    exponent = _root(residual, every / -logs.min(axis=1), every / -logs.max(axis=1), np.ones(len(implied)))
    return np.asarray(np.exp(exponent[:, None] * logs))


def _odds_ratio(implied: Floats) -> Floats:
    logits = np.log(implied) - np.log1p(-implied)

    def residual(shift: Floats) -> tuple[Floats, Floats]:
        fair = 1.0 / (1.0 + np.exp(shift[:, None] - logits))
        return fair.sum(axis=1) - 1.0, -(fair * (1.0 - fair)).sum(axis=1)

    others = np.log(implied.shape[1] - 1.0)
    low, high = logits.min(axis=1) + others, logits.max(axis=1) + others
    shift = _root(residual, low, high, logits.mean(axis=1))  # the mean is exact for two outcomes
    return np.asarray(1.0 / (1.0 + np.exp(shift[:, None] - logits)))


def _shin(implied: Floats) -> Floats:
    booksum = implied.sum(axis=1)
    sound = booksum >= 1.0 - TOLERANCE  # below, the share of insiders would be negative: no meaning
    fair = np.full(implied.shape, np.nan)
    squares = implied[sound] ** 2 / booksum[sound, None]
    fair[sound] = _shin_probabilities(_insiders(implied[sound], booksum[sound], squares), squares)
    return fair


def _insiders(implied: Floats, booksum: Floats, squares: Floats) -> Floats:
    if implied.shape[1] == 2:
        difference = (implied[:, 0] - implied[:, 1]) ** 2
        return np.asarray((booksum - 1.0) * (difference - booksum) / (booksum * (difference - 1.0)))
    zero, one = np.zeros(len(implied)), np.ones(len(implied))
    return _root(lambda z: _shin_residual(z, squares), zero, one, np.clip(booksum - 1.0, 0.0, 0.5))


def _shin_probabilities(insiders: Floats, squares: Floats) -> Floats:
    """Shin's formula with its numerator made rational, so that no share of insiders divides zero by zero."""
    z = insiders[:, None]
    return np.asarray(2.0 * squares / (np.sqrt(z * z + 4.0 * (1.0 - z) * squares) + z))


def _shin_residual(insiders: Floats, squares: Floats) -> tuple[Floats, Floats]:
    z = insiders[:, None]
    root = np.sqrt(z * z + 4.0 * (1.0 - z) * squares)
    fair = 2.0 * squares / (root + z)
    slope = -fair * ((z - 2.0 * squares) / root + 1.0) / (root + z)
    return fair.sum(axis=1) - 1.0, slope.sum(axis=1)


def _root(residual: Residual, low: Floats, high: Floats, start: Floats) -> Floats:
    """Solve a decreasing function per row in [low, high]: Newton where it stays inside, else bisection."""
    low, high = low.copy(), high.copy()
    guess = np.clip(start, low, high)
    for _ in range(MAX_ITERATIONS):
        value, slope = residual(guess)
        if np.all(np.abs(value) <= TOLERANCE / 10.0):
            break
        low = np.where(value > 0.0, guess, low)
        high = np.where(value > 0.0, high, guess)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = guess - value / slope
        inside = (step >= low) & (step <= high)
        guess = np.where(value == 0.0, guess, np.where(inside, step, (low + high) / 2.0))
    return guess


_SOLVERS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "power": _power,
    "proportional": _proportional,
    "additive": _additive,
    "shin": _shin,
    "odds_ratio": _odds_ratio,
}
