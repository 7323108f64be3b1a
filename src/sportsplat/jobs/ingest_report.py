"""The report of an ingest: the JSON object that scripts read, and the error for files that were refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, cast

from sportsplat.errors import InputRefused

if TYPE_CHECKING:
    from sportsplat.domain import Rejected
    from sportsplat.errors import SportsplatError
    from sportsplat.jobs.ingest_file import Stored


class Counts(TypedDict):
    """Rows of one table, by what became of them."""

    inserted: int
    updated: int
    unchanged: int


class FileReport(TypedDict):
    """What was stored of one league of one file."""

    file: str
    league: str
    rows_read: int
    matches: Counts
    quotes: Counts
    stats: Counts
    forecasts: Counts
    details: Counts
    quarantined: int


class RefusedFile(TypedDict):
    """One file that was not stored, and why."""

    file: str
    code: str
    message: str
    cause: str | None
    fix: str | None


def refused_file(file: str, refusal: SportsplatError, fix: str | None = None) -> RefusedFile:
    """Return what a report says of a file that was not stored; `fix` is a better one than the refusal's."""
    return {
        "file": file,
        "code": refusal.error_code,
        "message": refusal.message,
        "cause": refusal.cause,
        "fix": fix or refusal.fix,
    }


class IngestReport(TypedDict):
    """The object of `sportsplat ingest --json`."""

    source: str
    files: int
    leagues: list[str]
    rows_read: int
    matches: Counts
    quotes: Counts
    stats: Counts
    forecasts: Counts
    details: Counts
    quarantined: int
    newly_quarantined: int
    reasons: list[dict[str, Any]]
    refused: list[RefusedFile]
    abandoned: list[str]
    by_file: list[FileReport]
    dry_run: bool
    seconds: float
    rows_per_second: float


def to_report(
    source: str,
    stored: Sequence[Stored],
    refused: list[RefusedFile],
    abandoned: list[str],
    dry_run: bool,
    seconds: float,
) -> IngestReport:
    """Add up what became of each file."""
    by_file = [_file_report(file) for file in stored]
    rows_read = sum(file.rows_read for file in stored)
    return {
        "source": source,
        "files": len({each.file for each in stored}) + len(refused),
        "leagues": sorted({file.league for file in stored}),
        "rows_read": rows_read,
        "matches": _total(file["matches"] for file in by_file),
        "quotes": _total(file["quotes"] for file in by_file),
        "stats": _total(file["stats"] for file in by_file),
        "forecasts": _total(file["forecasts"] for file in by_file),
        "details": _total(file["details"] for file in by_file),
        "quarantined": sum(file["quarantined"] for file in by_file),
        "newly_quarantined": sum(file.newly_rejected for file in stored),
        "reasons": _reasons([row for file in stored for row in file.rejected]),
        "refused": refused,
        "abandoned": abandoned,
        "by_file": by_file,
        "dry_run": dry_run,
        "seconds": round(seconds, 3),
        "rows_per_second": round(rows_read / seconds, 1),
    }


def _file_report(stored: Stored) -> FileReport:
    counts: Any = stored.counts()
    report: Any = {"file": stored.file, "league": stored.league, **counts}
    return cast(FileReport, report)


def _total(counts: Iterable[Counts]) -> Counts:
    sums: Counts = {"inserted": 0, "updated": 0, "unchanged": 0}
    for each in counts:
        sums["inserted"] += each["inserted"]
        sums["updated"] += each["updated"]
        sums["unchanged"] += each["unchanged"]
    return sums


def _reasons(rejected: Sequence[Rejected]) -> list[dict[str, Any]]:
    """Return the classes of reasons, most frequent first, each with its number of rows and one example."""
    examples = {row.code: row for row in reversed(rejected)}
    return [
        {
            "code": code,
            "rows": rows,
            "file": (row := examples[code]).file,
            "line": row.line,
            "example": row.reason,
        }
        for code, rows in Counter(row.code for row in rejected).most_common()
    ]


def refusal_of(refused: Sequence[RefusedFile], report: IngestReport, files: int) -> InputRefused:
    """Make the error for refused files, a single file's own or one that names all; it carries the report."""
    first = refused[0]
    if files == 1:
        return InputRefused(
            first["message"], code=first["code"], cause=first["cause"], fix=first["fix"], report=report
        )
    others = files - len(refused)
    stored = (
        "nothing is stored" if not others else f"the other {others:,} {'is' if others == 1 else 'are'} stored"
    )
    return InputRefused(
        f"{len(refused):,} of {files:,} files were refused; {stored}.",
        code="FILES_REFUSED",
        cause="\n".join(" ".join(filter(None, (file["message"], file["cause"]))) for file in refused),
        fix=first["fix"],
        report=report,
    )
