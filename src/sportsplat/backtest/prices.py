"""Which prices a backtest may bet at, and which it is measured against.

An entry price is the first of the league's `prices.entry` that was known when the match had to be decided on.
A closing price is never known in advance: it serves as an entry only where the league declares it, and says
so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sportsplat.betting.devig import devig
from sportsplat.leagues import League, PriceRef
from sportsplat.models.baselines import Offer, offered_prices
from sportsplat.models.dataset import BoolArray, Dataset, FloatArray


@dataclass(frozen=True)
class Prices:
    """Entry and benchmark prices of n matches: odds (n, k), NaN for none, and whose they are.

    fair (n, k): benchmark probabilities with the margin removed; same (n,): entry and benchmark are one
    quote; unsolved: benchmark rows whose margin the method could not remove.
    """

    league: League
    entry: Offer
    benchmark: Offer
    fair: FloatArray
    method: str
    unsolved: int

    @property
    def quoted(self) -> BoolArray:
        """Matches with an entry price (n,)."""
        return self.entry.ref >= 0

    @property
    def same(self) -> BoolArray:
        """Matches whose entry price is the very benchmark (n,)."""
        table = np.array(
            [[entry == mark for mark in self.league.prices.benchmark] for entry in self.league.prices.entry]
        )
        both = (self.entry.ref >= 0) & (self.benchmark.ref >= 0)
        return both & table[self.entry.ref, self.benchmark.ref] if table.size else both

    @property
    def closing(self) -> BoolArray:
        """Matches whose entry price is a closing one, which nobody could have known in advance (n,)."""
        flags = np.array([*(ref.closing for ref in self.league.prices.entry), False])
        return np.asarray(flags[self.entry.ref])

    def bookmakers(self) -> list[str]:
        """Return whose entry price each match has (n entries, "" for none)."""
        names = [*(ref.bookmaker for ref in self.league.prices.entry), ""]
        return [names[index] for index in self.entry.ref.tolist()]


def find_prices(quotes: pd.DataFrame, matches: Dataset, method: str) -> Prices:
    """Return the prices of `matches` (n rows), from a frame of db/read.py `quotes_frame`."""
    league = matches.league
    usable = quotes[_known_in_time(quotes, matches)]
    entry = offered_prices(usable, matches.match_id, league, league.prices.entry)
    benchmark = offered_prices(quotes, matches.match_id, league, league.prices.benchmark)
    fair = np.full(benchmark.decimal_odds.shape, np.nan)
    quoted = benchmark.ref >= 0
    if quoted.any():
        fair[quoted] = devig(benchmark.decimal_odds[quoted], method).probabilities
    unsolved = int((quoted & ~np.isfinite(fair).all(axis=1)).sum())
    return Prices(league, entry, benchmark, fair, method, unsolved)


def label(offer: Offer, refs: Sequence[PriceRef]) -> str | None:
    """Name the prices in use, most frequent first, with their matches where there are several."""
    counts = [(int((offer.ref == index).sum()), str(ref)) for index, ref in enumerate(refs)]
    used = sorted(((count, name) for count, name in counts if count), key=lambda pair: -pair[0])
    if len(used) == 1:
        return used[0][1]
    return ", ".join(f"{name} ({count})" for count, name in used) or None


def _known_in_time(quotes: pd.DataFrame, matches: Dataset) -> BoolArray:
    """Mask of quotes that a decision may use: known by then, or closing ones (the league declares those)."""
    decisions = pd.Series(matches.decision_at, index=matches.match_id)
    decided = decisions.reindex(quotes["match_id"]).to_numpy()
    known = quotes["known_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return np.asarray(quotes["is_closing"].to_numpy(dtype=np.bool_) | (known <= decided))
