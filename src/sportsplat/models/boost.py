"""Choose and fit boosting inside the training window, by time-ordered folds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.calibrate import fit_blend, no_blend
from sportsplat.models.dataset import Dataset, FloatArray, IntArray
from sportsplat.models.elo_link import EloLink, fit_elo_link
from sportsplat.models.gbm import Blend, Boosting
from sportsplat.models.link import link_probabilities
from sportsplat.models.score import log_loss_each
from sportsplat.models.splits import Fold
from sportsplat.models.trees import Grower, Rows, TreeParameters

STEP = 10  # trees between two looks at the validation loss
MOST_ROUNDS = 400
PATIENCE = 8  # looks without improvement before a candidate is given up

CANDIDATES = (
    TreeParameters(leaves=4, min_leaf=100, rate=0.03, l2=10.0, feature_share=0.5),
    TreeParameters(leaves=8, min_leaf=200, rate=0.03, l2=50.0, feature_share=0.3),
)


@dataclass(frozen=True)
class BoostingFit:
    """The predictor, its out-of-fold probabilities (n, k), what was chosen, and every candidate's score."""

    predictor: Boosting
    oof: FloatArray
    parameters: JsonObject
    candidates: list[JsonObject]


class Part(NamedTuple):
    """One fold with what Elo says about it, fitted on its training rows only."""

    fold: Fold
    elo: EloLink
    latent: FloatArray  # of the validation rows
    neutral: FloatArray
    shares: FloatArray
    weight: FloatArray


class Path(NamedTuple):
    """A candidate's corrections on each fold's validation rows, (looks, n_fold) each; look i has i * STEP trees."""

    parameters: TreeParameters
    corrections: list[FloatArray]
    losses: FloatArray  # (folds, looks) weighted sums of log loss


def fit_boosting(train: Dataset, splits: list[Fold], *, seed: int, threads: int, tune: int) -> BoostingFit:
    values = train.features.to_numpy(dtype=np.float64)
    parts = [_part(train, fold) for fold in splits]
    paths = [_path(train, values, parts, p, seed, threads) for p in candidates(tune, seed)]
    oof = _out_of_fold(train, parts, paths)
    path, look = _choose(paths, len(parts))
    blend = _blend(parts, path, look, fit_elo_link(train).gap)
    elo = fit_elo_link(train)
    booster = ""
    if look:
        weight = decay(train.season, path.parameters.half_life)
        grower = Grower(
            Rows(values, elo.latent(train.features), train.outcomes, weight, elo.gap),
            path.parameters,
            seed=seed,
            threads=threads,
        )
        grower.grow(look * STEP)
        booster = grower.text()
    return BoostingFit(
        Boosting(elo, blend, train.names, booster),
        oof,
        path.parameters.to_dict() | {"rounds": look * STEP, "blend": blend.__dict__},
        [_summary(p, parts) for p in paths],
    )


def candidates(tune, seed):
    return list(CANDIDATES)


def _part(train: Dataset, fold: Fold) -> Part:
    known, later = train.take(fold.train), train.take(fold.validation)
    elo = fit_elo_link(known)
    return Part(
        fold,
        elo,
        elo.latent(later.features),
        later.neutral.astype(np.float64),
        later.outcomes,
        np.ones(len(later)),
    )


def decay(season: IntArray, half_life: float) -> FloatArray:
    if half_life <= 0:
        return np.ones(len(season))
    return np.asarray(0.5 ** ((season.max() - season) / half_life), dtype=np.float64)


def _path(train, values, parts, parameters, seed, threads) -> Path:
    growers = []
    for part in parts:
        known = train.take(part.fold.train)
        rows = Rows(
            values[part.fold.train],
            part.elo.latent(known.features),
            known.outcomes,
            decay(known.season, parameters.half_life),
            part.elo.gap,
        )
        growers.append(Grower(rows, parameters, seed=seed, threads=threads))
    corrections = [[np.zeros(len(part.latent))] for part in parts]
    losses = [[_loss(part, c[0]) for part, c in zip(parts, corrections)]]
    best = 0
    while len(losses) - 1 < MOST_ROUNDS // STEP and len(losses) - 1 - best < PATIENCE:
        for grower, part, c in zip(growers, parts, corrections):
            grower.grow(STEP)
            c.append(grower.correction(values[part.fold.validation]))
        losses.append([_loss(part, c[-1]) for part, c in zip(parts, corrections)])
        best = int(np.argmin([sum(l) for l in losses]))
    return Path(parameters, [np.stack(c) for c in corrections], np.array(losses).T)


def _loss(part: Part, correction: FloatArray) -> float:
    p = link_probabilities(part.latent + correction, part.elo.gap, part.shares.shape[1])
    return float(part.weight @ log_loss_each(p, part.shares))


def _choose(paths: list[Path], folds: int) -> tuple[Path, int]:
    best = min(paths, key=lambda p: p.losses[:folds].sum(axis=0).min())
    return best, int(np.argmin(best.losses[:folds].sum(axis=0)))


def _blend(parts, path, look, gap) -> Blend:
    if not parts:
        return no_blend(gap)
    cat = lambda f: np.concatenate([f(i, p) for i, p in enumerate(parts)])
    return fit_blend(
        cat(lambda i, p: p.latent),
        cat(lambda i, p: p.neutral),
        cat(lambda i, p: path.corrections[i][look]),
        cat(lambda i, p: p.shares),
        gap,
        cat(lambda i, p: p.weight),
    )


def _out_of_fold(train, parts, paths) -> FloatArray:
    oof = np.full(train.outcomes.shape, np.nan)
    for i, part in enumerate(parts):
        if i == 0:
            blend, trees = no_blend(part.elo.gap), np.zeros(len(part.latent))
        else:
            path, look = _choose(paths, i)
            blend = _blend(parts[:i], path, look, part.elo.gap)
            trees = path.corrections[i][look]
        oof[part.fold.validation] = link_probabilities(
            blend.latent(part.latent, part.neutral, trees), blend.gap, train.outcomes.shape[1]
        )
    return oof


def _summary(path: Path, parts) -> JsonObject:
    n = sum(len(p.latent) for p in parts)
    curve = path.losses.sum(axis=0) / n
    look = int(np.argmin(curve))
    return path.parameters.to_dict() | {
        "rounds": look * STEP,
        "log_loss": float(curve[look]),
        "elo": float(curve[0]),
    }
