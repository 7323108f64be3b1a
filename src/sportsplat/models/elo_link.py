"""Elo as a forecaster: the rating difference before the match, through a link fitted to results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.dataset import Dataset, FloatArray, recency
from sportsplat.models.link import Prior, fit_link, link_probabilities

if TYPE_CHECKING:
    import pandas as pd

ELO_SCALE = np.log(10) / 400  # one rating point in logits, by the definition of Elo
HALF_LIFE = 5.0  # seasons; the home advantage drifts. Chosen on NBA 1975-1998 and NFL 1978-1998
PRIOR_MATCHES = 1.0
USUAL_DRAW_GAP = 0.6  # equals draw in 29% of matches


@dataclass(frozen=True)
class EloLink:
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
        return link_probabilities(self.latent(features), self.gap, self.outcomes)

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
    def from_artifact(cls, artifact: JsonObject) -> EloLink:
        """Return the predictor that `to_artifact` described."""
        return cls(artifact["slope"], artifact["home"], artifact["gap"], artifact["outcomes"])


def elo_design(features: pd.DataFrame) -> FloatArray:
    """Return (n, 2): the rating difference in logits, and 1 where the home side really is at home."""
    difference = features["elo_difference"].to_numpy(dtype=np.float64) * ELO_SCALE
    return np.column_stack([difference, 1.0 - features["neutral"].to_numpy(dtype=np.float64)])


def fit_elo_link(train: Dataset) -> EloLink:
    """Fit slope, home correction and draw gap on `train`; a match counts half after HALF_LIFE seasons."""
    outcomes = train.outcomes.shape[1]
    prior = Prior(np.array([1.0, 0.0]), USUAL_DRAW_GAP if outcomes == 3 else 0.0, PRIOR_MATCHES)
    weight = recency(train.season, HALF_LIFE)
    fit = fit_link(elo_design(train.features), train.outcomes, prior, weight)
    slope, home = (float(value) for value in fit.coefficients)
    return EloLink(slope, home, fit.gap, outcomes)
