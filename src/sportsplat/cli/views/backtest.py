"""What `sportsplat backtest` prints: sentences, scores beside the baselines, bets, caveats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sportsplat.backtest.summary import bet_rows, caveats, headline, score_rows
from sportsplat.cli.views.tables import PlainTable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from sportsplat.jobs.modelling.results import Backtest


def show_backtest(console: Console, tested: Backtest) -> None:
    """Draw the summary: what the numbers say, the scores, the bets, and what to keep in mind."""
    data = tested.view.result
    for sentence in headline(data):
        console.print(sentence, markup=False)
    console.print()
    console.print(_scores(data))
    if tested.betting is not None:
        console.print()
        console.print(_bets(tested.betting))
    console.print()
    for sentence in caveats(data):
        console.print(f"• {sentence}", markup=False, style="dim")
    console.print()
    stages = ", ".join(f"{name} {spent:.1f}" for name, spent in tested.seconds.items() if name != "total")
    console.print(f"{tested.seconds['total']:.1f} s ({stages}). Run {tested.run_id}.", markup=False)
    if tested.report:
        console.print(f"Report: {tested.report}", markup=False, soft_wrap=True)
    else:
        console.print("For an HTML report, add --report reports/backtest.html", markup=False)


def _scores(result: dict[str, Any]) -> Table:
    table = PlainTable().text("").number("matches", "log\nloss", "Brier", "RPS", "accuracy", "ECE")
    table.text("ours − theirs (95%)")
    for row in score_rows(result):
        gap = f"{row['difference']} ({row['interval']})" if row["difference"] else ""
        scores = (row[name] for name in ("log_loss", "brier", "rps", "accuracy", "ece"))
        table.row(row["name"], row["matches"], *scores, gap, style=None if gap else "bold")
    return table


def _bets(betting: Mapping[str, Any]) -> Table:
    table = PlainTable().text("stakes", "price").number("bets", "staked", "profit").text("return (95%)")
    for row in bet_rows(dict(betting)):
        numbers = (row[name] for name in ("bets", "staked", "profit"))
        table.row(row["name"], row["price"], *numbers, f"{row['roi']} ({row['interval']})")
    return table
