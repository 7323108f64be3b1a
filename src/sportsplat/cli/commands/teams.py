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
    teams = group(app, "teams", "Teams of a league and the names that sources use for them.")
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
        from sportsplat.cli.views.tables import PlainTable

        table = PlainTable().text("team", "named by", "also called")
        for row in rows:
            named_by = row["named_by"] or ("declared" if row["spellings"] or not row["stored"] else "")
            table.row(row["name"], named_by, ", ".join(row["spellings"]))
        console.print(table if rows else f"no team of {league} is stored or declared")

    return Answer({"league": league, "teams": rows}, show)


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
    data = run(context, league, source, name, team, since=_day(since), until=_day(until))
    said = "is" if data["new"] else "was known to be"
    return Answer.text(
        data,
        f"{data['name']!r} of {data['source']} {said} {data['team']!r} in {league}\n"
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

    data = run(open_context(ctx.settings()), league, name)
    return Answer.text(data, f"{data['team']!r} {'is now' if data['new'] else 'was'} a team of {league}")


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

    data = run(open_context(ctx.settings()), league, name, into, dry_run=dry_run)
    is_now = "would be" if dry_run else "is now" if data["new"] else "was known to be"
    counts = (
        (data["matches"], "match", "matches"),
        (data["claims"], "claim", "claims"),
        (data["box_scores"] + data["player_box_scores"], "box score", "box scores"),
        (data["aliases"], "alias", "aliases"),
    )
    moved = ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in counts)
    lines = [
        f"{data['name']!r} {is_now} {data['into']!r} in {league}" + (f": {moved}" if data["new"] else "")
    ]
    if data["joined"]:
        lines.append(f"matches that both had, {'to become' if dry_run else 'now'} one: {data['joined']:,}")
    lines.append("nothing was changed" if dry_run else "next: sportsplat quarantine retry")
    return Answer.text(dict(data), "\n".join(lines))


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
