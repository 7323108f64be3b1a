"""`sportsplat sync`, `schedule`: leagues kept up to date, once and every day."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.command import Answer, Run, command
from sportsplat.errors import SourcesFailed

if TYPE_CHECKING:
    from rich.console import Console

_Leagues = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LEAGUE…]", help="League codes. Default: all with stored matches."),
]
_Days = Annotated[int, typer.Option(metavar="N", min=0, max=366, help="Matches up to this many days ahead.")]


def register(app: typer.Typer) -> None:
    """Add the commands of daily life."""
    command(app, "sync")(sync)
    command(app, "schedule")(schedule)


def sync(
    ctx: Run,
    leagues: _Leagues = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            formats=["%Y-%m-%d"],
            help="First day. Default: three days before the last stored result.",
        ),
    ] = None,
    days: _Days = 7,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 if a source failed.")] = False,
) -> Answer:
    """Bring leagues up to date from their live sources. If one source fails, the others continue.

    sportsplat sync
    sportsplat sync nba epl --days 3
    sportsplat sync mlb --since 2024-03-28 --strict --json | jq '.data.sources[] | {source, status}'
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.sync import sync as run

    context = open_context(ctx.settings())
    with ctx.progress("sync") as progress:
        try:
            report = run(
                context,
                leagues or [],
                since=since.date() if since else None,
                days=days,
                strict=strict,
                progress=progress,
            )
        except SourcesFailed as failed:
            _show_what_came(ctx, failed)
            raise

    def show(console: Console) -> None:
        from sportsplat.cli.views.sync import show_sync

        show_sync(console, report)

    return Answer(report.to_dict(), show)


def _show_what_came(ctx: Run, failed: SourcesFailed) -> None:
    """Tell people on stderr about every source; the error itself follows."""
    report: Any = failed.details.get("report")
    if report and not ctx.json:
        from sportsplat.cli.views.sync import show_sync

        show_sync(ctx.console, report)


def schedule(
    ctx: Run,
    leagues: _Leagues = None,
    at: Annotated[
        str, typer.Option(metavar="HH:MM", help="Time of day in this machine's time zone.")
    ] = "07:00",
    days: _Days = 7,
    kind: Annotated[str, typer.Option(metavar="cron|systemd|both", help="What to print.")] = "both",
) -> Answer:
    """Print a cron line and systemd units that sync and predict every day. Nothing is installed.

    sportsplat schedule nba epl --at 06:30
    sportsplat schedule nba --kind cron
    sportsplat schedule nba --json | jq -r .data.cron
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.schedule import schedule as run

    context = open_context(ctx.settings())
    found = run(context, leagues or [], at=at, days=days, kind=kind, profile=ctx.profile)
    return Answer.text(found.to_dict(), found.text)
