"""Closing-line value: was the price taken better than the market's last word?

A bet's CLV is its entry odds times the closing probability with the margin removed, minus 1: the profit per
unit that the bet would expect if the de-vigged close were the truth (Buchdahl 2016, *Squares & Sharps,
Suckers & Sharks*, where it is the test of a bettor that needs the fewest bets). Positive in the mean means
prices beaten before they moved. It needs two different quotes: an entry price that is itself the close always
has a CLV of minus its margin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sportsplat.betting.odds import Floats


def closing_line_value(entry_odds: ArrayLike, fair_closing_probability: ArrayLike) -> Floats:
    """Return entry odds · fair closing probability - 1, elementwise; NaN where either is missing."""
    odds = np.asarray(entry_odds, dtype=np.float64)
    fair = np.asarray(fair_closing_probability, dtype=np.float64)
    return np.asarray(odds * fair - 1.0)
