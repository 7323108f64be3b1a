"""What a bet brings: win, loss, push, lines in quarters, and closing-line value."""

from __future__ import annotations

import numpy as np
import pytest

from sportsplat.betting.clv import closing_line_value
from sportsplat.betting.settle import line_profit, unit_profit


def test_win_loss_and_push() -> None:
    profits = unit_profit([2.5, 2.5, 2.5, 2.5], [1.0, 0.0, 0.5, np.nan])
    np.testing.assert_array_equal(profits, [1.5, -1.0, 0.0, np.nan])


@pytest.mark.parametrize(
    ("score_difference", "line", "profit"),
    [
        (1, -1.5, -1.0),
        (2, -1.5, 0.9),
        (3, -3.0, 0.0),
        (-7, 7.5, 0.9),
        (0, -0.25, -0.5),  # half on 0 (returned), half on -0.5 (lost)
        (0, 0.25, 0.45),
        (1, -0.75, 0.45),  # half on -0.5 (won), half on -1 (returned)
        (1, -1.25, -0.5),
        (2, -1.25, 0.9),
    ],
)
def test_handicaps_in_wholes_halves_and_quarters(score_difference: int, line: float, profit: float) -> None:
    assert float(line_profit(1.9, score_difference + line)) == pytest.approx(profit)


def test_the_two_sides_of_a_line_mirror_each_other() -> None:
    margins = np.arange(-5, 5.01, 0.25)
    assert ((line_profit(2.0, margins) + line_profit(2.0, -margins)) == 0).all()


def test_an_unplayed_match_settles_nothing() -> None:
    assert np.isnan(line_profit(1.9, np.nan))


def test_closing_line_value_is_the_expected_profit_under_the_fair_close() -> None:
    """Taken at 2.10 when the close says 50%: five cents a unit. A missing close says nothing."""
    values = closing_line_value([2.10, 2.0, 1.9], [0.5, 0.5, np.nan])
    np.testing.assert_allclose(values, [0.05, 0.0, np.nan], atol=1e-12)
