"""Small regularised trees grown by LightGBM as a correction to a latent strength that is already known.

The trees never see the outcome alone: they start from each row's offset (Elo's latent strength), so that no
trees at all means exactly Elo, and each tree is a step away from it that has to pay for itself on later
matches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.dataset import FloatArray
from sportsplat.models.link import slope_and_curvature

MAX_BIN = 63


@dataclass(frozen=True)
class TreeParameters:
    """What shapes one boosting run; LightGBM's names in brackets.

    leaves (num_leaves), min_leaf (min_data_in_leaf), rate (learning_rate), l2 (lambda_l2), feature_share
    (feature_fraction, drawn per tree), half_life: seasons after which a match counts half, 0 for never.
    """

    leaves: int = 4
    min_leaf: int = 100
    rate: float = 0.05
    l2: float = 10.0
    feature_share: float = 0.5
    half_life: float = 0.0

    def to_dict(self) -> JsonObject:
        """Return the parameters as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Rows:
    """What trees learn from: values (n, f), offset (n,), outcome shares (n, k), weight (n,), draw gap."""

    values: FloatArray
    offset: FloatArray
    shares: FloatArray
    weight: FloatArray
    gap: float


class Grower:
    """One boosting run that can be continued round by round."""

    def __init__(self, rows: Rows, parameters: TreeParameters, *, seed: int, threads: int) -> None:
        import lightgbm as lgb

        settings = _settings(parameters, seed, threads)
        self._gradient = _gradient(rows)
        data = lgb.Dataset(
            rows.values, label=np.zeros(len(rows.values)), init_score=rows.offset, params=settings
        )
        self._booster = lgb.Booster(settings, data)

    def grow(self, rounds: int) -> bool:
        """Add `rounds` trees; False when no split is worth its while any more."""
        return not any(self._booster.update(fobj=self._gradient) for _ in range(rounds))

    def correction(self, values: FloatArray) -> FloatArray:
        """Return (n,) what all trees so far add to the latent strength."""
        return _raw(self._booster, values)

    def text(self) -> str:
        """Return LightGBM's text model."""
        text: str = self._booster.model_to_string(num_iteration=-1)
        return text


def tree_correction(text: str, values: FloatArray) -> FloatArray:
    """Return (n,) corrections of a stored text model for features (n, f)."""
    return _raw(_load(text), values)


def tree_contributions(text: str, values: FloatArray) -> FloatArray:
    """Return (n, f) SHAP values: how many logits each feature moved each match; the average is left out."""
    contributions: FloatArray = np.asarray(_load(text).predict(values, raw_score=True, pred_contrib=True))
    return contributions[:, :-1]


@lru_cache(maxsize=16)
def _load(text: str) -> Any:
    import lightgbm as lgb

    return lgb.Booster(model_str=text)


def _raw(booster: Any, values: FloatArray) -> FloatArray:
    if booster.num_trees() == 0:
        return np.zeros(len(values))
    raw: FloatArray = np.asarray(booster.predict(values, raw_score=True, num_threads=1))
    return raw


def _gradient(rows: Rows) -> Callable[[FloatArray, Any], tuple[FloatArray, FloatArray]]:
    def gradient(latent: FloatArray, _: Any) -> tuple[FloatArray, FloatArray]:
        slope, curvature = slope_and_curvature(latent, rows.gap, rows.shares)
        return slope * rows.weight, curvature * rows.weight

    return gradient


def _settings(parameters: TreeParameters, seed: int, threads: int) -> dict[str, Any]:
    return {
        "objective": "none",
        "num_leaves": parameters.leaves,
        "min_data_in_leaf": parameters.min_leaf,
        "learning_rate": parameters.rate,
        "lambda_l2": parameters.l2,
        "feature_fraction": parameters.feature_share,
        "max_bin": MAX_BIN,
        "feature_pre_filter": False,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }
