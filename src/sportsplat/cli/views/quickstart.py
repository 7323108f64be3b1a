"""What `sportsplat quickstart` prints at its end."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.cli.views.tables import PlainTable
from sportsplat.number_text import in_words, minus, reading

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.modelling.results import Backtest
    from sportsplat.jobs.quickstart import Quickstart

NAMES = {
    "truth": "the truth itself",
    "market": "market at the close, margin removed",
    "model": "our model",
    "elo": "Elo",
    "base_rate": "base rate",
}
NEXT = (
    ("serve", "serve matches and predictions over HTTP, documented at /docs"),
    ("audit leakage sim", "remove the future from the data and check that no feature changes"),
    ("ingest football-data --league epl --season 2023 --season 2024", "load real matches and odds"),
)


def show_quickstart(console: Console, found: Quickstart) -> None:
    """Draw our log loss between the truth and the base rate, and what to try next."""
    tested = found.backtest
    table = PlainTable().text("log loss (lower is better)").number("")
    for name, loss in sorted(found.log_loss.items(), key=lambda item: item[1]):
        text = f"{loss:.4f}"
        table.row(NAMES.get(name, name), text, style="bold" if name == "model" else None)
    console.print(
        f"\n{tested.matches:,} matches from {tested.start} to {tested.end}, forecast before each:\n"
    )
    console.print(table)
    console.print(f"\n{_verdict(tested)}")
    program, coming = _as_typed(), len(found.predictions)
    console.print(f"{coming} coming matches are predicted: {program} predict sim")
    console.print(f"Report: {found.report}", soft_wrap=True)
    console.print("\nNext:")
    for text, why in NEXT:
        console.print(f"  {program} {text}", style="bold", markup=False, soft_wrap=True)
        console.print(f"      {why}", style="dim", markup=False)
    total = sum(found.seconds.values())
    console.print(f"\nDone in {total:.0f} s. `{program} down` stops the database; its data stays.")


def _as_typed() -> str:
    """Return how this shell finds the program: by name, or by path while its environment is not active."""
    here = Path(sys.argv[0]).absolute()
    found = shutil.which("sportsplat")
    if found is not None and Path(found).absolute() == here:
        return "sportsplat"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


def _verdict(tested: Backtest) -> str:
    elo, gap = tested.paired["elo"], tested.paired["truth"].log_loss_difference
    difference, interval = elo.log_loss_difference, elo.interval
    beats = {"better": "beats Elo", "worse": "does not beat Elo"}
    said = beats.get(reading(difference, interval), "is within noise of Elo on these matches")
    return (
        f"Our model {said}: {minus(f'{difference:+.4f}')}, 95% interval {in_words(interval)}. "
        f"The gap to the truth, which no model beats in the long run, is {minus(f'{gap:.4f}')}."
    )
