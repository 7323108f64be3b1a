"""Quarantine: rows that could not be taken, looked at and tried again."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from sportsplat.db import runs
from sportsplat.errors import InputRefused, NotFound
from sportsplat.jobs.ingest import store_all
from sportsplat.jobs.ingest_file import KIND, Plan
from sportsplat.jobs.ingest_report import refused_file
from sportsplat.jobs.retry_tables import Retried, retry_tables
from sportsplat.progress import Progress, silent
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload
from sportsplat.sources.cache import RawCache
from sportsplat.sources.files import read_file
from sportsplat.sources.table import TableSource

if TYPE_CHECKING:
    import psycopg

    from sportsplat.db.runs import Quarantined
    from sportsplat.jobs.context import Context
    from sportsplat.jobs.ingest_report import RefusedFile


class RetryReport(TypedDict):
    """What a retry did. `gone` are files that are no longer where they were read."""

    files: int
    resolved: int
    waiting: int
    gone: list[str]
    refused: list[RefusedFile]


def waiting(context: Context, source: str | None = None) -> list[Quarantined]:
    """Return the rows that wait, by source, file and line."""
    with closing(context.connect("read", autocommit=True)) as conn:
        return runs.open_quarantine(conn, source=source)


def show(context: Context, row_id: int) -> Quarantined:
    """Return one row. Raises NotFound when there is none with this id."""
    with closing(context.connect("read", autocommit=True)) as conn:
        row = runs.quarantined(conn, row_id)
    if row is None:
        raise NotFound(
            f"There is no quarantined row {row_id}.", fix="sportsplat quarantine list", code="NO_SUCH_ROW"
        )
    return row


def retry(context: Context, *, progress: Progress | None = None) -> RetryReport:
    """Read the files of waiting rows once more; rows that pass now, corrected or not, are resolved."""
    before = waiting(context)
    tell = progress or silent
    retried = Retried(0, [], [])
    with closing(context.connect("app", autocommit=True)) as conn:
        for source, rows in groupby(before, key=lambda row: row.source):
            leagues: dict[str, set[str | None]] = defaultdict(set)
            for row in rows:
                leagues[row.file].add(row.league)
            if source == TableSource.name:
                for league in sorted({of_file or "" for named in leagues.values() for of_file in named}):
                    files = [file for file, named in leagues.items() if league in named]
                    retried = retried.plus(retry_tables(conn, context, league, files, tell))
                continue
            for file, named in leagues.items():
                retried = retried.plus(_retry_file(conn, context, source, file, named, tell))
        still = {row.id for row in runs.open_quarantine(conn)}
    return {
        "files": retried.files,
        "resolved": sum(row.id not in still for row in before),
        "waiting": len(still),
        "gone": retried.gone,
        "refused": retried.refused,
    }


def _retry_file(
    conn: psycopg.Connection[Any],
    context: Context,
    source: str,
    file: str,
    leagues: set[str | None],
    tell: Progress,
) -> Retried:
    """Store a file once more as it was stored the last time; `leagues` are those of its waiting rows.

    A file with several leagues may have been read whole, and one of them by itself: then it is so again.
    """
    refused: list[RefusedFile] = []
    try:
        payload = _read_again(file, RawCache(context.settings.cache_dir))
        if payload is None:
            return Retried(0, [file], [])
        plans: list[Plan] = []
        for waits in sorted(leagues, key=str):
            last = runs.remembered(conn, KIND, source, waits, file)
            code = last.reading["league"] if last and last.reading else waits
            plan = Plan(get_source(source), context.league(code) if code else None, context.leagues)
            plan = plan.again(last, payload.sha256)
            plans += [plan] if plan not in plans else []
        for plan in plans:
            refused += store_all(conn, plan, [payload], tell)[1]
    except (InputRefused, NotFound) as refusal:
        refused.append(refused_file(file, refusal))
        return Retried(0, [], refused)
    return Retried(1, [], refused)


def _read_again(name: str, cache: RawCache) -> Payload | None:
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
