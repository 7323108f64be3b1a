"""The order of day and month in a column of a table: the one of its mapping, if all dates agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from sportsplat.errors import InputRefused
from sportsplat.sources.reading.cells import YEARS
from sportsplat.sources.reading.date_order import Evidence, mixed_dates
from sportsplat.sources.table.mapping import When
from sportsplat.sources.table.values import ISO_DATE, swapped_format

MOST_COUNTED = 1 << 12
"""Words of a column of moments that are looked at: they decide, and a table may have any number."""


class DateColumn:
    """Counts in which orders the dates of one column can be read; `name` is that of the mapping."""

    def __init__(self, name: str, cell: When) -> None:
        self._name = name
        self._cell = cell
        self._evidence = Evidence()
        self._example = ""  # a date that can only be read with day and month swapped

    def swapped(self, text: str) -> date | None:
        """Return the day that a text is with day and month swapped; None if it is none."""
        form = self._cell.format
        text = text.strip() if form else text.strip()[: len("2020-01-31")]
        other = swapped_format(form or ISO_DATE)
        try:
            found = datetime.strptime(text, other).date() if other != form else date.min
        except ValueError:
            return None
        return found if found.year in YEARS else None

    def count(self, text: str, usual: date | None, swapped: date | None) -> None:
        """Count one date: its value by the mapping, and with day and month swapped."""
        self._evidence.add(usual, swapped)
        if usual is None and swapped is not None:
            self._example = self._example or text

    def count_words(self, words: Sequence[str], wrong: npt.NDArray[np.bool_]) -> None:
        """Count the words of a block, of which some are `wrong` by the mapping."""
        if not wrong.any():
            return
        room = max(MOST_COUNTED - self._evidence.dates, 0)
        for word, is_wrong in zip(words[:room], wrong[:room].tolist(), strict=True):
            if word.strip():
                self.count(word, None if is_wrong else date.max, self.swapped(word))

    def check(self, file: str) -> None:
        """Raise InputRefused, after all rows were read, where the dates have another order than the mapping.

        What could be read is then on wrong days: 12/08 is a date in either order. Codes: DATE_ORDER, and
        MIXED_DATES where some dates are in the one order and some in the other.
        """
        found, column = self._evidence, self._cell.column
        if found.swapped is False or column is None:
            return
        if found.swapped is None:
            raise mixed_dates(file, column, found, [self._example])
        form = self._cell.format or ISO_DATE
        right = swapped_format(form)
        raise InputRefused(
            f"the dates of {file} are not in the order given by the mapping; nothing was stored",
            code="DATE_ORDER",
            cause=f"{column} is {self._example!r} and the like: of {found.dates:,} dates {found.other:,} "
            f"cannot be read as {form}, and {found.dates - found.usual:,} can as {right}",
            fix=f'write {self._name}: {{column: {column}, format: "{right}"}} in the mapping',
        )
