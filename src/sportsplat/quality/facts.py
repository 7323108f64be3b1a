"""Counts of a league's data, as read from the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple


class SeasonCounts(NamedTuple):
    """The matches of one season.

    regular: those of the regular stage that are not cancelled; regular_final: those of them that are played;
    minute: played ones whose start is known to the minute. first, last: days of matches that are not
    cancelled, None without any. overdue: scheduled ones whose day is over.
    """

    season: int
    final: int
    scheduled: int
    postponed: int
    cancelled: int
    regular: int
    regular_final: int
    minute: int
    first: date | None
    last: date | None
    last_result: date | None
    overdue: int = 0


class TeamCount(NamedTuple):
    """The matches of one team in the regular stage of one season, cancelled ones left out."""

    season: int
    team: str
    matches: int
    source: str  # the source of their values in use, one of several by name


class RepeatedPairing(NamedTuple):
    """Days on which one team was at home against another in the regular stage of a season: too many."""

    season: int
    home: str
    away: str
    days: Sequence[date]


class Pause(NamedTuple):
    """Days on which a season stood still: the match days around them, and how far these are apart."""

    season: int
    since: date
    until: date
    days: int


class SourceCount(NamedTuple):
    """How many matches of a season a source has."""

    season: int
    source: str
    matches: int


class PriceCount(NamedTuple):
    """Whole offers (a price of every outcome) of one kind on played matches.

    bookmaker None: any. overround: sum of 1 / decimal odds of an offer, on average. outside: offers beyond
    what the league's rules allow; odd: those more than `ODD_MARGIN` from the average of their kind.
    """

    season: int
    bookmaker: str | None
    market: str
    closing: bool
    matches: int
    offers: int = 0
    overround: float | None = None
    outside: int = 0
    odd: int = 0


class OddOffer(NamedTuple):
    """One offer whose overround is unlike that of its kind."""

    season: int
    match_date: date
    home: str
    away: str
    bookmaker: str
    market: str
    closing: bool
    overround: float
    usual: float


class OverdueFixtures(NamedTuple):
    """Fixtures without a result although their day is over (`status` scheduled), or put off (postponed)."""

    season: int
    source: str
    status: str
    matches: int
    first: date
    last: date


class ConflictCount(NamedTuple):
    """How often a source differs in a field from the source whose value is in use."""

    season: int
    source: str
    holder: str
    field: str
    matches: int


class ConflictTotal(NamedTuple):
    """How often a source differs in a field from another one, in all seasons that were asked for."""

    source: str
    holder: str
    field: str
    matches: int


class Conflict(NamedTuple):
    """One contradiction: a source's value of a field of a match, and the value in use."""

    match_id: int
    season: int
    match_date: date
    home: str
    away: str
    source: str
    field: str
    said: str
    holder: str
    holds: str


class WaitingRows(NamedTuple):
    """Rows in quarantine of one reason; command: what would let them in, where their reason says it."""

    source: str
    code: str
    rows: int
    example: str
    command: str | None


class Ingest(NamedTuple):
    """When a source was last taken in."""

    source: str
    finished_at: datetime


class Facts(NamedTuple):
    """All counts of a league. Coverage counts played matches: by season, then by stat, publisher."""

    seasons: Sequence[SeasonCounts]
    teams: Sequence[TeamCount]
    pauses: Sequence[Pause]
    sources: Sequence[SourceCount]
    box_scores: Mapping[int, Mapping[str, int]]  # both sides' value stored; BOX and ALL_STATS besides names
    prices: Sequence[PriceCount]
    odd_offers: Sequence[OddOffer]
    forecasts: Mapping[int, Mapping[str, int]]
    details: Mapping[int, int]
    unplayed: Sequence[OverdueFixtures]
    conflicts: Sequence[ConflictCount]
    quarantine: Sequence[WaitingRows]
    ingests: Sequence[Ingest]
    repeated: Sequence[RepeatedPairing] = ()


BOX, ALL_STATS = "", "*"
"""Keys of `Facts.box_scores` beside stat names: any box score; every stat that features are built from."""
ODD_MARGIN = 0.1
"""How far an overround may lie from the average of its bookmaker, market and season before it is odd."""
