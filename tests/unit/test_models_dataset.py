from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from sportsplat.features.build import build_features
from sportsplat.leagues.league import get_league
from sportsplat.models.dataset import encode_outcomes, make_dataset, recency, to_moment
from tests.factories import matches_frame
from tests.model_data import made_up

HOME, AWAY = np.array([2.0, 1.0, 0.0, np.nan]), np.array([1.0, 1.0, 3.0, np.nan])
NAN = np.nan


def test_outcomes_of_a_league_with_draws() -> None:
    found = encode_outcomes(HOME, AWAY, ("home", "draw", "away"))
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [NAN] * 3])


def test_a_tie_in_a_league_without_draws_is_half_of_each() -> None:
    found = encode_outcomes(HOME, AWAY, ("home", "away"))
    np.testing.assert_array_equal(found, [[1, 0], [0.5, 0.5], [0, 1], [NAN] * 2])


def test_an_unplayed_match_has_features_and_no_outcome() -> None:
    matches = matches_frame(
        [
            {"day": "2001-09-01", "home": 1, "away": 2, "score": (100, 90)},
            {"day": "2001-09-08", "home": 2, "away": 1},
        ]
    )
    league = get_league("nba")
    data = make_dataset(matches, build_features(matches, league, windows=(5,)), league)
    assert data.played.tolist() == [True, False]
    assert np.isnan(data.outcomes[1]).all()
    assert data.features["elo_away"].iloc[1] > data.features["elo_home"].iloc[1]
    assert len(data.known_by(datetime(2002, 1, 1, tzinfo=UTC))) == 1


def test_features_of_other_matches_are_refused() -> None:
    league = get_league("nba")
    matches = matches_frame([{"day": "2001-09-01", "home": 1, "away": 2}] * 2)
    built = build_features(matches, league, windows=(5,))
    with pytest.raises(ValueError, match="different matches"):
        make_dataset(matches.iloc[::-1], built, league)


def test_known_by_takes_what_was_known_at_that_very_moment() -> None:
    data = made_up(1, 60).data
    assert len(data.known_by(data.known_at[5])) == 10  # five matches a day
    assert len(data.known_by(data.known_at[5] - np.timedelta64(1, "us"))) == 5


def test_a_moment_needs_a_zone() -> None:
    assert to_moment(datetime(2020, 1, 1, 12, tzinfo=UTC)) == np.datetime64("2020-01-01T12")
    with pytest.raises(ValueError, match="no time zone"):
        to_moment(datetime(2020, 1, 1))


def test_fingerprint_names_the_data_and_nothing_else() -> None:
    data = made_up(1, 60).data
    same = data.fingerprint()
    assert data.take(slice(None)).fingerprint() == same
    changed = data.features.copy()
    changed["form_home"] += 1e-12
    outcomes = data.outcomes.copy()
    outcomes[3] = outcomes[3, ::-1]
    others = [
        replace(data, features=changed),
        replace(data, outcomes=outcomes),
        replace(data, features=data.features.rename(columns={"form_home": "mood_home"})),
        data.take(slice(1, None)),
    ]
    assert len({same, *(other.fingerprint() for other in others)}) == 5


def test_a_match_counts_half_after_a_half_life() -> None:
    np.testing.assert_allclose(recency(np.array([2010, 2015, 2020]), 5.0), [0.25, 0.5, 1.0])
