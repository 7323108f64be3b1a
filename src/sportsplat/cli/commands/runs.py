"""`sportsplat runs`: what each ingest brought, and one of them taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.command import Answer, Run, command, group
from sportsplat.cli.help import ListingGroup, confirm

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.db.write.runs import Quarantined, StoredRun
    from sportsplat.jobs.ingest.runs import UndoReport


_Source = Annotated[str | None, typer.Option(metavar="NAME", help="Only rows of this source.")]
_League = Annotated[str | None, typer.Option(metavar="LEAGUE", help="Only rows of this league.")]
_File = Annotated[str | None, typer.Option(metavar="TEXT", help="Only files with this text in their name.")]
_Reason = Annotated[str | None, typer.Option(metavar="CODE", help="Only this reason, for example bad-date.")]
_Run = Annotated[
    int | None, typer.Option(metavar="RUN", help="Only this run, by its number in `sportsplat runs list`.")
]


def register_quarantine(app: typer.Typer) -> None:
    """Add the group `quarantine`."""
    quarantine = group(
        app,
        "quarantine",
        "List, show, retry or delete rejected rows. Without a subcommand: list.",
        ListingGroup,
    )
    command(quarantine, "list")(list_rows)
    command(quarantine, "show")(show_row)
    command(quarantine, "retry")(retry)
    command(quarantine, "drop")(drop)


def list_rows(
    ctx: Run,
    source: _Source = None,
    league: _League = None,
    file: _File = None,
    reason: _Reason = None,
    run: _Run = None,
) -> Answer:
    """List quarantined rows by file and line, and count them by reason.

    sportsplat quarantine list --reason bad-date --file E0.csv
    """
    from dataclasses import asdict

    from sportsplat.db.write.runs import Waiting
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.quarantine import waiting

    rows = waiting(open_context(ctx.settings()), Waiting(source, league, file, reason, run))
    reasons = _reasons(rows)

    def show(console: Console) -> None:
        from sportsplat.cli.views.runs import show_waiting

        show_waiting(console, rows, reasons)

    data = {"waiting": len(rows), "reasons": reasons, "rows": [asdict(row) for row in rows]}
    return Answer(data, show)


def show_row(
    ctx: Run,
    row_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the row in `quarantine list`.")],
) -> Answer:
    """Show one row with its reason and its text in the file."""
    from dataclasses import asdict

    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.quarantine import show as run

    row = asdict(run(open_context(ctx.settings()), row_id))
    lines = [f"{name + ':':<13} {value}" for name, value in row.items() if value is not None]
    return Answer.text(row, "\n".join(lines))


def retry(ctx: Run) -> Answer:
    """Read the files of quarantined rows again. Rows that are valid now are stored."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.quarantine import refuse_failed
    from sportsplat.jobs.ingest.quarantine import retry as run

    context = open_context(ctx.settings())
    with ctx.progress("quarantine retry") as progress:
        report = run(context, progress=progress)
    for file in report.gone:
        ctx.warn(f"{file} is no longer there: put it back, or ingest it from where it is now")
    for refused in report.refused[1:]:
        text = ": ".join(filter(None, (refused.message, refused.cause)))
        ctx.warn(f"{text}\nnext: {refused.fix}" if refused.fix else text)
    files, rows = (_plural(report.files, "file"), _plural(report.resolved, "row"))
    text = f"{files} read again: {rows} resolved, {report.waiting:,} still wait"
    if report.refused and not ctx.json:
        ctx.warn(text)
    refuse_failed(report)
    return Answer.text(report.to_dict(), text)


def drop(
    ctx: Run,
    source: _Source = None,
    league: _League = None,
    file: _File = None,
    reason: _Reason = None,
    run: _Run = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the rows, delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> Answer:
    """Delete quarantined rows. Ingesting their file again brings them back.

    sportsplat quarantine drop --file 2021/E0.csv --yes
    sportsplat quarantine drop --reason bad-line --source football-data --yes
    """
    from sportsplat.db.write.runs import Waiting
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.quarantine import drop as drop_rows

    context, wanted = open_context(ctx.settings()), Waiting(source, league, file, reason, run)
    rows = drop_rows(context, wanted, dry_run=True)
    if not dry_run and rows:
        if not yes:
            given = wanted._asdict().items()
            flags = [f"--{name} {value}" for name, value in given if value is not None]
            confirm(
                f"Delete {_plural(sum(rows.values()), 'row')} that wait in quarantine?",
                "nothing was deleted: deleting rows needs consent",
                f"sportsplat quarantine drop {' '.join(flags)} --yes",
            )
        rows = drop_rows(context, wanted)
    dropped = sum(rows.values())
    data = {
        "dropped": dropped,
        "reasons": [{"code": code, "rows": count} for code, count in rows.items()],
        "dry_run": dry_run,
    }
    by_code = ", ".join(f"{code} {count:,}" for code, count in rows.items())
    text = f"{_plural(dropped, 'row')} {'would be ' if dry_run else ''}deleted from quarantine: {by_code}"
    return Answer.text(data, text if rows else "nothing waits in quarantine that fits")


def _reasons(rows: Sequence[Quarantined]) -> list[dict[str, Any]]:
    """Return each reason with its number of rows and the file that has most of them, most frequent first."""
    files = Counter((row.code, row.file) for row in rows)
    most: dict[str, tuple[str, int]] = {}
    for (code, file), count in files.most_common():
        most.setdefault(code, (file, count))
    return [
        {"code": code, "rows": count, "file": most[code][0], "of_file": most[code][1]}
        for code, count in Counter(row.code for row in rows).most_common()
    ]


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


_RunId = Annotated[int, typer.Argument(metavar="RUN", help="Number of the run in `runs list`.")]
_TABLES = ("matches", "quotes", "stats", "forecasts", "details")


def register(app: typer.Typer) -> None:
    """Add the groups `quarantine` and `runs`."""
    register_quarantine(app)
    summary = "List ingest runs, or undo one. Without a subcommand: list."
    runs = group(app, "runs", summary, ListingGroup)
    command(runs, "list")(list_runs)
    command(runs, "show")(show_run)
    command(runs, "undo")(undo)


def list_runs(
    ctx: Run,
    league: Annotated[str | None, typer.Option(metavar="LEAGUE", help="Only runs of this league.")] = None,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this source.")] = None,
    file: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only files with this text in their name.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Number of newest runs to show.")] = 20,
) -> Answer:
    """List runs, newest first. Each file has one run for each league in it."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.runs import listed

    rows = listed(open_context(ctx.settings()), league=league, source=source, file=file, limit=limit)

    def show(console: Console) -> None:
        from sportsplat.cli.views.runs import show_runs

        show_runs(console, rows)

    return Answer({"runs": [_run_to_dict(row) for row in rows]}, show)


def show_run(ctx: Run, run: _RunId) -> Answer:
    """Show one run: its file and checksum, its options, and what it changed."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.runs import show as find

    row = find(open_context(ctx.settings()), run)

    def show(console: Console) -> None:
        from sportsplat.cli.views.runs import show_one_run

        show_one_run(console, row)

    return Answer(_run_to_dict(row), show)


def undo(
    ctx: Run,
    run: _RunId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, then roll back.")] = False,
    with_predictions: Annotated[
        bool,
        typer.Option("--with-predictions", help="Also delete predictions and bets of the removed matches."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> Answer:
    """Undo one run: remove what it stored and restore what it replaced. Other runs are not affected.

    sportsplat runs undo 12 --dry-run
    sportsplat runs undo 12 --yes
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.runs import show as find
    from sportsplat.jobs.ingest.runs import undo as take_back

    context = open_context(ctx.settings())
    if not dry_run and not yes:
        row = find(context, run)
        confirm(
            f"Undo run {run}, the ingest of {row.file} ({row.source}, {row.league})?",
            "nothing was changed: undoing a run needs consent",
            f"sportsplat runs undo {run} --yes; what would be removed: sportsplat runs undo {run} --dry-run",
        )
    with ctx.progress(f"undo of run {run}") as progress:
        report = take_back(
            context, run, dry_run=dry_run, with_predictions=with_predictions, progress=progress
        )
    _warn(ctx, report)

    def show(console: Console) -> None:
        from sportsplat.cli.views.runs import show_undo

        show_undo(console, report)

    return Answer(report.to_dict(), show)


def _warn(ctx: Run, report: UndoReport) -> None:
    for file in report.not_read_again:
        ctx.warn(
            f"{file} was ingested later, and is gone or has changed since: the rows that it shared with "
            "this run are removed; ingest it again"
        )
    if report.not_restored:
        ctx.warn(
            f"{report.not_restored:,} rows that the run had replaced could not come back:"
            " their match or team is no longer there"
        )


def _run_to_dict(run: StoredRun) -> dict[str, Any]:
    """Return a run as scripts read it."""
    counts = {name: run.counts[name] for name in (*_TABLES, "rows_read", "quarantined") if name in run.counts}
    return {
        "run": run.id,
        "kind": run.kind,
        "source": run.source,
        "league": run.league,
        "file": run.file,
        "sha256": run.sha256,
        "status": run.status,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "undone_at": run.counts.get("undone_at"),
        "can_be_undone": run.status == "done" and bool(run.counts.get("changes_noted")),
        "counts": counts,
        "reading": run.counts.get("reading"),
        "error": run.error,
    }
