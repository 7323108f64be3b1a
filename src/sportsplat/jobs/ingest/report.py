"""The report of an ingest: the JSON object that scripts read, and the error for files that were refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import reduce
from typing import TYPE_CHECKING, Any

from sportsplat.db.write.staging import Tally
from sportsplat.errors import InputRefused
from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.domain import Rejected
    from sportsplat.errors import SportsplatError

TABLES = ("matches", "quotes", "stats", "forecasts", "details")


@dataclass(frozen=True)
class Reason(Result):
    """Why rows were quarantined: the class of reasons, how many rows, and one example with its place."""

    code: str
    rows: int
    file: str
    line: int
    example: str


@dataclass(frozen=True, kw_only=True)
class RowCounts(Result):
    """Rows by what became of them. `quarantined` counts rows and parts of rows, `rows_quarantined` rows."""

    rows_read: int
    matches: Tally
    quotes: Tally
    stats: Tally
    forecasts: Tally
    details: Tally
    quarantined: int
    rows_quarantined: int
    parts_left_out: int


@dataclass(frozen=True, kw_only=True)
class FileReport(RowCounts):
    """What was stored of one league of one file."""

    file: str
    league: str


@dataclass(frozen=True)
class Stored:
    """What became of one league of one file."""

    file: str
    league: str
    rows_read: int
    matches: Tally
    quotes: Tally
    stats: Tally
    forecasts: Tally
    details: Tally
    rejected: Sequence[Rejected]
    parts_left_out: int = 0  # of `rejected`: parts of rows whose match is stored, as a price
    newly_rejected: int = 0  # of all leagues of the file, counted at its first
    unread: frozenset[int] = frozenset()  # lines of matches that were not asked for, and 0 if there are any
    holds_matches: bool = True  # whether any match was stored or found, or left out as not asked for

    def counts(self) -> dict[str, Any]:
        """Return the numbers alone, JSON-able, under the names of the report."""
        counted = {field.name for field in fields(RowCounts)}
        return {name: value for name, value in self.report().to_dict().items() if name in counted}

    def report(self) -> FileReport:
        """Return the file as its report has it."""
        return FileReport(
            file=self.file,
            league=self.league,
            rows_read=self.rows_read,
            **{table: getattr(self, table) for table in TABLES},
            quarantined=len(self.rejected),
            rows_quarantined=len(self.rejected) - self.parts_left_out,
            parts_left_out=self.parts_left_out,
        )


@dataclass(frozen=True)
class RefusedFile(Result):
    """One file that was not stored, and why."""

    file: str
    code: str
    message: str
    cause: str | None
    fix: str | None


def refused_file(file: str, refusal: SportsplatError, fix: str | None = None) -> RefusedFile:
    """Return what a report says of a file that was not stored; `fix` is a better one than the refusal's."""
    return RefusedFile(file, refusal.error_code, refusal.message, refusal.cause, fix or refusal.fix)


@dataclass(frozen=True, kw_only=True)
class IngestReport(RowCounts):
    """What an ingest changed, of all files and `by_file`.

    `refused` files were not
    stored. `abandoned`: files of an earlier run that was killed. `dry_run`: nothing was kept.
    """

    source: str
    files: int
    leagues: Sequence[str]
    newly_quarantined: int
    reasons: Sequence[Reason]
    refused: Sequence[RefusedFile]
    abandoned: Sequence[str]
    by_file: Sequence[FileReport]
    dry_run: bool
    seconds: float
    rows_per_second: float


def to_report(
    source: str,
    stored: Sequence[Stored],
    refused: Sequence[RefusedFile],
    abandoned: Sequence[str],
    dry_run: bool,
    seconds: float,
) -> IngestReport:
    """Add up what became of each file."""
    by_file = [file.report() for file in stored]
    rows_read = sum(file.rows_read for file in stored)
    return IngestReport(
        source=source,
        files=len({each.file for each in stored} | {each.file for each in refused}),
        leagues=sorted({file.league for file in stored}),
        rows_read=rows_read,
        **{table: _total(by_file, table) for table in TABLES},
        quarantined=sum(file.quarantined for file in by_file),
        rows_quarantined=sum(file.rows_quarantined for file in by_file),
        parts_left_out=sum(file.parts_left_out for file in by_file),
        newly_quarantined=sum(file.newly_rejected for file in stored),
        reasons=_reasons([row for file in stored for row in file.rejected]),
        refused=refused,
        abandoned=abandoned,
        by_file=by_file,
        dry_run=dry_run,
        seconds=round(seconds, 3),
        rows_per_second=round(rows_read / seconds, 1),
    )


def _total(files: Sequence[FileReport], table: str) -> Tally:
    return reduce(Tally.plus, (getattr(file, table) for file in files), Tally())


def _reasons(rejected: Sequence[Rejected]) -> list[Reason]:
    """Return the classes of reasons, most frequent first, each with its number of rows and one example."""
    examples = {row.code: row for row in reversed(rejected)}
    return [
        Reason(code, rows, (row := examples[code]).file, row.line, row.reason)
        for code, rows in Counter(row.code for row in rejected).most_common()
    ]


def refusal_of(refused: Sequence[RefusedFile], report: IngestReport) -> InputRefused:
    """Make the error for refused files, a single file's own or one that names all; it carries the report."""
    first, files = refused[0], report.files
    if files == 1:
        return InputRefused(first.message, code=first.code, cause=first.cause, fix=first.fix, report=report)
    others = files - len(refused)
    stored = (
        "nothing is stored" if not others else f"the other {others:,} {'is' if others == 1 else 'are'} stored"
    )
    return InputRefused(
        f"{len(refused):,} of {files:,} files were refused; {stored}",
        code="FILES_REFUSED",
        cause="\n".join(": ".join(filter(None, (file.message, file.cause))) for file in refused),
        fix=first.fix,
        report=report,
    )
