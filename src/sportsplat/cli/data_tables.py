"""Tables about data for people: what an ingest changed, what waits in quarantine, sources and leagues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.db.runs import Quarantined
    from sportsplat.jobs.ingest_report import Counts, FileReport, IngestReport
    from sportsplat.jobs.listing import LeagueRow, SourceRow

FILES_SHOWN = 40
ROWS_SHOWN = 50
LONGEST_PATH = 40


def show_report(console: Console, report: IngestReport) -> None:
    """Print what an ingest changed, why rows wait in quarantine, and the next command."""
    if len(report["by_file"]) <= FILES_SHOWN:
        console.print(_files_table(report["by_file"]))
    console.print(_totals_table(report))
    if report["reasons"]:
        console.print(_reasons_table(report["reasons"]))
    for file in report["abandoned"]:
        text = f"An earlier ingest of {brief(file)} was killed; nothing of it had been stored."
        console.print(text, markup=False)
    files = _plural(len({each["file"] for each in report["by_file"]}), "file")
    rate = f"{files}, {report['rows_read']:,} rows in {report['seconds']:.1f} s"
    console.print(f"{rate}; dry run: nothing was kept" if report["dry_run"] else rate, markup=False)
    console.print(f"next: {_next(report)}", markup=False)


def _files_table(files: Sequence[FileReport]) -> Table:
    table = Table("file", "league", title="matches by file", title_justify="left")
    table.columns[0].no_wrap = True
    for name in ("rows", "new", "updated", "unchanged", "quarantined"):
        table.add_column(name, justify="right")
    for file in files:
        numbers = (file["rows_read"], *_of(file["matches"]), file["quarantined"])
        table.add_row(escape(brief(file["file"])), file["league"], *(f"{number:,}" for number in numbers))
    return table


def _totals_table(report: IngestReport) -> Table:
    table = Table("in all")
    for name in ("inserted", "updated", "unchanged"):
        table.add_column(name, justify="right")
    for name, counts in (
        ("matches", report["matches"]),
        ("quotes", report["quotes"]),
        ("box scores", report["stats"]),
        ("forecasts", report["forecasts"]),
    ):
        table.add_row(name, *(f"{number:,}" for number in _of(counts)))
    return table


def _of(counts: Counts) -> tuple[int, int, int]:
    return counts["inserted"], counts["updated"], counts["unchanged"]


def _reasons_table(reasons: Sequence[dict[str, Any]]) -> Table:
    table = Table("in quarantine", "reason", "for example")
    for reason in reasons:
        example = f"{brief(reason['file'])}:{reason['line']} {reason['example']}"
        table.add_row(_plural(reason["rows"], "row"), reason["code"], escape(example))
    return table


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _next(report: IngestReport) -> str:
    if report["dry_run"]:
        return "the same command without --dry-run"
    if report["newly_quarantined"]:
        return "sportsplat quarantine list"
    return f"sportsplat train {report['leagues'][0]}" if report["leagues"] else "sportsplat sources"


def brief(file: str) -> str:
    """Return a path as seen from the current folder where it lies below it; of a long one the last parts."""
    path = Path(file)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return str(path) if len(str(path)) <= LONGEST_PATH else str(Path("…", *path.parts[-3:]))


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


def show_leagues(console: Console, rows: Sequence[LeagueRow], *, stored_is_known: bool) -> None:
    """Print what is stored, then what else is configured."""
    stored = [row for row in rows if row["matches"]]
    if stored:
        console.print(_stored_table(stored))
    title = "nothing stored of" if stored_is_known else "configured"
    empty = Table("league", "name", "ingest from", title=title, title_justify="left")
    for row in rows:
        if not row["matches"]:
            empty.add_row(row["code"], row["name"], ", ".join(row["sources"]))
    if empty.row_count:
        console.print(empty)


def _stored_table(rows: Sequence[LeagueRow]) -> Table:
    table = Table("league")
    for name in ("matches", "to play", "seasons", "teams", "quotes"):
        table.add_column(name, justify="right")
    for name in ("first", "last", "ingested"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        numbers = (row["matches"], row["scheduled"], row["seasons"], row["teams"], row["quotes"])
        days = (row["first_match"], row["last_match"])
        table.add_row(
            row["code"],
            *(f"{number or 0:,}" for number in numbers),
            *(str(day) for day in days),
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
