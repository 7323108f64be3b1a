"""Cells that hold American odds and lines, read so that a wrong one is told by its column."""

from __future__ import annotations

from functools import lru_cache

from sportsplat.betting.odds import american_to_decimal
from sportsplat.sources.rows import RowError, read_number


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
