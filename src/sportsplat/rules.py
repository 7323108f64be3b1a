"""What can be true of a match of a league: declared in `config/leagues.yaml`, checked of every record.

rules:
  score: [0, 30]                        # lowest and highest score of one side
  ties: true                            # whether a played match can end level
  season: [07-01, next 08-31]           # first and last day; `next`: of the year after the season's first
  overround: [0.95, 1.6]                # of a bookmaker's prices on one market: sum of 1 / decimal odds
  parts: period_                        # box-score names that sum to the score
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

_DAY = re.compile(r"(next )?(\d\d)-(\d\d)")


@dataclass(frozen=True)
class SeasonDays:
    """The first and the last day of a season, as (years after its start, month, day)."""

    first: tuple[int, int, int]
    last: tuple[int, int, int]

    def bounds(self, season: int) -> tuple[date, date]:
        """Return both days of the season that starts in the year `season`."""
        (early, *first), (late, *last) = self.first, self.last
        return date(_year(season + early), *first), date(_year(season + late), *last)

    def season_on(self, day: date) -> int:
        """Return the last season that had begun by `day`."""
        return max(season for season in (day.year - 1, day.year) if self.bounds(season)[0] <= day)


@dataclass(frozen=True)
class Rules:
    """The rules of a league; see the module."""

    score: tuple[int, int] = (0, 9999)
    ties: bool = True
    season: SeasonDays | None = None
    overround: tuple[float, float] = (0.95, 1.6)
    parts: str | None = None

    def overround_told(
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


class DeclaredRules(BaseModel):
    """The rules as they stand in the file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    score: Annotated[list[int], Field(min_length=2, max_length=2)] = [0, 9999]
    ties: bool = True
    season: Annotated[list[str], Field(min_length=2, max_length=2)] | None = None
    overround: Annotated[list[float], Field(min_length=2, max_length=2)] = [0.95, 1.6]
    parts: str | None = None

    @field_validator("score", "overround")
    @classmethod
    def _ascending(cls, bounds: list[float]) -> list[float]:
        if bounds[0] >= bounds[1]:
            raise ValueError("the first must be below the second")
        return bounds

    @field_validator("season")
    @classmethod
    def _days(cls, days: list[str] | None) -> list[str] | None:
        for day in days or ():
            _read_day(day)
        return days

    def to_rules(self) -> Rules:
        """Return them as the rest of the program sees them."""
        return Rules(
            score=(self.score[0], self.score[1]),
            ties=self.ties,
            season=None if self.season is None else SeasonDays(*map(_read_day, self.season)),
            overround=(self.overround[0], self.overround[1]),
            parts=self.parts,
        )


def _year(year: int) -> int:
    """Return the nearest year that a date can have: a file may say any."""
    return min(max(year, MINYEAR), MAXYEAR)


def _read_day(text: str) -> tuple[int, int, int]:
    found = _DAY.fullmatch(text)
    try:
        if found:
            date(
                2001, int(found[2]), int(found[3])
            )  # a year without 29 February, so that each year has the day
            return int(bool(found[1])), int(found[2]), int(found[3])
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no day: expected MM-DD or next MM-DD")
