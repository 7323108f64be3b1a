"""`sportsplat doctor`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from sportsplat.cli.command import Answer, Run, command
from sportsplat.cli.output import draw_page

if TYPE_CHECKING:
    from rich.console import Console

_COLORS = {"ok": "green", "warn": "yellow", "fail": "bold red", "skipped": "dim"}


def register(app: typer.Typer) -> None:
    """Add `doctor`."""
    command(app, "doctor", project="optional")(doctor)


def doctor(ctx: Run) -> Answer:
    """Check every precondition and show how to fix what fails. Changes nothing. Exit 10 if a check fails.

    sportsplat doctor
    sportsplat doctor --json | jq -r '(.data // .error.details).checks[] | select(.state == "fail").fix'
    """
    from sportsplat.errors import PreconditionFailed
    from sportsplat.jobs.doctor import examine

    ctx.find_folder()
    data = examine(profile=ctx.profile)
    if not data["healthy"]:
        if not ctx.json:
            with draw_page(no_color=ctx.no_color) as page:
                _show(page, data)
        raise PreconditionFailed.of(data["checks"])
    return Answer(data, show=lambda console: _show(console, data))


def _show(console: Console, data: Mapping[str, Any]) -> None:
    """Draw one row for each check; its fix below what was seen."""
    from rich.table import Table
    from rich.text import Text

    table = Table("check", "", "seen", box=None, header_style="bold", pad_edge=False)
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for row in data["checks"]:
        color = _COLORS[row["state"]]
        seen = Text(row["seen"], style="dim" if row["state"] == "skipped" else "")
        if row["fix"] is not None:
            seen.append(f"\nfix: {row['fix']}", style="bold" if row["state"] in ("warn", "fail") else "")
        table.add_row(row["name"], Text(row["state"], style=color), seen)
    console.print(table)
    console.print(_summary(data["counts"]), markup=False)


def _summary(counts: Mapping[str, int]) -> str:
    states: Sequence[str] = [f"{number} {state}" for state, number in counts.items() if number]
    return f"{sum(counts.values())} checks: {', '.join(states)}"
