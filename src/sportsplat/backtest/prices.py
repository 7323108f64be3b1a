"""Which prices a backtest may bet at, and which it is measured against.

An entry price is the first of the league's `prices.entry` that was known when the match had to be decided on,
and was collected after every result of the two teams that the forecast knows: a bet at an older price
bets yesterday's price with today's knowledge. A closing price is never known in advance: it serves as an
entry only where the league declares it, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sportsplat.betting.devig import devig
from sportsplat.leagues.league import League, PriceRef
from sportsplat.models.baselines import OfferedPrices, offered_prices
from sportsplat.models.dataset import BoolArray, Dataset, FloatArray, MomentArray, naive_utc


@dataclass(frozen=True)
class Prices:
    """Entry and benchmark prices of n matches: odds (n, k), NaN for none, and whose they are.

    fair (n, k): benchmark probabilities with the margin removed; same (n,): entry and benchmark are one
    quote; unsolved: benchmark rows whose margin the method could not remove; outdated: matches whose entry
    price was passed over because a result of one of the teams came after it.
    """

    league: League
    entry: OfferedPrices
    benchmark: OfferedPrices
    fair: FloatArray
    method: str
    unsolved: int
    outdated: int

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
        """Matches whose entry price is a closing one, which could not be known in advance (n,)."""
        flags = np.array([*(ref.closing for ref in self.league.prices.entry), False])
        return np.asarray(flags[self.entry.ref])

    def bookmakers(self) -> list[str]:
        """Return whose entry price each match has (n entries, "" for none)."""
        names = [*(ref.bookmaker for ref in self.league.prices.entry), ""]
        return [names[index] for index in self.entry.ref.tolist()]


def find_prices(quotes: pd.DataFrame, matches: Dataset, schedule: pd.DataFrame, method: str) -> Prices:
    """Return the prices of `matches` (n rows), the margin of the benchmark removed by `method`.

    quotes and schedule are frames of db/read/frames.py: `quotes_frame`, and `matches_frame` with all the
    league's matches, whose results make a price outdated. fair is NaN where no benchmark quotes every
    outcome, and where the method has no answer.
    """
    league = matches.league
    closing = quotes["is_closing"].to_numpy(dtype=np.bool_)
    known = naive_utc(quotes["known_at"])
    in_time = closing | (known <= _by_quote(matches.decision_at, matches, quotes))
    fresh = closing | ~(known < _by_quote(last_results(schedule, matches), matches, quotes))
    entry = offered_prices(quotes[in_time & fresh], matches.match_id, league, league.prices.entry)
    any_age = offered_prices(quotes[in_time], matches.match_id, league, league.prices.entry)
    benchmark = offered_prices(quotes, matches.match_id, league, league.prices.benchmark)
    fair = np.full(benchmark.decimal_odds.shape, np.nan)
    quoted = benchmark.ref >= 0
    if quoted.any():
        fair[quoted] = devig(benchmark.decimal_odds[quoted], method).probabilities
    unsolved = int((quoted & ~np.isfinite(fair).all(axis=1)).sum())
    outdated = int((entry.ref != any_age.ref).sum())
    return Prices(league, entry, benchmark, fair, method, unsolved, outdated)


def last_results(schedule: pd.DataFrame, matches: Dataset) -> MomentArray:
    """Return when the newest result of either team known at each decision became known (n,), NaT for none."""
    sides = schedule[["home_id", "away_id"]].to_numpy(dtype=np.int64)
    known = naive_utc(schedule["known_at"])
    played = np.flatnonzero(~np.isnat(known))
    played = played[np.argsort(known[played], kind="stable")]
    results = pd.DataFrame({"team": sides[played].ravel(), "result_at": np.repeat(known[played], 2)})
    row = pd.Index(schedule["match_id"]).get_indexer(pd.Index(matches.match_id))
    order = np.argsort(matches.decision_at, kind="stable")
    newest = np.full((len(matches), 2), np.datetime64("NaT", "us"))
    for side in (0, 1):
        asked = pd.DataFrame({"team": sides[row[order], side], "at": matches.decision_at[order]})
        found = pd.merge_asof(asked, results, left_on="at", right_on="result_at", by="team")
        newest[order, side] = found["result_at"].to_numpy()
    return np.asarray(np.fmax(newest[:, 0], newest[:, 1]))


def label(offer: OfferedPrices, refs: Sequence[PriceRef]) -> str | None:
    """Name the prices in use, most frequent first, with their matches where there are several."""
    counts = [(int((offer.ref == index).sum()), str(ref)) for index, ref in enumerate(refs)]
    used = sorted(((count, name) for count, name in counts if count), key=lambda pair: -pair[0])
    if len(used) == 1:
        return used[0][1]
    return ", ".join(f"{name} ({count})" for count, name in used) or None


def _by_quote(moments: MomentArray, matches: Dataset, quotes: pd.DataFrame) -> MomentArray:
    """Return the moment of each quote's match, from one per match; NaT for matches not asked about."""
    return np.asarray(pd.Series(moments, index=matches.match_id).reindex(quotes["match_id"]).to_numpy())
