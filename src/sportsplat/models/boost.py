"""Fit boosting on Elo inside the training window: choose, blend and calibrate on later matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.calibrate import fit_blend, no_blend
from sportsplat.models.candidates import candidates
from sportsplat.models.dataset import BoolArray, Dataset, FloatArray
from sportsplat.models.gbm import Blend, Boosting
from sportsplat.models.link import link_probabilities
from sportsplat.models.splits import Fold
from sportsplat.models.start import Start, fit_start, plain_start
from sportsplat.models.tuning import (
    STEP,
    Choice,
    Trial,
    choose,
    grower,
    learning_rows,
    make_parts,
    try_out,
    without_trees,
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
    if not folds:
        start = plain_start(train)
        nothing = np.full(train.outcomes.shape, np.nan)
        return BoostingFit(Boosting(start, no_blend(start.elo.gap), train.names, ""), nothing, {}, [])
    parts = make_parts(train, folds, fit_start)
    trials = [
        without_trees(make_parts(train, folds, plain_start)),
        *(try_out(parts, p, seed=seed, threads=threads) for p in candidates(tune, seed)),
    ]
    choice = choose(trials, len(folds))
    start = plain_start(train) if choice.trial is trials[0] else fit_start(train)
    blend = _blend(choice, len(folds), start.elo.gap)
    booster = _booster(train, start, choice, seed, threads)
    return BoostingFit(
        predictor=Boosting(start, blend, train.names, booster),
        oof=_out_of_fold(train, trials),
        parameters=_chosen(start, choice, blend),
        candidates=[_summary(trial) for trial in trials],
    )


def _chosen(start: Start, choice: Choice, blend: Blend) -> JsonObject:
    trees = choice.trial.parameters
    return {
        "start": asdict(start.elo) | {"weights": dict(start.weights)},
        "trees": None if trees is None else trees.to_dict(),
        "rounds": choice.rounds,
        "blend": asdict(blend),
        "memory_seasons": MEMORY_SEASONS,
    }


def _booster(train: Dataset, start: Start, choice: Choice, seed: int, threads: int) -> str:
    parameters = choice.trial.parameters
    if parameters is None or not choice.rounds:
        return ""
    grown = grower(learning_rows(train, start), train.season, parameters, seed, threads)
    grown.grow(choice.rounds)
    return grown.text()


def _blend(choice: Choice, parts_seen: int, gap: float) -> Blend:
    parts = choice.trial.parts[:parts_seen]
    return fit_blend(
        np.concatenate([part.latent for part in parts]),
        np.concatenate([part.neutral for part in parts]),
        np.concatenate([choice.correction(index) for index in range(len(parts))]),
        np.concatenate([part.shares for part in parts]),
        gap,
    )


def _out_of_fold(train: Dataset, trials: Sequence[Trial]) -> FloatArray:
    """Forecast each part as it would have been then: candidate, rounds and blend from earlier parts alone.

    The first part has none before it; its rows stay NaN.
    """
    oof = np.full(train.outcomes.shape, np.nan)
    for index in range(1, len(trials[0].parts)):
        choice = choose(trials, index)
        part = choice.trial.parts[index]
        blend = _blend(choice, index, part.gap)
        latent = blend.latent(part.latent, part.neutral, choice.correction(index))
        oof[part.validation] = link_probabilities(latent, blend.gap, train.outcomes.shape[1])
    return oof


def _summary(trial: Trial) -> JsonObject:
    """Describe a candidate by its mean validation loss at its best look, beside that of its start."""
    curve = trial.curve(len(trial.parts)) / sum(len(part.latent) for part in trial.parts)
    look = int(np.argmin(curve))
    return {
        "trees": None if trial.parameters is None else trial.parameters.to_dict(),
        "rounds": look * STEP,
        "log_loss": float(curve[look]),
        "start_log_loss": float(curve[0]),
    }
