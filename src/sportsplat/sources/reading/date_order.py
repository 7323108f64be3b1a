"""Whether the day or the month comes first in the dates of a file: all of its dates decide, never one row.

12/08/2017 is a date in either order, 12/25/2017 in one alone. A file that was saved again in the other order
would lose the rows of the second kind and store those of the first on wrong days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sportsplat.errors import InputRefused
from sportsplat.sources.reading.cells import YEARS

TYPING_ERRORS = 0.02
"""So many dates, for each in the file's own order, may be in the other one without raising doubt."""
ENOUGH = 0.25
"""The other order is believed when at least this share of the dates can be read in it alone."""
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")


@dataclass
class Evidence:
    """Rows by the orders in which their date can be read: `usual` and `other` count what only one reads."""

    dates: int = 0
    usual: int = 0
    other: int = 0

    def add(self, usual: date | None, other: date | None) -> None:
        """Count one row by what its date is in either order; None where it is none."""
        self.dates += usual is not None or other is not None
        self.usual += usual is not None and other is None
        self.other += other is not None and usual is None

    @property
    def swapped(self) -> bool | None:
        """Whether the file has the other order; None where its dates do not show it."""
        one_typing_error = self.other == 1 and self.usual > 1
        if one_typing_error or self.other <= TYPING_ERRORS * self.usual:
            return False
        enough = self.other >= ENOUGH * self.dates
        return True if enough and self.usual <= TYPING_ERRORS * self.other else None


@lru_cache(maxsize=32768)
def read_date(text: str, *, month_first: bool = False) -> date | None:
    """Read dd/mm/yyyy, dd/mm/yy (80 to 99: of the last century) or, whatever the order, yyyy-mm-dd."""
    iso = _ISO.fullmatch(text)
    found = iso or _DATE.fullmatch(text)
    if not found:
        return None
    first, second, third = map(int, found.groups())
    year, month, day = (first, second, third) if iso else (third, second, first)
    if month_first and not iso:
        month, day = day, month
    if year < 100 and not iso:
        year += 1900 if year >= 80 else 2000
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


def month_comes_first(file: str, column: str, texts: Iterable[str], *, usually: bool) -> bool:
    """Tell from all dates of a file whether the month comes first; `usually`: what the format has.

    Raises:
        InputRefused: some of its dates are in the one order and some in the other (MIXED_DATES).
    """
    evidence = Evidence()
    examples: dict[bool, str] = {}
    for text in texts:
        usual, other = read_date(text, month_first=usually), read_date(text, month_first=not usually)
        evidence.add(usual, other)
        if (usual is None) != (other is None):
            examples.setdefault(usual is None, text)
    swapped = evidence.swapped
    if swapped is None:
        raise mixed_dates(file, column, evidence, list(examples.values()))
    return usually != swapped


def mixed_dates(file: str, column: str, evidence: Evidence, examples: Iterable[str]) -> InputRefused:
    """Return the error for a file with ambiguous date order."""
    return InputRefused(
        f"{file} has dates whose order is ambiguous; nothing was stored",
        code="MIXED_DATES",
        cause=f"of {evidence.dates:,} dates in {column}, {evidence.usual:,} are valid only in the usual "
        f"order and {evidence.other:,} only with day and month swapped, such as "
        f"{' and '.join(map(repr, examples))}; the others are valid in both",
        fix="download the file again, or write its dates as yyyy-mm-dd",
    )
