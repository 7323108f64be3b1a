"""`sportsplat teams`: who plays in a league, and what sources call them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command, group
from sportsplat.cli.help import LeagueCode

if TYPE_CHECKING:
    from rich.console import Console


def register(app: typer.Typer) -> None:
    """Add the group `teams`."""
    teams = group(app, "teams", "List, add and merge teams, and map the names that sources use.")
    command(teams, "list")(list_teams)
    command(teams, "alias")(alias)
    command(teams, "add")(add)
    command(teams, "merge")(merge)


def list_teams(ctx: Run, league: LeagueCode) -> Answer:
    """List the teams of a league with all their known spellings."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.teams import teams as run

    rows = run(open_context(ctx.settings()), league)

    def show(console: Console) -> None:
        from sportsplat.cli.views.leagues import show_teams

        show_teams(console, league, rows)

    return Answer({"league": league, "teams": [row.to_dict() for row in rows]}, show)


def alias(
    ctx: Run,
    league: LeagueCode,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="The source that uses the name, or `any` for all sources.")
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name as it is written in the source.")],
    team: Annotated[str, typer.Argument(metavar="TEAM", help="The team, as named by `teams list`.")],
    since: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="Only matches from this day."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="Only matches until this day."),
    ] = None,
) -> Answer:
    """Assign a name used by a source to a team. Then run `sportsplat quarantine retry`.

    Example: sportsplat teams alias epl espn "Manchester United" "Man United"
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.teams import alias as run

    context = open_context(ctx.settings())
    done = run(context, league, source, name, team, since=_day(since), until=_day(until))
    is_now = "is" if done.new else "was known to be"
    return Answer.text(
        done.to_dict(),
        f"{done.name!r} of {done.source} {is_now} {done.team!r} in {league}\n"
        "next: sportsplat quarantine retry",
    )


def add(
    ctx: Run,
    league: LeagueCode,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The team's name.")],
) -> Answer:
    """Add a team by hand, in a league where sources cannot add teams.

    Example: sportsplat teams add nhl Whalers
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.teams import add as run

    done = run(open_context(ctx.settings()), league, name)
    text = f"{done.team!r} {'is now' if done.new else 'was'} a team of {league}"
    return Answer.text(done.to_dict(), text)


def merge(
    ctx: Run,
    league: LeagueCode,
    name: Annotated[str, typer.Argument(metavar="FROM", help="The team to remove.")],
    into: Annotated[str, typer.Argument(metavar="INTO", help="The team to keep, as named by `teams list`.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, without changing it.")
    ] = False,
) -> Answer:
    """Merge two teams: FROM's matches, box scores and aliases move to INTO, and its name becomes an alias.

    A match stored for both becomes one. Refused if they have played each other. Cannot be undone.

    Example: sportsplat teams merge epl "Manchester Untied" "Man United" --dry-run
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.teams import merge as run

    report = run(open_context(ctx.settings()), league, name, into, dry_run=dry_run)
    from sportsplat.cli.views.leagues import merged

    return Answer.text(report.to_dict(), merged(report))


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
