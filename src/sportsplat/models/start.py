"""Where trees start: Elo, and beside it the expected differences that features learn in units of the game.

latent = Elo's latent strength (elo_link.py) + sum over columns of weight * expected difference, all weights
fitted together. Every term changes its sign when the teams are exchanged. Without columns this is Elo's
link itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sportsplat.models.dataset import Dataset, FloatArray, recency
from sportsplat.models.elo_link import PRIOR_MATCHES, USUAL_DRAW_GAP, EloLink, elo_design, fit_elo_link
from sportsplat.models.link import Prior, fit_link

if TYPE_CHECKING:
    import pandas as pd

HALF_LIFE = 8.0  # seasons; chosen on EPL 2003-2016 and NFL 1978-1998


@dataclass(frozen=True)
class Start:
    """Elo's link and the weights, in logits per unit, of columns `expected_<what>_difference`."""

    elo: EloLink
    weights: Mapping[str, float]

    def latent(self, features: pd.DataFrame) -> FloatArray:
        """Return (n,) latent strength of the home side in logits."""
        latent: FloatArray = self.elo.latent(features) + self.terms(features).sum(axis=1)
        return latent

    def terms(self, features: pd.DataFrame) -> FloatArray:
        """Return (n, w): what each weighted column adds, in the order of `weights`."""
        terms: FloatArray = expected(features, list(self.weights)) * np.array(list(self.weights.values()))
        return terms


def expected_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that a start may weigh."""
    return [name for name in names if name.startswith("expected_") and name.endswith("_difference")]


def expected(features: pd.DataFrame, columns: list[str]) -> FloatArray:
    """Return (n, w) expected differences; what nobody has learned yet is 0, as for equals."""
    values: FloatArray = np.nan_to_num(features[columns].to_numpy(dtype=np.float64))
    return values


def plain_start(train: Dataset) -> Start:
    """Return Elo's link alone."""
    return Start(fit_elo_link(train), {})


def fit_start(train: Dataset) -> Start:
    """Fit Elo's link and the weights of all expected differences on `train`, with a weak prior at plain Elo.

    A match counts half after HALF_LIFE seasons. A column is scaled by its spread, so that the prior means the
    same for shots and for goals; one that began only lately is left out, for its spread is still to come.
    """
    weight = recency(train.season, HALF_LIFE)
    columns = [name for name in expected_columns(train.names) if _learned_share(train, name, weight) >= 0.5]
    if not columns:
        return plain_start(train)
    values = expected(train.features, columns)
    spread = np.maximum(values.std(axis=0), 1e-9)
    outcomes = train.outcomes.shape[1]
    centre = np.array([1.0, 0.0, *np.zeros(len(columns))])
    fit = fit_link(
        np.column_stack([elo_design(train.features), values / spread]),
        train.outcomes,
        Prior(centre, USUAL_DRAW_GAP if outcomes == 3 else 0.0, PRIOR_MATCHES),
        weight,
    )
    slope, home, *weights = (float(value) for value in fit.coefficients)
    scaled = {name: weight / float(s) for name, weight, s in zip(columns, weights, spread, strict=True)}
    return Start(EloLink(slope, home, fit.gap, outcomes), scaled)


def _learned_share(train: Dataset, column: str, weight: FloatArray) -> float:
    """Return the weighted share of matches in which something had been learned: 0 stands for nothing yet."""
    return float(weight[expected(train.features, [column])[:, 0] != 0.0].sum() / weight.sum())
