"""American prices become decimal ones, and decimal ones probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from sportsplat.betting.odds import american_to_decimal, implied_probability


@pytest.mark.parametrize(
    ("american", "decimal"), [(150, 2.5), (-150, 1 + 100 / 150), (100, 2.0), (-100, 2.0), (2500, 26.0)]
)
def test_american_prices_of_the_textbook(american: float, decimal: float) -> None:
    assert float(american_to_decimal(american)) == pytest.approx(decimal, abs=1e-12)


@pytest.mark.parametrize("american", [8.0, 0.0, -99.0, np.nan, -1e30, 1e30, np.inf])
def test_what_is_no_american_price_becomes_nan(american: float) -> None:
    """A moneyline of 8 is a typing error in a public NBA file: no price, rather than a price of 1.08."""
    assert np.isnan(american_to_decimal(american))


def test_a_missing_price_has_no_implied_probability() -> None:
    """Bet365 wrote 0 for a price it did not offer (Brentford v Blackburn, 2018/19)."""
    assert np.isnan(implied_probability([0.0, 1.0, -2.0, np.nan])).all()
    assert implied_probability([4.0]).tolist() == [0.25]
