"""How forecasts are told: beside teams, moments and prices, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.baselines import offered_prices
from sportsplat.models.dataset import FloatArray
from sportsplat.sources import SOURCES, get_source
from sportsplat.sources.base import Live

if TYPE_CHECKING:
    import pandas as pd

    from sportsplat.leagues import League


def nothing_to_predict(matches: pd.DataFrame, league: League, first: date, last: date) -> str:
    """Say why there is nothing to forecast from `first` to `last`, and which command would change that."""
    command = f"`{_fetching(league)}`"
    if not len(matches):
        return f"no match of {league.code} is stored; {command}"
    day = matches["match_date"].to_numpy().astype("datetime64[D]")
    inside = (day >= np.datetime64(first)) & (day <= np.datetime64(last))
    span = f"on {first}" if first == last else f"from {first} to {last}"
    if not inside.any():
        return (
            f"no match of {league.code} {span} is stored; the last stored one is on {day.max()}; "
            f"newer fixtures come with {command}"
        )
    played = int(matches["final"].to_numpy()[inside].sum())
    waiting = int(inside.sum()) - played
    return (
        f"no match of {league.code} {span} is still to come: {played} are played, {waiting} have begun "
        f"without a stored result or are cancelled; newer facts come with {command}"
    )


def _fetching(league: League) -> str:
    """Return the command that gets fixtures and results of a league."""
    serving = [source for source in map(get_source, SOURCES) if league.code in source.leagues]
    if any(isinstance(source, Live) for source in serving):
        return f"sportsplat sync {league.code}"
    return f"sportsplat ingest {serving[0].name if serving else 'SOURCE'} --league {league.code}"


def describe(
    matches: pd.DataFrame,
    probabilities: FloatArray,
    league: League,
    names: Mapping[int, str],
    quotes: pd.DataFrame | None,
) -> list[JsonObject]:
    """Put forecasts (n, k) beside who plays when, what a fair price were, and what is offered.

    names: teams by id; quotes: those known now (db/read.py `quotes_frame`), None for a league without entry
    prices. An edge is probability times price minus 1, the profit that a unit staked promises.
    """
    match_id = matches["match_id"].to_numpy(dtype=np.int64)
    refs = league.prices.entry
    offer = None if quotes is None else offered_prices(quotes, match_id, league, refs)
    found: list[JsonObject] = []
    rows: list[JsonObject] = matches.to_dict("records")  # type: ignore[assignment]
    for place, (match, shares) in enumerate(zip(rows, probabilities.tolist(), strict=True)):
        quoted = offer is not None and offer.ref[place] >= 0
        odds = offer.decimal_odds[place].tolist() if offer is not None and quoted else None
        found.append(
            {
                "match_id": match["match_id"],
                "kickoff_utc": match["kickoff_utc"].isoformat(),
                "day_precision": match["day_precision"],
                "match_date": match["match_date"].date().isoformat(),
                "home": names[match["home_id"]],
                "away": names[match["away_id"]],
                "neutral": match["neutral"],
                "probabilities": _by_outcome(league, shares),
                "fair_odds": _by_outcome(league, [1 / share if share else None for share in shares]),
                "entry_price": odds and _by_outcome(league, odds),
                "quoted_by": str(refs[offer.ref[place]]) if offer is not None and quoted else None,
                "edge": odds
                and _by_outcome(
                    league, [share * price - 1 for share, price in zip(shares, odds, strict=True)]
                ),
            }
        )
    return found


def _by_outcome(league: League, values: list[Any]) -> JsonObject:
    return dict(zip(league.outcomes, values, strict=True))
