"""The report of a sync: the JSON object that scripts read, one row for each source of each league."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

from sportsplat.jobs.ingest_report import Counts, to_report

if TYPE_CHECKING:
    from sportsplat.jobs.ingest_file import Stored
    from sportsplat.sources.base import Window


class Status(StrEnum):
    """What came of one source."""

    OK = "ok"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"


class SourceReport(TypedDict):
    """One source of one league; `reason` tells why it failed or was skipped."""

    league: str
    source: str
    status: Status
    reason: str | None
    since: date
    until: date
    files: int
    matches: Counts
    quotes: Counts
    quarantined: int
    seconds: float


class SyncReport(TypedDict):
    """The object of `sportsplat sync --json`."""

    leagues: list[str]
    sources: list[SourceReport]
    failed: int


def to_row(
    league: str,
    source: str,
    window: Window,
    status: Status,
    reason: str | None,
    stored: Sequence[Stored],
    seconds: float,
) -> SourceReport:
    """Add up what one source gave; `ok` becomes `unchanged` where nothing of it was new."""
    counts = to_report(source, stored, [], [], dry_run=False, seconds=max(seconds, 1e-9))
    tables = [counts[name] for name in ("matches", "quotes", "stats", "forecasts", "details")]
    if status is Status.OK and not any(table["inserted"] + table["updated"] for table in tables):
        status = Status.UNCHANGED
    return {
        "league": league,
        "source": source,
        "status": status,
        "reason": reason,
        "since": window.since,
        "until": window.until,
        "files": len(stored),
        "matches": counts["matches"],
        "quotes": counts["quotes"],
        "quarantined": counts["quarantined"],
        "seconds": round(seconds, 3),
    }
