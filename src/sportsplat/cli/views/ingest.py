"""Tables about data for people: what an ingest changed, what waits in quarantine, sources and leagues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from sportsplat.cli.views.tables import PlainTable

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.db.write.runs import Quarantined
    from sportsplat.jobs.ingest.report import FileReport, IngestReport, Reason
    from sportsplat.jobs.listing import LeagueRow, SourceRow

FILES_SHOWN = 40
ROWS_SHOWN = 50
LONGEST_PATH = 40
ALWAYS_SHOWN = ("rows", "new")  # columns of the table of files, even when all is zero


def show_report(console: Console, report: IngestReport) -> None:
    """Print what an ingest changed, why rows wait in quarantine, and the next command."""
    if len(report.by_file) <= FILES_SHOWN:
        console.print(_files_table(report.by_file))
        console.print()
    console.print(_totals_table(report))
    console.print()
    if report.reasons:
        console.print(_reasons_table(report.reasons))
        console.print()
    for file in report.abandoned:
        text = f"An earlier ingest of {brief(file)} was killed; nothing of it had been stored."
        console.print(text, markup=False)
    files = _plural(len({each.file for each in report.by_file}), "file")
    rate = f"{files}, {report.rows_read:,} rows in {report.seconds:.1f} s"
    console.print(f"{rate}; dry run: nothing was kept" if report.dry_run else rate, markup=False)
    console.print(f"next: {_next(report)}", markup=False)


def _files_table(files: Sequence[FileReport]) -> Table:
    """Return a row for each league of each file; a column of nothing but zeros is left out."""
    counts = {
        "rows": [file.rows_read for file in files],
        "new": [file.matches.inserted for file in files],
        "updated": [file.matches.updated for file in files],
        "unchanged": [file.matches.unchanged for file in files],
        "quarantined": [file.rows_quarantined for file in files],
        "parts left out": [file.parts_left_out for file in files],
    }
    shown = {name: numbers for name, numbers in counts.items() if name in ALWAYS_SHOWN or any(numbers)}
    table = PlainTable(title="matches by file").text("file").value("league").number(*shown)
    before = None
    for file, *numbers in zip(files, *shown.values(), strict=True):
        name = "" if file.file == before else brief(file.file)
        table.row(name, file.league, *(f"{number:,}" for number in numbers))
        before = file.file
    return table


def _totals_table(report: IngestReport) -> Table:
    table = PlainTable().value("in all").number("inserted", "updated", "unchanged")
    for name, counts in (
        ("matches", report.matches),
        ("quotes", report.quotes),
        ("box scores", report.stats),
        ("forecasts", report.forecasts),
    ):
        table.row(name, *(f"{number:,}" for number in counts))
    return table


def _reasons_table(reasons: Sequence[Reason]) -> Table:
    table = PlainTable().value("in quarantine").text("reason and example")
    for reason in reasons:
        example = f"{reason.code}\n{brief(reason.file)}:{reason.line} {reason.example}"
        table.row(_plural(reason.rows, "row"), example)
    return table


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _next(report: IngestReport) -> str:
    if report.dry_run:
        return "the same command without --dry-run"
    if report.newly_quarantined:
        return "sportsplat quarantine list"
    return f"sportsplat train {report.leagues[0]}" if report.leagues else "sportsplat sources"


def brief(file: str) -> str:
    """Return a path as seen from the current folder where it lies below it; of a long one the last parts."""
    path = Path(file)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return str(path) if len(str(path)) <= LONGEST_PATH else str(Path("…", *path.parts[-3:]))


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


def sources_table(rows: Sequence[SourceRow]) -> Table:
    """Return what can be ingested: each with its leagues and its licence."""
    table = PlainTable(header=False).value().text()
    for row in rows:
        table.row(Text("source", "bold"), Text(row["name"], "bold"))
        table.row("", row["title"])
        table.row("gives", ", ".join(row["gives"]))
        table.row("leagues", ", ".join(row["leagues"]))
        table.row("licence", row["licence"])
        table.row("", "")
    return table


def show_leagues(console: Console, rows: Sequence[LeagueRow], *, stored_is_known: bool) -> None:
    """Print what is stored, then what else is configured."""
    stored = [row for row in rows if row["matches"]]
    if stored:
        console.print(_stored_table(stored))
        console.print()
    title = "nothing stored of" if stored_is_known else "configured"
    empty = PlainTable(title=title).value("league").text("name", "ingest from")
    for row in rows:
        if not row["matches"]:
            empty.row(row["code"], row["name"], ", ".join(row["sources"]))
    if empty.row_count:
        console.print(empty)


def _stored_table(rows: Sequence[LeagueRow]) -> Table:
    table = PlainTable().value("league").number("matches", "to\nplay", "seasons", "quotes")
    table.value("first,\nlast day").value("ingested\n(ago)")
    for row in rows:
        numbers = (row["matches"], row["to_play"], row["seasons"], row["quotes"])
        table.row(
            row["code"],
            *(f"{number or 0:,}" for number in numbers),
            f"{row['first_match']}\n{row['last_match']}",
            _ago(row["last_ingest"]),
        )
    return table


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return ""
    minutes = int((datetime.now(UTC) - moment).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
