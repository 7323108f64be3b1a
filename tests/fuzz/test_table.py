"""Mutated tables, which need a mapping, through both of their readers: sound facts, or a refusal."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sportsplat.domain import Batch
from sportsplat.errors import InputRefused
from sportsplat.sources.table_blocks import open_table
from sportsplat.sources.table_mapping import MappingFile, read_mapping
from sportsplat.sources.table_quotes import QuoteTable
from sportsplat.sources.table_rows import read_matches
from tests.fuzz.invariants import check_facts
from tests.fuzz.mutate import mutated
from tests.fuzz.test_parsers import FILES, LEAGUES, LONGEST_S
from tests.tables import MAPPING, price_rows, write_csv, write_typed

MATCHES = """\
league: sim
rows: matches
date: Date
home: Home
away: Away
home_score: HG
away_score: AG
stats: {shots: [HS, AS]}
forecasts: [{publisher: {value: oracle}, probabilities: [PH, PA]}]
quotes: [{bookmaker: {value: acme}, odds: {home: H, away: A}, closing: {value: true}}]
"""
TABLE = """\
Date,Home,Away,HG,AG,HS,AS,PH,PA,H,A
2019-12-26,Ants,Bees,2,1,9,7,0.6,0.4,1.9,2.1
2019-12-27,Cats,Dogs,0,3,4,11,0.3,0.7,3.0,1.4
2019-12-28,Bees,Cats,,,,,0.5,0.5,2.0,2.0
"""


def quotes_of(path: Path, mapping: MappingFile) -> Batch:
    """Read all prices of a table, checking each block of them; return the matches and what was refused."""
    reader = QuoteTable(open_table(path, delimiter=None, sheet=None), mapping.mapping, LEAGUES["sim"])
    for _, prices in reader.prices():
        assert np.all(np.isfinite(prices.decimal_odds))
        assert np.all(prices.decimal_odds > 1)
    return reader.batch()


def matches_of(path: Path, mapping: MappingFile) -> Batch:
    return read_matches(open_table(path, delimiter=None, sheet=None), mapping.mapping, LEAGUES["sim"])


@pytest.mark.parametrize("kind", ["quotes.csv", "quotes.parquet", "quotes.xlsx", "matches.csv"])
def test_damaged_tables_give_sound_facts_or_a_refusal(tmp_path: Path, kind: str) -> None:
    declared = tmp_path / "mapping.yaml"
    declared.write_text(MATCHES if kind == "matches.csv" else MAPPING)
    mapping = read_mapping(declared)
    seed = tmp_path / f"seed-{kind}"
    if kind == "matches.csv":
        seed.write_text(TABLE)
    elif kind == "quotes.csv":
        write_csv(seed, price_rows())
    else:
        write_typed(seed, price_rows())
    read = matches_of if kind == "matches.csv" else quotes_of
    check_facts(read(seed, mapping), LEAGUES["sim"])
    path = tmp_path / kind
    refused: Counter[tuple[str, bool]] = Counter()
    for number in range(FILES):
        rng = random.Random(f"table {kind} {number}")
        path.write_bytes(mutated(seed.read_bytes(), rng))
        started = time.perf_counter()
        try:
            table = open_table(path, delimiter=None, sheet=None)
            mapping.check_columns(str(path), table.header)
            check_facts(read(path, mapping), LEAGUES["sim"])
        except InputRefused as refusal:
            refused[refusal.error_code, bool(refusal.cause and refusal.fix)] += 1
        except Exception as failure:
            raise AssertionError(f"file {number} of {kind}: {path.read_bytes()[:300]!r}") from failure
        assert time.perf_counter() - started < LONGEST_S, number
    assert refused
    assert all(explained for _, explained in refused), refused
