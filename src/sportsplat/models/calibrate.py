"""Blend trees with their start and calibrate the result, on forecasts made out of fold."""

from __future__ import annotations

import numpy as np

from sportsplat.models.dataset import FloatArray
from sportsplat.models.gbm import Blend
from sportsplat.models.link import Prior, fit_link

PRIOR_MATCHES = 1000.0  # chosen with the candidates: see docs/models.md


def no_blend(gap: float) -> Blend:
    """Return the blend that leaves start plus trees as they are."""
    return Blend(1.0, 0.0, 1.0, gap)


def fit_blend(
    start: FloatArray,
    neutral: FloatArray,
    trees: FloatArray,
    shares: FloatArray,
    gap: float,
) -> Blend:
    """Fit weights, home correction and draw gap to out-of-fold latent strengths (n,) and shares (n, k).

    Three or four numbers, held near `no_blend` by a prior worth PRIOR_MATCHES; trees never count negatively.
    """
    design = np.column_stack([start, 1.0 - neutral, trees])
    prior = Prior(np.array([1.0, 0.0, 1.0]), gap, PRIOR_MATCHES)
    fit = fit_link(design, shares, prior)
    elo_weight, home, tree_weight = (float(value) for value in fit.coefficients)
    return Blend(elo_weight, home, max(tree_weight, 0.0), fit.gap)
