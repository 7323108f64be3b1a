"""What a bet brings once the result is known, per unit staked: odds - 1, 0 for a push, -1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sportsplat.betting.odds import Floats


def unit_profit(decimal_odds: ArrayLike, share: ArrayLike) -> Floats:
    """Return the profit of one unit on an outcome, elementwise.

    `share` is the outcome's part in the result: 1 won, 0 lost, anything between (a tie in a market of two
    outcomes, .5) returns the stake. NaN where the result is unknown.
    """
    odds = np.asarray(decimal_odds, dtype=np.float64)
    part = np.asarray(share, dtype=np.float64)
    profit = np.where(part >= 1.0, odds - 1.0, np.where(part <= 0.0, -1.0, 0.0))
    return np.where(np.isnan(part), np.nan, profit)
