"""Elo as a forecaster: the rating difference before the match, through an ordered logit fitted to results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.dataset import Dataset, FloatArray, recency
from sportsplat.models.ordered_logit import Prior, fit_ordered_logit, outcome_probabilities

if TYPE_CHECKING:
    import pandas as pd


ELO_SCALE = np.log(10) / 400  # one rating point in logits, by the definition of Elo
HALF_LIFE = 5.0  # seasons; the home advantage drifts. Chosen on NBA 1975-1998 and NFL 1978-1998
PRIOR_MATCHES = 1.0
USUAL_DRAW_GAP = 0.6  # equals draw in 29% of matches


@dataclass(frozen=True)
class EloModel:
    """latent = slope * difference * ln(10)/400 + home * (1 - neutral), through an ordered logit of `gap`.

    slope 1, home 0 and gap 0 is Elo's own formula; `elo_difference` includes the league's home advantage, and
    `home` is what that advantage still lacks in logits.
    """

    slope: float
    home: float
    gap: float
    outcomes: int
    kind: ClassVar[str] = "elo"
    names: ClassVar[tuple[str, ...]] = ("elo_difference", "neutral")

    def latent(self, features: pd.DataFrame) -> FloatArray:
        """Return (n,) latent strength of the home side in logits."""
        difference, at_home = elo_design(features).T
        latent: FloatArray = self.slope * difference + self.home * at_home
        return latent

    def predict(self, features: pd.DataFrame) -> FloatArray:
        """Return (n, k) probabilities from the columns `elo_difference` and `neutral`."""
        return outcome_probabilities(self.latent(features), self.gap, self.outcomes)

    def to_artifact(self) -> JsonObject:
        """Return what `from_artifact` needs, as JSON values."""
        return {
            "kind": self.kind,
            "slope": self.slope,
            "home": self.home,
            "gap": self.gap,
            "outcomes": self.outcomes,
        }

    @classmethod
    def from_artifact(cls, artifact: JsonObject) -> EloModel:
        """Return the predictor that `to_artifact` described."""
        return cls(artifact["slope"], artifact["home"], artifact["gap"], artifact["outcomes"])


def elo_design(features: pd.DataFrame) -> FloatArray:
    """Return (n, 2): the rating difference in logits, and 1 where the home side really is at home."""
    difference = features["elo_difference"].to_numpy(dtype=np.float64) * ELO_SCALE
    return np.column_stack([difference, 1.0 - features["neutral"].to_numpy(dtype=np.float64)])


def fit_elo(train: Dataset) -> EloModel:
    """Fit slope, home correction and draw gap on `train`; a match counts half after HALF_LIFE seasons."""
    outcomes = train.outcomes.shape[1]
    prior = Prior(np.array([1.0, 0.0]), USUAL_DRAW_GAP if outcomes == 3 else 0.0, PRIOR_MATCHES)
    weight = recency(train.season, HALF_LIFE)
    fit = fit_ordered_logit(elo_design(train.features), train.outcomes, prior, weight)
    slope, home = (float(value) for value in fit.coefficients)
    return EloModel(slope, home, fit.gap, outcomes)


LINEAR_HALF_LIFE = 8.0  # seasons; chosen on EPL 2003-2016 and NFL 1978-1998


@dataclass(frozen=True)
class LinearPart:
    """Elo and the weights, in logits per unit, of columns `expected_<what>_difference`."""

    elo: EloModel
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
    """Return the columns that the linear part may weigh."""
    return [name for name in names if name.startswith("expected_") and name.endswith("_difference")]


def expected(features: pd.DataFrame, columns: list[str]) -> FloatArray:
    """Return (n, w) expected differences; a blank, before anything is known, is 0, as for equals."""
    values: FloatArray = np.nan_to_num(features[columns].to_numpy(dtype=np.float64))
    return values


def elo_linear_part(train: Dataset) -> LinearPart:
    """Return Elo alone."""
    return LinearPart(fit_elo(train), {})


def fit_linear_part(train: Dataset) -> LinearPart:
    """Fit Elo and the weights of all expected differences on `train`, with a weak prior at plain Elo.

    A match counts half after LINEAR_HALF_LIFE seasons. A column is scaled by its spread, so that the prior
    means the same for shots and for goals; one that began only lately is left out, for its spread is still
    to come.
    """
    weight = recency(train.season, LINEAR_HALF_LIFE)
    columns = [name for name in expected_columns(train.names) if _learned_share(train, name, weight) >= 0.5]
    if not columns:
        return elo_linear_part(train)
    values = expected(train.features, columns)
    spread = np.maximum(values.std(axis=0), 1e-9)
    outcomes = train.outcomes.shape[1]
    centre = np.array([1.0, 0.0, *np.zeros(len(columns))])
    fit = fit_ordered_logit(
        np.column_stack([elo_design(train.features), values / spread]),
        train.outcomes,
        Prior(centre, USUAL_DRAW_GAP if outcomes == 3 else 0.0, PRIOR_MATCHES),
        weight,
    )
    slope, home, *weights = (float(value) for value in fit.coefficients)
    scaled = {name: weight / float(s) for name, weight, s in zip(columns, weights, spread, strict=True)}
    return LinearPart(EloModel(slope, home, fit.gap, outcomes), scaled)


def _learned_share(train: Dataset, column: str, weight: FloatArray) -> float:
    """Return the weighted share of matches in which something had been learned: 0 stands for nothing yet."""
    return float(weight[expected(train.features, [column])[:, 0] != 0.0].sum() / weight.sum())
