"""Words that programs write where they have no value (`nan`, `NULL`, a dash): blank cells in every source."""

from __future__ import annotations

import re
from collections.abc import Sequence

WORDS = frozenset({"nan", "none", "null", "nat", "na", "n/a", "<na>", "-"})
_LONGEST = max(map(len, WORDS))
_IN_A_LINE = re.compile(
    rf"(?:^|[,\"])\s*(?:{'|'.join(map(re.escape, sorted(WORDS)))})\s*(?:[,\"]|$)", re.IGNORECASE
)


def is_blank(text: str) -> bool:
    """Whether a cell is empty or has only a word for a missing value."""
    plain = text.strip()
    return not plain or (len(plain) <= _LONGEST and plain.lower() in WORDS)


def blanked(cells: Sequence[str]) -> list[str]:
    """Return cells with "" for each that is blank."""
    return ["" if is_blank(cell) else cell for cell in cells]


def blanked_rows(rows: Sequence[list[str]], lines: Sequence[str]) -> list[list[str]]:
    """Return rows of a CSV file with "" in blank cells; most lines hold no such word."""
    return [blanked(row) if _IN_A_LINE.search(line) else row for row, line in zip(rows, lines, strict=True)]
