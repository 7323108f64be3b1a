"""Check every record of a batch against the declared rules of its league, column by column.

One more holds in every league: a match has no result before it begins. What breaks a rule goes to quarantine
with its line: a match as a whole, an offer without its match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sportsplat.domain import Batch, Market, MatchKey, MatchRecord, QuoteRecord, Rejected

if TYPE_CHECKING:
    import numpy.typing as npt

    from sportsplat.leagues.league import League
    from sportsplat.leagues.rules import LeagueRules

    Flags = npt.NDArray[np.bool_]

_NO_SCORE = -1
ZONES = timedelta(days=1)
"""The day that a file gives may be that of another zone, so that a match seems to begin up to a day later."""


class _Columns(NamedTuple):
    """The matches of a batch as arrays; scores are -1 while unplayed."""

    league: str
    matches: Sequence[MatchRecord]
    parts: dict[MatchKey, dict[bool, float]]  # what the parts of each side's score sum to
    home: npt.NDArray[np.int64]
    away: npt.NDArray[np.int64]
    as_of: datetime

    @property
    def played(self) -> Flags:
        return np.asarray(self.home != _NO_SCORE)


class _Rule(NamedTuple):
    """One rule: which matches break it, and the message for one."""

    code: str
    broken: Callable[[_Columns, LeagueRules], Flags]
    explain: Callable[[MatchRecord, LeagueRules, _Columns], str]


def apply_rules(batch: Batch, league: League, as_of: datetime) -> Batch:
    """Return the batch without what breaks a rule of its league, which is rejected by line, rule and value.

    as_of: moment that the file describes (UTC); none of its results can be later.
    Codes: `not-a-league-game`, `result-before-play`, `impossible-score`, `impossible-tie`, `outside-season`,
    `parts-disagree`, `bad-overround`.
    """
    if not batch.matches:
        return batch
    rules = league.rules
    batch = _without_other_games(batch, league)
    columns = _Columns(
        batch.league,
        batch.matches,
        _parts(batch, rules.parts) if rules.parts else {},
        np.array([_NO_SCORE if m.home_score is None else m.home_score for m in batch.matches]),
        np.array([_NO_SCORE if m.away_score is None else m.away_score for m in batch.matches]),
        as_of,
    )
    kept = np.ones(len(batch.matches), dtype=np.bool_)
    rejected = list(batch.rejected)
    for rule in _RULES:
        broken = rule.broken(columns, rules) & kept
        kept &= ~broken
        for place in np.flatnonzero(broken).tolist():
            match = batch.matches[place]
            reason = f"{match.key.label}: {rule.explain(match, rules, columns)}"
            rejected.append(batch.reject(match.key, rule.code, reason))
    quotes = _fair_offers(batch, league, rejected)
    matches = (
        batch.matches if kept.all() else [m for m, keep in zip(batch.matches, kept, strict=True) if keep]
    )
    return batch._replace(matches=matches, quotes=quotes, rejected=rejected)


def _before_play(columns: _Columns, rules: LeagueRules) -> Flags:  # noqa: ARG001
    latest = columns.as_of + ZONES
    return np.asarray(columns.played & np.array([match.kickoff_utc > latest for match in columns.matches]))


def _without_other_games(batch: Batch, league: League) -> Batch:
    """Return the batch without the games of the league's teams that count for no table.

    A source may date them a day off.
    """
    if not league.other_games:
        return batch
    kept, rejected = [], list(batch.rejected)
    for match in batch.matches:
        teams = frozenset((match.home, match.away))
        days = (match.match_date + timedelta(days=off) for off in (0, -1, 1))
        reported = [what for day in days if (what := league.other_games.get((day, teams)))]
        if not reported:
            kept.append(match)
        else:
            reason = f"{match.key.label}: {reported[0]}, which does not count in the standings"
            rejected.append(batch.reject(match.key, "not-a-league-game", reason))
    return batch if len(kept) == len(batch.matches) else batch._replace(matches=kept, rejected=rejected)


def _impossible(columns: _Columns, rules: LeagueRules) -> Flags:
    low, high = rules.score
    outside = (np.minimum(columns.home, columns.away) < low) | (np.maximum(columns.home, columns.away) > high)
    return columns.played & outside


def _tied(columns: _Columns, rules: LeagueRules) -> Flags:
    if rules.ties:
        return np.zeros(len(columns.matches), dtype=np.bool_)
    decided = np.array([not rules.can_tie(match.season) for match in columns.matches])
    return np.asarray(columns.played & (columns.home == columns.away) & decided)


def _outside_season(columns: _Columns, rules: LeagueRules) -> Flags:
    if rules.season is None:
        return np.zeros(len(columns.matches), dtype=np.bool_)
    days = np.array([match.match_date for match in columns.matches], dtype="datetime64[D]")
    seasons = [match.season for match in columns.matches]
    bounds = {season: rules.season.bounds(season) for season in set(seasons)}
    first = np.array([bounds[season][0] for season in seasons], dtype="datetime64[D]")
    last = np.array([bounds[season][1] for season in seasons], dtype="datetime64[D]")
    return np.asarray((days < first) | (days > last))


def _parts(batch: Batch, prefix: str) -> dict[MatchKey, dict[bool, float]]:
    """Return what the parts of each side's score sum to, where there is more than one part."""
    sums: dict[MatchKey, dict[bool, float]] = defaultdict(dict)
    for record in batch.stats:
        parts = [value for name, value in record.stats.items() if name.startswith(prefix)]
        if len(parts) > 1:
            sums[record.match][record.is_home] = sum(parts)
    return sums


def _parts_disagree(columns: _Columns, rules: LeagueRules) -> Flags:  # noqa: ARG001
    broken = np.zeros(len(columns.matches), dtype=np.bool_)
    if columns.parts:
        nan = float("nan")
        reported = [columns.parts.get(match.key, {}) for match in columns.matches]
        for is_home, scores in ((True, columns.home), (False, columns.away)):
            parts = np.array([one.get(is_home, nan) for one in reported])
            broken |= columns.played & ~np.isnan(parts) & (parts != scores)
    return broken


def _explain_before_play(match: MatchRecord, rules: LeagueRules, columns: _Columns) -> str:  # noqa: ARG001
    return f"the score is {_score(match)}, but the file is of {columns.as_of:%Y-%m-%d %H:%M} UTC"


def _explain_score(match: MatchRecord, rules: LeagueRules, columns: _Columns) -> str:
    low, high = rules.score
    return f"the score is {_score(match)}: a side of {columns.league} scores {low} to {high}"


def _explain_tie(match: MatchRecord, rules: LeagueRules, columns: _Columns) -> str:
    last = rules.last_season_of_ties
    since = f" since the season {last + 1}" if last is not None else ""
    return f"the score is {_score(match)}: a game of {columns.league} has a winner{since}"


def _explain_season(match: MatchRecord, rules: LeagueRules, columns: _Columns) -> str:
    bounds = rules.season.bounds(match.season) if rules.season else ()
    return (
        f"the match is on {match.match_date}: the season {match.season} of {columns.league} lasts from "
        + " to ".join(map(str, bounds))
    )


def _explain_parts(match: MatchRecord, rules: LeagueRules, columns: _Columns) -> str:  # noqa: ARG001
    sums = columns.parts[match.key]
    parts = ":".join(f"{sums[side]:g}" if side in sums else "?" for side in (True, False))
    return f"the score is {_score(match)} and its parts sum to {parts}"


_RULES = (
    _Rule("result-before-play", _before_play, _explain_before_play),
    _Rule("parts-disagree", _parts_disagree, _explain_parts),
    _Rule("impossible-score", _impossible, _explain_score),
    _Rule("impossible-tie", _tied, _explain_tie),
    _Rule("outside-season", _outside_season, _explain_season),
)

_offer_of = itemgetter(
    *map(QuoteRecord._fields.index, ("match", "bookmaker", "market", "line", "is_closing", "quoted_at"))
)
_ODDS = QuoteRecord._fields.index("decimal_odds")
_MARKET = QuoteRecord._fields.index("market")


def _fair_offers(batch: Batch, league: League, rejected: list[Rejected]) -> list[QuoteRecord]:
    """Return the quotes without those of whole offers whose overround cannot be."""
    quotes = batch.quotes
    if not quotes:
        return quotes
    places: dict[Any, int] = {}
    offers = np.array([places.setdefault(_offer_of(quote), len(places)) for quote in quotes])
    odds = np.array([quote[_ODDS] for quote in quotes], dtype=np.float64)
    three = len(league.outcomes)
    needed = np.empty(len(places), dtype=np.int64)
    needed[offers] = [three if quote[_MARKET] is Market.RESULT else 2 for quote in quotes]
    sides = np.bincount(offers)
    counts = np.ones(len(quotes), dtype=np.bool_)
    if (sides > needed).any():
        counts = _first_of_same(quotes)
        sides = np.bincount(offers, weights=counts)
    booksum = np.bincount(offers, weights=counts / odds)
    low, high = league.rules.overround
    wrong = (sides == needed) & ((booksum < low) | (booksum > high))
    if not wrong.any():
        return quotes
    refused = np.flatnonzero(wrong[offers]).tolist()
    by_offer: dict[int, list[QuoteRecord]] = defaultdict(list)
    for place in refused:
        by_offer[int(offers[place])].append(quotes[place])
    for sides_of in by_offer.values():
        first = sides_of[0]
        prices = list(dict.fromkeys((quote.outcome.value, quote.decimal_odds) for quote in sides_of))
        reason = league.rules.describe_overround(first.bookmaker, first.market, first.is_closing, prices)
        rejected.append(batch.reject(first.match, "bad-overround", f"{first.match.label}: {reason}"))
    bad = set(refused)
    return [quote for place, quote in enumerate(quotes) if place not in bad]


def _first_of_same(quotes: Sequence[QuoteRecord]) -> Flags:
    """Tell which quotes are no repeats: of prices that say the same, one counts."""
    first: dict[QuoteRecord, int] = {}
    return np.array([first.setdefault(quote, place) == place for place, quote in enumerate(quotes)])


def _score(match: MatchRecord) -> str:
    return f"{match.home_score}:{match.away_score}"
