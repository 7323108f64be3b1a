"""Tables about data for people: what an ingest changed, what waits in quarantine, sources and leagues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.db.runs import Quarantined
    from sportsplat.jobs.ingest_report import Counts, FileReport, IngestReport
    from sportsplat.jobs.listing import LeagueRow, SourceRow

FILES_SHOWN = 40
ROWS_SHOWN = 50
TABLES = ("matches", "quotes", "stats", "forecasts")


def show_report(console: Console, report: IngestReport) -> None:
    """Print what an ingest changed, why rows wait in quarantine, and the next command."""
    console.print(_report_table(report))
    if report["reasons"]:
        waiting = Table("rows", "reason", "for example", title="in quarantine", title_justify="left")
        for reason in report["reasons"]:
            where = f"{brief(reason['file'])}:{reason['line']}"
            waiting.add_row(str(reason["rows"]), reason["code"], escape(f"{where} {reason['example']}"))
        console.print(waiting)
    for file in report["abandoned"]:
        console.print(
            f"An earlier ingest of {brief(file)} was killed; nothing of it had been stored.", markup=False
        )
    per_second = f"{report['rows_per_second']:,.0f} a second"
    rate = f"{report['rows_read']:,} rows in {report['seconds']:.1f} s ({per_second})"
    console.print(f"{rate}; dry run: nothing was kept" if report["dry_run"] else rate, markup=False)
    console.print(f"next: {_next(report)}", markup=False)


def _report_table(report: IngestReport) -> Table:
    shown = [name for name in TABLES if any(report[name].values())]  # type: ignore[literal-required]
    table = Table(title=f"{report['source']}: inserted / updated / unchanged", title_justify="left")
    table.add_column("file")
    table.add_column("league")
    for name in ("rows", *shown, "quarantined"):
        table.add_column(name, justify="right")
    by_file = report["by_file"]
    if len(by_file) <= FILES_SHOWN:
        for file in by_file:
            table.add_row(escape(brief(file["file"])), file["league"], *_cells(file, shown))
        table.add_section()
    files = len(by_file)
    total = f"{files} file{'' if files == 1 else 's'}"
    table.add_row(total, ", ".join(report["leagues"]), *_cells(report, shown), style="bold")
    return table


def _cells(row: FileReport | IngestReport, shown: Sequence[str]) -> list[str]:
    counts = [_counts(row[name]) for name in shown]  # type: ignore[literal-required]
    return [f"{row['rows_read']:,}", *counts, f"{row['quarantined']:,}"]


def _counts(counts: Counts) -> str:
    return f"{counts['inserted']:,} / {counts['updated']:,} / {counts['unchanged']:,}"


def _next(report: IngestReport) -> str:
    if report["dry_run"]:
        return "the same command without --dry-run"
    if report["newly_quarantined"]:
        return "sportsplat quarantine list"
    return f"sportsplat train {report['leagues'][0]}" if report["leagues"] else "sportsplat sources"


def brief(file: str) -> str:
    """Return a path as seen from the current folder where it lies below it, else its last three parts."""
    path = Path(file)
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return file if len(path.parts) <= 4 else str(Path("…", *path.parts[-3:]))


def show_waiting(console: Console, rows: Sequence[Quarantined]) -> None:
    """Print the rows that wait in quarantine, the first of them if there are many."""
    if not rows:
        console.print("nothing waits in quarantine")
        return
    table = Table("id", "source", "file", "line", "reason", "said")
    for row in rows[:ROWS_SHOWN]:
        table.add_row(
            str(row.id),
            row.source,
            escape(brief(row.file)),
            str(row.line or ""),
            row.code,
            escape(row.reason),
        )
    console.print(table)
    if len(rows) > ROWS_SHOWN:
        console.print(f"… and {len(rows) - ROWS_SHOWN:,} more; all of them with --json")
    console.print(
        f"next: sportsplat quarantine show {rows[0].id}; with corrected files: sportsplat quarantine retry"
    )


def sources_table(rows: Sequence[SourceRow]) -> Table:
    """Return what can be ingested."""
    table = Table("source", "what", "gives", "leagues", "licence")
    for row in rows:
        table.add_row(
            row["name"], row["title"], ", ".join(row["gives"]), ", ".join(row["leagues"]), row["licence"]
        )
    return table


def leagues_table(rows: Sequence[LeagueRow]) -> Table:
    """Return what is configured and what is stored."""
    table = Table("league", "name", "sources")
    for name in ("matches", "to play", "seasons", "teams", "quotes", "first", "last", "last ingest"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = (row[key] for key in ("matches", "scheduled", "seasons", "teams", "quotes"))
        days = (str(row[key] or "") for key in ("first_match", "last_match"))
        table.add_row(
            row["code"],
            row["name"],
            ", ".join(row["sources"]),
            *("" if number is None else f"{number:,}" for number in numbers),
            *days,
            _ago(row["last_ingest"]),
        )
    return table


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return ""
    minutes = int((datetime.now(UTC) - moment).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"
