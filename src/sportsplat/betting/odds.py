"""Formats of a price: decimal, American, fractional. Decimal odds count the stake: 2.5 pays 2.5 for 1."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def american_to_decimal(american: ArrayLike) -> Floats:
    """Turn American odds into decimal odds, elementwise.

    +150 wins 150 on 100 (2.5); -150 wins 100 on 150 (1.6667). Values strictly between -100 and +100 are no
    American odds and become NaN, as does NaN.
    """
    odds = np.asarray(american, dtype=np.float64)
    valid = np.abs(odds) >= 100.0
    size = np.where(valid, np.abs(odds), 100.0)
    return np.where(valid, 1.0 + np.where(odds > 0, size / 100.0, 100.0 / size), np.nan)


def decimal_to_american(decimal_odds: ArrayLike) -> Floats:
    """Turn decimal odds into American odds, elementwise; even money is +100. NaN for odds not above 1."""
    odds = np.asarray(decimal_odds, dtype=np.float64)
    valid = np.isfinite(odds) & (odds > 1.0)
    gain = np.where(valid, odds, 2.0) - 1.0
    return np.where(valid, np.where(gain >= 1.0, 100.0 * gain, -100.0 / gain), np.nan)


def fractional_to_decimal(fraction: str) -> float:
    """Turn "5/2", "5-2" or "evens" into decimal odds (3.5, 3.5, 2.0); ValueError for anything else."""
    text = fraction.strip().lower()
    if text in {"evens", "even", "evs"}:
        return 2.0
    gain = Fraction(text.replace("-", "/", 1).replace(" ", ""))
    if gain <= 0:
        raise ValueError(f"fractional odds {fraction!r} must be above zero")
    return float(1 + gain)


def decimal_to_fractional(decimal_odds: float, *, max_denominator: int = 1000) -> str:
    """Write decimal odds as the nearest fraction "5/2"; ValueError for odds not above 1."""
    if not decimal_odds > 1.0:
        raise ValueError(f"decimal odds {decimal_odds!r} must be above 1")
    gain = Fraction(decimal_odds - 1.0).limit_denominator(max_denominator)
    return f"{gain.numerator}/{gain.denominator}"


def implied_probability(decimal_odds: ArrayLike) -> Floats:
    """Return 1 / odds elementwise, margin included; NaN for odds not above 1 (sources write 0 for "none")."""
    odds = np.asarray(decimal_odds, dtype=np.float64)
    valid = np.isfinite(odds) & (odds > 1.0)
    return np.where(valid, 1.0 / np.where(valid, odds, 1.0), np.nan)
