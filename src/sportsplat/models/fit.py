"""Fit one kind of predictor to the results known so far, with honest scores on matches it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.errors import InputRefused, NotFound
from sportsplat.models.baselines import fit_base_rate
from sportsplat.models.boosting import fit_boosting, recent_seasons
from sportsplat.models.card import ModelCard, package_versions, uses_odds
from sportsplat.models.dataset import Dataset, FloatArray
from sportsplat.models.elo import fit_elo
from sportsplat.models.score import log_loss_each, paired_difference, scores
from sportsplat.models.splits import Fold, time_folds

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("base_rate", "elo", "gbm")


class Predictor(Protocol):
    """A fitted forecaster of one league."""

    @property
    def kind(self) -> str:
        """One of KINDS."""

    @property
    def names(self) -> tuple[str, ...]:
        """The feature columns that `predict` reads."""

    def predict(self, features: pd.DataFrame) -> FloatArray:
        """Return (n, k) probabilities, rows sum to 1, for features as `build_features` makes them."""

    def to_artifact(self) -> JsonObject:
        """Return the predictor as JSON values."""


@dataclass(frozen=True)
class Fitted:
    """A predictor, its card, and its out-of-fold probabilities (n, k): NaN in rows that no fold validated."""

    predictor: Predictor
    card: ModelCard
    oof: FloatArray


@dataclass(frozen=True)
class _Result:
    predictor: Predictor
    oof: FloatArray
    parameters: JsonObject = field(default_factory=dict)
    candidates: list[JsonObject] = field(default_factory=list)


def fit_model(
    kind: str, train: Dataset, *, seed: int, folds: int, min_matches: int, threads: int = 1, tune: int = 0
) -> Fitted:
    """Fit `kind` to the matches of `train` whose result is known; same input and seed, same model.

    folds: time-ordered blocks for choosing and calibrating; tune: how many random parameter sets to try
    beside the standing candidates. Raises NotFound (UNKNOWN_MODEL), InputRefused (TOO_FEW_MATCHES) below
    `min_matches`.
    """
    if kind not in KINDS:
        raise NotFound(
            f"unknown model {kind!r}", fix=f"choose one of: {', '.join(KINDS)}", code="UNKNOWN_MODEL"
        )
    train = train.take(train.played)
    refuse_too_few(train, min_matches)
    learned = np.flatnonzero(recent_seasons(train)) if kind == "gbm" else np.arange(len(train))
    everything, train = train, train.take(learned)
    splits = time_folds(train, folds)
    base_rate = _plain(train, splits, fit_base_rate)
    elo = _plain(train, splits, fit_elo)
    if kind == "gbm":
        boosting = fit_boosting(train, splits, seed=seed, threads=threads, tune=tune)
        result = _Result(boosting.predictor, boosting.oof, boosting.parameters, boosting.candidates)
    else:
        result = base_rate if kind == "base_rate" else elo
    card = _card(kind, train, seed, result, {"base_rate": base_rate.oof, "elo": elo.oof})
    oof = np.full(everything.outcomes.shape, np.nan)
    oof[learned] = result.oof
    return Fitted(result.predictor, card, oof)


def refuse_too_few(train: Dataset, min_matches: int) -> None:
    """Raise InputRefused when fewer than `min_matches` results are known."""
    if len(train) < min_matches:
        code = train.league.code
        raise InputRefused(
            f"{len(train)} matches of {code} have a known result; a model needs {min_matches}",
            cause="models.min_training_matches",
            fix=f"ingest more seasons of {code}; `sportsplat sources` lists the sources",
            code="TOO_FEW_MATCHES",
            matches=len(train),
            needed=min_matches,
        )


def _plain(train: Dataset, splits: list[Fold], fit: Callable[[Dataset], Any]) -> _Result:
    """Fit a predictor that has nothing to choose, on everything and on each fold."""
    oof = np.full(train.outcomes.shape, np.nan)
    for fold in splits:
        fitted = fit(train.take(fold.train))
        oof[fold.validation] = fitted.predict(train.features.iloc[fold.validation])
    predictor = fit(train)
    artifact = predictor.to_artifact()
    return _Result(predictor, oof, {key: value for key, value in artifact.items() if key != "kind"})


def _card(
    kind: str, train: Dataset, seed: int, result: _Result, baselines: dict[str, FloatArray]
) -> ModelCard:
    seen = np.isfinite(result.oof).all(axis=1)
    outcomes, days = train.outcomes[seen], train.day[seen]
    validated: JsonObject = {"matches": int(seen.sum())}
    compared: JsonObject = {}
    paired: JsonObject = {}
    if seen.any():
        validated |= {"from": str(days.min()), "to": str(days.max())}
        losses = log_loss_each(result.oof[seen], outcomes)
        for name, oof in baselines.items():
            compared[name] = scores(oof[seen], outcomes)
            paired[name] = paired_difference(losses, log_loss_each(oof[seen], outcomes), days).to_dict()
    return ModelCard(
        league=train.league.code,
        kind=kind,
        outcomes=tuple(train.league.outcomes),
        features=train.names,
        manifest=train.manifest,
        data_fingerprint=train.fingerprint(),
        trained_until=f"{train.known_at.max()}Z",
        matches=len(train),
        seed=seed,
        uses_odds=kind == "gbm" and uses_odds(train.names),
        parameters=result.parameters,
        learned={
            "from": str(train.day.min()),
            "to": str(train.day.max()),
            "seasons": len(np.unique(train.season)),
        },
        validated=validated,
        scores=scores(result.oof[seen], outcomes) if seen.any() else {},
        baselines=compared,
        paired=paired,
        candidates=result.candidates,
        packages=package_versions(),
    )
