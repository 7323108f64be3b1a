"""Quarantine: rows that could not be taken, looked at and tried again."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple

from sportsplat.db.write import runs
from sportsplat.db.write.runs import ALL_WAITING, Waiting
from sportsplat.error_codes import CODES
from sportsplat.errors import ConfigError, InputRefused, NotFound, UsageError
from sportsplat.jobs.ingest.failed_rows import nothing_stored
from sportsplat.jobs.ingest.file import KIND, IngestPlan
from sportsplat.jobs.ingest.ingest import store_all
from sportsplat.jobs.ingest.report import refused_file
from sportsplat.jobs.ingest.table import store_table
from sportsplat.paths import printable
from sportsplat.progress import Progress, silent
from sportsplat.results import Result
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload
from sportsplat.sources.reading.files import read_file
from sportsplat.sources.table.mapping import parse_mapping
from sportsplat.sources.table.source import TableSource
from sportsplat.sources.web.cache import RawCache

if TYPE_CHECKING:
    import psycopg

    from sportsplat.db.write.runs import Quarantined
    from sportsplat.jobs.context import Context
    from sportsplat.jobs.ingest.report import RefusedFile, Stored


class Retried(NamedTuple):
    """What became of the files: how many were stored again, which are gone, which were refused."""

    files: int
    gone: list[str]
    refused: list[RefusedFile]

    def plus(self, other: Retried) -> Retried:
        """Return what became of these files and of others."""
        return Retried(self.files + other.files, self.gone + other.gone, self.refused + other.refused)


def retry_tables(
    conn: psycopg.Connection[Any],
    context: Context,
    league: str,
    files: Iterable[str],
    now: datetime,
    tell: Progress,
) -> Retried:
    """Store tables of a league once more, each as it was read the last time.

    A file that is not what it was then, or of which no mapping was kept, is refused with the command that
    stores it. `conn` is in autocommit mode.
    """
    stored = 0
    gone: list[str] = []
    refused: list[RefusedFile] = []
    runs.abandon_dead_runs(conn, KIND)
    for name in files:
        tell(description=f"table {Path(name).name}")
        try:
            refused += nothing_stored([_store_again(conn, context, league, Path(name), now)])
            stored += 1
        except FileNotFoundError:
            gone.append(name)
        except InputRefused as refusal:
            refused.append(refused_file(printable(Path(name)), refusal))
    return Retried(stored, gone, refused)


def _store_again(
    conn: psycopg.Connection[Any], context: Context, league: str, path: Path, now: datetime
) -> Stored:
    if not path.exists():
        raise FileNotFoundError(path)
    last = runs.remembered(conn, KIND, TableSource.name, league, str(path))
    if last is None or last.reading is None:
        raise InputRefused(
            f"no mapping of {path} was kept",
            code="STORED_MAPPING_UNUSABLE",
            cause="it was stored by a version of sportsplat that did not keep mappings",
            fix=_command(path, None),
        )
    reading = last.reading
    sha256 = _sha256(path)
    if sha256 != last.sha256:
        raise InputRefused(
            f"{path} is not the file whose rows wait",
            code="FILE_CHANGED",
            cause=f"its sha256 is {sha256[:12]}…; that of the file which was stored was {last.sha256[:12]}…",
            fix=_command(path, reading),
        )
    try:
        declared = parse_mapping(reading["mapping"], Path(reading["mapping_file"]))
    except ConfigError as outdated:
        raise InputRefused(
            f"the mapping that {path} was stored with is not valid any more: {outdated.message}",
            code="STORED_MAPPING_UNUSABLE",
            cause=outdated.cause,
            fix=_command(path, reading),
        ) from outdated
    plan = IngestPlan(TableSource(), context.league(league), context.leagues, now=now).again(last, sha256)
    return store_table(conn, plan, path, declared)


def _command(path: Path, reading: dict[str, Any] | None) -> str:
    """Return the command that stores the table, with the options that it was stored with."""
    words = ["sportsplat", "ingest", "table", str(path), "--mapping"]
    words.append(reading["mapping_file"] if reading else "mapping.yaml")
    for season in reading["seasons"] if reading else ():
        words += ["--season", str(season)]
    if reading and reading["since"]:
        words += ["--since", reading["since"]]
    if reading and reading["as_of"]:
        words += ["--as-of", reading["as_of"][: len("2020-01-01")]]
    return " ".join(map(quote, words))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise InputRefused(
            f"{path} cannot be read",
            code="UNREADABLE_FILE",
            cause=f"system error: {problem.strerror}",
            fix=f"ls -l {quote(str(path))}",
        ) from problem


@dataclass(frozen=True)
class RetryReport(Result):
    """What a retry did. `gone` are files that are no longer where they were read."""

    files: int
    resolved: int
    waiting: int
    gone: Sequence[str]
    refused: Sequence[RefusedFile]


def waiting(context: Context, wanted: Waiting = ALL_WAITING) -> list[Quarantined]:
    """Return the rows that wait, by source, file and line."""
    with closing(context.connect("read", autocommit=True)) as conn:
        return runs.open_quarantine(conn, wanted)


def drop(context: Context, wanted: Waiting, *, dry_run: bool = False) -> dict[str, int]:
    """Delete rows that wait; return how many were of each reason.

    dry_run: delete none. Raises UsageError (WHICH_ROWS) when nothing says which ones.
    """
    if wanted == ALL_WAITING:
        raise UsageError(
            "quarantine drop does not say which rows: nothing was deleted",
            fix="sportsplat quarantine drop --file NAME, or --reason, --run, --source, --league",
            code="WHICH_ROWS",
        )
    with closing(context.connect("app", autocommit=True)) as conn, conn.transaction(force_rollback=dry_run):
        return runs.drop_quarantined(conn, wanted)


def show(context: Context, row_id: int) -> Quarantined:
    """Return one row. Raises NotFound when there is none with this id."""
    with closing(context.connect("read", autocommit=True)) as conn:
        row = runs.quarantined(conn, row_id)
    if row is None:
        raise NotFound(
            f"there is no quarantined row {row_id}", fix="sportsplat quarantine list", code="NO_SUCH_ROW"
        )
    return row


def retry(context: Context, *, progress: Progress | None = None, now: datetime | None = None) -> RetryReport:
    """Read the files of waiting rows once more; rows that pass now, corrected or not, are resolved.

    now: by the clock if None. `refused` names files that are refused, and those of which no row was stored.
    """
    moment = now or datetime.now(UTC)
    before = waiting(context)
    tell = progress or silent
    retried = Retried(0, [], [])
    with closing(context.connect("app", autocommit=True, lasting=True)) as conn:
        for source, rows in groupby(before, key=lambda row: row.source):
            leagues: dict[str, set[str | None]] = defaultdict(set)
            for row in rows:
                leagues[row.file].add(row.league)
            if source == TableSource.name:
                for league in sorted({of_file or "" for named in leagues.values() for of_file in named}):
                    files = [file for file, named in leagues.items() if league in named]
                    retried = retried.plus(retry_tables(conn, context, league, files, moment, tell))
                continue
            for file, named in leagues.items():
                retried = retried.plus(_retry_file(conn, context, source, file, named, moment, tell))
        still = {row.id for row in runs.open_quarantine(conn)}
    return RetryReport(
        files=retried.files,
        resolved=sum(row.id not in still for row in before),
        waiting=len(still),
        gone=retried.gone,
        refused=retried.refused,
    )


def refuse_failed(report: RetryReport) -> None:
    """Raise InputRefused, with the report in its details, when a retry found files that are refused."""
    if not report.refused:
        return
    first, *others = report.refused
    more = f"; {len(others)} more files were refused" if others else ""
    # A file may also be refused because its source or league no longer exists (exit code 2 elsewhere).
    is_own = not others and CODES[first.code].exit_code == CODES[InputRefused.code].exit_code
    raise InputRefused(
        first.message + more,
        code=first.code if is_own else "FILES_REFUSED",
        cause=first.cause,
        fix=first.fix,
        report=report,
    )


def _retry_file(
    conn: psycopg.Connection[Any],
    context: Context,
    source: str,
    file: str,
    leagues: set[str | None],
    now: datetime,
    tell: Progress,
) -> Retried:
    """Store a file once more as it was stored the last time; `leagues` are those of its waiting rows.

    A file with several leagues may have been read whole, and one of them by itself: then it is so again.
    """
    refused: list[RefusedFile] = []
    try:
        payload = load_payload(file, RawCache(context.settings.cache_dir))
        if payload is None:
            return Retried(0, [file], [])
        plans: list[IngestPlan] = []
        for waits in sorted(leagues, key=str):
            last = runs.remembered(conn, KIND, source, waits, file)
            code = last.reading["league"] if last and last.reading else waits
            chosen = context.league(code) if code else None
            plan = IngestPlan(get_source(source, context.leagues), chosen, context.leagues, now=now)
            plan = plan.again(last, payload.sha256)
            plans += [plan] if plan not in plans else []
        for plan in plans:
            refused += store_all(conn, plan, [payload], 1, tell)[1]
    except (InputRefused, NotFound) as refusal:
        refused.append(refused_file(file, refusal))
        return Retried(0, [], refused)
    return Retried(1, [], refused)


def load_payload(name: str, cache: RawCache) -> Payload | None:
    """Read a file where it was, or what a site gave out of the raw cache; None when it is gone."""
    if name.startswith(("http://", "https://")):
        copy = cache.load(name)
        return Payload.of(name, copy.data) if copy else None
    try:
        return read_file(Path(name))
    except InputRefused as refusal:
        if isinstance(refusal.__cause__, FileNotFoundError | NotADirectoryError):
            return None
        raise
