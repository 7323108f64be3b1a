"""Ingest of the user's own tables: CSV, Parquet and Excel files, read as a mapping says.

A table with a match a row goes the way of every source. One with a price a row may be of any size: its prices
are staged while it is read, and never held.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import psycopg

from sportsplat.cleaning.duplicates import narrow
from sportsplat.db.write import runs
from sportsplat.db.write.bulk_quotes import PriceStage, PriceWriter, PriceWriteResult
from sportsplat.db.write.import_run import note_changes
from sportsplat.db.write.matches import NO_MATCH
from sportsplat.db.write.price_tables import Overround
from sportsplat.db.write.quotes import ensure_quote_partitions
from sportsplat.db.write.staging import Tally, moments, tune
from sportsplat.db.write.straight_quotes import NotStraightError, PriceTargets, StraightPrices
from sportsplat.db.write.teams import lock_league
from sportsplat.domain import MatchKey, Rejected
from sportsplat.errors import InputRefused
from sportsplat.jobs.ingest.failed_rows import nothing_stored, refuse_many
from sportsplat.jobs.ingest.file import (
    KIND,
    IngestPlan,
    import_run,
    ingest_errors,
    keep_rejected,
    store_batch,
)
from sportsplat.jobs.ingest.report import (
    IngestReport,
    RefusedFile,
    Stored,
    refusal_of,
    refused_file,
    to_report,
)
from sportsplat.paths import printable
from sportsplat.progress import Progress, silent
from sportsplat.sources.reading.csv import collector_paused
from sportsplat.sources.reading.files import find_files, open_file
from sportsplat.sources.table.blocks import TableFile
from sportsplat.sources.table.errors import KEPT_REJECTED
from sportsplat.sources.table.mapping import MappingFile, read_mapping
from sportsplat.sources.table.match_rows import read_matches
from sportsplat.sources.table.open import SUFFIXES, open_table
from sportsplat.sources.table.quotes import QuoteTable
from sportsplat.sources.table.source import TableSource

if TYPE_CHECKING:
    from sportsplat.cleaning.orientation import Sides
    from sportsplat.db.write.matches import Ids
    from sportsplat.domain import Batch, MatchRecord
    from sportsplat.jobs.context import Context
    from sportsplat.leagues.league import League

Item = TypeVar("Item")


def ingest_tables(
    context: Context,
    paths: Sequence[Path],
    mapping: Path,
    *,
    seasons: Sequence[int] = (),
    since: date | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    as_of: datetime | None = None,
    accept_changes: bool = False,
    now: datetime | None = None,
) -> IngestReport:
    """Store tables, each as a whole or not at all; files, folders and options as in `ingest`.

    Raises:
        ConfigError: the mapping is not as docs/table.md says.
        NotFound: it names a league that is not configured.
        InputRefused: a path does not exist (before anything is stored), or files were refused; the report of
            the others is under `details["report"]`.
    """
    started = time.perf_counter()
    files = find_files(paths, SUFFIXES)
    declared = read_mapping(mapping)
    league = context.league(declared.mapping.league)
    plan = IngestPlan(
        TableSource(),
        league,
        context.leagues,
        seasons,
        since,
        as_of,
        accept_changes,
        now=now or datetime.now(UTC),
    )
    stored: list[Stored] = []
    refused: list[RefusedFile] = []
    tell = progress or silent
    with closing(context.connect("app", autocommit=True, lasting=True)) as conn:
        outer: AbstractContextManager[Any] = (
            conn.transaction(force_rollback=True) if dry_run else nullcontext()
        )
        with outer:
            abandoned = runs.abandon_dead_runs(conn, KIND)
            tell(0, total=len(files))
            for done, path in enumerate(files):
                tell(done, description=f"table {path.name}")
                try:
                    stored.append(store_table(conn, plan, path.absolute(), declared))
                    refused += nothing_stored(stored[-1:])
                except InputRefused as refusal:
                    refused.append(refused_file(printable(path), refusal))
            tell(len(files))
    report = to_report(plan.source.name, stored, refused, abandoned, dry_run, time.perf_counter() - started)
    if refused:
        raise refusal_of(refused, report)
    return report


def store_table(conn: psycopg.Connection[Any], plan: IngestPlan, path: Path, declared: MappingFile) -> Stored:
    """Store one table, and with its run how it was read. `conn` is in autocommit mode.

    Raises:
        InputRefused: it is no table, lacks a column of the mapping, or the database refused a row.
        EnvironmentUnavailable: the database went away or has no room; nothing of this file is stored.
    """
    mapping = declared.mapping
    table = _open(path, declared)
    with ingest_errors(conn, str(path)), path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        run_id = runs.start_run(conn, KIND, plan.source.name, mapping.league, str(path), sha256)
        try:
            stored = _store(conn, plan, table, declared, run_id)
            runs.resolve_other_leagues(conn, plan.source.name, mapping.league, str(path))
        except BaseException as failure:
            if not conn.closed:
                runs.fail_run(conn, run_id, str(failure) or type(failure).__name__)
            raise
        finally:
            if not conn.closed:
                runs.release_run(conn, run_id)
        return stored


def store_table_again(
    conn: psycopg.Connection[Any], plan: IngestPlan, path: Path, declared: MappingFile, run_id: int
) -> None:
    """Store a table again for the run that stored it before, in a transaction of the caller's.

    Raises as `store_table` does.
    """
    table = _open(path, declared)
    with ingest_errors(conn, str(path)):
        _store(conn, plan, table, declared, run_id)


def _open(path: Path, declared: MappingFile) -> TableFile:
    mapping = declared.mapping
    open_file(path).close()
    table = open_table(path, delimiter=mapping.delimiter, sheet=mapping.sheet, decimal=mapping.decimal)
    declared.check_columns(str(path), table.header, table.unread)
    return table


def _store(
    conn: psycopg.Connection[Any], plan: IngestPlan, table: TableFile, declared: MappingFile, run_id: int
) -> Stored:
    store = _store_matches if declared.mapping.rows == "matches" else _store_quotes
    return store(conn, plan, table, declared, run_id)


def reading(plan: IngestPlan, declared: MappingFile) -> dict[str, Any]:
    """Return how tables are read: the mapping with the file that it stood in, and what was taken."""
    return plan.reading() | {
        "mapping": declared.document.text,
        "mapping_file": str(declared.document.path.absolute()),
    }


def _store_matches(
    conn: psycopg.Connection[Any], plan: IngestPlan, table: TableFile, declared: MappingFile, run_id: int
) -> Stored:
    batch = read_matches(table, declared.mapping, plan.leagues[declared.mapping.league])
    _refuse_empty(batch)
    if batch.quotes:
        ensure_quote_partitions(conn, {match.season for match in batch.matches})
    with conn.transaction(), collector_paused():
        stored = store_batch(conn, plan, batch.file, batch, run_id)
        (stored,) = keep_rejected(conn, plan, [stored], run_id)
        runs.finish_run(conn, run_id, batch.league, stored.counts(), reading(plan, declared))
    return stored


def _store_quotes(
    conn: psycopg.Connection[Any], plan: IngestPlan, table: TableFile, declared: MappingFile, run_id: int
) -> Stored:
    """Store prices straight where all of them are new; where they turn out not to be, staged and compared."""
    if not plan.seasons and plan.since is None:
        # DuplicateTable: quotes that are stored move to a season whose partition is being filled.
        with suppress(NotStraightError, psycopg.errors.DuplicateTable):
            return _store_prices(conn, plan, table, declared, run_id, straight=True)
    return _store_prices(conn, plan, table, declared, run_id, straight=False)


def _store_prices(
    conn: psycopg.Connection[Any],
    plan: IngestPlan,
    table: TableFile,
    declared: MappingFile,
    run_id: int,
    *,
    straight: bool,
) -> Stored:
    league = plan.leagues[declared.mapping.league]
    reader = QuoteTable(table, declared.mapping, league)
    with conn.transaction():
        tune(conn)
        note_changes(conn, run_id)
        run = import_run(conn, plan, league, run_id)
        stage: PriceWriter = PriceStage(run)
        if straight:
            lock_league(conn, league.code)
            targets = PriceTargets(reader.starts, reader.closes, reader.books.offers)
            stage = StraightPrices(run, targets)
        for ready in _ahead(stage.ready(season, prices._asdict()) for season, prices in reader.prices()):
            stage.add(ready)
        batch = reader.batch()
        _refuse_empty(batch)
        refuse_many(batch.file, reader.without_match, batch.rows_read, batch.rejected)
        lock_league(conn, batch.league)
        stage.before_matches()
        narrowed = narrow(batch, plan.seasons, plan.since)
        left_out = set[MatchKey]()
        if narrowed is not batch:
            left_out = {match.key for match in batch.matches} - {match.key for match in narrowed.matches}

        def write(place_of: Mapping[MatchKey, int], sides: Sides) -> tuple[Tally, list[Rejected]]:
            places = np.array([place_of.get(key, len(sides.ids)) for key in reader.keys], dtype=np.intp)
            matches = {
                "match_id": np.append(sides.ids, NO_MATCH)[places],
                "starts": moments(reader.starts),
                "closes": moments(reader.closes),
                "turned": np.append(sides.swapped, False)[places],
            }
            overround = Overround(*league.rules.overround, outcomes=len(league.outcomes))
            settled = stage.settle(matches, reader.books.offers, overround)
            refused = _unfair(batch.file, settled, reader, league) + _contradictions(batch.file, settled)
            lost: Counter[MatchKey] = Counter()
            for at, rows in settled.unmatched.items():
                if reader.keys[at] not in left_out:
                    lost[reader.keys[at]] += rows
            return settled.tally, refused + _lost(batch, lost)

        def reserved(matches: Sequence[MatchRecord], renamed: Mapping[MatchKey, MatchKey]) -> Ids:
            ids = zip(reader.keys, stage.reserved.tolist(), strict=True)
            id_of = {renamed.get(key, key): match_id for key, match_id in ids}
            return np.array([id_of[match.key] for match in matches], dtype=np.int64)

        stored = store_batch(conn, plan, batch.file, batch, run_id, write, reserved if straight else None)
        (stored,) = keep_rejected(conn, plan, [stored], run_id)
        runs.finish_run(conn, run_id, batch.league, stored.counts(), reading(plan, declared))
    return stored


def _unfair(file: str, settled: PriceWriteResult, reader: QuoteTable, league: League) -> list[Rejected]:
    """Return prices of impossible offers whose parts stood far from each other in the file."""
    code = "bad-overround"
    rejected = []
    for row, match, bookmaker, market, is_closing, prices in settled.unfair:
        wrong = league.rules.describe_overround(bookmaker, market, is_closing, prices)
        rejected.append(Rejected(file, row, f"{reader.keys[match].label}: {wrong}", code, ""))
    more = settled.unfair_rows - len(settled.unfair)
    if more:
        rejected.append(Rejected(file, 0, f"{more:,} more rows were rejected for this reason.", code, ""))
    return rejected


def _contradictions(file: str, settled: PriceWriteResult) -> list[Rejected]:
    """Return the contradictions that settling refused, by their first line."""
    code = "contradicting-duplicate"
    rejected = [
        Rejected(file, line, f"{rows} rows give different prices of one thing; none was taken.", code, "")
        for line, rows in settled.contradictions
    ]
    more = settled.contradicting - len(settled.contradictions)
    if more:
        rejected.append(Rejected(file, 0, f"{more:,} more prices contradict each other.", code, ""))
    return rejected


def _lost(batch: Batch, lost: Mapping[MatchKey, int]) -> list[Rejected]:
    """Return the matches that were not taken, by their first line, each with its number of prices."""
    code = "match-not-taken"
    named = list(lost.items())[:KEPT_REJECTED]
    rejected = [
        batch.reject(key, code, f"{key.label} was not taken, nor were its prices: {rows:,}.")
        for key, rows in named
    ]
    if len(lost) > len(named):
        prices = sum(list(lost.values())[KEPT_REJECTED:])
        reason = f"{len(lost) - len(named):,} more matches with {prices:,} prices were not taken."
        rejected.append(Rejected(batch.file, 0, reason, code, ""))
    return rejected


def _ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items, the next one being made in a thread while one is in use."""
    source = iter(items)
    end: Any = object()
    with ThreadPoolExecutor(1, "sportsplat-table") as pool:
        coming = pool.submit(next, source, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, source, end)
            yield item


def _refuse_empty(batch: Batch) -> None:
    if not batch.rows_read:
        raise InputRefused(
            f"{batch.file} has a header and no rows",
            code="EMPTY_FILE",
            fix="write the file again, or omit it",
        )
