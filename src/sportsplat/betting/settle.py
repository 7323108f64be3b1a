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


def line_profit(decimal_odds: ArrayLike, margin: ArrayLike) -> Floats:
    """Return the profit of one unit on a side of a line, elementwise.

    `margin` is by how much the side beat its line: for a handicap the own score - the other's + line, for
    "over" the total - line, for "under" the line - total. Exactly 0 returns the stake. A quarter line is two
    half bets on the neighbouring lines, so a margin of ±.25 wins or loses half.
    """
    odds = np.asarray(decimal_odds, dtype=np.float64)
    beaten = np.asarray(margin, dtype=np.float64)
    quarter = np.isclose(np.abs(beaten * 4.0 % 2.0), 1.0)
    low = _whole_bet(odds, np.where(quarter, beaten - 0.25, beaten))
    high = _whole_bet(odds, np.where(quarter, beaten + 0.25, beaten))
    return np.where(np.isnan(beaten), np.nan, (low + high) / 2.0)


def _whole_bet(odds: Floats, margin: Floats) -> Floats:
    return np.where(margin > 0.0, odds - 1.0, np.where(margin < 0.0, -1.0, 0.0))
