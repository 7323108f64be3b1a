"""Mutated tables, which need a mapping, through both of their readers: sound facts, or a refusal.

A table has a price a row (`quotes`) or a match a row (`matches`), in each of the four formats. What is inside
a format that packs its cells is damaged mostly before it is packed: one bit of the pack spoils it all.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sportsplat.domain import Batch
from sportsplat.errors import InputRefused
from sportsplat.sources.table.mapping import Mapping, MappingFile, column_names, parse_mapping
from sportsplat.sources.table.match_rows import read_matches
from sportsplat.sources.table.open import open_table
from sportsplat.sources.table.quotes import QuoteTable
from sportsplat.sources.table.suggest.suggest import suggest
from tests.fuzz.invariants import check_facts
from tests.fuzz.mutate import as_workbook, mutated
from tests.fuzz.test_parsers import FILES, LEAGUES, LONGEST_S
from tests.tables import MAPPING, csv_of, price_rows

MATCHES = """\
league: sim
rows: matches
season: Season
date: Date
time: Time
home: Home
away: Away
number: Game
neutral: Neutral
stage: Stage
home_score: HG
away_score: AG
stats: {shots: [HS, AS]}
forecasts: [{publisher: Who, probabilities: [PH, PA]}]
quotes:
  - {bookmaker: Book, odds: {home: H, away: A}, closing: Last, quoted_at: {column: Taken, timezone: UTC}}
  - {bookmaker: {value: acme}, market: total, line: Line, odds: {over: O, under: U}, format: american}
"""
TABLE = """\
Season,Date,Time,Home,Away,Game,Neutral,Stage,HG,AG,HS,AS,Who,PH,PA,Book,H,A,Last,Taken,Line,O,U
2019,2019-12-26,15:00,Ants,Bees,1,false,regular,2,1,9,7,oracle,0.6,0.4,acme,1.9,2.1,true,,2.5,-110,-110
2019,2019-12-27,,Cats,Dogs,,,,0,3,4,11,oracle,0.3,0.7,best,3.0,1.4,false,2019-12-27T08:00:00,3.5,120,-140
2019,2019-12-28,20:30,Bees,Cats,,true,playoff,,,,,oracle,0.5,0.5,acme,2.0,2.0,,,,,
2019,2019-12-28,,Bees,Cats,2,,,5,5,1,1,,,,,,,,,2.5,-105,-115
"""
SEEDS = {"quotes": (csv_of(price_rows()).encode(), MAPPING), "matches": (TABLE.encode(), MATCHES)}
FORMATS = ("csv", "csv.gz", "parquet", "xlsx")


def packed(data: bytes, kind: str) -> bytes:
    """Write CSV in another format, its cells as text (in a workbook as numbers where they look like it)."""
    if kind == "csv":
        return data
    if kind == "csv.gz":
        return gzip.compress(data, mtime=0)
    return as_workbook(data) if kind == "xlsx" else as_parquet(data)


def as_parquet(data: bytes) -> bytes:
    lines = data.decode("utf-8", "replace").splitlines()
    header, *rows = [row[:500] for row in csv.reader(line[:30_000] for line in lines)] or [[]]
    names = [name if name not in header[:place] else f"{name}.{place}" for place, name in enumerate(header)]
    columns = [
        [row[place] if place < len(row) and row[place] else None for row in rows]
        for place in range(len(names))
    ]
    file = io.BytesIO()
    pq.write_table(pa.table(list(map(_typed, columns)), names=names), file)
    return file.getvalue()


def _typed(words: list[str | None]) -> pa.Array:
    """Return a column as numbers where all of it can be read so, else as text."""
    texts = pa.array(words, pa.string())
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return texts


def damaged(seed: bytes, kind: str, rng: random.Random) -> bytes:
    if kind == "csv" or rng.random() < 0.8:
        return packed(mutated(seed, rng), kind)
    return mutated(packed(seed, kind), rng)


def read_quotes(path: Path, mapping: MappingFile) -> Batch:
    """Read all prices of a table, checking each block of them; return the matches and what was refused."""
    reader = QuoteTable(open_table(path), mapping.mapping, LEAGUES["sim"])
    stored = 0
    for _, prices in reader.prices():
        assert np.all(np.isfinite(prices.decimal_odds))
        assert np.all(prices.decimal_odds > 1)
        lined = np.array(
            [reader.books.offers[offer].market != "result" for offer in prices.offer], dtype=bool
        )
        assert np.array_equal(np.isfinite(prices.line), lined)
        stored += len(prices.decimal_odds)
    batch = reader.batch()
    for offer in reader.books.offers:
        assert offer.bookmaker.strip()
        assert "\0" not in offer.bookmaker
    assert stored + sum(map(rows_of, batch.rejected)) == batch.rows_read
    return batch


def rows_of(rejected: object) -> int:
    """Return how many rows a refusal stands for."""
    many = re.match(r"([\d,]+) more rows", getattr(rejected, "reason", ""))
    return int(many[1].replace(",", "")) if many else 1


def read_both(path: Path, mapping: MappingFile) -> Batch:
    if mapping.mapping.rows == "quotes":
        return read_quotes(path, mapping)
    batch = read_matches(open_table(path), mapping.mapping, LEAGUES["sim"])
    refused = {row.line for row in batch.rejected}
    assert len(batch.matches) <= batch.rows_read <= len(batch.matches) + len(refused)
    assert all(quote.bookmaker.strip() and "\0" not in quote.bookmaker for quote in batch.quotes)
    assert all(one.publisher.strip() and "\0" not in one.publisher for one in batch.forecasts)
    return batch


def check_lines(path: Path, batch: Batch) -> None:
    """Assert that no physical line of a CSV file is lost: each was read, or tells nothing."""
    data = path.read_bytes() if path.suffix == ".csv" else gzip.decompress(path.read_bytes())
    table = open_table(path)
    text = data.decode("utf-8-sig" if table.encoding == "utf8" else table.encoding, "replace")
    rows = list(io.StringIO(text, newline=""))[1:]
    assert all(0 <= row.line <= len(rows) + 1 for row in batch.rejected)
    assert batch.rows_read <= sum(bool(row.strip()) for row in rows)
    assert sum(any(map(str.isalnum, row)) for row in rows) <= batch.rows_read


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("layout", SEEDS)
def test_damaged_tables_give_sound_facts_or_a_refusal(tmp_path: Path, layout: str, kind: str) -> None:
    seed, declared = SEEDS[layout]
    mapping = parse_mapping(declared, tmp_path / "mapping.yaml")
    path = tmp_path / f"table.{kind}"
    path.write_bytes(packed(seed, kind))
    whole = read_both(path, mapping)
    check_facts(whole, LEAGUES["sim"])
    assert whole.matches
    assert whole.rejected == []
    refused: Counter[tuple[str, bool]] = Counter()
    for number in range(FILES):
        rng = random.Random(f"table {layout} {kind} {number}")
        path.write_bytes(damaged(seed, kind, rng))
        started = time.process_time()
        try:
            table = open_table(path)
            mapping.check_columns(str(path), table.header)
            batch = read_both(path, mapping)
            check_facts(batch, LEAGUES["sim"])
            if "csv" in kind:
                check_lines(path, batch)
        except InputRefused as refusal:
            refused[refusal.error_code, bool(refusal.cause and refusal.fix)] += 1
        except Exception as failure:
            shown = path.read_bytes()[:300]
            raise AssertionError(f"file {number} of {layout}, {kind}: {shown!r}") from failure
        assert time.process_time() - started < LONGEST_S, number
    assert 0 < refused.total() < FILES
    assert all(explained for _, explained in refused), refused
    print(f"{layout}, {kind}: {FILES} files, refused {refused.total()}: {dict(refused.most_common())}")


@pytest.mark.parametrize("layout", SEEDS)
def test_a_proposal_for_a_damaged_table_names_columns_that_it_has(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "table.csv"
    refused = 0
    for number in range(FILES):
        rng = random.Random(f"suggest {layout} {number}")
        path.write_bytes(damaged(SEEDS[layout][0], "csv", rng))
        try:
            table = open_table(path)
            found = suggest(table, LEAGUES)
        except InputRefused:
            refused += 1
            continue
        except Exception as failure:
            raise AssertionError(f"file {number} of {layout}: {path.read_bytes()[:300]!r}") from failure
        told = {"home": "x", "away": "x", "kickoff": "x", **found.mapping}
        columns = set(column_names(Mapping.model_validate(told)))
        assert columns <= {*table.header, "x"}, number
        assert {one["column"] for one in found.unplaced} | columns >= set(table.header), number
    assert refused < FILES
