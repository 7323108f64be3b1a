"""Which season a row is of: by its day, or as the file gives it, checked against the league's days."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from sportsplat.sources.reading.cells import RowError, read_count

if TYPE_CHECKING:
    from sportsplat.leagues.league import League
    from sportsplat.leagues.season_days import SeasonDays


def season_of(league: League, day: date) -> int:
    """Return the season (year in which it starts) of `day`. Raises RowError (outside-season) between two."""
    season = league.season_of(day)
    if season is None:
        last = league.last_season_begun(day)
        raise RowError("outside-season", f"{day} is in no season of {league.code}: {_describe(league, last)}")
    return season


def read_season(text: str, day: date, league: League, *, years_late: int = 0) -> int:
    """Read the year in which a season starts; `years_late`: 1 where the file gives the year in which it ends.

    Raises RowError (bad-season): not a year, or a season that has no match on `day`.
    """
    return _read_season(text.strip(), day, league.code, league.rules.season, years_late)


@lru_cache(maxsize=65536)
def _read_season(text: str, day: date, league: str, days: SeasonDays | None, years_late: int) -> int:
    season = read_count(text, "season", "bad-season") - years_late
    first, last = days.bounds(season) if days is not None else (date.min, date.max)
    if not first <= day <= last:
        detail = f"that season of {league} lasts from {first} to {last}"
        raise RowError("bad-season", f"season is {text!r} on {day}: {detail}")
    return season


def _describe(league: League, season: int) -> str:
    days = league.rules.season
    if days is None:
        return "none is declared"
    ended, next_begins = days.bounds(season)[1], days.bounds(season + 1)[0]
    return f"that of {season} ended on {ended}, the next one begins on {next_begins}"
