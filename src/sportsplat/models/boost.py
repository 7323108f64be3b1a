"""Fit boosting on Elo inside the training window: choose, blend and calibrate on later matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.calibrate import fit_blend, no_blend
from sportsplat.models.candidates import candidates
from sportsplat.models.dataset import BoolArray, Dataset, FloatArray
from sportsplat.models.elo_link import EloLink, fit_elo_link
from sportsplat.models.gbm import Blend, Boosting
from sportsplat.models.link import link_probabilities
from sportsplat.models.splits import Fold
from sportsplat.models.tuning import (
    STEP,
    Choice,
    Part,
    Trial,
    choose,
    grower,
    learning_rows,
    make_parts,
    try_out,
)

MEMORY_SEASONS = 15  # older matches cost time and gained nothing that showed: see docs/models.md


@dataclass(frozen=True)
class BoostingFit:
    """The predictor, its out-of-fold probabilities (n, k), what was chosen, and every candidate's score."""

    predictor: Boosting
    oof: FloatArray
    parameters: JsonObject
    candidates: list[JsonObject]


def recent_seasons(train: Dataset) -> BoolArray:
    """Return a mask (n,) of the seasons that trees learn from, the last MEMORY_SEASONS."""
    recent: BoolArray = train.season > train.season.max() - MEMORY_SEASONS
    return recent


def fit_boosting(train: Dataset, folds: Sequence[Fold], *, seed: int, threads: int, tune: int) -> BoostingFit:
    """Fit on every match of `train` (all with known results), choosing by `folds`; deterministic for a seed.

    Without folds nothing can be chosen, and the predictor is Elo without trees.
    """
    elo = fit_elo_link(train)
    parts = make_parts(train, folds)
    if not parts:
        nothing = np.full(train.outcomes.shape, np.nan)
        return BoostingFit(Boosting(elo, no_blend(elo.gap), train.names, ""), nothing, {"rounds": 0}, [])
    trials = [
        try_out(parts, train.names, parameters, seed=seed, threads=threads)
        for parameters in candidates(tune, seed)
    ]
    choice = choose(trials, len(parts))
    blend = _blend(parts, choice, elo.gap)
    return BoostingFit(
        predictor=Boosting(elo, blend, train.names, _booster(train, elo, choice, seed, threads)),
        oof=_out_of_fold(train, parts, trials),
        parameters=choice.trial.parameters.to_dict() | {"rounds": choice.rounds, "blend": asdict(blend)},
        candidates=[_summary(trial, parts) for trial in trials],
    )


def _booster(train: Dataset, elo: EloLink, choice: Choice, seed: int, threads: int) -> str:
    if not choice.rounds:
        return ""
    grown = grower(
        learning_rows(train, elo), train.season, train.names, choice.trial.parameters, seed, threads
    )
    grown.grow(choice.rounds)
    return grown.text()


def _blend(parts: Sequence[Part], choice: Choice, gap: float) -> Blend:
    return fit_blend(
        np.concatenate([part.latent for part in parts]),
        np.concatenate([part.neutral for part in parts]),
        np.concatenate([choice.correction(index) for index in range(len(parts))]),
        np.concatenate([part.shares for part in parts]),
        gap,
    )


def _out_of_fold(train: Dataset, parts: Sequence[Part], trials: Sequence[Trial]) -> FloatArray:
    """Forecast each part as it would have been then: candidate, rounds and blend from earlier parts alone.

    The first part has none before it; its rows stay NaN.
    """
    oof = np.full(train.outcomes.shape, np.nan)
    for index, part in enumerate(parts[1:], start=1):
        choice = choose(trials, index)
        blend = _blend(parts[:index], choice, part.gap)
        latent = blend.latent(part.latent, part.neutral, choice.correction(index))
        oof[part.validation] = link_probabilities(latent, blend.gap, train.outcomes.shape[1])
    return oof


def _summary(trial: Trial, parts: Sequence[Part]) -> JsonObject:
    """Describe a candidate by its mean validation loss at its best look, beside Elo's."""
    curve = trial.losses.sum(axis=0) / sum(len(part.latent) for part in parts)
    look = int(np.argmin(curve))
    return trial.parameters.to_dict() | {
        "rounds": look * STEP,
        "log_loss": float(curve[look]),
        "elo_log_loss": float(curve[0]),
    }
