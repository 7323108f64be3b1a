"""Cells of a table as values, and the error of a row that cannot be read."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sportsplat.betting.odds import american_to_decimal

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

YEARS = range(1870, 2200)  # a match day in any other is a typing error
_COUNT = re.compile(r"([0-9]{1,4})(?:\.0*)?")


class RowError(Exception):
    """A row that cannot become a match; the parser turns it into a `Rejected` with file, line and text."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def read_count(text: str, column: str, code: str = "impossible-score") -> int:
    """Read a count such as a score, 0 to 9999: "2" and "2.0" are 2. Raises RowError with `code` otherwise."""
    count = _count(text)
    if count is None:
        raise RowError(code, f"{column} is {text!r}: expected a whole number from 0")
    return count


@lru_cache(maxsize=4096)
def _count(text: str) -> int | None:
    found = _COUNT.fullmatch(text)
    return int(found[1]) if found else None


def read_number(text: str, column: str, code: str) -> float:
    """Read a finite number. Raises RowError with `code` otherwise; "1_000", which Python reads, is none."""
    try:
        value = float(text)
    except ValueError:
        raise RowError(code, f"{column} is {text!r}: not a number") from None
    if value - value != 0:
        raise RowError(code, f"{column} is {text!r}: not a finite number")
    if "_" in text:
        raise RowError(code, f"{column} is {text!r}: not a number")
    return value


def read_iso_date(text: str, column: str) -> date:
    """Read yyyy-mm-dd. Raises RowError for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise RowError("bad-date", f"{column} is {text!r}: expected yyyy-mm-dd")
    return day


class LocalDays(dict[date, tuple[datetime, datetime]]):
    """The two ends of calendar days at a league's place, in UTC, each worked out once."""

    def __init__(self, league: League) -> None:
        super().__init__()
        self._league = league

    def __missing__(self, day: date) -> tuple[datetime, datetime]:
        ends = self[day] = (self._league.local_midnight(day), self._league.end_of_day(day))
        return ends


@lru_cache(maxsize=16384)
def read_american(text: str, column: str) -> float:
    """Return the decimal odds of an American price such as "-110". Raises RowError (bad-price) otherwise."""
    odds = float(american_to_decimal(read_number(text, column, "bad-price")))
    if odds != odds:
        raise RowError("bad-price", f"{column} is {text!r}: American odds are at least 100 either way")
    return odds


def check_line(value: float, column: str, text: str, lowest: float, highest: float) -> float:
    """Return a line that can be one: a multiple of a half within bounds. Raises RowError (bad-line)."""
    if not lowest <= value <= highest or value * 2 != int(value * 2):
        raise RowError(
            "bad-line", f"{column} is {text!r}: expected a multiple of 0.5 from {lowest:g} to {highest:g}"
        )
    return value
