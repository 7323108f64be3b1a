"""The ordered logit from latent strength to probabilities, against numbers that have a closed form."""

from __future__ import annotations

import numpy as np
import pytest

from sportsplat.models.ordered_logit import Prior, fit_ordered_logit, outcome_probabilities

LATENT = np.linspace(-4, 4, 33)


@pytest.mark.parametrize(("gap", "outcomes"), [(0.0, 2), (0.6, 3)])
def test_exchanging_the_sides_exchanges_the_probabilities(gap: float, outcomes: int) -> None:
    found = outcome_probabilities(LATENT, gap, outcomes)
    np.testing.assert_allclose(outcome_probabilities(-LATENT, gap, outcomes), found[:, ::-1], rtol=1e-12)


def test_the_fit_has_the_closed_form_of_one_group() -> None:
    """One column of ones and 70 of 100 won: the coefficient is the log-odds of .7."""
    shares = np.repeat([[1.0, 0.0], [0.0, 1.0]], [70, 30], axis=0)
    fit = fit_ordered_logit(np.ones((100, 1)), shares, Prior(np.zeros(1), 0.0, 1e-9))
    assert fit.coefficients[0] == pytest.approx(np.log(7 / 3), abs=1e-5)


def test_equal_sides_that_draw_a_quarter_have_the_gap_of_a_quarter() -> None:
    """Draw = 1 - 2 s(-gap), so the gap is minus the log-odds of 3/8."""
    shares = np.repeat(np.eye(3), [300, 200, 300], axis=0)
    fit = fit_ordered_logit(np.zeros((800, 1)), shares, Prior(np.zeros(1), 0.6, 1e-6))
    assert fit.gap == pytest.approx(np.log(5 / 3), abs=1e-4)
