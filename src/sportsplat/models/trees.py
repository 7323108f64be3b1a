"""Small regularised trees grown by LightGBM as a correction to a latent strength that is already known.

The trees start from each row's offset (Elo's latent strength), so that no trees at all means exactly Elo,
and each tree is a step away from it that has to pay for itself on later matches. Every match is learned
from both sides (`SideSwap`), and the correction is half the difference of the two views: exchanging the
teams changes its sign, which halves what the trees have to find out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.errors import EnvironmentUnavailable
from sportsplat.models.dataset import FloatArray, IntArray
from sportsplat.models.ordered_logit import slope_and_curvature


def load_lightgbm() -> ModuleType:
    """Return the module.

    Raises EnvironmentUnavailable (OPENMP_MISSING) where the system lacks OpenMP's library.
    """
    try:
        import lightgbm
    except OSError as problem:
        raise EnvironmentUnavailable(
            "LightGBM cannot be loaded",
            code="OPENMP_MISSING",
            cause=f"system error: {problem}; LightGBM's wheel leaves OpenMP's library to the system",
            fix="apt-get install libgomp1 (Fedora: dnf install libgomp; macOS: brew install libomp)",
        ) from problem
    module: ModuleType = lightgbm
    return module


@dataclass(frozen=True)
class SideSwap:
    """Column j of the swapped row is sign[j] * row[source[j]] + shift[j]; twice gives the row back."""

    source: IntArray
    sign: FloatArray
    shift: FloatArray

    def apply(self, values: FloatArray) -> FloatArray:
        """Return the rows (n, f) with home and away exchanged."""
        swapped: FloatArray = values[:, self.source] * self.sign + self.shift
        return swapped


def side_swap_of(names: Sequence[str]) -> SideSwap:
    """Return how to exchange home and away in features with these names."""
    position = {name: index for index, name in enumerate(names)}
    source = [position.get(_other_side(name), index) for name, index in position.items()]
    sign = [-1.0 if name.endswith(("_difference", "_win_share")) else 1.0 for name in names]
    shift = [1.0 if name.endswith("_win_share") else 0.0 for name in names]
    return SideSwap(np.array(source, dtype=np.int64), np.array(sign), np.array(shift))


def _other_side(name: str) -> str:
    for side, other in (("_home", "_away"), ("_away", "_home")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


BINNING = {
    "max_bin": 63,
    "feature_pre_filter": False,  # it would depend on the leaf size, which candidates do not share
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class TreeParameters:
    """What shapes one boosting run; LightGBM's names in brackets.

    leaves (num_leaves), min_leaf: matches in a leaf (min_data_in_leaf), rate (learning_rate), l2 (lambda_l2),
    feature_share: drawn for each tree (feature_fraction), half_life: seasons after which a match counts half.
    """

    leaves: int
    min_leaf: int
    rate: float
    l2: float
    feature_share: float
    half_life: float

    def to_dict(self) -> JsonObject:
        """Return the parameters as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Rows:
    """What trees learn from: values (n, f), offset (n,), outcome shares (n, k), draw gap.

    `swap` exchanges home and away in a row.
    """

    values: FloatArray
    offset: FloatArray
    shares: FloatArray
    gap: float
    swap: SideSwap

    @cached_property
    def both_offsets(self) -> FloatArray:
        """Offsets (2n,) of every match from the home side, then from the visitor's."""
        return np.concatenate([self.offset, -self.offset])

    @cached_property
    def both_shares(self) -> FloatArray:
        """Outcome shares (2n, k), in the same order."""
        return np.vstack([self.shares, self.shares[:, ::-1]])

    @cached_property
    def binned(self) -> Any:
        """LightGBM's data set of both views, cut into bins once for all runs that learn from these rows."""
        both = np.vstack([self.values, self.swap.apply(self.values)])
        data = load_lightgbm().Dataset(
            both, label=self.both_shares[:, 0], init_score=self.both_offsets, params=BINNING
        )
        return data.construct()


class Grower:
    """One boosting run that can be continued round by round."""

    def __init__(
        self, rows: Rows, weight: FloatArray, parameters: TreeParameters, *, seed: int, threads: int
    ) -> None:
        """Open a run in which a match counts `weight` (n,)."""
        self._swap = rows.swap
        self._gradient = _gradient(rows, weight)
        self._booster = load_lightgbm().Booster(_settings(parameters, seed, threads), rows.binned)

    def grow(self, rounds: int) -> int:
        """Add up to `rounds` trees, fewer once no split is allowed; return the number of the first."""
        first: int = self._booster.num_trees()
        for _ in range(rounds):
            if self._booster.update(fobj=self._gradient):
                break
        return first

    def correction(self, values: FloatArray, first: int) -> FloatArray:
        """Return (n,) what trees from number `first` on add to the home side's latent strength."""
        return _correction(self._booster, self._swap, values, first)

    def text(self) -> str:
        """Return LightGBM's text model."""
        text: str = self._booster.model_to_string(num_iteration=-1)
        return text


def tree_correction(text: str, swap: SideSwap, values: FloatArray) -> FloatArray:
    """Return (n,) corrections of a stored text model for features (n, f)."""
    return _correction(_load(text), swap, values, 0)


def tree_contributions(text: str, swap: SideSwap, values: FloatArray) -> FloatArray:
    """Return (n, f) SHAP values, in logits towards the home side; a row sums to its correction."""
    seen, swapped = (_shap(text, view) for view in (values, swap.apply(values)))
    contributions = seen.copy()
    contributions[:, swap.source] -= swapped
    return contributions / 2


def _shap(text: str, values: FloatArray) -> FloatArray:
    with_average: FloatArray = np.asarray(_load(text).predict(values, pred_contrib=True, num_threads=1))
    return with_average[:, :-1]


@lru_cache(maxsize=16)
def _load(text: str) -> Any:
    lgb = load_lightgbm()

    return lgb.Booster(model_str=text)


def _correction(booster: Any, swap: SideSwap, values: FloatArray, first: int) -> FloatArray:
    if first >= booster.num_trees():
        return np.zeros(len(values))
    seen, swapped = (
        np.asarray(booster.predict(view, first, -1, raw_score=True, num_threads=1), dtype=np.float64)
        for view in (values, swap.apply(values))
    )
    return (seen - swapped) / 2


def _gradient(rows: Rows, weight: FloatArray) -> Callable[[FloatArray, Any], tuple[FloatArray, FloatArray]]:
    half = np.concatenate([weight, weight]) / 2  # each view is half a match

    def gradient(latent: FloatArray, _: Any) -> tuple[FloatArray, FloatArray]:
        slope, curvature = slope_and_curvature(latent, rows.gap, rows.both_shares)
        return slope * half, curvature * half

    return gradient


def _settings(parameters: TreeParameters, seed: int, threads: int) -> dict[str, Any]:
    return {
        "objective": "none",
        "num_leaves": parameters.leaves,
        "min_data_in_leaf": 2 * parameters.min_leaf,  # every match is there twice
        "learning_rate": parameters.rate,
        "lambda_l2": parameters.l2,
        "feature_fraction": parameters.feature_share,
        "seed": seed,
        "num_threads": threads,
        **BINNING,
    }
