"""The first and the last day of a league's seasons, and which season a day belongs to.

Declared in `config/leagues.yaml`: the default days under `rules.season`, and under `season_exceptions` the
seasons that were played on other days:

    season_exceptions:
      - {season: 2019, days: [07-01, next 08-31]}              # by the year in which it starts
      - {since: 1945, until: 1947, days: [07-01, next 07-31]}
      - {until: 2010, days: [01-01, 12-31]}                    # the league changed its calendar
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, model_validator

FIRST, LAST = -(10**6), 10**6
"""Years before and after all seasons."""
_DAY = re.compile(r"(next )?(\d\d)-(\d\d)")


class Days(NamedTuple):
    """The first and the last day of a season, each as (years after its start, month, day)."""

    first: tuple[int, int, int]
    last: tuple[int, int, int]

    @classmethod
    def read(cls, texts: list[str]) -> Days:
        """Read `[MM-DD, MM-DD]`, each with `next` in front for the next year. Raises ValueError."""
        if len(texts) != 2:
            raise ValueError(f"{texts!r} are not two days: expected the first and the last one")
        days = cls(_read_day(texts[0]), _read_day(texts[1]))
        if days.first >= days.last:
            raise ValueError(f"the first day, {texts[0]}, is not before the last one, {texts[1]}")
        return days

    def of(self, season: int) -> tuple[date, date]:
        """Return both days of the season that starts in the year `season`."""
        (early, *first), (late, *last) = self.first, self.last
        return date(_year(season + early), *first), date(_year(season + late), *last)


class SeasonException(NamedTuple):
    """Seasons, from one year to another (both included), that have other days than usual."""

    since: int
    until: int
    days: Days


@dataclass(frozen=True)
class SeasonDays:
    """The days of all seasons of a league: the usual ones, and those of exceptional seasons."""

    usual: Days
    exceptions: tuple[SeasonException, ...] = ()

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Worked out once: what is remembered by it is asked for of every row."""
        return hash((self.usual, self.exceptions))

    def bounds(self, season: int) -> tuple[date, date]:
        """Return the first and the last day of the season that starts in the year `season`."""
        return self._days(season).of(season)

    def season_of(self, day: date) -> int | None:
        """Return the season that `day` belongs to, None between two seasons.

        Where the declared days of two seasons overlap, the later one counts.
        """
        return _season_of(self, day)

    def last_begun(self, day: date) -> int:
        """Return the last season that had begun by `day`, over or not."""
        years = range(day.year, day.year - 4, -1)
        return next((year for year in years if self.bounds(year)[0] <= day), day.year)

    def has_two_years(self, season: int) -> bool:
        """Whether a season is named by two years, as 2019/20: it ends in the next one, as usual.

        A season of a calendar year that ran over (Brazil's of 2020) keeps its name.
        """
        return bool(self.usual.last[0] and self._days(season).last[0])

    def _days(self, season: int) -> Days:
        return next((one.days for one in self.exceptions if one.since <= season <= one.until), self.usual)


@lru_cache(maxsize=65536)
def _season_of(days: SeasonDays, day: date) -> int | None:
    for season in (day.year, day.year - 1):
        first, last = days.bounds(season)
        if first <= day <= last:
            return season
    return None


class DeclaredException(BaseModel):
    """One entry of `season_exceptions`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    season: int | None = None
    since: int | None = None
    until: int | None = None
    days: list[str]

    @model_validator(mode="after")
    def _can_be(self) -> DeclaredException:
        years = self.since, self.until
        if (self.season is None) == (years == (None, None)):
            raise ValueError("expected season, or since and until, by the years in which seasons start")
        if None not in years and years[0] > years[1]:  # type: ignore[operator]
            raise ValueError(f"since {self.since} is after until {self.until}")
        Days.read(self.days)
        return self

    def to_exceptional(self) -> SeasonException:
        """Return it as the rest of the program sees it."""
        days = Days.read(self.days)
        if self.season is not None:
            return SeasonException(self.season, self.season, days)
        return SeasonException(
            FIRST if self.since is None else self.since, LAST if self.until is None else self.until, days
        )


def refuse_twice(declared: Sequence[DeclaredException]) -> None:
    """Raise ValueError where two entries are for one season."""
    found = sorted(one.to_exceptional() for one in declared)
    for one, other in pairwise(found):
        if other.since <= one.until:
            raise ValueError(f"the season {other.since} is declared twice")


def _year(year: int) -> int:
    """Return the nearest year that a date can have: a file may say any."""
    return min(max(year, MINYEAR), MAXYEAR)


def _read_day(text: str) -> tuple[int, int, int]:
    found = _DAY.fullmatch(text)
    try:
        if found:
            date(2001, int(found[2]), int(found[3]))  # no leap year, so that each year has the day
            return int(bool(found[1])), int(found[2]), int(found[3])
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a day: expected MM-DD or next MM-DD")
