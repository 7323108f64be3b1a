"""What a sync did, for people: one line for each source of each league."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from sportsplat.cli.views.tables import PlainTable

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.db.write.staging import Tally
    from sportsplat.jobs.ingest.sync import SourceReport, SyncReport

_COLORS = {"ok": "green", "unchanged": "dim", "failed": "bold red", "skipped": "dim"}


def show_sync(console: Console, report: SyncReport) -> None:
    """Print what each source gave, or why it gave nothing, and the next command."""
    table = PlainTable().value("league").value("source").value().text("result").number("seconds")
    for row in report.sources:
        status = Text(row.status, _COLORS[row.status])
        table.row(row.league, row.source, status, _result(row), f"{row.seconds:.1f}")
    console.print(table)
    console.print(f"next: {_next(report)}", markup=False)


def _result(row: SourceReport) -> str:
    """Return the numbers of matches and quotes, and the reason of a failure."""
    parts = []
    for name in ("matches", "quotes"):
        counts: Tally = getattr(row, name)
        if any(counts):
            parts.append(
                f"{name}: {counts.inserted:,} new, {counts.updated:,} updated, {counts.unchanged:,} unchanged"
            )
    if row.quarantined:
        parts.append(f"{row.quarantined:,} in quarantine")
    if row.reason:
        parts.append(row.reason)
    return "; ".join(parts) or "nothing"


def _next(report: SyncReport) -> str:
    if report.failed:
        return "run the same command later; it continues where it stopped"
    if any(row.quarantined for row in report.sources):
        return "sportsplat quarantine list"
    return f"sportsplat predict {report.leagues[0]}"
