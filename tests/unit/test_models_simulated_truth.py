"""Claims about calibration, held against a league of which the true probabilities are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit, logit

from sportsplat.models.calibration import calibration_error, expected_calibration_error, reliability
from sportsplat.models.dataset import FloatArray
from sportsplat.models.fit import fit_model
from sportsplat.models.score import log_loss_each, paired_difference, scores
from tests.model_data import KnownTruth, simulated

SEEDS = (1, 2, 3, 4)
LEARNED = 2400  # five seasons; the three after them are forecast


@dataclass(frozen=True)
class Forecast:
    """Later seasons of one world: what boosting and Elo said, and what is true."""

    boosted: FloatArray
    elo: FloatArray
    later: KnownTruth


@pytest.fixture(scope="module")
def worlds() -> list[Forecast]:
    return [forecast(simulated(seed, 8)) for seed in SEEDS]


def forecast(world: KnownTruth) -> Forecast:
    train = world.data.known_by(world.data.decision_at[LEARNED])
    later = world.take(slice(LEARNED, None))
    boosted, elo = (
        fit_model(kind, train, seed=1, folds=3, min_matches=200).predictor.predict(later.data.features)
        for kind in ("gbm", "elo")
    )
    return Forecast(boosted, elo, later)


def distorted(truth: FloatArray, factor: float) -> FloatArray:
    """Return what a forecaster says who is too sure of himself (factor above 1), or not sure enough."""
    home = expit(factor * logit(truth[:, 0]))
    return np.column_stack([home, 1 - home])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_is_within_the_error_that_chance_alone_gives(seed: int) -> None:
    world = simulated(seed, 8)
    found = calibration_error(world.truth, world.data.outcomes, np.random.default_rng(seed), samples=200)
    assert found.ece <= found.chance95
    assert found.ci95[0] == 0.0


@pytest.mark.parametrize("factor", [1.0, 1.5, 0.6])
def test_the_interval_of_the_calibration_error_covers_the_error_of_a_known_distortion(factor: float) -> None:
    inside = []
    for seed in SEEDS:
        world = simulated(seed, 8)
        said = distorted(world.truth, factor)
        found = calibration_error(said, world.data.outcomes, np.random.default_rng(seed), samples=100)
        inside.append(found.ci95[0] <= expected_calibration_error(said, world.truth) <= found.ci95[1])
    assert sum(inside) >= len(SEEDS) - 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("factor", [1.5, 0.6])
def test_a_distorted_truth_is_outside_it(seed: int, factor: float) -> None:
    world = simulated(seed, 8)
    said = distorted(world.truth, factor)
    found = calibration_error(said, world.data.outcomes, np.random.default_rng(seed), samples=200)
    assert found.ece > found.chance95
    assert found.ci95[0] > 0.0


def test_intervals_around_the_truth_cover_it_and_around_a_distorted_truth_do_not() -> None:
    tables = {
        factor: [
            part
            for seed in SEEDS
            for part in reliability(
                distorted(simulated(seed, 8).truth, factor), simulated(seed, 8).data.outcomes
            )
        ]
        for factor in (1.0, 1.5)
    }
    inside = {
        factor: np.mean([part.low <= part.forecast <= part.high for part in table])
        for factor, table in tables.items()
    }
    assert inside[1.0] >= 0.87, "35 of 40 is the least that 95% intervals give by chance"
    assert inside[1.5] <= 0.5


@pytest.mark.slow
def test_the_calibration_interval_of_boosting_covers_the_truth(worlds: list[Forecast]) -> None:
    """In a bin of our forecasts the interval of the observed share holds the bin's mean true probability."""
    inside = [
        seen.low <= true.observed <= seen.high
        for world in worlds
        for seen, true in zip(
            reliability(world.boosted, world.later.data.outcomes),
            reliability(world.boosted, world.later.truth),
            strict=True,
        )
    ]
    assert len(inside) == 10 * len(SEEDS)
    assert np.mean(inside) >= 0.87


@pytest.mark.slow
def test_the_interval_of_the_calibration_error_covers_the_true_error_of_boosting(
    worlds: list[Forecast],
) -> None:
    inside = []
    for seed, world in zip(SEEDS, worlds, strict=True):
        rng = np.random.default_rng(seed)
        found = calibration_error(world.boosted, world.later.data.outcomes, rng, samples=200)
        true = expected_calibration_error(world.boosted, world.later.truth)
        inside.append(found.ci95[0] <= true <= found.ci95[1])
    assert sum(inside) >= len(SEEDS) - 1


@pytest.mark.slow
def test_boosting_says_in_the_mean_of_a_bin_what_is_true(worlds: list[Forecast]) -> None:
    for world in worlds:
        for part in reliability(world.boosted, world.later.truth):
            assert part.forecast == pytest.approx(part.observed, abs=0.07)
        assert expected_calibration_error(world.boosted, world.later.truth) < 0.035


@pytest.mark.slow
def test_boosting_comes_nearer_to_the_truth_than_elo_and_nobody_beats_the_truth(
    worlds: list[Forecast],
) -> None:
    far = {"elo": 0.0, "boosted": 0.0}
    for world in worlds:
        outcomes, day = world.later.data.outcomes, world.later.data.day
        far["elo"] += np.abs(world.elo - world.later.truth).mean()
        far["boosted"] += np.abs(world.boosted - world.later.truth).mean()
        truth = log_loss_each(world.later.truth, outcomes)
        for ours in (world.elo, world.boosted):
            assert paired_difference(log_loss_each(ours, outcomes), truth, day).ci95[0] > 0
    assert far["boosted"] < far["elo"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_log_loss_of_the_truth_is_its_own_entropy(seed: int) -> None:
    world = simulated(seed, 8)
    losses = log_loss_each(world.truth, world.data.outcomes)
    entropy = float(-(world.truth * np.log(world.truth)).sum(axis=1).mean())
    error = float(losses.std() / np.sqrt(len(losses)))
    assert scores(world.truth, world.data.outcomes)["log_loss"] == pytest.approx(entropy, abs=3 * error)
