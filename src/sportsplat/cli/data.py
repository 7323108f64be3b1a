"""`sportsplat ingest`, `quarantine`, `sources`, `leagues`: data in, and what is there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.help import ListingGroup
from sportsplat.cli.render import Answer, Run, command, group
from sportsplat.errors import InputRefused

if TYPE_CHECKING:
    from rich.console import Console


def register(app: typer.Typer) -> None:
    """Add the commands about data."""
    command(app, "sources")(sources)
    command(app, "leagues")(leagues)
    command(app, "ingest")(ingest)
    quarantine = group(
        app, "quarantine", "Rows that could not be taken, each with its reason; alone: list.", ListingGroup
    )
    command(quarantine, "list")(quarantine_list)
    command(quarantine, "show")(quarantine_show)
    command(quarantine, "retry")(quarantine_retry)


def sources(ctx: Run) -> Answer:  # noqa: ARG001 - every command is given its run
    """Say what can be ingested, under which licence, and what it gives."""
    from sportsplat.jobs.listing import sources as run

    rows = run()

    def show(console: Console) -> None:
        from sportsplat.cli.data_tables import sources_table

        console.print(sources_table(rows))

    return Answer({"sources": rows}, show)


def leagues(ctx: Run) -> Answer:
    """Say which leagues are configured, what is stored of each, and how fresh it is."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.listing import leagues as run

    rows, missing = run(open_context(ctx.settings()))
    if missing:
        ctx.warn(f"what is stored is not known: {missing}")

    def show(console: Console) -> None:
        from sportsplat.cli.data_tables import show_leagues

        show_leagues(console, rows, stored_is_known=missing is None)

    return Answer({"leagues": rows, "stored_is_known": missing is None}, show)


def ingest(
    ctx: Run,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="One that `sportsplat sources` lists.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE…]",
            readable=False,  # not to be looked at here: one that cannot be read is refused beside the others
            help="Files or folders, .gz too; none: fetched from the source's site.",
        ),
    ] = None,
    league: Annotated[
        str | None,
        typer.Option(metavar="L", help="Only this league; needed where a file does not tell."),
    ] = None,
    season: Annotated[
        list[int] | None, typer.Option(metavar="S", help="Only this season (year it starts); repeatable.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="Only matches from this day."),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE", formats=["%Y-%m-%d"], help="The files are old: as they were on that day."
        ),
    ] = None,
    accept_changes: Annotated[
        bool,
        typer.Option("--accept-changes", help="Take results other than the source gave before."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, then take it back.")] = False,
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With the source `table`: what its columns mean."),
    ] = None,
    suggest: Annotated[
        bool,
        typer.Option("--suggest", help="With the source `table`: propose a mapping, store nothing."),
    ] = False,
) -> Answer:
    """Store files of a source, each as a whole or not at all. A second run changes nothing and says so.

    sportsplat ingest football-data --league epl --season 2021    from the public site
    sportsplat ingest nflverse games.csv
    sportsplat ingest table odds.csv --mapping mapping.yaml       any table of your own
    """
    if source == "table" or mapping is not None or suggest:
        from sportsplat.cli.table import ingest_table

        options = {
            "seasons": season or [],
            "since": since.date() if since else None,
            "dry_run": dry_run,
            "as_of": as_of.replace(tzinfo=UTC) if as_of else None,
            "accept_changes": accept_changes,
        }
        return ingest_table(ctx, source, files or [], mapping, suggest=suggest, league=league, **options)
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest import ingest as run

    first_day: date | None = since.date() if since else None
    context = open_context(ctx.settings())
    with ctx.progress(f"ingest {source}") as progress:
        try:
            report = run(
                context,
                source,
                files or [],
                league=league,
                seasons=season or [],
                since=first_day,
                dry_run=dry_run,
                as_of=as_of.replace(tzinfo=UTC) if as_of else None,
                accept_changes=accept_changes,
                progress=progress,
            )
        except InputRefused as refusal:
            show_what_was_stored(ctx, refusal)
            raise

    def show(console: Console) -> None:
        from sportsplat.cli.data_tables import show_report

        show_report(console, report)

    return Answer(report, show)


def show_what_was_stored(ctx: Run, refusal: InputRefused) -> None:
    """Tell people on stderr about the files beside the refused ones; the error itself follows."""
    report: Any = refusal.details.get("report")
    if report and report["by_file"] and not ctx.json:
        from sportsplat.cli.data_tables import show_report

        show_report(ctx.console, report)


def quarantine_list(
    ctx: Run,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only rows of this source.")] = None,
) -> Answer:
    """List the rows that wait, by file and line."""
    from dataclasses import asdict

    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.quarantine import waiting

    rows = waiting(open_context(ctx.settings()), source)

    def show(console: Console) -> None:
        from sportsplat.cli.data_tables import show_waiting

        show_waiting(console, rows)

    return Answer({"waiting": len(rows), "rows": [asdict(row) for row in rows]}, show)


def quarantine_show(
    ctx: Run, row_id: Annotated[int, typer.Argument(metavar="ID", help="The row's number in the list.")]
) -> Answer:
    """Show one row with its reason and its text as it stands in the file."""
    from dataclasses import asdict

    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.quarantine import show as run

    row = asdict(run(open_context(ctx.settings()), row_id))
    lines = [f"{name + ':':<13} {value}" for name, value in row.items() if value is not None]
    return Answer.text(row, "\n".join(lines))


def quarantine_retry(ctx: Run) -> Answer:
    """Read the files of waiting rows again; rows that pass now are stored and leave quarantine."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.quarantine import retry

    context = open_context(ctx.settings())
    with ctx.progress("quarantine retry") as progress:
        data = retry(context, progress=progress)
    for file in data["gone"]:
        ctx.warn(f"{file} is no longer there: put it back, or ingest it from where it is now")
    for refused in data["refused"]:
        told = " ".join(filter(None, (refused["message"], refused["cause"])))
        ctx.warn(f"{told}\nnext: {refused['fix']}" if refused["fix"] else told)
    files, rows = (_plural(data["files"], "file"), _plural(data["resolved"], "row"))
    text = f"{files} read again: {rows} resolved, {data['waiting']:,} still wait"
    return Answer.text(data, text)


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
