"""Shapes of boosting to try: two that did well on seasons before any quoted test, and random ones."""

from __future__ import annotations

import numpy as np

from sportsplat.models.trees import TreeParameters

# Chosen on EPL 2003-2016, NBA 1985-1998 and NFL 1978-1998: see docs/models.md.
STANDING = (
    TreeParameters(leaves=6, min_leaf=300, rate=0.04, l2=50.0, feature_share=0.3, half_life=10.0),
    TreeParameters(leaves=3, min_leaf=300, rate=0.06, l2=50.0, feature_share=0.3, half_life=10.0),
)


def candidates(random: int, seed: int) -> list[TreeParameters]:
    """Return the standing candidates and `random` drawn ones; the same seed draws the same."""
    rng = np.random.default_rng(seed)
    return [*STANDING, *(_drawn(rng) for _ in range(random))]


def _drawn(rng: np.random.Generator) -> TreeParameters:
    return TreeParameters(
        leaves=int(rng.integers(2, 13)),
        min_leaf=int(rng.integers(50, 501)),
        rate=round(float(rng.uniform(0.02, 0.1)), 3),
        l2=round(float(np.exp(rng.uniform(np.log(5), np.log(500)))), 1),
        feature_share=round(float(rng.uniform(0.15, 0.7)), 2),
        half_life=float(rng.choice([3.0, 5.0, 10.0, 30.0])),
    )
