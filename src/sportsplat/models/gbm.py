"""Gradient boosting on top of Elo: small trees, blended and calibrated on matches later than their training.

    latent = elo_weight * (Elo's latent strength) + home * (1 - neutral) + tree_weight * (sum of trees)

goes through the ordered logit of link.py. Without trees and with weights 1, 0, 1 this is Elo itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.dataset import FloatArray
from sportsplat.models.elo_link import EloLink
from sportsplat.models.link import link_probabilities
from sportsplat.models.mirror import mirror_of
from sportsplat.models.trees import tree_contributions, tree_correction

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Blend:
    """How much of Elo and of the trees goes into the latent strength, what home adds, and the draw gap."""

    elo_weight: float
    home: float
    tree_weight: float
    gap: float

    def latent(self, elo: FloatArray, neutral: FloatArray, trees: FloatArray) -> FloatArray:
        """Return (n,) blended latent strengths."""
        return self.elo_weight * elo + self.home * (1.0 - neutral) + self.tree_weight * trees


@dataclass(frozen=True)
class Boosting:
    """Trees on Elo, blended and calibrated. `booster` is LightGBM's text model, empty for no trees."""

    elo: EloLink
    blend: Blend
    names: tuple[str, ...]
    booster: str
    kind: ClassVar[str] = "gbm"

    def predict(self, features: pd.DataFrame) -> FloatArray:
        """Return (n, k) probabilities from the columns `names`."""
        neutral = features["neutral"].to_numpy(dtype=np.float64)
        latent = self.blend.latent(self.elo.latent(features), neutral, self._trees(features))
        return link_probabilities(latent, self.blend.gap, self.elo.outcomes)

    def contributions(self, features: pd.DataFrame) -> FloatArray:
        """Return (n, f) logits towards the home side that the trees draw from each of `names` (SHAP)."""
        if not self.booster:
            return np.zeros((len(features), len(self.names)))
        return self.blend.tree_weight * tree_contributions(
            self.booster, mirror_of(self.names), self._values(features)
        )

    def _trees(self, features: pd.DataFrame) -> FloatArray:
        if not self.booster:
            return np.zeros(len(features))
        return tree_correction(self.booster, mirror_of(self.names), self._values(features))

    def _values(self, features: pd.DataFrame) -> FloatArray:
        return features[list(self.names)].to_numpy(dtype=np.float64)

    def to_artifact(self) -> JsonObject:
        """Return what `from_artifact` needs, as JSON values."""
        blend = self.blend
        return {
            "kind": self.kind,
            "elo": self.elo.to_artifact(),
            "blend": [blend.elo_weight, blend.home, blend.tree_weight, blend.gap],
            "names": list(self.names),
            "booster": self.booster,
        }

    @classmethod
    def from_artifact(cls, artifact: JsonObject) -> Boosting:
        """Return the predictor that `to_artifact` described."""
        return cls(
            EloLink.from_artifact(artifact["elo"]),
            Blend(*artifact["blend"]),
            tuple(artifact["names"]),
            artifact["booster"],
        )
