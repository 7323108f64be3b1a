"""What a model is measured against: the base rate of outcomes, and the prices that are on offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from sportsplat.domain import JsonObject
from sportsplat.models.dataset import Dataset, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

    from sportsplat.leagues.league import League, PriceRef


@dataclass(frozen=True)
class BaseRate:
    """How often each outcome happened: the same probabilities (k,) for every match."""

    shares: tuple[float, ...]
    kind: ClassVar[str] = "base_rate"
    names: ClassVar[tuple[str, ...]] = ()

    def predict(self, features: pd.DataFrame) -> FloatArray:
        """Return (n, k): the shares, once per row of `features`."""
        return np.tile(np.array(self.shares), (len(features), 1))

    def to_artifact(self) -> JsonObject:
        """Return what `from_artifact` needs, as JSON values."""
        return {"kind": self.kind, "shares": list(self.shares)}

    @classmethod
    def from_artifact(cls, artifact: JsonObject) -> BaseRate:
        """Return the predictor that `to_artifact` described."""
        return cls(tuple(artifact["shares"]))


def fit_base_rate(train: Dataset) -> BaseRate:
    """Return the shares of outcomes in `train`, half a match of each added so that none is impossible."""
    counts = train.outcomes.sum(axis=0) + 0.5
    return BaseRate(tuple(float(share) for share in counts / counts.sum()))


@dataclass(frozen=True)
class OfferedPrices:
    """Complete sets of prices: decimal_odds (n, k), NaN for none; ref (n,), which reference, -1 for none."""

    decimal_odds: FloatArray
    ref: IntArray


def offered_prices(
    quotes: pd.DataFrame, match_ids: npt.NDArray[np.int64], league: League, refs: Sequence[PriceRef]
) -> OfferedPrices:
    """Return for each match the prices of the first of `refs` (best first) that quotes every outcome.

    quotes: a frame of db/read/frames.py `quotes_frame`. A bookmaker's later quote of an outcome replaces its
    earlier.
    """
    odds = np.full((len(match_ids), len(league.outcomes)), np.nan)
    chosen = np.full(len(match_ids), -1, dtype=np.int64)
    for index, ref in enumerate(refs):
        book = _book(quotes, match_ids, odds.shape, ref)
        fresh = (chosen < 0) & np.isfinite(book).all(axis=1)
        odds[fresh], chosen[fresh] = book[fresh], index
    return OfferedPrices(odds, chosen)


def _book(
    quotes: pd.DataFrame, match_ids: npt.NDArray[np.int64], shape: tuple[int, int], ref: PriceRef
) -> FloatArray:
    book = np.full(shape, np.nan)
    mine = quotes[(quotes["bookmaker"] == ref.bookmaker) & (quotes["is_closing"] == ref.closing)]
    mine = mine.sort_values("known_at", kind="stable")
    order = np.argsort(match_ids, kind="stable")
    wanted = mine["match_id"].to_numpy(dtype=np.int64)
    place = np.searchsorted(match_ids, wanted, sorter=order)
    place = order[np.minimum(place, len(order) - 1)] if len(order) else np.zeros(0, dtype=np.int64)
    here = match_ids[place] == wanted if len(order) else np.zeros(len(wanted), dtype=np.bool_)
    outcome = mine["outcome"].to_numpy(dtype=np.int64)
    book[place[here], outcome[here]] = mine["decimal_odds"].to_numpy(dtype=np.float64)[here]
    return book
