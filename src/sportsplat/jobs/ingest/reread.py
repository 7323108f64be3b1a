"""Reread the later files of a league when a run is undone.

A file that repeats stored facts writes nothing, so only the file itself shows which facts it repeated.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat.db.write import runs
from sportsplat.db.write.runs import StoredReading
from sportsplat.errors import ConfigError, InputRefused, NotFound
from sportsplat.jobs.ingest.file import IngestPlan, ingest_errors, keep_rejected, store_batch
from sportsplat.jobs.ingest.quarantine import load_payload
from sportsplat.jobs.ingest.table import store_table_again
from sportsplat.sources import get_source
from sportsplat.sources.reading.csv import collector_paused
from sportsplat.sources.table.mapping import parse_mapping
from sportsplat.sources.table.source import TableSource
from sportsplat.sources.web.cache import RawCache

if TYPE_CHECKING:
    import psycopg

    from sportsplat.db.write.runs import StoredRun
    from sportsplat.jobs.context import Context
    from sportsplat.progress import Progress


def reread_later_files(
    conn: psycopg.Connection[Any], context: Context, run: StoredRun, tell: Progress
) -> tuple[list[str], list[str]]:
    """Read the files of later runs of the league again, in an open transaction, which holds its lock.

    Return the files that were read, and those that are gone, have changed or are refused now.
    """
    again: list[str] = []
    not_again: list[str] = []
    seen = set[str]()
    for later in runs.later_runs(conn, run):
        file = later.file or ""
        same = json.dumps([later.source, file, later.sha256, later.counts.get("reading")], sort_keys=True)
        if same in seen:
            continue
        seen.add(same)
        tell(description=f"{later.source} {Path(file).name}")
        done = _was_reread(conn, context, later)
        (again if done else not_again).append(file)
    return list(dict.fromkeys(again)), list(dict.fromkeys(not_again))


def _was_reread(conn: psycopg.Connection[Any], context: Context, run: StoredRun) -> bool:
    """Store the facts in the file of a run as that run's claims; return False where that is not possible."""
    reading = run.counts.get("reading")
    told_at = conn.execute("SELECT %s::timestamptz", (run.counts.get("told_at"),)).fetchone()
    if not reading or not told_at or not run.sha256:
        return False
    league = context.league(reading["league"]) if reading["league"] else None
    try:
        source = get_source(run.source or "", context.leagues)
        plan = IngestPlan(source, league, context.leagues, now=datetime.now(UTC))
        plan = plan.again(StoredReading(run.sha256, told_at[0], reading), run.sha256)
        plan = replace(plan, accept_changes=reading.get("accept_changes", False))
        with conn.transaction():
            if run.source == TableSource.name:
                return _read_table(conn, plan, run)
            return _read_file(conn, context, plan, run)
    except (InputRefused, ConfigError, NotFound):
        return False


def _read_file(conn: psycopg.Connection[Any], context: Context, plan: IngestPlan, run: StoredRun) -> bool:
    payload = load_payload(run.file or "", RawCache(context.settings.cache_dir))
    if payload is None or payload.sha256 != run.sha256:
        return False
    with ingest_errors(conn, payload.name), collector_paused():
        for batch in plan.source.batches(payload, plan.league, plan.leagues):
            if batch.league == run.league:
                stored = store_batch(conn, plan, payload.name, batch, run.id)
                keep_rejected(conn, plan, [stored], run.id)
    return True


def _read_table(conn: psycopg.Connection[Any], plan: IngestPlan, run: StoredRun) -> bool:
    path = Path(run.file or "")
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != run.sha256:
            return False
    reading = run.counts["reading"]
    declared = parse_mapping(reading["mapping"], Path(reading["mapping_file"]))
    store_table_again(conn, plan, path, declared, run.id)
    runs.keep_counts(conn, run)
    return True
