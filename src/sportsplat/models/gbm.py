"""Gradient boosting on top of Elo: small trees, blended and calibrated on matches later than their training.

    latent = elo_weight * (linear part) + home * (1 - neutral) + tree_weight * (sum of trees)

goes through the ordered logit of `ordered_logit.py`. The linear part (`elo.py`) is Elo plus weighted expected
differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.dataset import FloatArray
from sportsplat.models.elo import EloModel, LinearPart
from sportsplat.models.ordered_logit import outcome_probabilities
from sportsplat.models.trees import side_swap_of, tree_contributions, tree_correction

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Blend:
    """How much of linear part and trees goes into the latent strength, what home adds, and the draw gap."""

    elo_weight: float
    home: float
    tree_weight: float
    gap: float

    def latent(self, linear: FloatArray, neutral: FloatArray, trees: FloatArray) -> FloatArray:
        """Return (n,) blended latent strengths."""
        return self.elo_weight * linear + self.home * (1.0 - neutral) + self.tree_weight * trees


@dataclass(frozen=True)
class Boosting:
    """Trees on Elo, blended and calibrated. `booster` is LightGBM's text model, empty for no trees."""

    linear: LinearPart
    blend: Blend
    names: tuple[str, ...]
    booster: str
    kind: ClassVar[str] = "gbm"

    @property
    def elo(self) -> EloModel:
        """The Elo term of the linear part."""
        return self.linear.elo

    def predict(self, features: pd.DataFrame) -> FloatArray:
        """Return (n, k) probabilities from the columns `names`."""
        neutral = features["neutral"].to_numpy(dtype=np.float64)
        latent = self.blend.latent(self.linear.latent(features), neutral, self._trees(features))
        return outcome_probabilities(latent, self.blend.gap, self.elo.outcomes)

    def contributions(self, features: pd.DataFrame) -> FloatArray:
        """Return (n, f) logits towards the home side that come from each of `names`, Elo's part left out.

        The sum of a column's term in the linear part and its SHAP value in the trees.
        """
        found = np.zeros((len(features), len(self.names)))
        columns = [self.names.index(name) for name in self.linear.weights]
        found[:, columns] = self.blend.elo_weight * self.linear.terms(features)
        if not self.booster:
            return found
        shap = tree_contributions(self.booster, side_swap_of(self.names), self._values(features))
        return found + self.blend.tree_weight * shap

    def _trees(self, features: pd.DataFrame) -> FloatArray:
        if not self.booster:
            return np.zeros(len(features))
        return tree_correction(self.booster, side_swap_of(self.names), self._values(features))

    def _values(self, features: pd.DataFrame) -> FloatArray:
        return features[list(self.names)].to_numpy(dtype=np.float64)

    def to_artifact(self) -> JsonObject:
        """Return what `from_artifact` needs, as JSON values."""
        blend = self.blend
        return {
            "kind": self.kind,
            "elo": self.elo.to_artifact(),
            # pairs, because jsonb does not keep the order of keys, and sums depend on it to the last bit
            "weights": [[name, weight] for name, weight in self.linear.weights.items()],
            "blend": [blend.elo_weight, blend.home, blend.tree_weight, blend.gap],
            "names": list(self.names),
            "booster": self.booster,
        }

    @classmethod
    def from_artifact(cls, artifact: JsonObject) -> Boosting:
        """Return the predictor that `to_artifact` described."""
        return cls(
            LinearPart(EloModel.from_artifact(artifact["elo"]), dict(artifact["weights"])),
            Blend(*artifact["blend"]),
            tuple(artifact["names"]),
            artifact["booster"],
        )
