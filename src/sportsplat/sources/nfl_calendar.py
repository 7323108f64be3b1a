"""Which season of the NFL a day belongs to."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from sportsplat.sources.rows import RowError, read_count

FIRST_MONTH = 7
"""Games run from August to February."""


@lru_cache(maxsize=65536)
def season_of(text: str, day: date) -> int:
    """Read the year in which the season starts. Raises RowError where no game of it can be on `day`."""
    season = read_count(text.strip(), "season", "bad-season")
    if season != (day.year if day.month >= FIRST_MONTH else day.year - 1):
        raise RowError("bad-season", f"season is {season} on {day}: a season runs from July to June")
    return season
