"""Datasets whose truth is known: rows drawn from a formula, and the simulated league with its features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import expit

from sportsplat.features.build import build_features
from sportsplat.leagues.league import get_league
from sportsplat.models.dataset import Dataset, FloatArray, MomentArray, make_dataset
from sportsplat.sources.simulate import SimulatedMatch, simulate
from tests.factories import typed

LOGITS_PER_POINT = np.log(10) / 400
SEASON_ROWS = 300
DAY_ROWS = 5
EPOCH = np.datetime64("2010-01-01", "D")
HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True)
class KnownTruth:
    """A dataset beside the probabilities (n, k) that its outcomes were drawn from."""

    data: Dataset
    truth: FloatArray

    def take(self, rows: slice) -> KnownTruth:
        """Return some of the rows."""
        return KnownTruth(self.data.take(rows), self.truth[rows])


def ordered_logit(latent: FloatArray, gap: float, outcomes: int) -> FloatArray:
    """Return (n, outcomes) probabilities, written down apart from the code under test."""
    home, away = expit(latent - gap), expit(-latent - gap)
    return np.column_stack([home, away] if outcomes == 2 else [home, 1 - home - away, away])


def draw(probabilities: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return one-hot outcomes (n, k) drawn from probabilities (n, k)."""
    happened = (rng.random((len(probabilities), 1)) > np.cumsum(probabilities, axis=1)[:, :-1]).sum(axis=1)
    one_hot: FloatArray = np.eye(probabilities.shape[1])[happened]
    return one_hot


def made_up(
    seed: int,
    n: int,
    *,
    outcomes: int = 2,
    slope: float = 1.0,
    home: float = 0.0,
    gap: float = 0.0,
    form: float = 0.0,
    neutral_share: float = 0.1,
) -> KnownTruth:
    """Draw n matches from latent = slope * Elo's logits + home * (1 - neutral) + form * form_difference.

    `noise_*` are columns that mean nothing; every result is known two hours after the kick-off.
    """
    rng = np.random.default_rng(seed)
    neutral = rng.random(n) < neutral_share
    sided = {
        "elo": rng.normal(1500, 80, (2, n)),
        "form": rng.normal(0, 1, (2, n)),
        "noise": rng.normal(0, 1, (2, n)),
    }
    columns: dict[str, FloatArray] = {}
    for name, (ours, theirs) in sided.items():
        columns |= {f"{name}_home": ours, f"{name}_away": theirs, f"{name}_difference": ours - theirs}
    columns["elo_difference"] = columns["elo_difference"] + 60 * (1.0 - neutral)
    columns["neutral"] = neutral.astype(np.float64)
    latent = slope * LOGITS_PER_POINT * columns["elo_difference"] + home * (1.0 - neutral)
    truth = ordered_logit(latent + form * columns["form_difference"], gap, outcomes)
    position = np.arange(n)
    day = EPOCH + position // DAY_ROWS
    decision_at: MomentArray = (day + 15 * HOUR).astype("datetime64[us]")
    data = Dataset(
        league=get_league("sim" if outcomes == 2 else "epl"),
        match_id=position.astype(np.int64) + 1,
        features=pd.DataFrame(columns, index=pd.Index(position + 1, name="match_id")),
        outcomes=draw(truth, rng),
        season=(2010 + position // SEASON_ROWS).astype(np.int64),
        decision_at=decision_at,
        known_at=np.add(decision_at, 2 * HOUR),
        day=day,
        neutral=neutral,
        manifest="made-up",
    )
    return KnownTruth(data, truth)


@lru_cache(maxsize=4)
def simulated(seed: int, seasons: int, *, shuffled: bool = False) -> KnownTruth:
    """Return `seasons` of the simulated league with real features.

    `shuffled` hands every result to another match before the features are built.
    """
    world = simulate(seed, 2009 + seasons)
    matches = simulated_matches(world)
    if shuffled:
        order = np.random.default_rng(seed).permutation(len(matches))
        for column in ("home_score", "away_score"):
            matches[column] = matches[column].to_numpy()[order]
    league = get_league("sim")
    data = make_dataset(matches, build_features(matches, league, windows=[5, 10]), league)
    truth = np.array([match.truth for match in sorted(world, key=_moment)])
    return KnownTruth(data, np.column_stack([truth, 1 - truth]))


def simulated_matches(world: list[SimulatedMatch]) -> pd.DataFrame:
    """Return a matches frame, as db.read gives it, of a finished simulated league."""
    world = sorted(world, key=_moment)
    names = sorted({match.home for match in world})
    kickoff = pd.Series([match.kickoff_utc for match in world]).dt.as_unit("us")
    return typed(
        pd.DataFrame(
            {
                "match_id": np.arange(1, len(world) + 1),
                "season": [match.season for match in world],
                "match_date": kickoff.dt.tz_localize(None).dt.normalize(),
                "kickoff_utc": kickoff,
                "day_precision": False,
                "home_id": [names.index(match.home) for match in world],
                "away_id": [names.index(match.away) for match in world],
                "number": 1,
                "neutral": [match.neutral for match in world],
                "playoff": False,
                "final": True,
                "home_score": [float(match.home_points) for match in world],
                "away_score": [float(match.away_points) for match in world],
                "known_at": kickoff + pd.Timedelta(hours=3),
            }
        )
    )


def with_outcomes(data: Dataset, outcomes: FloatArray) -> Dataset:
    """Return the same matches with other results."""
    return replace(data, outcomes=outcomes)


def with_features(data: Dataset, **columns: FloatArray | float) -> Dataset:
    """Return the same matches with more, or other, feature columns."""
    return replace(data, features=data.features.assign(**columns))


def _moment(match: SimulatedMatch) -> tuple[float, str]:
    return match.kickoff_utc.timestamp(), match.home
