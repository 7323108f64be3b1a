"""Scores of forecasts: numbers worked out by hand, and rules that hold for any forecast."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportsplat.models.calibration import expected_calibration_error, reliability, wilson
from sportsplat.models.dataset import FloatArray
from sportsplat.models.score import (
    accuracy_each,
    brier_each,
    log_loss_each,
    paired_difference,
    rps_each,
    scores,
)
from tests.model_data import draw

THREE = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
HOME_THEN_DRAW = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
TWO = np.array([[0.7, 0.3], [0.7, 0.3], [0.4, 0.6]])
HOME_TIE_HOME = np.array([[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]])


@st.composite
def forecasts(pick: st.DrawFn) -> tuple[FloatArray, FloatArray]:
    """Return probabilities and outcomes (n, k); in two-outcome leagues some are ties."""
    k = pick(st.sampled_from([2, 3]))
    row = st.lists(st.floats(0.01, 1.0), min_size=k, max_size=k)
    weights = np.array(pick(st.lists(row, min_size=1, max_size=25)))
    happened = pick(st.lists(st.integers(0, k - 1), min_size=len(weights), max_size=len(weights)))
    outcomes = np.eye(k)[happened]
    if k == 2:
        tied = pick(st.lists(st.booleans(), min_size=len(weights), max_size=len(weights)))
        outcomes[np.array(tied)] = 0.5
    return weights / weights.sum(axis=1, keepdims=True), outcomes


def test_log_loss_is_minus_the_logarithm_of_what_happened() -> None:
    np.testing.assert_allclose(log_loss_each(THREE, HOME_THEN_DRAW), [0.6931471806, 1.2039728043])


def test_a_tie_of_two_outcomes_costs_the_mean_of_both_logarithms() -> None:
    expected = [0.3566749439, 0.7803238741, 0.9162907319]
    np.testing.assert_allclose(log_loss_each(TWO, HOME_TIE_HOME), expected)


def test_a_forecast_of_zero_that_happens_costs_much_but_not_infinity() -> None:
    loss = log_loss_each(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]))
    assert loss[0] == pytest.approx(34.538776)


def test_brier_of_three_outcomes_sums_all_squares() -> None:
    np.testing.assert_allclose(brier_each(THREE, HOME_THEN_DRAW), [0.38, 0.78])


def test_brier_of_two_outcomes_is_the_square_of_the_home_probability_alone() -> None:
    np.testing.assert_allclose(brier_each(TWO, HOME_TIE_HOME), [0.09, 0.04, 0.36])


def test_accuracy_gives_half_for_a_tie_and_shares_equal_favourites() -> None:
    np.testing.assert_allclose(accuracy_each(TWO, HOME_TIE_HOME), [1.0, 0.5, 0.0])
    level = np.array([[0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_allclose(accuracy_each(level, HOME_TIE_HOME[:2]), [0.5, 0.5])
    np.testing.assert_allclose(accuracy_each(np.array([[0.4, 0.4, 0.2]]), np.eye(3)[[1]]), [0.5])


def test_ranked_probability_score_is_divided_by_one_less_than_the_outcomes() -> None:
    np.testing.assert_allclose(rps_each(THREE, HOME_THEN_DRAW), [0.145, 0.145])
    assert rps_each(np.eye(3)[[0]], np.eye(3)[[2]])[0] == 1.0


def test_ranked_probability_score_prefers_the_nearer_miss() -> None:
    away = np.eye(3)[[2]]
    near, far = rps_each(np.array([[0.2, 0.6, 0.2]]), away), rps_each(np.array([[0.6, 0.2, 0.2]]), away)
    assert near[0] < far[0]


def test_calibration_error_is_the_mean_gap_of_bins_of_equal_mass() -> None:
    home = np.array([0.8, 0.2, 0.8, 0.2])
    won = np.array([1.0, 0.0, 1.0, 1.0])
    forecast, happened = np.column_stack([home, 1 - home]), np.column_stack([won, 1 - won])
    assert expected_calibration_error(forecast, happened, bins=2) == pytest.approx((0.3 + 0.2) / 2)
    assert scores(forecast, happened)["ece"] == pytest.approx((0.2 + 0.8 + 0.2 + 0.2) / 4)


def test_calibration_error_of_three_outcomes_is_the_mean_over_outcomes() -> None:
    always = np.tile([0.5, 0.3, 0.2], (4, 1))
    happened = np.eye(3)[[0, 0, 0, 2]]
    gaps = [0.25, 0.3, 0.05]
    assert expected_calibration_error(always, happened, bins=1) == pytest.approx(np.mean(gaps))


def test_reliability_bins_tell_forecast_observed_and_the_wilson_interval() -> None:
    home = np.repeat([0.3, 0.6], 10)
    won = np.concatenate([np.repeat([1.0, 0.0], [2, 8]), np.repeat([1.0, 0.0], [7, 3])])
    low, high = reliability(np.column_stack([home, 1 - home]), np.column_stack([won, 1 - won]), bins=2)
    np.testing.assert_allclose([low.matches, low.forecast, low.observed], [10, 0.3, 0.2])
    np.testing.assert_allclose([high.matches, high.forecast, high.observed], [10, 0.6, 0.7])
    # 7 of 10 by Wilson (1927): the textbook's (0.3968, 0.8922)
    np.testing.assert_allclose([high.low, high.high], [0.39678, 0.89221], atol=1e-4)


def test_wilson_interval_stays_within_zero_and_one() -> None:
    assert wilson(0.0, 5)[0] == 0.0
    assert wilson(1.0, 5)[1] == 1.0


def test_scores_are_the_means_over_matches() -> None:
    table = scores(THREE, HOME_THEN_DRAW)
    assert table["log_loss"] == pytest.approx((0.6931471806 + 1.2039728043) / 2)
    assert table["brier"] == pytest.approx(0.58)
    assert table["rps"] == pytest.approx(0.145)
    assert table["accuracy"] == 0.5


def test_two_outcomes_have_no_ranked_probability_score() -> None:
    assert scores(TWO, HOME_TIE_HOME)["rps"] is None


@pytest.mark.parametrize(
    ("probabilities", "outcomes"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2))),
        (TWO, HOME_TIE_HOME[:2]),
        (np.array([[np.nan, 0.5]]), np.array([[1.0, 0.0]])),
        (np.array([[0.5, 0.5]]), np.array([[np.nan, np.nan]])),
        (np.array([[0.5, 0.6]]), np.array([[1.0, 0.0]])),
    ],
    ids=["no rows", "other shapes", "no probability", "no outcome", "sum above one"],
)
def test_scores_refuse_what_would_answer_another_question(
    probabilities: FloatArray, outcomes: FloatArray
) -> None:
    with pytest.raises(ValueError, match=r"cannot score|sum to 1"):
        scores(probabilities, outcomes)


@given(forecasts())
@settings(max_examples=60)
def test_a_perfect_forecast_has_the_best_score_that_there_is(made: tuple[FloatArray, FloatArray]) -> None:
    _, outcomes = made
    table = scores(outcomes, outcomes)
    entropy = float(np.mean(np.where((outcomes == 0.5).any(axis=1), math.log(2), 0.0)))
    assert table["log_loss"] == pytest.approx(entropy)
    assert table["brier"] == 0.0
    assert table["ece"] == 0.0
    assert table["rps"] in (None, 0.0)


@given(forecasts())
@settings(max_examples=60)
def test_no_forecast_beats_the_outcome_itself(made: tuple[FloatArray, FloatArray]) -> None:
    ours, outcomes = made
    for each in (log_loss_each, brier_each, rps_each):
        assert (each(ours, outcomes) >= each(outcomes, outcomes) - 1e-12).all()


@given(forecasts(), st.integers(0, 99))
@settings(max_examples=60)
def test_the_order_of_matches_does_not_change_a_score(made: tuple[FloatArray, FloatArray], seed: int) -> None:
    ours, outcomes = made
    order = np.random.default_rng(seed).permutation(len(ours))
    before, after = scores(ours, outcomes), scores(ours[order], outcomes[order])
    for name in ("log_loss", "brier", "accuracy"):
        assert after[name] == pytest.approx(before[name])


@given(forecasts())
@settings(max_examples=60)
def test_a_match_told_from_the_other_side_has_the_same_score(made: tuple[FloatArray, FloatArray]) -> None:
    ours, outcomes = made
    for each in (log_loss_each, brier_each, accuracy_each, rps_each):
        np.testing.assert_allclose(each(ours[:, ::-1], outcomes[:, ::-1]), each(ours, outcomes), atol=1e-12)


@given(forecasts())
@settings(max_examples=60)
def test_a_tie_costs_half_of_either_result_by_log_loss_and_accuracy(
    made: tuple[FloatArray, FloatArray],
) -> None:
    ours = made[0][:, :2] / made[0][:, :2].sum(axis=1, keepdims=True)
    tie, home, away = (np.tile(row, (len(ours), 1)) for row in ([0.5, 0.5], [1.0, 0.0], [0.0, 1.0]))
    for each in (log_loss_each, accuracy_each):
        np.testing.assert_allclose(each(ours, tie), (each(ours, home) + each(ours, away)) / 2)


def test_scoring_leaves_its_inputs_as_they_were() -> None:
    ours, outcomes = TWO.copy(), HOME_TIE_HOME.copy()
    ours.flags.writeable = outcomes.flags.writeable = False
    scores(ours, outcomes)
    reliability(ours, outcomes)
    np.testing.assert_array_equal(ours, TWO)


def test_the_truth_scores_better_than_any_distortion_of_it() -> None:
    rng = np.random.default_rng(3)
    home = rng.uniform(0.1, 0.9, 20_000)
    truth = np.column_stack([home, 1 - home])
    outcomes = draw(truth, rng)
    for bent in (truth**1.5, truth**0.6):
        distorted = bent / bent.sum(axis=1, keepdims=True)
        for name in ("log_loss", "brier"):
            assert scores(truth, outcomes)[name] < scores(distorted, outcomes)[name]


def test_a_difference_that_is_the_same_in_every_match_is_certain() -> None:
    theirs = np.random.default_rng(0).random(40)
    paired = paired_difference(theirs - 0.25, theirs, np.repeat(np.arange(10), 4))
    assert paired.difference == pytest.approx(-0.25)
    np.testing.assert_allclose(paired.ci95, [-0.25, -0.25])
    assert paired.to_dict()["matches"] == 40


def test_the_interval_of_two_days_is_the_one_worked_out_by_hand() -> None:
    """Mean .1; days' sums of deviations .2 and -.2: standard error sqrt(.08 * 2 / 1) / 4 = .1."""
    paired = paired_difference(np.array([0.1, 0.3, -0.1, 0.1]), np.zeros(4), np.array([1, 1, 2, 2]))
    assert paired.difference == pytest.approx(0.1)
    np.testing.assert_allclose(paired.ci95, [0.1 - 0.1959964, 0.1 + 0.1959964], atol=1e-6)


def test_exchanging_the_two_forecasts_turns_the_interval_round() -> None:
    rng = np.random.default_rng(1)
    ours, theirs, days = rng.random(60), rng.random(60), np.repeat(np.arange(20), 3)
    forth, back = paired_difference(ours, theirs, days), paired_difference(theirs, ours, days)
    assert back.difference == pytest.approx(-forth.difference)
    np.testing.assert_allclose(back.ci95, [-forth.ci95[1], -forth.ci95[0]])


def test_a_single_day_says_nothing_about_the_difference() -> None:
    paired = paired_difference(np.array([0.1, 0.2]), np.array([0.3, 0.1]), np.array([5, 5]))
    assert paired.ci95 == (-np.inf, np.inf)


def test_the_interval_covers_a_known_difference_although_matches_of_a_day_move_together() -> None:
    rng = np.random.default_rng(11)
    days, per_day, runs, known = 60, 8, 300, 0.01
    covered = narrow = 0
    for _ in range(runs):
        shared = np.repeat(rng.normal(0, 0.05, days), per_day)
        gaps = known + shared + rng.normal(0, 0.05, days * per_day)
        low, high = paired_difference(gaps, np.zeros_like(gaps), np.repeat(np.arange(days), per_day)).ci95
        alone = paired_difference(gaps, np.zeros_like(gaps), np.arange(days * per_day)).ci95
        covered += low <= known <= high
        narrow += alone[0] <= known <= alone[1]
    assert 0.91 <= covered / runs <= 0.98
    assert narrow / runs < 0.8
