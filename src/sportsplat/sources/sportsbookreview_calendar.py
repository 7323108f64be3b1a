"""Which season a file of sportsbookreviewsonline holds, and on which days: its dates bear no year."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.errors import InputRefused
from sportsplat.sources.rows import RowError

if TYPE_CHECKING:
    from sportsplat.leagues import League

DISORDER = timedelta(days=30)  # how far below a later game an earlier one may stand
_NAMED = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:-(\d\d))?(?!\d)")
_MONTH_DAY = re.compile(r"([0-9]{1,2})([0-9]{2})")


class SeasonDays(NamedTuple):
    """The first game of a season, and the first one after its regular part (play-in games included)."""

    opening: date
    playoffs: date


# The league's own calendar, for the seasons of the archive: the files do not tell which games are play-offs.
CALENDAR: dict[tuple[str, int], SeasonDays] = {
    (league, season): SeasonDays(date.fromisoformat(opening), date.fromisoformat(playoffs))
    for league, season, opening, playoffs in (
        ("nba", 2007, "2007-10-30", "2008-04-19"),
        ("nba", 2008, "2008-10-28", "2009-04-18"),
        ("nba", 2009, "2009-10-27", "2010-04-17"),
        ("nba", 2010, "2010-10-26", "2011-04-16"),
        ("nba", 2011, "2011-12-25", "2012-04-28"),
        ("nba", 2012, "2012-10-30", "2013-04-20"),
        ("nba", 2013, "2013-10-29", "2014-04-19"),
        ("nba", 2014, "2014-10-28", "2015-04-18"),
        ("nba", 2015, "2015-10-27", "2016-04-16"),
        ("nba", 2016, "2016-10-25", "2017-04-15"),
        ("nba", 2017, "2017-10-17", "2018-04-14"),
        ("nba", 2018, "2018-10-16", "2019-04-13"),
        ("nba", 2019, "2019-10-22", "2020-08-15"),
        ("nba", 2020, "2020-12-22", "2021-05-18"),
        ("nba", 2021, "2021-10-19", "2022-04-12"),
        ("nba", 2022, "2022-10-18", "2023-04-11"),
        ("mlb", 2010, "2010-04-04", "2010-10-06"),
        ("mlb", 2011, "2011-03-31", "2011-09-30"),
        ("mlb", 2012, "2012-03-28", "2012-10-05"),
        ("mlb", 2013, "2013-03-31", "2013-10-01"),
        ("mlb", 2014, "2014-03-22", "2014-09-29"),  # its file has the first wild-card game a day early
        ("mlb", 2015, "2015-04-05", "2015-10-06"),
        ("mlb", 2016, "2016-04-03", "2016-10-04"),
        ("mlb", 2017, "2017-04-02", "2017-10-03"),
        ("mlb", 2018, "2018-03-29", "2018-10-02"),
        ("mlb", 2019, "2019-03-20", "2019-10-01"),
        ("mlb", 2020, "2020-07-23", "2020-09-29"),
        ("mlb", 2021, "2021-04-01", "2021-10-05"),
    )
}


class Season:
    """A season as named by its file; turns MMDD into days, row after row."""

    def __init__(self, league: League, file: str) -> None:
        self.start, self._crosses = _named(league, file)
        self.days = CALENDAR.get((league.code, self.start))
        self._file = file
        self._latest = date(self.start, 9, 1)

    def day(self, text: str) -> date:
        """Return the day that MMDD means: the first of the season from about the day above it in the file on.

        Raises RowError (bad-date) where it has none.
        """
        found = _MONTH_DAY.fullmatch(text)
        days = []
        for year in (self.start, self.start + 1) if self._crosses else (self.start,):
            try:
                days.append(date(year, int(found[1]), int(found[2])) if found else date.min)
            except ValueError:
                continue
        if not found or not days:
            raise RowError("bad-date", f"Date is {text!r}: expected MMDD, a day of the season {self.name}")
        self._latest = next((day for day in days if day > self._latest - DISORDER), days[-1])
        return self._latest

    def check_opening(self, first: date) -> None:
        """Raise InputRefused (WRONG_SEASON) where a file's first game stands before its season began."""
        if self.days is not None and first < self.days.opening:
            raise InputRefused(
                f"{self._file} does not hold the season {self.name} that its name says.",
                code="WRONG_SEASON",
                cause=f"Its first game is of {first:%m-%d}; that season began on {self.days.opening}.",
                fix="Give the file the name under which the site has it.",
            )

    def stage(self, day: date) -> str:
        """Return "playoff" from the end of the regular season on."""
        return "playoff" if self.days is not None and day >= self.days.playoffs else "regular"

    @property
    def name(self) -> str:
        """The season as its file writes it: 2007-08, or 2010."""
        return f"{self.start}-{(self.start + 1) % 100:02}" if self._crosses else str(self.start)


def _named(league: League, file: str) -> tuple[int, bool]:
    """Return the year in which the season of a file's name starts, and whether it ends in the next."""
    base = re.split(r"[/\\]", file)[-1]
    crosses = league.rules.season is not None and league.rules.season.last[0] == 1
    expected = "nba odds 2007-08.xlsx" if crosses else "mlb-odds-2010.xlsx"
    names = {(int(first), second) for first, second in _NAMED.findall(base)}
    if len(names) == 1:
        first, second = names.pop()
        if second == (f"{(first + 1) % 100:02}" if crosses else ""):
            return first, crosses
    raise InputRefused(
        f"The name of {file} does not say which season of {league.name} it holds.",
        code="NO_SEASON",
        cause=f"The dates inside bear no year; the site's own names are like {expected!r}.",
        fix="Give the file the name under which the site has it.",
    )
