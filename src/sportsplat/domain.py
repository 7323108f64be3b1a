"""Value types used by every layer. Nothing here does I/O or reads a clock.

Times are aware datetimes in UTC. `match_date` is the calendar day at the league's own place. Odds are
decimal. Records (`...Record`) are what a parser returns: teams are named as the source names them, and
ids do not exist yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple


class MatchStatus(StrEnum):
    """What is known of a match's play."""

    SCHEDULED = "scheduled"
    FINAL = "final"
    CANCELLED = "cancelled"


class Precision(StrEnum):
    """How exactly a kick-off time is known."""

    MINUTE = "minute"
    DAY = "day"


class Market(StrEnum):
    """What a bookmaker's price is about."""

    RESULT = "result"  # the winner: home/away, or home/draw/away where the league has draws
    SPREAD = "spread"  # home/away with a handicap, `line` is added to the home score
    TOTAL = "total"  # over/under `line`


class Outcome(StrEnum):
    """One side of a market."""

    HOME = "home"
    DRAW = "draw"
    AWAY = "away"
    OVER = "over"
    UNDER = "under"


class MatchRecord(NamedTuple):
    """One match as a source tells it.

    `kickoff_utc` is the local midnight that begins `match_date` when precision is "day". `known_at` is when
    the result became known (None while unplayed). `number` tells apart two games of one pair at one place on
    one day.
    """

    season: int  # the year in which the season starts
    match_date: date
    kickoff_utc: datetime
    precision: Precision
    home: str
    away: str
    number: int = 1
    neutral: bool = False
    stage: str = "regular"  # "regular" or "playoff"
    status: MatchStatus = MatchStatus.SCHEDULED
    home_score: int | None = None
    away_score: int | None = None
    known_at: datetime | None = None

    @property
    def key(self) -> MatchKey:
        """What identifies the match within its league."""
        return MatchKey(self.match_date, self.home, self.away, self.number)


class MatchKey(NamedTuple):
    """What identifies a match within a league; `home` and `away` are names as the source gives them."""

    match_date: date
    home: str
    away: str
    number: int = 1

    @property
    def label(self) -> str:
        """What messages call the match."""
        return f"{self.home} - {self.away} on {self.match_date}"


class QuoteRecord(NamedTuple):
    """One decimal price of one outcome. `line` is None for the result market."""

    match: MatchKey
    bookmaker: str
    market: Market
    outcome: Outcome
    line: float | None
    decimal_odds: float
    is_closing: bool
    quoted_at: datetime | None  # when the source says it was taken; None for a closing price
    known_at: datetime  # from when a decision may use it


class ForecastRecord(NamedTuple):
    """Probabilities that somebody published, over the league's outcomes in their order."""

    match: MatchKey
    publisher: str
    probabilities: tuple[float, ...]
    known_at: datetime


class TeamStatsRecord(NamedTuple):
    """One team's box score: stat names as the sport declares them, plain numbers."""

    match: MatchKey
    is_home: bool
    stats: dict[str, float]
    known_at: datetime


class Phase(StrEnum):
    """Since when a detail is known."""

    SCHEDULE = "schedule"  # with the fixture list: stadium, surface, days of rest
    START = "start"  # at the start: line-ups, officials
    RESULT = "result"  # with the result: what was measured meanwhile, as the weather


class DetailRecord(NamedTuple):
    """What a source says of a match besides its result: plain values by name, all of one phase."""

    match: MatchKey
    phase: Phase
    details: dict[str, str | float | bool]
    known_at: datetime


class Rejected(NamedTuple):
    """A row that could not be taken, kept with its reason."""

    file: str
    line: int
    reason: str  # a sentence that names the column and the value
    code: str  # short kebab-case class of reasons: "impossible-score", "bad-date"
    raw: str
    of_no_league: bool = False  # of a file with several leagues: nothing tells which one it is of


class Batch(NamedTuple):
    """Everything that one file says about one league.

    `line_of` gives the line of each match where the file tells it, and `text` the file's lines (its first is
    line 1): rows rejected later, by rules or team names, can then still be reported with both.
    `further_lines` are those of rows that say something else of a match of `line_of`.
    """

    league: str
    source: str
    file: str
    rows_read: int
    matches: list[MatchRecord]
    quotes: list[QuoteRecord]
    stats: list[TeamStatsRecord]
    forecasts: list[ForecastRecord]
    rejected: list[Rejected]
    details: Sequence[DetailRecord] = ()
    line_of: Mapping[MatchKey, int] = {}
    text: Sequence[str] = ()
    further_lines: Mapping[MatchKey, Sequence[int]] = {}

    @classmethod
    def empty(cls, league: str, source: str, file: str) -> Batch:
        """Make a batch whose lists a parser fills."""
        return cls(league, source, file, 0, [], [], [], [], [], [], {}, [])

    def reject(self, key: MatchKey, code: str, reason: str) -> Rejected:
        """Make the record of what is refused of a match, with its line and text where the file tells them."""
        return self.reject_line(self.line_of.get(key, 0), code, reason, repr(key))

    def reject_line(self, line: int, code: str, reason: str, raw: str) -> Rejected:
        """Make the record of a refused line, with its text where the file tells it, else with `raw`."""
        if 0 < line <= len(self.text):
            raw = self.text[line - 1].rstrip("\r\n")
        return Rejected(self.file, line, reason, code, raw)


JsonObject = dict[str, Any]
