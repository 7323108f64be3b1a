"""`sportsplat quickstart`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command

if TYPE_CHECKING:
    from rich.console import Console


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "quickstart", project="started")(quickstart)


def quickstart(
    ctx: Run,
    seasons: Annotated[
        int,
        typer.Option(
            min=4, max=17, metavar="N", help="Seasons to simulate. The last one is still being played."
        ),
    ] = 8,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Random seed of the league and of every fit.")
    ] = 7,
    report: Annotated[Path, typer.Option(metavar="FILE.html", help="File for the backtest report.")] = Path(
        "reports/quickstart.html"
    ),
    serve: Annotated[bool, typer.Option("--serve", help="Serve the results over HTTP at the end.")] = False,
) -> Answer:
    """Run the full pipeline on a simulated league, from `up` to report and predictions. Needs no network."""
    from sportsplat.jobs.quickstart import quickstart as run

    found = run(ctx.settings(), seasons=seasons, seed=seed, report=report, tell=ctx.note)

    def show(console: Console) -> None:
        from sportsplat.cli.views.quickstart import show_quickstart

        show_quickstart(console, found)

    if serve:
        from sportsplat.cli.commands.serve import listen

        if not ctx.quiet:
            show(ctx.console)
        listen(ctx, ctx.settings())
        return Answer(found.to_dict())
    return Answer(found.to_dict(), show)
