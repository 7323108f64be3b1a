"""What `sportsplat runs` and `quarantine` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sportsplat.cli.views.ingest import brief
from sportsplat.cli.views.tables import PlainTable

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.db.write.runs import Quarantined, StoredRun
    from sportsplat.jobs.ingest.runs import UndoReport

_KINDS = {
    "matches": "matches",
    "claims": "words of the source",
    "quotes": "quotes",
    "stats": "box scores",
    "forecasts": "forecasts",
    "details": "details",
    "teams": "teams",
    "quarantined": "rows in quarantine",
    "predictions": "predictions",
    "bets": "bets",
}
ROWS_SHOWN = 50
_COUNTED = ("matches", "quotes", "stats", "forecasts", "details")


def show_runs(console: Console, runs: Sequence[StoredRun]) -> None:
    """Print one line a run."""
    if not runs:
        console.print("no run is stored that fits")
        return
    table = PlainTable().number("run").value("when (UTC)").text("league", "source, file").value("state")
    table.number("new", "held")
    for run in runs:
        new = run.counts.get("matches", {}).get("inserted")
        held = run.counts.get("quarantined")
        table.row(
            run.id,
            f"{run.started_at:%Y-%m-%d\n%H:%M}",
            run.league or "",
            f"{run.source or run.kind}\n{brief(run.file or '')}",
            run.status,
            "" if new is None else f"{new:,}",
            f"{held:,}" if held else "",
        )
    console.print(table)
    console.print("new: matches; held: in quarantine. next: sportsplat runs show RUN", markup=False)


def show_one_run(console: Console, run: StoredRun) -> None:
    """Print all that is known of a run."""
    lines = {
        "run": str(run.id),
        "source": run.source or run.kind,
        "league": run.league or "",
        "sha256": run.sha256 or "",
        "state": run.status,
        "started": f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC",
        "finished": f"{run.finished_at:%Y-%m-%d %H:%M:%S} UTC" if run.finished_at else "",
        "error": run.error or "",
    }
    for name, text in lines.items():
        if text:
            console.print(f"{name + ':':<10} {text}", markup=False)
    if run.file:
        console.print(run.file, markup=False, soft_wrap=True)
    table = PlainTable().value("stored").number("new", "updated", "unchanged")
    for name in _COUNTED:
        counts = run.counts.get(name)
        if counts:
            table.row(_KINDS[name], *(f"{counts[what]:,}" for what in ("inserted", "updated", "unchanged")))
    if table.row_count:
        console.print(table)
    if run.status == "done":
        console.print(f"next: sportsplat runs undo {run.id} --dry-run", markup=False)


def show_undo(console: Console, report: UndoReport) -> None:
    """Print what an undo removed and what it restored."""
    table = PlainTable().value().number("removed", "restored")
    for name, label in _KINDS.items():
        gone, back = report.removed.get(name, 0), report.restored.get(name, 0)
        if gone or back:
            table.row(label, f"{gone:,}", f"{back:,}")
    if table.row_count:
        console.print(table)
    run = f"run {report.run} ({report.source}, {report.league}, {brief(report.file)})"
    end = "would be undone; dry run: nothing was changed" if report.dry_run else "was undone"
    console.print(f"{run} {end}", markup=False)
    if report.read_again:
        number = len(report.read_again)
        files = "1 later file was" if number == 1 else f"{number:,} later files were"
        console.print(f"{files} read again for what they repeat", markup=False)
    if not report.dry_run:
        console.print(f"next: sportsplat data quality {report.league}", markup=False)
    else:
        console.print(f"next: sportsplat runs undo {report.run} --yes", markup=False)


def show_waiting(console: Console, rows: Sequence[Quarantined], reasons: Sequence[Mapping[str, Any]]) -> None:
    """Print the rows that wait in quarantine, the first of them if there are many, and how many by reason."""
    if not rows:
        console.print("nothing waits in quarantine")
        return
    table = PlainTable().number("id").text("source, file, line", "reason")
    for row in rows[:ROWS_SHOWN]:
        where = f"{row.source}\n{brief(row.file)}" + (f":{row.line}" if row.line else "")
        table.row(row.id, where, f"{row.code}\n{row.reason}")
    console.print(table)
    if len(rows) > ROWS_SHOWN:
        console.print(f"… and {len(rows) - ROWS_SHOWN:,} more; all of them with --json")
    summary = PlainTable().number("waiting").text("reason", "most of them in")
    for reason in reasons:
        most = f"{brief(reason['file'])}: {reason['of_file']:,}"
        summary.row(f"{reason['rows']:,}", reason["code"], most)
    console.print(summary)
    console.print(
        f"next: sportsplat quarantine show {rows[0].id}; with corrected files: sportsplat quarantine retry"
    )
