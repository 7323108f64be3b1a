"""`sportsplat backtest`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.arguments import LeagueCode
from sportsplat.cli.render import Answer, Run, command

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


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
        model: Annotated[str, typer.Option(help="What to fit: gbm, elo, base_rate.")] = "gbm",
        start: Annotated[
            datetime | None,
            typer.Option(
                "--from",
                formats=["%Y-%m-%d"],
                metavar="YYYY-MM-DD",
                help="First match day. Default: the latest five seasons.",
            ),
        ] = None,
        end: Annotated[
            datetime | None,
            typer.Option(
                "--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last match day. Default: the last."
            ),
        ] = None,
        refit: Annotated[Refit, typer.Option(help="How often a new model is fitted.")] = Refit.season,
        report: Annotated[
            Path | None,
            typer.Option(metavar="FILE.html", help="Also write a report that opens in any browser."),
        ] = None,
        seed: Annotated[int | None, typer.Option(metavar="N", help="Seed. Default: models.seed.")] = None,
    ) -> Answer:
        """Walk a model forward through stored matches and bet with it; compare with Elo and the market."""
        from sportsplat.jobs.backtest import Request
        from sportsplat.jobs.backtest import backtest as run
        from sportsplat.jobs.context import open_context

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
            data = run(open_context(ctx.settings()), request, progress).result
        return Answer(data, show=lambda console: show(console, data))


def show(console: Console, result: Mapping[str, Any]) -> None:
    """Draw the summary: what the numbers say, the scores, the bets, and what to keep in mind."""
    from sportsplat.backtest.words import caveats, headline

    data = dict(result)
    for sentence in headline(data):
        console.print(sentence, markup=False)
    console.print()
    console.print(_scores(data))
    if data["betting"] is not None:
        console.print(_bets(data["betting"]))
    console.print()
    for sentence in caveats(data):
        console.print(f"• {sentence}", markup=False, style="dim")
    console.print()
    seconds = data["seconds"]
    stages = ", ".join(f"{name} {spent:.1f}" for name, spent in seconds.items() if name != "total")
    console.print(f"{seconds['total']:.1f} s ({stages}). Run {data['run_id']}.", markup=False)
    if data["report"]:
        console.print(f"Report: {data['report']}", markup=False, soft_wrap=True)
    else:
        console.print("For a report to look at: add --report reports/backtest.html", markup=False)


def _scores(result: dict[str, Any]) -> Table:
    from sportsplat.backtest.report import score_rows

    table = _table("", "matches", "log loss", "Brier", "RPS", "accuracy", "ECE", "ours − theirs (95%)")
    for row in score_rows(result):
        gap = f"{row['difference']} ({row['interval']})" if row["difference"] else ""
        table.add_row(
            row["name"],
            row["matches"],
            row["log_loss"],
            row["brier"],
            row["rps"],
            row["accuracy"],
            row["ece"],
            gap,
            style="bold" if not gap else None,
        )
    return table


def _bets(betting: Mapping[str, Any]) -> Table:
    from sportsplat.backtest.report import bet_rows

    table = _table("stakes", "price", "bets", "staked", "profit", "return (95%)")
    for row in bet_rows(dict(betting)):
        table.add_row(
            row["name"],
            row["price"],
            row["bets"],
            row["staked"],
            row["profit"],
            f"{row['roi']} ({row['interval']})",
        )
    return table


def _table(first: str, *others: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
