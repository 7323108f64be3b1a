"""What `sportsplat features` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.modelling.results import FeatureSet


def show_features(console: Console, built: FeatureSet) -> None:
    """Say what was built, what became of it, and what comes next."""
    console.print(
        f"{built.features} features of {built.matches:,} {built.league} matches "
        f"({built.played:,} played), manifest {built.manifest}",
        markup=False,
        highlight=False,
    )
    if built.stored is not None:
        counts = ", ".join(f"{number:,} {what}" for what, number in built.stored._asdict().items())
        console.print(f"stored: {counts}", highlight=False)
    elif built.as_of is not None:
        console.print(f"as of {built.as_of.isoformat()}; nothing was stored", highlight=False)
    if built.out:
        console.print(f"written: {built.out}", markup=False, highlight=False, soft_wrap=True)
    spent = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in built.seconds.items())
    console.print(spent, highlight=False, style="dim")
