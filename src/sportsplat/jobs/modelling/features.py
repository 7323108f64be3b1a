"""Build a league's features from what is stored, keep them in the database, write them to a file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportsplat.betting.devig import devig
from sportsplat.db.predictions import write_features
from sportsplat.db.read import frames as read
from sportsplat.db.write.staging import Tally
from sportsplat.errors import InputRefused, UsageError
from sportsplat.features.build import Features, build_features
from sportsplat.jobs.frames import outcome_of, refuse_format, write_table
from sportsplat.jobs.modelling.results import FeatureSet
from sportsplat.leagues.league import League
from sportsplat.models.baselines import offered_prices

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

    from sportsplat.jobs.context import Context


@dataclass(frozen=True)
class Frames:
    """Matches of a league and their box scores, as they were known at one moment."""

    matches: pd.DataFrame
    stats: pd.DataFrame

    def build(self, league: League, windows: Sequence[int]) -> Features:
        """Build the features of every match, played or not."""
        return build_features(self.matches, league, windows=windows, stats=self.stats)


def read_frames(
    connection: psycopg.Connection[Any],
    league: League,
    *,
    known_at: datetime | None = None,
    as_held: bool = False,
) -> Frames:
    """Read what features are built from: everything, or what was known at a moment.

    as_held: the past as this database stored it then, although it has been corrected or moved since.
    """
    return Frames(
        read.matches_frame(connection, league, known_at=known_at, as_held=as_held),
        read.stats_frame(connection, league, league.stats, known_at=known_at, as_held=as_held),
    )


def features(context: Context, code: str, *, as_of: str | None = None, out: Path | None = None) -> FeatureSet:
    """Build a league's features and store them; with `as_of` build from what was known then, store nothing.

    `as_of`: a day (its beginning at the league's place) or an ISO moment. `out`: also write what
    `features_frame` returns to a .parquet or .csv file. Raises NotFound (league), UsageError (a moment
    or a file that cannot be used), InputRefused (nothing is stored of the league).
    """
    league = context.league(code)
    moment = None if as_of is None else parse_moment(as_of, league)
    if out is not None:
        refuse_format(out, "features")
    started = time.perf_counter()
    with context.connect("read") as connection:
        frames = read_frames(connection, league, known_at=moment, as_held=True)
        _refuse_empty(frames, league)
        if out is not None:
            names = read.team_names(connection, league)
            market = _market(context, connection, league, frames.matches, moment)
    read_by = time.perf_counter()
    built = frames.build(league, context.settings.features.rolling_windows)
    built_by = time.perf_counter()
    stored = _store(context, built) if moment is None else None
    if out is not None:
        write_table(_table(built, frames.matches, names, market), out)
    done = time.perf_counter()
    return FeatureSet(
        league=league.code,
        as_of=moment,
        matches=len(frames.matches),
        played=int(frames.matches["final"].sum()),
        features=len(built.names),
        names=built.names,
        manifest=built.manifest,
        stored=stored,
        out=None if out is None else str(out),
        seconds={"read": read_by - started, "build": built_by - read_by, "write": done - built_by},
    )


def parse_moment(text: str, league: League) -> datetime:
    """Read an ISO day (its beginning at the league's place) or moment (UTC unless it names its zone)."""
    try:
        if len(text) == len("2021-02-14"):
            return league.local_midnight(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except ValueError as unreadable:
        raise UsageError(
            f"{text!r} is neither a day nor a moment",
            cause="--as-of",
            fix="write it as 2021-02-14 or 2021-02-14T15:00Z",
            code="BAD_MOMENT",
        ) from unreadable
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse_empty(frames: Frames, league: League) -> None:
    if not len(frames.matches):
        raise InputRefused(
            f"no match of {league.code} is stored", fix="sportsplat sources", code="NO_MATCHES"
        )


def _store(context: Context, built: Features) -> Tally:
    with context.connect("app") as connection:
        return write_features(
            connection,
            built.manifest,
            built.names,
            built.frame.index.to_numpy(dtype=np.int64),
            built.decision_at.to_numpy(dtype="datetime64[us]"),
            built.frame.to_numpy(),
        )


def features_frame(context: Context, code: str, *, as_of: str | None = None) -> pd.DataFrame:
    """Return one row a match: who played when, its features, its result and the market; nothing is stored.

    `as_of`: as for `features`. The lists `features`, `results` and `market` in the `attrs` of the frame name
    its columns. Features were known before the match. Results (`home_score`, `away_score`, `outcome`) and
    market are no features: they are what a model is to learn and what it is measured against.
    `market_home`, `market_draw` and `market_away` are the fair probabilities of the league's benchmark price,
    its margin removed as `backtest.devig` says, NaN where there is none. Raises what `features` raises.
    """
    league = context.league(code)
    moment = None if as_of is None else parse_moment(as_of, league)
    with context.connect("read") as connection:
        frames = read_frames(connection, league, known_at=moment, as_held=True)
        _refuse_empty(frames, league)
        names = read.team_names(connection, league)
        market = _market(context, connection, league, frames.matches, moment)
    built = frames.build(league, context.settings.features.rolling_windows)
    return _table(built, frames.matches, names, market)


def _market(
    context: Context,
    connection: psycopg.Connection[Any],
    league: League,
    matches: pd.DataFrame,
    moment: datetime | None,
) -> pd.DataFrame:
    """Return the fair probabilities of the benchmark price (n, k), NaN where there is none."""
    import pandas as pd

    refs = league.prices.benchmark
    fair = np.full((len(matches), len(league.outcomes)), np.nan)
    if refs:
        books = sorted({ref.bookmaker for ref in refs})
        quotes = read.quotes_frame(connection, league, known_at=moment, bookmakers=books, as_held=True)
        offer = offered_prices(quotes, matches["match_id"].to_numpy(dtype=np.int64), league, refs)
        quoted = offer.ref >= 0
        if quoted.any():
            method = context.settings.backtest.devig
            fair[quoted] = devig(offer.decimal_odds[quoted], method).probabilities
    return pd.DataFrame(fair, columns=[f"market_{outcome}" for outcome in league.outcomes])


def _table(
    built: Features, matches: pd.DataFrame, names: dict[int, str], market: pd.DataFrame
) -> pd.DataFrame:
    """Put who played when, the features, the result and the market side by side."""
    import pandas as pd

    head = matches[["match_id", "season", "match_date", "kickoff_utc"]].assign(
        home=matches["home_id"].map(names), away=matches["away_id"].map(names)
    )
    results = matches[["home_score", "away_score"]].assign(outcome=outcome_of(matches))
    table = pd.concat([head, built.frame.reset_index(drop=True), results, market], axis=1)
    table.attrs = {
        "features": list(built.names),
        "results": list(results.columns),
        "market": list(market.columns),
    }
    return table
