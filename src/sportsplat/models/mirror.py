"""A match seen from the other side: the same feature row with home and away exchanged.

Sided features come as `<name>_home`, `<name>_away` and `<name>_difference` (features/registry.py).
Exchanging the sides swaps the first two, negates every difference and turns a share of wins into its
complement; whatever belongs to the match itself (neutral ground) stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sportsplat.models.dataset import FloatArray, IntArray


@dataclass(frozen=True)
class Mirror:
    """Column j of the mirrored row is sign[j] * row[source[j]] + shift[j]; twice gives the row back."""

    source: IntArray
    sign: FloatArray
    shift: FloatArray

    def of(self, values: FloatArray) -> FloatArray:
        """Return the rows (n, f) as the visitor would write them."""
        mirrored: FloatArray = values[:, self.source] * self.sign + self.shift
        return mirrored


def mirror_of(names: Sequence[str]) -> Mirror:
    """Return how features with these names look from the other side."""
    position = {name: index for index, name in enumerate(names)}
    source = [position.get(_other_side(name), index) for name, index in position.items()]
    sign = [-1.0 if name.endswith(("_difference", "_win_share")) else 1.0 for name in names]
    shift = [1.0 if name.endswith("_win_share") else 0.0 for name in names]
    return Mirror(np.array(source, dtype=np.int64), np.array(sign), np.array(shift))


def _other_side(name: str) -> str:
    for side, other in (("_home", "_away"), ("_away", "_home")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name
