"""`sportsplat features`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command
from sportsplat.cli.help import LeagueCode

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.modelling.results import FeatureSet


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "features")
    def features(
        ctx: Run,
        league: LeagueCode,
        as_of: Annotated[
            str | None,
            typer.Option(
                "--as-of",
                metavar="MOMENT",
                help="Build from the data as stored at that moment. Stores nothing.",
            ),
        ] = None,
        out: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="Also write the features to a .parquet or .csv file."),
        ] = None,
    ) -> Answer:
        """Build and store the features of every match, from facts known before its kick-off."""
        from sportsplat.jobs.context import open_context
        from sportsplat.jobs.modelling.features import features as run

        built = run(open_context(ctx.settings()), league, as_of=as_of, out=out)
        return Answer(built.to_dict(), show=lambda console: show(console, built))


def show(console: Console, built: FeatureSet) -> None:
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
