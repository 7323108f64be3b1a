"""Read one match per row of a user's table."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from sys import intern
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from sportsplat.domain import (
    MatchRecord,
    MatchStatus,
    Precision,
)
from sportsplat.leagues.league import League
from sportsplat.sources.reading.cells import YEARS, LocalDays, RowError, read_count
from sportsplat.sources.reading.seasons import season_of
from sportsplat.sources.table.dates import DateColumn
from sportsplat.sources.table.mapping import (
    OF_A_MATCH,
    Cell,
    Mapping,
    When,
    text_of_value,
)
from sportsplat.sources.table.values import (
    read_day,
    read_flags,
    read_moment,
    read_time,
)

NAME = "table"
IN_PLAY = "in-play"
_SEASON = re.compile(r"((?:18|19|20|21)\d\d)(?:\.0)?(?:\s*[-/–]\s*\d{2,4})?")
_STAGES = {"": "regular", "regular": "regular", "playoff": "playoff", "playoffs": "playoff"}
_PLAIN = When(value="")
DISTINCT = 1 << 12
"""Days and kick-offs that are remembered."""
LONGEST = 200
"""Characters of a name: an index of the database takes no more than 2,704 bytes."""
Words = Callable[[str], str]
Day = TypeVar("Day", bound=date)


class _Date(NamedTuple, Generic[Day]):
    """A text read as a date by the mapping, or the error, and read with day and month swapped."""

    usual: Day | RowError
    swapped: date | None


def describe_in_play(column: str, text: str, closed_at: datetime) -> str:
    """Return the reason for rejecting an in-play price: no decision before the match can use it."""
    return f"{column} is {text!r}: the match had begun by {closed_at:%Y-%m-%d %H:%M} UTC"


class MatchReader:
    """Reads matches of one league as a mapping describes them."""

    def __init__(self, mapping: Mapping, league: League) -> None:
        self.league = league
        self._mapping = mapping
        self._days = LocalDays(league)
        self._cells: dict[str, Cell] = {
            name: cell for name in OF_A_MATCH if (cell := getattr(mapping, name)) is not None
        }
        self.columns = list(dict.fromkeys(c.column for c in self._cells.values() if c.column is not None))
        """Columns that together distinguish matches."""
        # Many matches share a day or a kick-off.
        self._day = lru_cache(DISTINCT)(self._read_day)
        self._kickoff = lru_cache(DISTINCT)(self._read_kickoff)
        counted = "date" if mapping.date is not None else "kickoff"
        self._dates = DateColumn(counted, mapping.date or mapping.kickoff or _PLAIN)

    def read(self, cell: Words) -> MatchRecord:
        """Return the match of a row, whose cells `cell` gives by column. Raises RowError."""
        day, kickoff = self._when(cell)
        home, away = self._teams(cell, day)
        scores = self._scores(cell)
        start, end = self._days[day]
        minute = kickoff is not None
        begins = kickoff if kickoff is not None else start
        return MatchRecord(
            season=self._season(cell, day),
            match_date=day,
            kickoff_utc=begins,
            precision=Precision.MINUTE if minute else Precision.DAY,
            home=home,
            away=away,
            number=self._number(cell),
            neutral=self._neutral(cell),
            stage=self._stage(cell),
            status=MatchStatus.FINAL if scores else MatchStatus.SCHEDULED,
            home_score=scores[0] if scores else None,
            away_score=scores[1] if scores else None,
            known_at=None if not scores else begins + self.league.duration if minute else end,
        )

    def closed_at(self, match: MatchRecord) -> datetime:
        """Return when a closing price was known: at the kick-off, of a day without a time at its end."""
        return match.kickoff_utc if match.precision is Precision.MINUTE else self._days[match.match_date][1]

    def check_dates(self, file: str) -> None:
        """Raise InputRefused, after all matches were read, where dates are in another order than mapped."""
        self._dates.check(file)

    def text(self, name: str, cell: Words) -> str:
        """Return a row's text for a field of the mapping, "" where it is not mapped."""
        mapped = self._cells.get(name)
        return text_of(mapped, cell) if mapped is not None else ""

    def _when(self, cell: Words) -> tuple[date, datetime | None]:
        zone: ZoneInfo = self.league.timezone
        mapping, kickoff = self._mapping, self.text("kickoff", cell)
        moment = None
        if kickoff:
            moment = self._read(self._kickoff(kickoff), kickoff, counted=mapping.date is None)
        if mapping.date is not None:
            text = self.text("date", cell)
            day = self._read(self._day(text), text, counted=True)
        elif moment is not None:
            day = moment.astimezone(zone).date()
        else:
            raise RowError("bad-date", f"{_named(self._cells['kickoff'])} is blank")
        at = self.text("time", cell)
        if moment is None and mapping.time is not None and at:
            local = ZoneInfo(mapping.time.timezone) if mapping.time.timezone else zone
            clock: time = read_time(at, mapping.time, _named(mapping.time))
            moment = read_moment(datetime.combine(day, clock).isoformat(), _PLAIN, local, "")
            day = moment.astimezone(zone).date()
        if moment is not None and abs(moment.date() - day) > timedelta(days=1):
            raise RowError("bad-date", f"the kick-off {moment:%Y-%m-%d %H:%M} UTC is not on the day {day}")
        return day, moment

    def _read(self, found: _Date[Day], text: str, *, counted: bool) -> Day:
        """Return a day or moment that was read, and count in which orders it could be. Raises RowError."""
        wrong = isinstance(found.usual, RowError)
        if counted:
            self._dates.count(text, None if wrong else date.max, found.swapped)
        if isinstance(found.usual, RowError):
            raise found.usual
        return found.usual

    def _read_day(self, text: str) -> _Date[date]:
        how = self._mapping.date or _PLAIN
        try:
            return _Date(read_day(text, how, _named(how)), self._dates.swapped(text))
        except RowError as bad:
            return _Date(bad, self._dates.swapped(text))

    def _read_kickoff(self, text: str) -> _Date[datetime]:
        how = self._mapping.kickoff or _PLAIN
        try:
            return _Date(read_moment(text, how, self.league.timezone, _named(how)), self._dates.swapped(text))
        except RowError as bad:
            return _Date(bad, self._dates.swapped(text))

    def _teams(self, cell: Words, day: date) -> tuple[str, str]:
        names = []
        for side in ("home", "away"):
            text = self.text(side, cell)
            if not text.strip():
                raise RowError("missing-team", f"{_named(self._cells[side])} is blank")
            refuse_no_name(text, self._cells[side])
            names.append(intern(self.league.canonical_team(text, NAME, day)))
        if names[0] == names[1]:
            columns = " and ".join(_named(self._cells[side]) for side in ("home", "away"))
            raise RowError("same-team", f"{columns} are both {names[0]!r}")
        return names[0], names[1]

    def _season(self, cell: Words, day: date) -> int:
        if self._mapping.season is not None:
            text = self.text("season", cell).strip()
            found = _SEASON.fullmatch(text)
            if not found or int(found[1]) not in YEARS:
                expected = "the year in which it starts, such as 2019 or 2019/20"
                raise RowError(
                    "bad-season", f"{_named(self._mapping.season)} is {text!r}: expected {expected}"
                )
            return int(found[1])
        if self.league.rules.season is None:
            raise RowError("no-season", f"{self.league.code} declares no season days: map a season column")
        return season_of(self.league, day)

    def _scores(self, cell: Words) -> tuple[int, int] | None:
        if self._mapping.home_score is None and self._mapping.away_score is None:
            return None
        texts = [self.text(name, cell).strip() for name in ("home_score", "away_score")]
        if not any(texts):
            return None
        columns = [_named(self._cells[name]) for name in ("home_score", "away_score")]
        if not all(texts):
            blank, reported = columns[texts.index("")], columns[1 - texts.index("")]
            raise RowError("impossible-score", f"{blank} is blank, {reported} is not")
        return read_count(texts[0], columns[0]), read_count(texts[1], columns[1])

    def _number(self, cell: Words) -> int:
        text = self.text("number", cell).strip()
        if not text:
            return 1
        found = read_count(text, _named(self._cells["number"]), "bad-number")
        if not 1 <= found <= 9:
            raise RowError("bad-number", f"{_named(self._cells['number'])} is {text!r}: expected 1 to 9")
        return found

    def _neutral(self, cell: Words) -> bool:
        text = self.text("neutral", cell)
        if not text:
            return False
        flags, wrong = read_flags([text])
        if wrong[0]:
            raise RowError(
                "bad-flag", f"{_named(self._cells['neutral'])} is {text!r}: expected true or false"
            )
        return bool(flags[0])

    def _stage(self, cell: Words) -> str:
        text = self.text("stage", cell).strip().lower()
        if text not in _STAGES:
            named = _named(self._cells["stage"])
            raise RowError("unknown-stage", f"{named} is {text!r}: expected regular or playoff")
        return _STAGES[text]


def text_of(source: Cell | None, cell: Words) -> str:
    """Return the text of a mapped cell: the translated column text, or the constant."""
    if source is None:
        return ""
    if source.column is None:
        return text_of_value(source.value) if source.value is not None else ""
    return source.read(cell(source.column).strip())


def refuse_no_name(text: str, cell: Cell) -> None:
    """Raise RowError for what the database takes as no name: with a zero byte (`nul-byte`), `long-name`."""
    if "\0" in text:
        raise RowError("nul-byte", f"{_named(cell)} is {text[:LONGEST]!r}: a name has no zero byte")
    if len(text) > LONGEST:
        reason = f"{_named(cell)} has {len(text):,} characters: a name has at most {LONGEST}"
        raise RowError("long-name", reason)


def _named(cell: Cell) -> str:
    return cell.column if cell.column is not None else "the constant"
