"""`audit leakage`: quiet on honest features, and names one that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sportsplat.errors import InputRefused, LeakageFound, UsageError
from sportsplat.features.build import Features
from sportsplat.jobs.context import Context
from sportsplat.jobs.modelling.audit import audit_leakage
from sportsplat.jobs.modelling.features import Frames
from tests.conftest import Database
from tests.stored_league import store_league

WINDOWS = [5, 10]


@pytest.fixture
def stored(database: Database, context: Context) -> pd.DataFrame:
    """Matches of a made-up league, stored."""
    with database.connect() as connection:
        return store_league(connection, context.league("epl"))


def own_result(frames: Frames) -> pd.Series:
    """The match's own score difference."""
    return frames.matches["home_score"] - frames.matches["away_score"]


def season_mean(frames: Frames) -> pd.Series:
    """Goals of the whole season, the rest of it included."""
    return frames.matches.groupby("season")["home_score"].transform("mean")


def next_match_of_the_day(frames: Frames) -> pd.Series:
    """Goals of an earlier match of the same day, whose hour nobody knows."""
    return frames.matches.groupby("match_date")["home_score"].shift(1)


def leaking(context: Context, leak: Callable[[Frames], pd.Series]) -> Callable[[Frames], Features]:
    """Honest features, except that streak_home is something else."""

    def build(frames: Frames) -> Features:
        honest = frames.build(context.league("epl"), WINDOWS)
        frame = honest.frame.assign(streak_home=leak(frames).to_numpy(dtype=np.float64))
        return replace(honest, frame=frame)

    return build


def test_honest_features_pass(stored: pd.DataFrame, context: Context) -> None:
    answer = audit_leakage(context, "epl", samples=12)
    assert answer.leaks == 0
    assert answer.samples == 12
    assert answer.compared > 12 * 10
    assert answer.matches == len(stored)


@pytest.mark.parametrize("leak", [own_result, season_mean, next_match_of_the_day])
def test_a_leaking_feature_is_named(
    stored: pd.DataFrame, context: Context, leak: Callable[[Frames], pd.Series]
) -> None:
    with pytest.raises(LeakageFound) as found:
        audit_leakage(context, "epl", samples=40, build=leaking(context, leak))
    assert found.value.exit_code == 10
    assert found.value.details["feature"] == "streak_home"
    details = found.value.details
    for said in ("streak_home", str(details["match_id"]), repr(details["with_future"])):
        assert said in found.value.message


def test_the_same_seed_looks_at_the_same_moments(stored: pd.DataFrame, context: Context) -> None:
    first, again = (audit_leakage(context, "epl", samples=3, seed=5) for _ in range(2))
    other = audit_leakage(context, "epl", samples=3, seed=6)
    keys = ("first_moment", "last_moment", "compared")
    assert [getattr(first, key) for key in keys] == [getattr(again, key) for key in keys]
    assert [getattr(first, key) for key in keys] != [getattr(other, key) for key in keys]


def test_a_league_without_results_cannot_be_audited(context: Context) -> None:
    with pytest.raises(InputRefused, match="no result of epl"):
        audit_leakage(context, "epl")


def test_no_samples_are_refused(context: Context) -> None:
    with pytest.raises(UsageError, match="looks at nothing"):
        audit_leakage(context, "epl", samples=0)
