"""Comparing features bit for bit: which rows may not differ, and which value is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sportsplat.features.build import Features, build_features
from sportsplat.features.leakage import decided_by, first_moved, sample_moments
from sportsplat.leagues.league import get_league
from tests.factories import matches_frame, random_league

A, B = 1, 2
EPL = get_league("epl")
MATCHES = random_league(2, days=10)
EVERYTHING = np.ones(len(MATCHES), dtype=np.bool_)


@pytest.fixture
def whole() -> Features:
    """Honest features of a small league."""
    return build_features(MATCHES, EPL, windows=[5])


def changed(features: Features, row: int, column: str, value: float) -> Features:
    frame = features.frame.copy()
    frame.iloc[row, list(features.names).index(column)] = value
    return replace(features, frame=frame)


def test_features_equal_themselves_gaps_included(whole: Features) -> None:
    assert whole.frame.isna().any(axis=None)
    assert first_moved(whole, whole, EVERYTHING) is None


@pytest.mark.parametrize("value", [np.nan, 1e-300, -0.0])
def test_the_smallest_change_is_named(whole: Features, value: float) -> None:
    before = whole.frame["neutral"].iloc[4]
    moved = first_moved(whole, changed(whole, 4, "neutral", value), EVERYTHING)
    assert before == 0.0
    assert moved is not None
    assert (moved.feature, moved.match_id) == ("neutral", whole.frame.index[4])
    assert moved.with_future == 0.0
    assert np.array([moved.without]).view(np.int64) == np.array([value]).view(np.int64)


def test_the_earliest_decision_is_named_first(whole: Features) -> None:
    twice = changed(changed(whole, 7, "elo_home", 1.0), 3, "streak_home", 99.0)
    moved = first_moved(whole, twice, EVERYTHING)
    assert moved is not None
    assert moved.feature == "streak_home"


def test_rows_that_may_differ_are_passed_over(whole: Features) -> None:
    decided = EVERYTHING.copy()
    decided[3] = False
    assert first_moved(whole, changed(whole, 3, "elo_home", 1.0), decided) is None


def test_coming_matches_count_until_the_first_later_fact() -> None:
    matches = matches_frame(
        [
            {"day": "2001-09-01", "time": "12:00", "home": A, "away": B, "score": (1, 0)},
            {"day": "2001-09-01", "time": "14:00", "home": A, "away": B, "score": (1, 0)},
            {"day": "2001-09-01", "time": "16:00", "home": A, "away": B, "score": (1, 0)},
            {"day": "2001-09-01", "time": "18:00", "home": A, "away": B},
        ]
    )
    moment = np.datetime64("2001-09-01T12:00")
    decided = decided_by(matches["kickoff_utc"], moment, [matches["known_at"]])
    assert decided.tolist() == [True, True, False, False]  # the first result is known at 15:00
    assert decided_by(matches["kickoff_utc"], np.datetime64("2001-09-01T19:00"), [matches["known_at"]]).all()


def test_moments_are_different_kick_offs_of_played_matches() -> None:
    moments = sample_moments(MATCHES, 5, np.random.default_rng(1))
    kickoffs = MATCHES.loc[MATCHES["final"], "kickoff_utc"].to_numpy(dtype="datetime64[us]")
    assert len(np.unique(moments)) == 5
    assert np.isin(moments, kickoffs).all()
    assert (np.diff(moments) > np.timedelta64(0)).all()
    everything = sample_moments(MATCHES, 10_000, np.random.default_rng(1))
    assert len(everything) == len(np.unique(kickoffs))
