"""Orientation: swap home and away in the records of matches stored with the sides swapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sportsplat.domain import DetailRecord, ForecastRecord, Market, Outcome, QuoteRecord, TeamStatsRecord

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Record = TypeVar("Record")
_OTHER = {Outcome.HOME: Outcome.AWAY, Outcome.AWAY: Outcome.HOME}


@dataclass(frozen=True)
class Sides:
    """The id of each match of a file, and whether it is stored with home and away swapped."""

    ids: Ids
    swapped: Flags

    def of_quotes(
        self, records: Sequence[QuoteRecord], rows: Sequence[int]
    ) -> tuple[Sequence[QuoteRecord], Ids]:
        """Return quotes as their matches are stored, and their ids; `rows`: the matches' places."""
        ids, swapped = self._at(rows)
        if not swapped.any():
            return records, ids
        return [_swap_quote(r) if swap else r for r, swap in zip(records, swapped, strict=True)], ids

    def of_stats(
        self, records: Sequence[TeamStatsRecord], rows: Sequence[int]
    ) -> tuple[Sequence[TeamStatsRecord], Ids]:
        """Return box scores likewise."""
        ids, swapped = self._at(rows)
        pairs = zip(records, swapped.tolist(), strict=True)
        return [r._replace(is_home=r.is_home != swap) if swap else r for r, swap in pairs], ids

    def of_forecasts(
        self, records: Sequence[ForecastRecord], rows: Sequence[int]
    ) -> tuple[Sequence[ForecastRecord], Ids]:
        """Return forecasts likewise."""
        ids, swapped = self._at(rows)
        pairs = zip(records, swapped.tolist(), strict=True)
        return [r._replace(probabilities=r.probabilities[::-1]) if swap else r for r, swap in pairs], ids

    def of_details(
        self, records: Sequence[DetailRecord], rows: Sequence[int]
    ) -> tuple[Sequence[DetailRecord], Ids]:
        """Return details unchanged: they name home and away as their source does."""
        return records, self._at(rows)[0]

    def _at(self, rows: Sequence[int]) -> tuple[Ids, Flags]:
        places = np.asarray(rows, dtype=np.intp)
        return self.ids[places], self.swapped[places]


def _swap_quote(quote: QuoteRecord) -> QuoteRecord:
    line = 0.0 - quote.line if quote.market is Market.SPREAD and quote.line is not None else quote.line
    return quote._replace(outcome=_OTHER.get(quote.outcome, quote.outcome), line=line)
