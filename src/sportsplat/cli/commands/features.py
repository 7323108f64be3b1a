"""`sportsplat features`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command
from sportsplat.cli.help import LeagueCode

if TYPE_CHECKING:
    from rich.console import Console


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

        def show(console: Console) -> None:
            from sportsplat.cli.views.features import show_features

            show_features(console, built)

        return Answer(built.to_dict(), show)
