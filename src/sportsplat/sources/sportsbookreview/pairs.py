"""Season files of sportsbookreviewsonline: two rows a game, the visitor's first, the host's second."""

from __future__ import annotations

import re
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from sportsplat.domain import (
    DetailRecord,
    Market,
    MatchKey,
    MatchRecord,
    MatchStatus,
    Outcome,
    Phase,
    Precision,
    QuoteRecord,
    TeamStatsRecord,
)
from sportsplat.errors import InputRefused
from sportsplat.sources.reading.cells import LocalDays, RowError, read_count
from sportsplat.sources.reading.csv import RowReader, Table

if TYPE_CHECKING:
    from sportsplat.leagues.league import League


DISORDER = timedelta(days=30)  # how far below a later game an earlier one may stand
_NAMED = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:-(\d\d))?(?!\d)")
_MONTH_DAY = re.compile(r"([0-9]{1,2})([0-9]{2})")


class SeasonBounds(NamedTuple):
    """The first game of a season, and the first one after its regular part (play-in games included)."""

    opening: date
    playoffs: date


# The league's own calendar, for the seasons of the archive: the files do not tell which games are play-offs.
CALENDAR: dict[tuple[str, int], SeasonBounds] = {
    (league, season): SeasonBounds(date.fromisoformat(opening), date.fromisoformat(playoffs))
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
                f"{self._file} does not hold the season {self.name} given in its name",
                code="WRONG_SEASON",
                cause=f"its first game is of {first:%m-%d}; that season began on {self.days.opening}",
                fix="rename the file to its name on the site",
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
    crosses = league.rules.season is not None and league.rules.season.usual.last[0] == 1
    expected = "nba odds 2007-08.xlsx" if crosses else "mlb-odds-2010.xlsx"
    names = {(int(first), second) for first, second in _NAMED.findall(base)}
    if len(names) == 1:
        first, second = names.pop()
        if second == (f"{(first + 1) % 100:02}" if crosses else ""):
            return first, crosses
    raise InputRefused(
        f"the name of {file} does not say which season of {league.name} it holds",
        code="NO_SEASON",
        cause=f"the dates in it have no year; the site's file names look like {expected!r}",
        fix="rename the file to its name on the site",
    )


NAME = "sportsbookreview"
BOOKMAKER = "consensus"
NO_LINE = frozenset({"", "NL"})
_COUNT = re.compile(r"[0-9]{1,3}")
_ROTATION = re.compile(r"[0-9]{1,6}")


class PairRow(NamedTuple):
    """One row of a game."""

    at: int  # index of the row in its table
    row: Sequence[str]


class Pair(NamedTuple):
    """The two rows of a game; on neutral ground the second is the nominal host."""

    away: PairRow
    home: PairRow
    neutral: bool


class Game(NamedTuple):
    """A game that stands in the batch, with the moments from which its facts can be used."""

    pair: Pair
    key: MatchKey
    match: MatchRecord


class PairReader(RowReader):
    """Reads pairs of rows into a batch; a league's format adds prices and lines."""

    periods: ClassVar[tuple[str, ...]]
    unplayed: ClassVar[frozenset[str]] = frozenset()  # what stands for a period that was not played
    double_headers: ClassVar[bool] = False

    def __init__(self, table: Table, league: League) -> None:
        super().__init__(table, league, NAME)
        self.season = Season(league, table.file)
        self._days = LocalDays(league)
        self._rows = [PairRow(index, row) for index, row in table.filled()]
        self._pairs = self._paired()
        self._seen: dict[tuple[date, str, str], list[str]] = {}
        self._details: list[DetailRecord] = []
        self.batch = self.batch._replace(details=self._details)
        first = next(iter(self._pairs.values()), None)
        if first is not None:
            self._check_opening(first)

    @abstractmethod
    def add_prices(self, game: Game) -> None:
        """Add the prices of a game."""

    def read(self, index: int, row: list[str]) -> None:
        """Add the game of which this is the second row. Raises RowError when there is none."""
        pair = self._pairs.get(index)
        if pair is None:
            raise RowError(
                "no-pair",
                f"VH is {self.cell(row, 'VH')!r} for {self.cell(row, 'Team')!r}, and no adjacent row is "
                f"the other half of its game: expected V above H, or N above N",
            )
        if index == pair.away.at:
            return
        try:
            game = self._game(pair)
        except RowError as bad:
            self.note(pair.away.at, bad.code, bad.reason)
            raise
        self._add_periods(game)
        self.add_prices(game)

    def add_quote(
        self, game: Game, market: Market, outcome: Outcome, line: float | None, odds: float, closing: bool
    ) -> None:
        """Add a price: a closing one is known when the day ends, another at the decision moment."""
        known_at = self._days[game.match.match_date][1 if closing else 0]
        self.batch.quotes.append(
            QuoteRecord(game.key, BOOKMAKER, market, outcome, line, odds, closing, None, known_at)
        )

    def add_details(self, game: Game, phase: Phase, details: dict[str, str | float | bool]) -> None:
        """Add details: those of the start are known when the day ends, others at the decision moment."""
        if details:
            known_at = self._days[game.match.match_date][1 if phase is Phase.START else 0]
            self._details.append(DetailRecord(game.key, phase, details, known_at))

    def _paired(self) -> dict[int, Pair]:
        """Return the pair of each row that has one, by the row's index."""
        pairs: dict[int, Pair] = {}
        for above, below in zip(self._rows, self._rows[1:], strict=False):
            if above.at in pairs:
                continue
            places = self.cell(above.row, "VH").upper(), self.cell(below.row, "VH").upper()
            if places == ("V", "H") or (places == ("N", "N") and self._begins(above) > self._begins(below)):
                pairs[above.at] = pairs[below.at] = Pair(above, below, places == ("N", "N"))
        return pairs

    def _begins(self, side: PairRow) -> bool:
        """Whether a row on neutral ground is a game's first: a visitor's rotation number is odd."""
        return self.cell(side.row, "Rot")[-1:] in tuple("13579")

    def _check_opening(self, first: Pair) -> None:
        try:
            day = self.season.day(self.cell(first.away.row, "Date"))
        except RowError:
            return
        self.season.check_opening(day)

    def _game(self, pair: Pair) -> Game:
        day = self._day(pair)
        names = [self.cell(side.row, "Team") for side in (pair.home, pair.away)]
        home, away = self.teams(names[0], names[1], day, ("Team", "Team"))
        number = self._number(day, home, away, pair)
        finals = [self.cell(side.row, "Final") for side in (pair.home, pair.away)]
        if any(final in NO_LINE for final in finals):
            raise RowError("not-played", f"Final is {finals[0]!r} and {finals[1]!r}: no score, no game")
        midnight, end = self._days[day]
        match = MatchRecord(
            season=self.season.start,
            match_date=day,
            kickoff_utc=midnight,
            precision=Precision.DAY,
            home=home,
            away=away,
            number=number,
            neutral=pair.neutral,
            stage=self.season.stage(day),
            status=MatchStatus.FINAL,
            home_score=read_count(finals[0], "Final"),
            away_score=read_count(finals[1], "Final"),
            known_at=end,
        )
        return Game(pair, self.add_match(pair.away.at, match), match)

    def _day(self, pair: Pair) -> date:
        """Return the day of a game.

        Where its rows have two days that follow each other, it is the day of the game whose rotation numbers
        these rows continue (or that continues them): such numbers run through a day.
        """
        days = [self.season.day(self.cell(side.row, "Date")) for side in (pair.away, pair.home)]
        if days[0] == days[1]:
            return days[0]
        detail = f"the two rows of the game are dated {days[0]} and {days[1]}"
        near = {day for day in self._neighbouring_days(pair) if day in days}
        if abs(days[0] - days[1]) > timedelta(days=1) or len(near) != 1:
            raise RowError("contradiction", f"Date: {detail}")
        (day,) = near
        wrong = pair.home if days[0] == day else pair.away
        self.note(wrong.at, "date-mismatch", f"Date: {detail}; {day} is used, from its rotation number")
        return day

    def _neighbouring_days(self, pair: Pair) -> list[date]:
        """Return the days of the game above that ends, and of the game below that begins, in sequence."""
        position = bisect_left(self._rows, pair.away.at, key=itemgetter(0))
        found = []
        for side, neighbour in (
            (pair.away, self._rows[position - 1] if position else None),
            (pair.home, self._rows[position + 2] if position + 2 < len(self._rows) else None),
        ):
            if neighbour is None or neighbour.at not in self._pairs:
                continue
            rotation, other = (self.cell(one.row, "Rot") for one in (side, neighbour))
            if not all(map(_ROTATION.fullmatch, (rotation, other))) or abs(int(rotation) - int(other)) != 1:
                continue
            try:
                found.append(self.season.day(self.cell(neighbour.row, "Date")))
            except RowError:
                continue
        return found

    def _number(self, day: date, home: str, away: str, pair: Pair) -> int:
        """Number the games of one pair on one day, in file order; each has its own rotation number."""
        rotation = self.cell(pair.away.row, "Rot")
        before = self._seen.setdefault((day, home, away), [])
        if rotation in before or (before and not self.double_headers) or len(before) == 2:
            raise RowError(
                "duplicate-match",
                f"{home} against {away} on {day} already appears above, with Rot {before[0]}",
            )
        before.append(rotation)
        return len(before)

    def _add_periods(self, game: Game) -> None:
        """Add the score of each period that was played, and of overtime where the score tells it.

        Overtime is what a final score has beyond level regular periods. Where one team's periods cannot be
        read, the other's are taken if they make up its final score.
        """
        known_at = self._days[game.match.match_date][1]
        home, away = self._periods(game.pair.home), self._periods(game.pair.away)
        finals = game.match.home_score or 0, game.match.away_score or 0
        if home and away and len(home) == len(away) == len(self.periods):
            level, beyond = sum(home.values()), finals[0] - sum(home.values())
            other = finals[1] - sum(away.values())
            if level == sum(away.values()) and beyond != other and min(beyond, other) >= 0:
                home["period_overtime"], away["period_overtime"] = beyond, other
        for stats, other_stats, final, is_home in (
            (home, away, finals[0], True),
            (away, home, finals[1], False),
        ):
            if stats and (other_stats is not None or sum(stats.values()) == final):
                self.batch.stats.append(TeamStatsRecord(game.key, is_home, stats, known_at))

    def _periods(self, side: PairRow) -> dict[str, float] | None:
        stats: dict[str, float] = {}
        for number, column in enumerate(self.periods, 1):
            text = self.cell(side.row, column)
            if _COUNT.fullmatch(text):
                stats[f"period_{number}"] = float(text)
            elif text not in self.unplayed:
                self.note(side.at, "bad-stat", f"{column} is {text!r}: expected a whole number from 0")
                return None
        return stats
