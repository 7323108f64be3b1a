"""`sportsplat backtest`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command
from sportsplat.cli.help import LeagueCode

if TYPE_CHECKING:
    from rich.console import Console


class Refit(StrEnum):
    """What `--refit` takes."""

    season = "season"
    month = "month"
    week = "week"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "backtest")
    def backtest(
        ctx: Run,
        league: LeagueCode,
        model: Annotated[str, typer.Option(help="Kind of model: gbm, elo or base_rate.")] = "gbm",
        start: Annotated[
            datetime | None,
            typer.Option(
                "--from",
                formats=["%Y-%m-%d"],
                metavar="YYYY-MM-DD",
                help="First match day. Default: start of the latest five seasons.",
            ),
        ] = None,
        end: Annotated[
            datetime | None,
            typer.Option(
                "--to",
                formats=["%Y-%m-%d"],
                metavar="YYYY-MM-DD",
                help="Last match day. Default: the last stored one.",
            ),
        ] = None,
        refit: Annotated[Refit, typer.Option(help="How often the model is refitted.")] = Refit.season,
        report: Annotated[
            Path | None,
            typer.Option(metavar="FILE.html", help="Also write an HTML report."),
        ] = None,
        seed: Annotated[
            int | None, typer.Option(metavar="N", help="Random seed. Default: the setting models.seed.")
        ] = None,
    ) -> Answer:
        """Walk forward through stored matches, place simulated bets, and compare with Elo and the market."""
        from sportsplat.jobs.context import open_context
        from sportsplat.jobs.modelling.backtest import Request
        from sportsplat.jobs.modelling.backtest import backtest as run

        request = Request(
            league=league,
            model=model,
            start=None if start is None else start.date(),
            end=None if end is None else end.date(),
            refit=refit.value,
            seed=seed,
            report=report,
        )
        with ctx.progress(f"backtest {league}") as progress:
            tested = run(open_context(ctx.settings()), request, progress)

        def show(console: Console) -> None:
            from sportsplat.cli.views.backtest import show_backtest

            show_backtest(console, tested)

        return Answer(tested.to_dict(), show)
