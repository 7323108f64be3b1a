"""Nothing but what was known at kick-off moves a feature."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportsplat.features.asof import History
from sportsplat.features.build import build_features
from sportsplat.leagues.league import get_league
from tests.factories import box_scores, cell, matches_frame, random_league, typed

EPL = get_league("epl")
A, B, C = 1, 2, 3

seeds = st.integers(0, 10_000)


def built(matches: pd.DataFrame, stats: pd.DataFrame | None = None) -> pd.DataFrame:
    return build_features(matches, EPL, windows=[2, 5], stats=stats).frame


def assert_same_bits(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Equal to the last bit, gaps at the same places."""
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def without_results_after(frame: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The matches frame as it stood at a moment: fixtures stay, later results are gone."""
    frame = frame.copy()
    later = frame["known_at"] > moment
    frame.loc[later, "final"] = False
    frame.loc[later, ["home_score", "away_score"]] = np.nan
    frame.loc[later, "known_at"] = pd.NaT
    return frame


@settings(max_examples=25)
@given(seed=seeds, share=st.floats(0.0, 1.0))
def test_taking_the_future_away_moves_no_bit(seed: int, share: float) -> None:
    matches = random_league(seed, days=40)
    stats = box_scores(matches, seed)
    cut = matches["kickoff_utc"].iloc[int(share * (len(matches) - 1))]
    past = without_results_after(matches, cut)
    decided = (matches["kickoff_utc"] <= cut).to_numpy()
    whole = built(matches, stats)
    truncated = built(past, stats[stats["known_at"] <= cut])
    later = set(whole.columns) - set(truncated.columns)
    assert all("shots" in name or "corners" in name for name in later), "only numbers not recorded yet"
    assert_same_bits(whole.loc[decided, truncated.columns], truncated[decided])


@settings(max_examples=25)
@given(seed=seeds)
def test_an_absurd_future_moves_no_bit(seed: int) -> None:
    matches = random_league(seed, days=40)
    cut = matches["kickoff_utc"].iloc[len(matches) // 2]
    absurd = matches.copy()
    future = absurd["final"] & (absurd["known_at"] > cut)
    absurd.loc[future, "home_score"] = 999.0
    absurd.loc[future, "away_score"] = 0.0
    absurd.loc[future, "known_at"] += pd.Timedelta(hours=5)
    decided = (matches["kickoff_utc"] <= cut).to_numpy()
    assert_same_bits(built(matches)[decided], built(absurd)[decided])
    if future.any():
        assert not built(matches).equals(built(absurd)), "the planted results are seen by nobody at all"


@settings(max_examples=15)
@given(seed=seeds)
def test_the_order_of_the_rows_changes_nothing(seed: int) -> None:
    matches = random_league(seed)
    stats = box_scores(matches, seed)
    shuffled = matches.sample(frac=1.0, random_state=seed)
    mixed = built(shuffled, stats.sample(frac=1.0, random_state=seed + 1))
    assert mixed.index.tolist() == shuffled["match_id"].tolist()
    assert_same_bits(mixed.loc[matches["match_id"]], built(matches, stats))


@settings(max_examples=15)
@given(seed=seeds)
def test_a_match_has_the_same_features_before_and_after_it_is_played(seed: int) -> None:
    matches = random_league(seed, unplayed=0.0)
    rng = np.random.default_rng(seed)
    chosen = matches.index[int(rng.integers(len(matches)))]
    before = matches.copy()
    before.loc[chosen, "final"] = False
    before.loc[chosen, ["home_score", "away_score"]] = np.nan
    before.loc[chosen, "known_at"] = pd.NaT
    match_id = matches.loc[chosen, "match_id"]
    assert_same_bits(built(matches).loc[[match_id]], built(before).loc[[match_id]])


def test_inputs_are_left_as_they_were() -> None:
    matches = random_league(3)
    stats = box_scores(matches, 3)
    matches_before, stats_before = matches.copy(deep=True), stats.copy(deep=True)
    built(matches, stats)
    pd.testing.assert_frame_equal(matches, matches_before)
    pd.testing.assert_frame_equal(stats, stats_before)


def test_two_matches_of_one_day_never_feed_each_other() -> None:
    """A protested game was completed before the regular one of the day (Sixers and Nets, 1979-03-23)."""
    matches = matches_frame(
        [
            {"day": "1979-03-20", "home": A, "away": C, "score": (100, 90)},
            {"day": "1979-03-23", "home": A, "away": B, "score": (123, 117), "number": 1},
            {"day": "1979-03-23", "home": A, "away": B, "score": (110, 98), "number": 2},
            {"day": "1979-03-24", "home": A, "away": B},
        ]
    )
    frame = built(matches)
    assert_same_bits(frame.loc[[2]].reset_index(drop=True), frame.loc[[3]].reset_index(drop=True))
    assert cell(frame, 4, "streak_home") == 3
    assert cell(frame, 4, "matches_last_7_days_away") == 2


def test_a_result_known_at_kick_off_counts_and_one_moment_later_does_not() -> None:
    rows = [
        {"day": "2001-09-01", "time": "12:00", "home": A, "away": C, "score": (1, 0)},
        {"day": "2001-09-01", "time": "15:00", "home": A, "away": B},
    ]
    assert cell(built(matches_frame(rows)), 2, "streak_home") == 1
    rows[0]["known"] = "2001-09-01 15:00:00.000001"
    assert np.isnan(cell(built(matches_frame(rows)), 2, "streak_home"))


def test_a_result_dated_at_its_own_kick_off_does_not_answer_itself() -> None:
    row = {"day": "2001-09-01", "home": A, "away": B, "score": (9, 0), "known": "2001-09-01"}
    assert np.isnan(cell(built(matches_frame([row])), 1, "streak_home"))


def test_a_late_box_score_waits_while_the_result_counts() -> None:
    matches = matches_frame(
        [
            {"day": "2001-09-01", "home": A, "away": B, "score": (1, 0)},
            {"day": "2001-09-03", "home": A, "away": B},
            {"day": "2001-09-09", "home": A, "away": B},
        ]
    )
    stats = pd.DataFrame(
        {
            "match_id": [1, 1],
            "is_home": [True, False],
            "shots": [20.0, 5.0],
            "known_at": pd.to_datetime(["2001-09-02", "2001-09-05"], utc=True).as_unit("us"),
        }
    )
    frame = built(matches, stats)
    assert frame["streak_home"].tolist()[1:] == [1, 1]
    assert frame["shots_balance_5_home"].isna().tolist() == [True, True, False]
    assert cell(frame, 3, "shots_balance_5_home") == 15.0
    assert frame["expected_shots_difference"].tolist()[:2] == [0.0, 0.0]
    assert cell(frame, 3, "expected_shots_difference") > 0


def test_a_box_score_of_one_side_only_is_not_a_box_score() -> None:
    matches = random_league(5, unplayed=0.0)
    stats = box_scores(matches, 5)
    whole = built(matches, stats[stats["match_id"] != 7])
    assert_same_bits(whole, built(matches, stats[(stats["match_id"] != 7) | stats["is_home"]]))


def test_the_mean_balance_is_over_recorded_numbers_only() -> None:
    matches = matches_frame(
        [{"day": f"2001-09-0{day}", "home": A, "away": B, "score": (1, 0)} for day in range(1, 5)]
    )
    stats = box_scores(matches, 1)
    stats["shots"] = [10.0, np.nan, 12.0, 0.0, 4.0, 6.0, 1.0, 2.0]  # home, away, home, away, ...
    frame = built(matches, stats)
    assert cell(frame, 4, "shots_balance_5_home") == 5.0  # 12 - 0 and 4 - 6; the first is half unknown


@pytest.mark.parametrize("teams", [2, 300])
def test_leagues_of_any_size_keep_pairs_apart(teams: int) -> None:
    """Past 255 teams, pairs no longer fit the short numbers that sort fastest."""
    rows = [
        {"day": "2001-09-01", "home": 2 * i, "away": 2 * i + 1, "score": (i, 0)} for i in range(teams // 2)
    ]
    rows += [{"day": "2001-09-02", "home": 2 * i + 1, "away": 2 * i} for i in range(teams // 2)]
    frame = built(typed(matches_frame(rows)))
    margins = frame["head_to_head_score_difference"].tolist()[teams // 2 :]
    assert margins == [-float(i) for i in range(teams // 2)]


def test_history_numbers_results_as_they_became_known() -> None:
    matches = matches_frame(
        [
            {"day": "2001-09-01", "home": A, "away": B, "score": (1, 0), "known": "2001-09-20"},
            {"day": "2001-09-02", "home": B, "away": C, "score": (1, 0)},
            {"day": "2001-09-03", "home": C, "away": A},
        ]
    )
    history = History.of(matches)
    assert history.answers.row.tolist() == [1, 0]
    assert history.known.tolist() == [0, 0, 1]
