"""From ratings to probabilities: known coefficients are recovered, and slopes agree with the loss."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from sportsplat.models.dataset import Dataset, FloatArray
from sportsplat.models.elo import EloModel, fit_elo
from sportsplat.models.ordered_logit import (
    Prior,
    fit_ordered_logit,
    outcome_probabilities,
    slope_and_curvature,
)
from tests.model_data import draw, made_up, ordered_logit, with_outcomes

NO_PRIOR = 1e-9


def of_one_season(data: Dataset) -> Dataset:
    return replace(data, season=np.zeros_like(data.season))


def total_loss(latent: FloatArray, gap: float, shares: FloatArray) -> float:
    return float(-(shares * np.log(outcome_probabilities(latent, gap, shares.shape[1]))).sum())


def test_two_outcomes_recover_slope_and_home_advantage() -> None:
    made = made_up(1, 30_000, slope=0.8, home=0.15, neutral_share=0.3)
    model = fit_elo(of_one_season(made.data))
    assert model.slope == pytest.approx(0.8, abs=0.07)
    assert model.home == pytest.approx(0.15, abs=0.07)
    assert model.gap == 0.0
    np.testing.assert_allclose(model.predict(made.data.features), made.truth, atol=0.02)


def test_three_outcomes_recover_slope_home_advantage_and_draw_gap() -> None:
    made = made_up(2, 30_000, outcomes=3, slope=1.2, home=-0.1, gap=0.5, neutral_share=0.3)
    model = fit_elo(of_one_season(made.data))
    assert model.slope == pytest.approx(1.2, abs=0.07)
    assert model.home == pytest.approx(-0.1, abs=0.07)
    assert model.gap == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(model.predict(made.data.features), made.truth, atol=0.02)


def test_slope_one_without_corrections_is_the_formula_of_elo() -> None:
    features = made_up(3, 50).data.features
    expected = 1 / (1 + 10 ** (-features["elo_difference"].to_numpy() / 400))
    np.testing.assert_allclose(EloModel(1.0, 0.0, 0.0, 2).predict(features)[:, 0], expected, rtol=1e-12)


@pytest.mark.parametrize(("outcomes", "gap"), [(2, 0.0), (3, 0.6), (3, 1e-6), (3, 5.0)])
def test_probabilities_lie_between_zero_and_one_and_sum_to_one(outcomes: int, gap: float) -> None:
    latent = np.concatenate([np.linspace(-60, 60, 241), [-1e4, 0.0, 1e4]])
    found = outcome_probabilities(latent, gap, outcomes)
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-12)
    moderate = np.abs(latent) < 20
    np.testing.assert_allclose(
        found[moderate], ordered_logit(latent[moderate], gap, outcomes), rtol=1e-6, atol=1e-12
    )


@pytest.mark.parametrize(("outcomes", "gap"), [(2, 0.0), (3, 0.6)])
def test_a_stronger_home_side_wins_more_and_loses_less(outcomes: int, gap: float) -> None:
    found = outcome_probabilities(np.linspace(-4, 4, 50), gap, outcomes)
    assert (np.diff(found[:, 0]) > 0).all()
    assert (np.diff(found[:, -1]) < 0).all()


@pytest.mark.parametrize(("outcomes", "gap"), [(2, 0.0), (3, 0.4), (3, 1.1)])
def test_slope_and_curvature_agree_with_finite_differences(outcomes: int, gap: float) -> None:
    rng = np.random.default_rng(4)
    latent = rng.normal(0, 1.5, 40)
    shares = rng.dirichlet(np.ones(outcomes), 40)  # shared results as well, of which a tie is one
    slope, curvature = slope_and_curvature(latent, gap, shares)

    def losses(shift: float) -> FloatArray:
        found: FloatArray = -(shares * np.log(ordered_logit(latent + shift, gap, outcomes))).sum(axis=1)
        return found

    step = 1e-4
    np.testing.assert_allclose(slope, (losses(step) - losses(-step)) / (2 * step), atol=1e-7)
    bend = (losses(step) - 2 * losses(0.0) + losses(-step)) / step**2
    np.testing.assert_allclose(curvature, bend, atol=1e-5)
    assert (curvature >= 0).all()


@pytest.mark.parametrize(("outcomes", "gap"), [(2, 0.0), (3, 0.5)])
def test_the_fit_lies_where_the_loss_is_flat(outcomes: int, gap: float) -> None:
    rng = np.random.default_rng(5)
    design = rng.normal(0, 1, (400, 2))
    shares = draw(ordered_logit(design @ [0.7, -0.4], gap, outcomes), rng)
    fit = fit_ordered_logit(design, shares, Prior(np.zeros(2), 0.6 if outcomes == 3 else 0.0, NO_PRIOR))
    best = total_loss(design @ fit.coefficients, fit.gap, shares)
    for nudge in np.vstack([np.eye(2), -np.eye(2)]) * 0.02:
        assert total_loss(design @ (fit.coefficients + nudge), fit.gap, shares) > best
    if outcomes == 3:
        assert total_loss(design @ fit.coefficients, fit.gap * 1.03, shares) > best
        assert total_loss(design @ fit.coefficients, fit.gap / 1.03, shares) > best


def test_the_fitted_home_share_is_the_observed_one() -> None:
    """The score equation of a logistic regression with an intercept."""
    rng = np.random.default_rng(6)
    design = np.column_stack([rng.normal(0, 1, 500), np.ones(500)])
    shares = draw(ordered_logit(design @ [0.5, 0.3], 0.0, 2), rng)
    fit = fit_ordered_logit(design, shares, Prior(np.zeros(2), 0.0, NO_PRIOR))
    fitted = outcome_probabilities(design @ fit.coefficients, 0.0, 2)[:, 0]
    assert fitted.mean() == pytest.approx(shares[:, 0].mean(), abs=1e-6)


def test_ties_count_half_a_win_for_each_side() -> None:
    made = made_up(7, 4000)
    tied = made.data.outcomes.copy()
    tied[::2] = 0.5
    model = fit_elo(with_outcomes(made.data, tied))
    assert 0.3 < model.slope < 0.7  # a tie of unequal teams says that they were equal
    all_tied = fit_elo(with_outcomes(made.data, np.full_like(tied, 0.5)))
    np.testing.assert_allclose(all_tied.predict(made.data.features), 0.5, atol=0.01)


def test_a_weight_of_two_is_the_match_twice_and_of_zero_is_no_match() -> None:
    rng = np.random.default_rng(8)
    design = rng.normal(0, 1, (60, 2))
    shares = draw(ordered_logit(design @ [0.5, 0.2], 0.5, 3), rng)
    prior = Prior(np.zeros(2), 0.6, 1.0)
    weights = np.repeat([2.0, 1.0, 0.0], 20)
    weighted = fit_ordered_logit(design, shares, prior, weights)
    rows = np.concatenate([np.arange(20), np.arange(40)])
    repeated = fit_ordered_logit(design[rows], shares[rows], prior)
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, atol=1e-4)
    assert weighted.gap == pytest.approx(repeated.gap, abs=1e-4)


def test_a_few_one_sided_results_do_not_drive_the_coefficients_to_infinity() -> None:
    design = np.ones((3, 1))
    won = np.tile([1.0, 0.0], (3, 1))
    fit = fit_ordered_logit(design, won, Prior(np.zeros(1), 0.0, 1.0))
    assert 0.5 < fit.coefficients[0] < 2.0
    drawless = fit_ordered_logit(design, np.eye(3)[[0, 2, 0]], Prior(np.zeros(1), 0.6, 1.0))
    assert 0.0 < drawless.gap < 0.6


def test_recent_seasons_weigh_more_than_old_ones() -> None:
    made = made_up(9, 6000, slope=1.0)  # twenty seasons
    outcomes = made.data.outcomes.copy()
    outcomes[:3000] = outcomes[:3000, ::-1]  # long ago the weaker side won
    assert fit_elo(with_outcomes(made.data, outcomes)).slope > 0.3


@pytest.mark.parametrize("outcomes", [2, 3])
def test_an_artifact_brings_back_the_same_link(outcomes: int) -> None:
    made = made_up(10, 600, outcomes=outcomes, gap=0.5 if outcomes == 3 else 0.0)
    model = fit_elo(made.data)
    stored = json.loads(json.dumps(model.to_artifact()))
    assert EloModel.from_artifact(stored) == model
    assert pickle.loads(pickle.dumps(model)) == model  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(
        EloModel.from_artifact(stored).predict(made.data.features), model.predict(made.data.features)
    )
