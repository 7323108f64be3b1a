"""What `sportsplat doctor` prints: one row a check, with the fix of each that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.doctor import Examination

_COLORS = {"ok": "green", "warn": "yellow", "fail": "bold red", "skipped": "dim"}


def show_checks(console: Console, found: Examination) -> None:
    """Draw one row for each check; its fix below what was seen."""
    table = Table("check", "", "seen", box=None, header_style="bold", pad_edge=False)
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for row in found.checks:
        color = _COLORS[row.state]
        seen = Text(row.seen, style="dim" if row.state == "skipped" else "")
        if row.fix is not None:
            seen.append(f"\nfix: {row.fix}", style="bold" if row.state in ("warn", "fail") else "")
        table.add_row(row.name, Text(row.state, style=color), seen)
    console.print(table)
    console.print(_summary(found.counts), markup=False)


def _summary(counts: Mapping[str, int]) -> str:
    states: Sequence[str] = [f"{number} {state}" for state, number in counts.items() if number]
    return f"{sum(counts.values())} checks: {', '.join(states)}"
