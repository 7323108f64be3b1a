"""Quarantine: rows that could not be taken, looked at and tried again."""

from __future__ import annotations

from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from sportsplat.db import runs
from sportsplat.errors import InputRefused, NotFound
from sportsplat.jobs.ingest import Progress, silent, store_all
from sportsplat.jobs.ingest_file import KIND, Plan
from sportsplat.jobs.retry_tables import retry_tables
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload
from sportsplat.sources.cache import RawCache
from sportsplat.sources.files import read_file
from sportsplat.sources.table import TableSource

if TYPE_CHECKING:
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
    cache = RawCache(context.settings.cache_dir)
    gone: list[str] = []
    refused: list[RefusedFile] = []
    files = 0
    with closing(context.connect("app", autocommit=True)) as conn:
        for (source, league), rows in groupby(before, key=lambda row: (row.source, row.league)):
            names = dict.fromkeys(row.file for row in rows)
            if source == TableSource.name and league:
                tables = retry_tables(conn, context, league, names, progress or silent)
                files += tables.files
                gone += tables.gone
                refused += tables.refused
                continue
            found = {name: _read_again(name, cache) for name in names}
            payloads = [payload for payload in found.values() if payload]
            plan = Plan(get_source(source), context.league(league) if league else None, context.leagues)
            for payload in payloads:
                last = runs.remembered(conn, KIND, source, league, payload.name)
                again = plan.again(last, payload.sha256)
                _, failed, _ = store_all(conn, again, [payload], progress or silent)
                refused += failed
            files += len(payloads)
            gone += [name for name, payload in found.items() if payload is None]
        after = len(runs.open_quarantine(conn))
    return {
        "files": files,
        "resolved": max(len(before) - after, 0),
        "waiting": after,
        "gone": gone,
        "refused": refused,
    }


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
