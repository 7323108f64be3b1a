"""Formats of a price: decimal and American. Decimal odds count the stake: 2.5 pays 2.5 for 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
HIGHEST_AMERICAN = 1e6  # no bookmaker offers more, and a favourite's decimal price would round to 1


def american_to_decimal(american: ArrayLike) -> Floats:
    """Turn American odds into decimal odds, elementwise.

    +150 wins 150 on 100 (2.5); -150 wins 100 on 150 (1.6667). Values strictly between -100 and +100, and
    those beyond a million, are no American odds and become NaN, as does NaN.
    """
    odds = np.asarray(american, dtype=np.float64)
    valid = (np.abs(odds) >= 100.0) & (np.abs(odds) <= HIGHEST_AMERICAN)
    size = np.where(valid, np.abs(odds), 100.0)
    return np.where(valid, 1.0 + np.where(odds > 0, size / 100.0, 100.0 / size), np.nan)


def implied_probability(decimal_odds: ArrayLike) -> Floats:
    """Return 1 / odds elementwise, margin included; NaN for odds not above 1 (sources write 0 for "none")."""
    odds = np.asarray(decimal_odds, dtype=np.float64)
    valid = np.isfinite(odds) & (odds > 1.0)
    return np.where(valid, 1.0 / np.where(valid, odds, 1.0), np.nan)
