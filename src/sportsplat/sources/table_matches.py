"""The match that a row of somebody's table speaks of."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from sys import intern
from zoneinfo import ZoneInfo

from sportsplat.domain import MatchRecord, MatchStatus, Precision
from sportsplat.leagues import League
from sportsplat.sources.rows import YEARS, LocalDays, RowError, read_count
from sportsplat.sources.table_mapping import OF_A_MATCH, Cell, Mapping, When, said
from sportsplat.sources.table_values import read_day, read_flags, read_moment, read_time

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


def in_play_told(column: str, text: str, closed_at: datetime) -> str:
    """Say why a price of a running match is refused: no decision before the match can use it."""
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
        """Columns that together tell one match from another."""
        # Many matches share a day or a kick-off.
        self._day = lru_cache(DISTINCT)(self._read_day)
        self._kickoff = lru_cache(DISTINCT)(self._read_kickoff)

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

    def text(self, name: str, cell: Words) -> str:
        """Return what a row says under a name of the mapping, "" where it is not mapped."""
        mapped = self._cells.get(name)
        return text_of(mapped, cell) if mapped is not None else ""

    def _when(self, cell: Words) -> tuple[date, datetime | None]:
        zone: ZoneInfo = self.league.timezone
        mapping, kickoff = self._mapping, self.text("kickoff", cell)
        moment = None
        if kickoff:
            moment = self._kickoff(kickoff)
        if mapping.date is not None:
            day = self._day(self.text("date", cell))
        elif moment is not None:
            day = moment.astimezone(zone).date()
        else:
            raise RowError("bad-date", f"{_named(self._cells['kickoff'])} is blank")
        at = self.text("time", cell)
        if moment is None and mapping.time is not None and at:
            local = ZoneInfo(mapping.time.timezone) if mapping.time.timezone else zone
            clock: time = read_time(at, mapping.time, _named(mapping.time))
            moment = read_moment(datetime.combine(day, clock).isoformat(), _PLAIN, local, "")
        if moment is not None and abs(moment.date() - day) > timedelta(days=1):
            raise RowError("bad-date", f"the kick-off {moment:%Y-%m-%d %H:%M} UTC is not on the day {day}")
        return day, moment

    def _read_day(self, text: str) -> date:
        how = self._mapping.date or _PLAIN
        return read_day(text, how, _named(how))

    def _read_kickoff(self, text: str) -> datetime:
        how = self._mapping.kickoff or _PLAIN
        return read_moment(text, how, self.league.timezone, _named(how))

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
        days = self.league.rules.season
        if days is None:
            raise RowError("no-season", f"{self.league.code} declares no season days: map a season column")
        for year in (day.year + 1, day.year, day.year - 1):
            first, last = days.bounds(year)
            if first <= day <= last:
                return year
        raise RowError("outside-season", f"{day} is in no season of {self.league.code}")

    def _scores(self, cell: Words) -> tuple[int, int] | None:
        if self._mapping.home_score is None and self._mapping.away_score is None:
            return None
        texts = [self.text(name, cell).strip() for name in ("home_score", "away_score")]
        if not any(texts):
            return None
        columns = [_named(self._cells[name]) for name in ("home_score", "away_score")]
        if not all(texts):
            blank, told = columns[texts.index("")], columns[1 - texts.index("")]
            raise RowError("impossible-score", f"{blank} is blank, {told} is not")
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
    """Return what a row says in a mapped cell: the column's text translated, or the constant."""
    if source is None:
        return ""
    if source.column is None:
        return said(source.value) if source.value is not None else ""
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
