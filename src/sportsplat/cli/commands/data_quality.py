"""`sportsplat data`: what is stored of a league, what is missing, who contradicts whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.command import Answer, Run, command, group
from sportsplat.cli.help import LeagueCode, Seasons

if TYPE_CHECKING:
    from rich.console import Console

ROWS_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the group `data`."""
    data = group(app, "data", "Check stored data: coverage, gaps, and sources that disagree.")
    command(data, "quality")(quality)
    command(data, "conflicts")(conflicts)


def quality(
    ctx: Run,
    league: LeagueCode,
    season: Seasons = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write an HTML page.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 10 if an error is found.")] = False,
) -> Answer:
    """Show coverage by season, gaps, contradictions and freshness, each with the command to run next.

    sportsplat data quality epl
    sportsplat data quality epl --season 2019 --season 2020 --html reports/quality.html
    sportsplat data quality nba --json | jq -r '.data.findings[].next'
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.quality import quality as run
    from sportsplat.jobs.quality import refuse_errors

    data = run(open_context(ctx.settings()), league, seasons=season or [], html=html)

    def show(console: Console) -> None:
        from sportsplat.cli.views.quality import show_quality

        show_quality(console, data)

    if strict and data["counts"]["error"]:
        if not ctx.json:
            _show_first(ctx, show)
        refuse_errors(data)
    return Answer(data, show)


def conflicts(
    ctx: Run,
    league: LeagueCode,
    season: Seasons = None,
    field: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="score, result, date, venue, neutral, stage or season."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help=f"Number of newest rows. Default: {ROWS_SHOWN}, all with --json."
        ),
    ] = None,
) -> Answer:
    """List matches where a source differs from the value in use, newest first.

    sportsplat data conflicts nba --field score
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.quality import conflicts as run

    most = limit or (None if ctx.json else ROWS_SHOWN)
    data = run(open_context(ctx.settings()), league, seasons=season or [], field=field, limit=most)

    def show(console: Console) -> None:
        from sportsplat.cli.views.quality import show_conflicts

        show_conflicts(console, data)

    return Answer(data, show)


def _show_first(ctx: Run, show: Any) -> None:
    """Print the page before the error that follows it."""
    from sportsplat.cli.output import draw_page

    with draw_page(no_color=ctx.no_color) as page:
        show(page)
