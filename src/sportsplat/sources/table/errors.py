"""Rejected rows of a large table: the first ones with their reasons, the rest counted by code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from sportsplat.domain import Rejected
from sportsplat.sources.table.blocks import TableFile

KEPT_REJECTED = 1000
Refuse = Callable[[npt.NDArray[np.bool_], str, Callable[[int], str]], None]
"""Takes which rows of a block are wrong, the code, and a function that gives the reason of a row."""


class Refusals:
    """Rejected rows: the first ones are kept with their reasons, the rest is counted by code."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._kept: list[Rejected] = []
        self._more: Counter[str] = Counter()

    def add(
        self,
        lines: npt.NDArray[np.int64],
        wrong: npt.NDArray[np.bool_],
        code: str,
        reason: Callable[[int], str],
    ) -> None:
        """Add the rows of a block that are `wrong`; `reason` is called for those that are kept."""
        rows = np.flatnonzero(wrong)
        room = max(KEPT_REJECTED - len(self._kept), 0)
        for row in rows[:room].tolist():
            self._kept.append(Rejected(self._file, int(lines[row]), reason(row), code, ""))
        if len(rows) > room:
            self._more[code] += len(rows) - room

    def add_whole(self, rows: Sequence[Rejected]) -> None:
        """Add rows that are described already."""
        room = max(KEPT_REJECTED - len(self._kept), 0)
        self._kept += rows[:room]
        self._more.update(row.code for row in rows[room:])

    def reported(self, table: TableFile) -> list[Rejected]:
        """Return them by line, with their text; at the end a row without a line for each code's rest."""
        raw = table.raw([row.line for row in self._kept if not row.raw])
        kept = [row if row.raw else row._replace(raw=raw.get(row.line, "")) for row in self._kept]
        return sorted(kept, key=lambda row: row.line) + [
            Rejected(self._file, 0, f"{rows:,} more rows were rejected for this reason.", code, "")
            for code, rows in sorted(self._more.items())
        ]
