"""The dates of football-data.co.uk: match days, UK kick-off times, seasons, the collection of prices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import PurePath
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sportsplat.sources.rows import YEARS, RowError

UK = ZoneInfo("Europe/London")
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_COLLECTED = {1: time(15), 4: time(17)}  # weekday: Tuesday, Friday


class Seasons(NamedTuple):
    """The seasons that a file holds, by the year in which they start."""

    known: frozenset[int]

    def of(self, day: date) -> int:
        """Return the season of `day`; RowError for a day that lies in none of the file's seasons."""
        if len(self.known) == 1:
            (only,) = self.known
            if date(only, 7, 1) <= day <= date(only + 1, 8, 31):
                return only
        elif season_of(day) in self.known:
            return season_of(day)
        told = ", ".join(f"{season}/{season + 1}" for season in sorted(self.known))
        raise RowError("bad-date", f"Date is {day}: outside the file's season {told}")


def seasons_of(file: str, days: Iterable[date | None]) -> Seasons:
    """Tell a file's season by most of its dates; the name of its folder (SSSS) confirms it.

    Without such a folder a file may join several seasons: those that hold at least a twentieth of its dates.
    """
    votes = Counter(season_of(day) for day in days if day is not None)
    if not votes:
        return Seasons(frozenset())
    season, _ = votes.most_common(1)[0]
    if PurePath(file).parent.name == folder_of(season):
        return Seasons(frozenset({season}))
    enough = votes.total() / 20
    return Seasons(frozenset(season for season, count in votes.items() if count >= enough))


def folder_of(season: int) -> str:
    """Return the site's name of a season: 1999 is "9900"."""
    return f"{season % 100:02d}{(season + 1) % 100:02d}"


def season_of(day: date) -> int:
    """Return the year in which the season of a match day starts: it turns on 15 July, in 2020 on 27 July."""
    turn = date(2020, 7, 27) if day.year == 2020 else date(day.year, 7, 15)
    return day.year if day >= turn else day.year - 1


@lru_cache(maxsize=16384)
def read_date(text: str) -> date | None:
    """Read dd/mm/yyyy or dd/mm/yy (80 to 99 are of the last century); None for anything else."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    day, month, year = map(int, found.groups())
    if year < 100:
        year += 1900 if year >= 80 else 2000
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def kickoff_of(day: date, text: str) -> datetime | None:
    """Return the UTC moment of a UK time of day, as every country's file gives it; None without one."""
    found = _TIME.fullmatch(text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return datetime.combine(day, time(int(found[1]), int(found[2])), tzinfo=UK).astimezone(UTC)


@lru_cache(maxsize=16384)
def collected_at(match_date: date) -> datetime:
    """Return when prices were collected, in UTC: on the last Friday, 17:00, or Tuesday, 15:00 UK time.

    Source: KEY.md of the data, "Fridays afternoons not later than 17:00", "Tuesdays not later than 15:00".
    """
    day = match_date
    while day.weekday() not in _COLLECTED:
        day -= timedelta(days=1)
    return datetime.combine(day, _COLLECTED[day.weekday()], tzinfo=UK).astimezone(UTC)
