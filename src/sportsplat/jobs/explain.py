"""Why a model says what it says of a match: what each feature adds to the home side's latent strength."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sportsplat.models.elo_link import EloLink
from sportsplat.models.gbm import Boosting

if TYPE_CHECKING:
    import pandas as pd

    from sportsplat.domain import JsonObject
    from sportsplat.models.dataset import FloatArray
    from sportsplat.models.fit import Predictor

SHOWN = 5


def explain(predictor: Predictor, features: pd.DataFrame) -> list[JsonObject | None]:
    """Return for each row of `features` (n) what moved the forecast, None for a model that looks at nothing.

    `latent` is the home side's latent strength in logits, which the model turns into probabilities: `elo`
    (the rating difference) and `home` (what home advantage that lacks) plus all trees, whose SHAP values are
    given by feature, the SHOWN largest in `features` and the sum of the others in `rest`.
    """
    if isinstance(predictor, EloLink):
        return _describe(predictor, features, 1.0, 0.0, np.zeros((len(features), 0)), ())
    if isinstance(predictor, Boosting):
        blend = predictor.blend
        contributions = predictor.contributions(features)
        return _describe(
            predictor.elo, features, blend.elo_weight, blend.home, contributions, predictor.names
        )
    return [None] * len(features)


def _describe(
    elo: EloLink,
    features: pd.DataFrame,
    weight: float,
    home: float,
    contributions: FloatArray,
    names: tuple[str, ...],
) -> list[JsonObject | None]:
    at_home = 1.0 - features["neutral"].to_numpy(dtype=np.float64)
    homes = (weight * elo.home + home) * at_home
    ratings = weight * (elo.latent(features) - elo.home * at_home)
    values = features[list(names)].to_numpy(dtype=np.float64)
    found: list[JsonObject | None] = []
    for row, drawn in enumerate(contributions):
        largest = [int(column) for column in np.argsort(-np.abs(drawn), kind="stable")[:SHOWN]]
        shown = [column for column in largest if drawn[column] != 0.0]
        found.append(
            {
                "latent": float(ratings[row] + homes[row] + drawn.sum()),
                "elo": float(ratings[row]),
                "home": float(homes[row]),
                "features": [
                    {
                        "feature": names[column],
                        "value": None if np.isnan(values[row, column]) else float(values[row, column]),
                        "contribution": float(drawn[column]),
                    }
                    for column in shown
                ],
                "rest": float(drawn.sum() - drawn[shown].sum()),
            }
        )
    return found
