"""What `sportsplat sources`, `leagues` and `teams` print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from sportsplat.cli.views.tables import PlainTable

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.leagues import AddedLeague
    from sportsplat.jobs.listing import LeagueRow, SourceRow
    from sportsplat.jobs.teams import MergeReport, TeamRow


def show_sources(console: Console, rows: Sequence[SourceRow]) -> None:
    """Print what can be ingested: each source with its leagues and its licence."""
    table = PlainTable(header=False).value().text()
    for row in rows:
        table.row(Text("source", "bold"), Text(row.name, "bold"))
        table.row("", row.title)
        table.row("gives", ", ".join(row.gives))
        table.row("leagues", ", ".join(row.leagues))
        table.row("licence", row.licence)
        table.row("", "")
    console.print(table)


def show_leagues(console: Console, rows: Sequence[LeagueRow], *, stored_is_known: bool) -> None:
    """Print what is stored, then what else is configured."""
    stored = [row for row in rows if row.matches]
    if stored:
        console.print(_stored_table(stored))
        console.print()
    title = "nothing stored of" if stored_is_known else "configured"
    empty = PlainTable(title=title).value("league").text("name", "ingest from")
    for row in rows:
        if not row.matches:
            empty.row(row.code, row.name, ", ".join(row.sources))
    if empty.row_count:
        console.print(empty)


def _stored_table(rows: Sequence[LeagueRow]) -> Table:
    table = PlainTable().value("league").number("matches", "to\nplay", "seasons", "quotes")
    table.value("first,\nlast day").value("ingested\n(ago)")
    for row in rows:
        numbers = (row.matches, row.to_play, row.seasons, row.quotes)
        table.row(
            row.code,
            *(f"{number or 0:,}" for number in numbers),
            f"{row.first_match}\n{row.last_match}",
            _ago(row.last_ingest),
        )
    return table


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return ""
    minutes = int((datetime.now(UTC) - moment).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def added(league: AddedLeague) -> str:
    """Return where a new league is declared, its YAML and the next command."""
    where = f"{league.league} is declared in {league.file}" + (", a new file." if league.created else ".")
    following = f"next: sportsplat ingest table FILE --league {league.league} --suggest > mapping.yaml"
    return "\n".join([where, "", league.yaml.rstrip(), "", following])


def show_teams(console: Console, league: str, rows: Sequence[TeamRow]) -> None:
    """Print the teams of a league, each with who named it and its other spellings."""
    table = PlainTable().text("team", "named by", "also called")
    for row in rows:
        named_by = row.named_by or ("declared" if row.spellings or not row.stored else "")
        table.row(row.name, named_by, ", ".join(row.spellings))
    console.print(table if rows else f"no team of {league} is stored or declared")


def merged(report: MergeReport) -> str:
    """Return what a merge of two teams moved, and the next command."""
    is_now = "would be" if report.dry_run else "is now" if report.new else "was known to be"
    counts = (
        (report.matches, "match", "matches"),
        (report.claims, "claim", "claims"),
        (report.box_scores + report.player_box_scores, "box score", "box scores"),
        (report.aliases, "alias", "aliases"),
    )
    moved = ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in counts)
    lines = [
        f"{report.name!r} {is_now} {report.into!r} in {report.league}" + (f": {moved}" if report.new else "")
    ]
    if report.joined:
        lines.append(
            f"matches that both had, {'to become' if report.dry_run else 'now'} one: {report.joined:,}"
        )
    lines.append("nothing was changed" if report.dry_run else "next: sportsplat quarantine retry")
    return "\n".join(lines)
