"""What a backtest reads: the stored facts of one league, and which of its matches are forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from sportsplat.backtest.walk import earliest_start
from sportsplat.errors import InputRefused, UsageError
from sportsplat.leagues.league import League
from sportsplat.models.dataset import BoolArray, Dataset, FloatArray, make_dataset, naive_utc

if TYPE_CHECKING:
    import pandas as pd

    from sportsplat.jobs.context import Context

DEFAULT_SEASONS = 5  # how many of the latest seasons are forecast when no start is given


@dataclass(frozen=True)
class Inputs:
    """Everything stored about one league, as db/read/frames.py gives it."""

    league: League
    matches: pd.DataFrame
    stats: pd.DataFrame
    quotes: pd.DataFrame
    forecasts: pd.DataFrame

    def dataset(self, windows: Sequence[int]) -> Dataset:
        """Return features and outcomes of every match."""
        from sportsplat.features.build import build_features

        features = build_features(self.matches, self.league, windows=windows, stats=self.stats)
        return make_dataset(self.matches, features, self.league)


def read_inputs(context: Context, league: League) -> Inputs:
    """Read a league. Raises InputRefused (NO_MATCHES) when no result of it is stored."""
    from sportsplat.db.read import frames as read

    prices = league.prices
    bookmakers = sorted({ref.bookmaker for ref in (*prices.entry, *prices.benchmark)})
    with context.connect("read") as connection:
        inputs = Inputs(
            league,
            read.matches_frame(connection, league),
            read.stats_frame(connection, league, league.stats),
            read.quotes_frame(connection, league, bookmakers=bookmakers),
            read.forecasts_frame(connection, league),
        )
    if not inputs.matches["final"].any():
        raise InputRefused(
            f"no result of {league.code} is stored",
            cause=f"the database holds {len(inputs.matches)} fixtures of it",
            fix="sportsplat sources",
            code="NO_MATCHES",
        )
    return inputs


def refuse_reversed(code: str, start: date | None, end: date | None) -> None:
    """Raise UsageError (BAD_RANGE) when the first day comes after the last."""
    if start is not None and end is not None and start > end:
        raise UsageError(
            f"--from {start} is after --to {end}",
            fix=f"sportsplat backtest {code} --from {end} --to {start}",
            code="BAD_RANGE",
        )


def choose_rows(dataset: Dataset, start: date | None, end: date | None, min_matches: int) -> BoolArray:
    """Return the mask (n,) of played matches from `start` to `end`, local days, both included.

    Without a start, the latest DEFAULT_SEASONS seasons are taken, or as many of them as have enough to learn
    from. Raises UsageError when the range holds no match (NO_MATCHES_IN_RANGE).
    """
    rows = dataset.played.copy()
    if end is not None:
        rows &= dataset.day <= np.datetime64(end)
    if start is not None:
        rows &= dataset.day >= np.datetime64(start)
    elif rows.any():
        rows &= _latest_seasons(dataset, rows, min_matches)
    if not rows.any():
        raise _nothing_in_range(dataset, start, end)
    return rows


def published(forecasts: pd.DataFrame, matches: Dataset) -> tuple[dict[str, FloatArray], list[str]]:
    """Return other people's forecasts (n, k) by publisher, NaN where there is none, and notes.

    A forecast that was published after the decision moment is left out, and a note counts how many. Published
    with few digits (each up to .005 off), the probabilities of a match are scaled so that they sum to 1.
    """
    found: dict[str, FloatArray] = {}
    notes = []
    for publisher, frame in forecasts.groupby("publisher", observed=True):
        mine = frame.set_index("match_id").reindex(matches.match_id)
        columns = [f"p_{outcome}" for outcome in matches.league.outcomes]
        probabilities = mine[columns].to_numpy(dtype=np.float64)
        known = naive_utc(mine["known_at"])
        late = known > matches.decision_at
        if late.any():
            notes.append(f"{late.sum()} forecasts of {publisher} were published too late to be compared.")
        probabilities[late] = np.nan
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        if np.isfinite(probabilities).any():
            found[str(publisher)] = probabilities
    return found, notes


def _latest_seasons(dataset: Dataset, rows: BoolArray, min_matches: int) -> BoolArray:
    seasons = np.unique(dataset.season[rows])[-DEFAULT_SEASONS:]
    for season in seasons:
        begins = dataset.decision_at[rows & (dataset.season == season)].min()
        if len(dataset.known_by(begins)) >= min_matches:
            return np.asarray(dataset.season >= season)
    earliest = earliest_start(dataset, min_matches)
    if earliest is None:
        return np.asarray(dataset.season >= seasons[-1])
    return np.asarray(dataset.day >= np.datetime64(earliest))


def _nothing_in_range(dataset: Dataset, start: date | None, end: date | None) -> UsageError:
    played = dataset.day[dataset.played]
    code = dataset.league.code
    return UsageError(
        f"no match of {code} was played from {start or played.min()} to {end or played.max()}",
        cause=f"stored are {len(played):,} results of {code}, from {played.min()} to {played.max()}",
        fix=f"sportsplat backtest {code}",
        code="NO_MATCHES_IN_RANGE",
    )
