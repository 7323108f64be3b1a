"""What can be true of a match of a league: declared in `config/leagues.yaml`, checked of every record.

rules:
  score: [0, 30]                        # lowest and highest score of one side
  ties: true                            # whether a match can end level; {until: 2003}: up to that season
  season: [07-16, next 06-30]           # first and last day; `next`: of the year after the season's first
  overround: [0.95, 1.6]                # of a bookmaker's prices on one market: sum of 1 / decimal odds
  parts: period_                        # box-score names that sum to the score
  double_headers: false                 # whether a pair can play twice at one place on one day
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sportsplat.leagues.season_days import Days, SeasonDays, SeasonException


@dataclass(frozen=True)
class LeagueRules:
    """The rules of a league; see the module."""

    score: tuple[int, int] = (0, 9999)
    ties: bool = True
    last_season_of_ties: int | None = None
    season: SeasonDays | None = None
    overround: tuple[float, float] = (0.95, 1.6)
    parts: str | None = None
    double_headers: bool = False

    def can_tie(self, season: int) -> bool:
        """Whether a played match of the season that starts in this year can end level."""
        return self.ties or (self.last_season_of_ties is not None and season <= self.last_season_of_ties)

    def describe_overround(
        self, bookmaker: str, market: str, is_closing: bool, prices: Sequence[tuple[str, float]]
    ) -> str:
        """Say what is wrong with an offer whose overround cannot be; prices: outcome and decimal odds."""
        listed = ", ".join(f"{outcome} {decimal_odds:.4g}" for outcome, decimal_odds in prices)
        booksum = sum(1 / decimal_odds for _, decimal_odds in prices)
        low, high = self.overround
        return (
            f"{bookmaker} {'closing' if is_closing else 'pre-match'} {market}: {listed}: "
            f"the implied probabilities sum to {booksum:.3f}, expected {low:g} to {high:g}"
        )


class TiesUntil(BaseModel):
    """`ties: {until: 2003}`: the last season, by its first year, in which a match could end level."""

    model_config = ConfigDict(extra="forbid", strict=True)

    until: int


class DeclaredRules(BaseModel):
    """The rules as written in the file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    score: Annotated[list[int], Field(min_length=2, max_length=2)] = [0, 9999]
    ties: bool | TiesUntil = True
    season: Annotated[list[str], Field(min_length=2, max_length=2)] | None = None
    overround: Annotated[list[float], Field(min_length=2, max_length=2)] = [0.95, 1.6]
    parts: str | None = None
    double_headers: bool = False

    @field_validator("score", "overround")
    @classmethod
    def _ascending(cls, bounds: list[float]) -> list[float]:
        if bounds[0] >= bounds[1]:
            raise ValueError("the first must be below the second")
        return bounds

    @field_validator("season")
    @classmethod
    def _days(cls, days: list[str] | None) -> list[str] | None:
        if days is not None:
            Days.read(days)
        return days

    def to_rules(self, exceptions: tuple[SeasonException, ...] = ()) -> LeagueRules:
        """Return them as the rest of the program sees them; exceptions: seasons with days of their own."""
        return LeagueRules(
            score=(self.score[0], self.score[1]),
            ties=self.ties is True,
            last_season_of_ties=self.ties.until if isinstance(self.ties, TiesUntil) else None,
            season=None if self.season is None else SeasonDays(Days.read(self.season), exceptions),
            overround=(self.overround[0], self.overround[1]),
            parts=self.parts,
            double_headers=self.double_headers,
        )
