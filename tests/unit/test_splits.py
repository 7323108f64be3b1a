"""Folds in order of time: nothing is validated on with the help of what was not known yet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sportsplat.models.dataset import Dataset
from sportsplat.models.splits import Fold, time_folds
from tests.model_data import made_up

HOUR = np.timedelta64(1, "h")


def overlapping(seed: int, n: int = 240) -> Dataset:
    """Return matches of crowded days, some of whose results became known only days or weeks later."""
    rng = np.random.default_rng(seed)
    data = made_up(seed, n).data
    spread = np.sort(rng.integers(0, 9, n).reshape(-1, 5), axis=1).ravel()
    decision_at = np.add(data.day.astype("datetime64[us]"), spread * HOUR)
    hours = np.where(rng.random(n) < 0.2, rng.integers(24, 700, n), 3)
    return replace(data, decision_at=decision_at, known_at=np.add(decision_at, hours * HOUR))


def same(left: list[Fold], right: list[Fold]) -> bool:
    return len(left) == len(right) and all(
        np.array_equal(a.train, b.train) and np.array_equal(a.validation, b.validation)
        for a, b in zip(left, right, strict=True)
    )


@pytest.mark.parametrize("seed", range(4))
def test_no_validation_match_begins_before_all_results_learned_from_were_known(seed: int) -> None:
    data = overlapping(seed)
    for fold in time_folds(data, 4):
        assert data.known_at[fold.train].max() <= data.decision_at[fold.validation].min()


@pytest.mark.parametrize("seed", range(4))
def test_everything_known_by_then_is_learned_from_and_nothing_else(seed: int) -> None:
    data = overlapping(seed)
    for fold in time_folds(data, 4):
        begin = data.decision_at[fold.validation].min()
        known = [row for row in range(len(data)) if data.known_at[row] <= begin]
        assert fold.train.tolist() == known
        earlier = np.arange(fold.validation[0])
        assert len(known) < len(earlier), "the data must hold earlier matches with late results"


def test_a_result_that_became_known_late_helps_only_later_folds() -> None:
    data = made_up(0, 200).data
    known_at = data.known_at.copy()
    known_at[10] = data.decision_at[150]
    folds = time_folds(replace(data, known_at=known_at), 4)
    learned = [10 in fold.train for fold in folds]
    assert learned == [data.decision_at[fold.validation[0]] >= data.decision_at[150] for fold in folds]
    assert learned == [False, False, True, True]


def test_a_result_known_at_the_very_moment_of_the_decision_counts() -> None:
    data = made_up(0, 40).data
    first = int(time_folds(data, 1)[0].validation[0])
    known_at = data.known_at.copy()
    known_at[3] = data.decision_at[first]
    assert 3 in time_folds(replace(data, known_at=known_at), 1)[0].train
    known_at[3] += np.timedelta64(1, "us")
    assert 3 not in time_folds(replace(data, known_at=known_at), 1)[0].train


@pytest.mark.parametrize("folds", [1, 2, 3, 5, 8])
def test_there_are_as_many_folds_as_asked_for_and_together_they_are_the_later_half(folds: int) -> None:
    data = overlapping(1)
    made = time_folds(data, folds)
    assert len(made) == folds
    validated = np.concatenate([fold.validation for fold in made])
    assert validated.tolist() == list(range(int(validated[0]), len(data)))
    assert abs(int(validated[0]) - len(data) // 2) <= 5


def test_folds_are_of_about_one_size() -> None:
    sizes = [len(fold.validation) for fold in time_folds(overlapping(2), 5)]
    assert max(sizes) - min(sizes) <= 10


@pytest.mark.parametrize("folds", [2, 3, 7])
def test_no_day_is_torn_apart(folds: int) -> None:
    data = overlapping(3)
    for fold in time_folds(data, folds):
        assert data.day[fold.validation[0] - 1] < data.day[fold.validation[0]]


def test_few_days_give_fewer_folds() -> None:
    data = made_up(0, 20).data  # four days
    made = time_folds(data, 10)
    assert 1 <= len(made) <= 2
    assert all(len(fold.train) and len(fold.validation) for fold in made)


def test_a_single_day_gives_no_fold() -> None:
    assert time_folds(made_up(0, 5).data, 5) == []


def test_no_matches_give_no_fold() -> None:
    assert time_folds(made_up(0, 5).data.take(slice(0, 0)), 5) == []


def test_a_league_whose_results_were_published_at_its_end_gives_no_fold() -> None:
    data = made_up(0, 100).data
    assert time_folds(replace(data, known_at=np.full_like(data.known_at, data.known_at[-1])), 5) == []


def test_the_same_matches_give_the_same_folds() -> None:
    assert same(time_folds(overlapping(4), 5), time_folds(overlapping(4), 5))
    assert not same(time_folds(overlapping(4), 5), time_folds(overlapping(4), 4))


def test_results_themselves_have_no_say_in_the_folds() -> None:
    data = overlapping(5)
    assert same(time_folds(data, 5), time_folds(replace(data, outcomes=data.outcomes[::-1]), 5))
