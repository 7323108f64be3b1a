"""The linear part: Elo and weighted expected differences, and when a column is left out."""

from __future__ import annotations

import numpy as np
import pytest

from sportsplat.models.elo import elo_linear_part, expected_columns, fit_elo, fit_linear_part
from tests.model_data import KnownTruth, made_up, with_features

COLUMN = "expected_goals_difference"


def with_expected(made: KnownTruth, values: np.ndarray) -> KnownTruth:
    return KnownTruth(with_features(made.data, **{COLUMN: values}), made.truth)


def test_without_expected_differences_the_linear_part_is_elo() -> None:
    data = made_up(1, 600).data
    linear = fit_linear_part(data)
    assert linear.weights == {}
    np.testing.assert_array_equal(linear.latent(data.features), fit_elo(data).latent(data.features))


@pytest.mark.parametrize(("outcomes", "gap"), [(2, 0.0), (3, 0.6)])
def test_a_column_that_holds_the_rest_of_the_truth_is_found(outcomes: int, gap: float) -> None:
    """Form moves the truth by half a logit a unit; the column says it in units ten times as large."""
    made = made_up(2, 4000, form=0.5, outcomes=outcomes, gap=gap)
    made = with_expected(made, made.data.features["form_difference"].to_numpy() * 10)
    linear = fit_linear_part(made.data)
    assert linear.weights[COLUMN] == pytest.approx(0.05, abs=0.012)
    assert linear.elo.slope == pytest.approx(1.0, abs=0.25)


def test_terms_add_up_to_the_latent_strength() -> None:
    made = made_up(3, 800, form=0.5)
    data = with_expected(made, made.data.features["form_difference"].to_numpy()).data
    linear = fit_linear_part(data)
    whole = linear.elo.latent(data.features) + linear.terms(data.features)[:, 0]
    np.testing.assert_allclose(linear.latent(data.features), whole)


def test_a_column_that_began_lately_is_left_alone() -> None:
    """EPL box scores begin in 2000: with one season of them in five, their spread is still to come, and a
    weight fitted to it forecast certainties for the season after."""
    made = made_up(4, 1500)
    values = made.data.features["form_difference"].to_numpy().copy()
    values[:1350] = 0.0
    assert fit_linear_part(with_expected(made, values).data).weights == {}


def test_what_nobody_has_learned_counts_as_equal() -> None:
    made = made_up(5, 900, form=0.5)
    data = with_expected(made, made.data.features["form_difference"].to_numpy()).data
    linear = fit_linear_part(data)
    unknown = with_features(data, **{COLUMN: np.nan}).features
    np.testing.assert_array_equal(linear.latent(unknown), linear.elo.latent(unknown))


def test_only_expected_differences_are_weighed() -> None:
    names = [
        "expected_shots_difference",
        "expected_shots_home",
        "elo_difference",
        "shots_balance_10_difference",
    ]
    assert expected_columns(names) == ["expected_shots_difference"]
    assert elo_linear_part(made_up(1, 300).data).weights == {}
