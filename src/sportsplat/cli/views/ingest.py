"""What `sportsplat ingest` prints: what each file changed, and why rows wait in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from sportsplat.cli.views.tables import PlainTable

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.ingest.report import FileReport, IngestReport, Reason
    from sportsplat.jobs.ingest.suggest import SuggestedMapping

FILES_SHOWN = 40
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


def suggestion(found: SuggestedMapping) -> str:
    """Return a proposed mapping as YAML, what to check and what has no place in it as comments."""
    lines = ["# save as mapping.yaml, then: " + found.command]
    if found.checks:
        lines.append("# before that: look at the lines under check, correct what is wrong, and delete them")
    lines.append(found.yaml.rstrip())
    lines += [f"# {note}" for note in found.notes]
    for column in found.unplaced:
        shown = ", ".join(map(repr, column["examples"])) or "nothing in it"
        why = f": {column['why']}" if "why" in column else ""
        lines.append(f"# not placed: {column['column']} ({shown}){why}")
    return "\n".join(lines)
