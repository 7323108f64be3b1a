"""Ingest: files of a source into the database, each as a whole; a second run finds everything unchanged."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, cast

from sportsplat.errors import InputRefused, SportsplatError, UsageError
from sportsplat.sources import SOURCES, get_source
from sportsplat.sources.base import Fetchable, Payload, Source, read_paths

if TYPE_CHECKING:
    import psycopg

    from sportsplat.jobs.context import Context
    from sportsplat.jobs.ingest_file import Plan, Stored
    from sportsplat.leagues import League

TABLES = ("matches", "quotes", "stats", "forecasts")


class Progress(Protocol):
    """Where a job tells how far it is; see `cli.progress`."""

    def __call__(
        self, completed: float | None = None, total: float | None = None, description: str | None = None
    ) -> None:
        """Set what is known; None leaves it."""


class Counts(TypedDict):
    """Rows of one table, by what became of them."""

    inserted: int
    updated: int
    unchanged: int


class FileReport(TypedDict):
    """One file that was stored."""

    file: str
    league: str
    rows_read: int
    matches: Counts
    quotes: Counts
    stats: Counts
    forecasts: Counts
    quarantined: int


class RefusedFile(TypedDict):
    """One file that was not stored, and why."""

    file: str
    code: str
    message: str
    cause: str | None
    fix: str | None


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
    quarantined: int
    newly_quarantined: int
    reasons: list[dict[str, Any]]
    refused: list[RefusedFile]
    abandoned: list[str]
    by_file: list[FileReport]
    dry_run: bool
    seconds: float
    rows_per_second: float


def ingest(
    context: Context,
    source: str,
    paths: Sequence[Path],
    *,
    league: str | None = None,
    seasons: Sequence[int] = (),
    since: date | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    options: Mapping[str, Any] | None = None,
) -> IngestReport:
    """Store the files `paths` (without any: what the source's site gives for `seasons`) and count changes.

    Files are independent: a refused one leaves the others stored. `seasons` (years in which they start) and
    `since` narrow what is taken of them. `dry_run` does everything and takes it back. `options` go to a
    source that makes its own data (`seed` of `simulate`).

    Raises:
        NotFound: no such source or league.
        UsageError: this source does not serve this league, or needs files or seasons.
        InputRefused: a path does not exist (before anything is stored), or files were refused (FILES_REFUSED,
        with
            the report of the others under `details["report"]`; a single file's own error where there is one
            file).
        EnvironmentUnavailable: the database went away; files stored until then stay.
    """
    from sportsplat.jobs.ingest_file import Plan

    started = time.perf_counter()
    provider = get_source(source)
    chosen = _chosen_league(context, provider, league)
    payloads = read_files(paths) if paths else _made(context, provider, chosen, seasons, options or {})
    plan = Plan(provider, chosen, context.leagues, seasons, since)
    tell = progress or _silent
    with closing(context.connect("app", autocommit=True)) as conn:
        stored, refused, abandoned = store_all(conn, plan, payloads, tell, dry_run=dry_run)
    report = _to_report(source, stored, refused, abandoned, dry_run, time.perf_counter() - started)
    if refused:
        raise _refusal(refused, report, len(payloads))
    return report


def read_files(paths: Sequence[Path]) -> list[Payload]:
    """Read files and folders; payloads bear absolute names, so that a retry finds them from anywhere."""
    return [payload._replace(name=str(Path(payload.name).absolute())) for payload in read_paths(paths)]


def store_all(
    conn: psycopg.Connection[Any],
    plan: Plan,
    payloads: Sequence[Payload],
    tell: Progress,
    *,
    dry_run: bool = False,
) -> tuple[list[Stored], list[RefusedFile], list[str]]:
    """Store each payload; return what became of them, which were refused, and what a killed run left."""
    from sportsplat.db.runs import abandon_dead_runs
    from sportsplat.jobs.ingest_file import KIND, store_file

    stored: list[Stored] = []
    refused: list[RefusedFile] = []
    outer: AbstractContextManager[Any] = conn.transaction(force_rollback=True) if dry_run else nullcontext()
    done = 0
    tell(0, total=sum(len(payload.data) for payload in payloads))
    with outer:
        abandoned = abandon_dead_runs(conn, KIND)
        for payload in payloads:
            tell(done, description=f"{plan.source.name} {Path(payload.name).name}")
            try:
                stored.append(store_file(conn, plan, payload))
            except InputRefused as refusal:
                refused.append(_refused(payload, plan, refusal))
            done += len(payload.data)
            tell(done)
    return stored, refused, abandoned


def _silent(
    completed: float | None = None, total: float | None = None, description: str | None = None
) -> None:
    """Tell nobody."""


def _chosen_league(context: Context, provider: Source, code: str | None) -> League | None:
    if code is None:
        return None
    league = context.league(code)
    if code not in provider.leagues:
        raise UsageError(
            f"The source {provider.name} has no league {code}.",
            cause=f"It serves {', '.join(provider.leagues)}.",
            fix="sportsplat sources",
            code="WRONG_LEAGUE",
        )
    return league


def _made(
    context: Context,
    provider: Source,
    league: League | None,
    seasons: Sequence[int],
    options: Mapping[str, Any],
) -> list[Payload]:
    """Get payloads of a source that makes or fetches them itself."""
    if not isinstance(provider, Fetchable):
        raise UsageError(
            f"The source {provider.name} needs files.",
            fix=f"sportsplat ingest {provider.name} FILE…",
            code="FILES_NEEDED",
        )
    served = [context.leagues[code] for code in provider.leagues if code in context.leagues]
    return provider.fetch(
        seasons, leagues=[league] if league else served, settings=context.settings, **options
    )


def _refused(payload: Payload, plan: Plan, refusal: InputRefused) -> RefusedFile:
    fix = refusal.fix
    if refusal.error_code == "NOT_THIS_FORMAT":
        right = _right_source(payload, plan)
        fix = f"sportsplat ingest {right} {payload.name}" if right else fix
    return {
        "file": payload.name,
        "code": refusal.error_code,
        "message": refusal.message,
        "cause": refusal.cause,
        "fix": fix,
    }


def _right_source(payload: Payload, plan: Plan) -> str | None:
    """Return the source that can read what `plan.source` cannot."""
    for name in SOURCES:
        if name != plan.source.name:
            try:
                if get_source(name).parse(payload, None, plan.leagues).matches:
                    return name
            except (SportsplatError, ImportError):
                continue
    return None


def _refusal(refused: Sequence[RefusedFile], report: IngestReport, files: int) -> InputRefused:
    first = refused[0]
    if files == 1:
        return InputRefused(
            first["message"], code=first["code"], cause=first["cause"], fix=first["fix"], report=report
        )
    return InputRefused(
        f"{len(refused)} of {files} files were refused; the other {files - len(refused)} are stored.",
        code="FILES_REFUSED",
        cause="; ".join(" ".join(filter(None, (file["message"], file["cause"]))) for file in refused),
        fix=first["fix"],
        report=report,
    )


def _to_report(
    source: str,
    stored: Sequence[Stored],
    refused: list[RefusedFile],
    abandoned: list[str],
    dry_run: bool,
    seconds: float,
) -> IngestReport:
    from sportsplat.jobs.ingest_file import reasons

    by_file = [_file_report(file) for file in stored]
    rows_read = sum(file.rows_read for file in stored)
    return {
        "source": source,
        "files": len(stored) + len(refused),
        "leagues": sorted({file.league for file in stored}),
        "rows_read": rows_read,
        "matches": _total(file["matches"] for file in by_file),
        "quotes": _total(file["quotes"] for file in by_file),
        "stats": _total(file["stats"] for file in by_file),
        "forecasts": _total(file["forecasts"] for file in by_file),
        "quarantined": sum(file["quarantined"] for file in by_file),
        "newly_quarantined": sum(file.newly_rejected for file in stored),
        "reasons": reasons([row for file in stored for row in file.rejected]),
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
