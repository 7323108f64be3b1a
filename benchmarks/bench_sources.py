"""Bytes into records, beside the standard library's csv reader, which only splits them into cells."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import BenchRow, in_turn
from sportsplat.domain import Batch
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload
from sportsplat.sources.reading.csv import collector_paused
from sportsplat.sources.reading.files import find_files, read_file
from sportsplat.sources.text import decode

FILES = (
    ("football-data", "football-data.co.uk/mmz4281/*/E0.csv", "E0, 29 seasons"),
    ("fivethirtyeight-nba", "fivethirtyeight/nba-elo/nbaallelo.csv.gz", "nbaallelo"),
    ("fivethirtyeight-nba", "fivethirtyeight/nba-model/2020-08/nba_elo.csv.gz", "nba_elo"),
    ("nflverse", "nflverse/games.csv", "games.csv"),
)


def rows() -> list[BenchRow]:
    """Time each format's parser on real files."""
    real = os.environ.get("SPORTSPLAT_REAL_DATA")
    if not real:
        return [BenchRow("parse", None, note="skipped: SPORTSPLAT_REAL_DATA names no folder")]
    return [parsing(source, sorted(Path(real).glob(pattern)), what) for source, pattern, what in FILES]


def parsing(source: str, paths: Sequence[Path], what: str) -> BenchRow:
    """Time the parser of a source on files that are in memory."""
    provider, leagues = get_source(source), load_leagues()
    payloads = [read_file(path) for path in find_files(paths)]

    def ours() -> list[Batch]:
        return [provider.parse(payload, None, leagues) for payload in payloads]

    def floor() -> int:
        return sum(map(split, payloads))

    batches = ours()
    read = sum(batch.rows_read for batch in batches)
    records = sum(map(records_in, batches))
    ours_s, floor_s = in_turn(ours, floor, repeats=5)
    note = f"{read / ours_s:,.0f} rows and {records / ours_s:,.0f} records per second"
    return BenchRow(f"parse {what}", ours_s, floor_s, note=note)


@collector_paused()
def split(payload: Payload) -> int:
    """Split a file into cells and return the number of its lines."""
    return len(list(csv.reader(io.StringIO(decode(payload.name, payload.data), newline=""))))


def records_in(batch: Batch) -> int:
    """Return how many records a batch has."""
    facts = len(batch.quotes) + len(batch.stats) + len(batch.forecasts) + len(batch.details)
    return len(batch.matches) + facts
