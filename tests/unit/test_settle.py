"""What a bet brings: win, loss, push, and closing-line value."""

from __future__ import annotations

import numpy as np

from sportsplat.betting.clv import closing_line_value
from sportsplat.betting.settle import unit_profit


def test_win_loss_and_push() -> None:
    profits = unit_profit([2.5, 2.5, 2.5, 2.5], [1.0, 0.0, 0.5, np.nan])
    np.testing.assert_array_equal(profits, [1.5, -1.0, 0.0, np.nan])


def test_closing_line_value_is_the_expected_profit_under_the_fair_close() -> None:
    """Taken at 2.10 when the close says 50%: five cents a unit. A missing close says nothing."""
    values = closing_line_value([2.10, 2.0, 1.9], [0.5, 0.5, np.nan])
    np.testing.assert_allclose(values, [0.05, 0.0, np.nan], atol=1e-12)
