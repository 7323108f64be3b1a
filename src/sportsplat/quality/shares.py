"""Shares as people see them."""

from __future__ import annotations

from typing import NamedTuple

STEPS = 10


class Cell(NamedTuple):
    """A share in a table: its text, its step on the scale (0 none, 10 all, None of nothing), counts."""

    text: str
    step: int | None
    hint: str


def share_in_words(share: float) -> str:
    """Return a share in whole per cent, rounded down: 100 is all of it, 0 is none."""
    if 0 < share < 0.01:
        return "<1"
    return str(int(100 * share + 1e-9)) if share < 1 else "100"


def cell(count: int, of: int) -> Cell:
    """Return the cell of `count` among `of`; more than all is shown as all."""
    if not of:
        return Cell("–", None, "nothing to share")
    share = min(1.0, count / of)
    step = max(1, int(STEPS * share)) if share > 0 else 0
    return Cell(share_in_words(share), step, f"{count:,} of {of:,}")
