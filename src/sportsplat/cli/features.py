"""`sportsplat features`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.arguments import LeagueCode
from sportsplat.cli.render import Answer, Run, command

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
                help="Build from the past as held then; nothing is stored.",
            ),
        ] = None,
        out: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Also write them to a .parquet or .csv file.")
        ] = None,
    ) -> Answer:
        """Build the features of every match from what was known at its kick-off, and store them."""
        from sportsplat.jobs.context import open_context
        from sportsplat.jobs.features import features as run

        data = run(open_context(ctx.settings()), league, as_of=as_of, out=out)
        return Answer(data, show=lambda console: show(console, data))


def show(console: Console, data: Mapping[str, Any]) -> None:
    """Say what was built, what became of it, and what comes next."""
    console.print(
        f"{data['features']} features of {data['matches']:,} {data['league']} matches "
        f"({data['played']:,} played), manifest {data['manifest']}",
        markup=False,
        highlight=False,
    )
    if data["stored"] is not None:
        counts = ", ".join(f"{number:,} {what}" for what, number in data["stored"].items())
        console.print(f"stored: {counts}", highlight=False)
    else:
        console.print(f"as of {data['as_of']}; nothing was stored", highlight=False)
    if data["out"]:
        console.print(f"written: {data['out']}", markup=False, highlight=False, soft_wrap=True)
    spent = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in data["seconds"].items())
    console.print(spent, highlight=False, style="dim")
