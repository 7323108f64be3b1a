"""What a sync did, for people: one line for each source of each league."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.sync_report import SourceReport, SyncReport

_COLORS = {"ok": "green", "unchanged": "dim", "failed": "bold red", "skipped": "dim"}


def show_sync(console: Console, report: SyncReport) -> None:
    """Print what each source gave, or why it gave nothing, and the next command."""
    table = Table("league", "source", "", "what came", box=None, header_style="bold", pad_edge=False)
    table.add_column("seconds", justify="right")
    for row in report["sources"]:
        color = _COLORS[row["status"]]
        table.add_row(
            row["league"],
            row["source"],
            f"[{color}]{row['status']}[/]",
            escape(_told(row)),
            f"{row['seconds']:.1f}",
        )
    console.print(table)
    console.print(f"next: {_next(report)}", markup=False)


def _told(row: SourceReport) -> str:
    """Return the matches and quotes that came, and the reason of a failure."""
    parts = []
    for name in ("matches", "quotes"):
        counts = row[name]
        if any(counts.values()):
            parts.append(
                f"{name}: {counts['inserted']:,} new, {counts['updated']:,} updated,"
                f" {counts['unchanged']:,} unchanged"
            )
    if row["quarantined"]:
        parts.append(f"{row['quarantined']:,} in quarantine")
    if row["reason"]:
        parts.append(row["reason"])
    return "; ".join(parts) or "nothing"


def _next(report: SyncReport) -> str:
    if report["failed"]:
        return "the same command later: it goes on where it was"
    if any(row["quarantined"] for row in report["sources"]):
        return "sportsplat quarantine list"
    return f"sportsplat predict {report['leagues'][0]}"
