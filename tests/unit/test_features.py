"""Features of small leagues: counted by hand, and counted the slow way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sportsplat.errors import InvalidSetting
from sportsplat.features.build import build_features
from sportsplat.leagues.league import get_league
from tests.factories import cell, cells, matches_frame, random_league
from tests.slow_features import slow_features

EPL = get_league("epl")
A, B, C = 1, 2, 3


def row_of(matches: pd.DataFrame, match_id: int, windows: Sequence[int] = (5, 10)) -> dict[str, float]:
    frame = build_features(matches, EPL, windows=windows).frame
    return dict(zip(frame.columns, cells(frame, match_id, *frame.columns), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_every_feature_is_what_a_slow_count_finds(seed: int) -> None:
    matches = random_league(seed)
    windows = [1, 4, 7]
    frame = build_features(matches, EPL, windows=windows).frame
    rows: list[Any] = list(matches.itertuples())
    for match in rows[:: 1 if seed == 0 else 5]:
        slow = slow_features(matches, match, EPL, windows)
        assert set(slow) == set(frame.columns)
        fast = cells(frame, match.match_id, *slow)
        np.testing.assert_allclose(fast, list(slow.values()), rtol=1e-11, atol=1e-9)


def test_form_is_the_mean_over_the_last_matches() -> None:
    matches = matches_frame(
        [
            {"day": "2001-09-01", "home": A, "away": B, "score": (3, 0)},
            {"day": "2001-09-08", "home": C, "away": A, "score": (1, 1)},
            {"day": "2001-09-15", "home": A, "away": C, "score": (0, 2)},
            {"day": "2001-09-22", "home": A, "away": B},
        ]
    )
    row = row_of(matches, 4, windows=[2, 5])
    assert row["win_share_2_home"] == 0.25
    assert row["score_difference_2_home"] == -1.0
    assert row["win_share_5_home"] == 0.5
    assert row["score_difference_5_home"] == pytest.approx(1 / 3)
    assert row["win_share_5_away"] == 0.0
    assert row["win_share_5_difference"] == 0.5


def test_a_streak_counts_wins_up_and_losses_down_and_a_draw_ends_it() -> None:
    scores = [(1, 0), (2, 0), (0, 1), (0, 1), (0, 3), (1, 1), (2, 1)]
    matches = matches_frame(
        [
            {"day": f"2001-09-{day:02d}", "home": A, "away": B, "score": score}
            for day, score in enumerate(scores, start=1)
        ]
    )
    frame = build_features(matches, EPL, windows=[5]).frame
    assert frame["streak_home"].tolist()[1:] == [1, 2, -1, -2, -3, 0]
    assert np.isnan(frame["streak_home"].iloc[0])


def test_rest_is_counted_in_days_of_the_calendar_and_capped() -> None:
    matches = matches_frame(
        [
            {"day": "2001-09-01", "home": A, "away": B, "score": (1, 0)},
            {"day": "2001-09-02", "home": A, "away": C, "score": (1, 0)},
            {"day": "2001-12-24", "home": B, "away": A},
        ]
    )
    frame = build_features(matches, EPL, windows=[5]).frame
    assert cells(frame, 2, "rest_days_home", "back_to_back_home") == [1, 1]
    assert cells(frame, 3, "rest_days_home", "rest_days_away", "back_to_back_away") == [14, 14, 0]
    assert np.isnan(cell(frame, 2, "rest_days_away"))


def test_season_progress_starts_again_with_the_season() -> None:
    matches = matches_frame(
        [
            {"day": "2001-09-01", "home": A, "away": B, "score": (1, 0), "season": 2001},
            {"day": "2001-09-08", "home": A, "away": B, "score": (1, 0), "season": 2001},
            {"day": "2001-09-15", "home": A, "away": B, "season": 2001},
            {"day": "2002-09-01", "home": A, "away": B, "season": 2002},
        ]
    )
    progress = build_features(matches, EPL, windows=[5]).frame["season_progress_home"]
    assert progress.tolist() == [0, 1 / 38, 2 / 38, 0]


def test_head_to_head_is_the_home_teams_view_wherever_the_meetings_were() -> None:
    matches = matches_frame(
        [
            {"day": "2001-09-01", "home": A, "away": B, "score": (4, 0)},
            {"day": "2001-09-08", "home": B, "away": A, "score": (1, 0)},
            {"day": "2001-09-15", "home": B, "away": A},
            {"day": "2001-09-22", "home": A, "away": B},
            {"day": "2001-09-22", "home": A, "away": C},
        ]
    )
    frame = build_features(matches, EPL, windows=[5]).frame
    columns = ("head_to_head_win_share", "head_to_head_score_difference")
    assert cells(frame, 3, *columns) == [0.5, -1.5]
    assert cells(frame, 4, *columns) == [0.5, 1.5]
    assert np.isnan(cells(frame, 5, *columns)).all()


def test_the_first_match_of_all_has_gaps_and_initial_ratings() -> None:
    row = row_of(matches_frame([{"day": "2001-09-01", "home": A, "away": B}]), 1)
    assert row["elo_home"] == EPL.elo.initial
    assert row["elo_difference"] == EPL.elo.home_advantage
    gaps = {name.removesuffix("_home") for name, value in row.items() if np.isnan(value)}
    assert {name for name in gaps if not name.endswith(("_away", "_difference", "_share"))} == {
        "win_share_5",
        "score_difference_5",
        "win_share_10",
        "score_difference_10",
        "streak",
        "rest_days",
        "back_to_back",
    }


def test_an_empty_league_has_no_features_and_no_accident() -> None:
    empty = matches_frame([{"day": "2001-09-01", "home": A, "away": B}]).iloc[:0]
    features = build_features(empty, EPL, windows=[5])
    assert features.frame.shape == (0, len(features.names))


def test_every_column_is_documented_in_order() -> None:
    features = build_features(random_league(0, days=3), EPL, windows=[5, 10])
    assert list(features.frame.columns) == list(features.names)
    assert len(set(features.names)) == len(features.names)
    assert all(doc.meaning and doc.gap and doc.known_since and doc.tables for doc in features.documents)


def test_the_manifest_tells_windows_and_rating_parameters_apart() -> None:
    matches = random_league(0, days=3)
    same = build_features(random_league(1, days=5), EPL, windows=[5, 10]).manifest
    assert build_features(matches, EPL, windows=[5, 10]).manifest == same
    assert build_features(matches, EPL, windows=[5, 11]).manifest != same
    assert build_features(matches, get_league("nfl"), windows=[5, 10]).manifest != same


def test_a_window_of_no_matches_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="window of 0 matches"):
        build_features(random_league(0, days=3), EPL, windows=[5, 0])
