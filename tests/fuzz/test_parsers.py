"""Mutated files through every parser: a batch whose facts hold, or a refusal, and nothing else.

SPORTSPLAT_FUZZ files a source (200 unless it is set). A failure names its number; the same number gives the
same bytes again.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter

import pytest

from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import SOURCES, get_source
from sportsplat.sources.base import Payload, Source
from tests.fuzz.invariants import check
from tests.fuzz.mutate import as_workbook, mutated
from tests.source_seeds import SEEDS, Seed

FILES = int(os.environ.get("SPORTSPLAT_FUZZ", "200"))
LONGEST_S = 5.0  # for a file of at most a megabyte; most take a millisecond
LEAGUES = load_leagues()
PARSERS = [name for name in SOURCES if name != "table"]  # a table needs a mapping: test_table.py


def damaged(seed: Seed, rng: random.Random) -> bytes:
    """Damage a file; of a workbook mostly its cells, since one bit of a zip file spoils it all."""
    if not seed.workbook:
        return mutated(seed.data, rng)
    if rng.random() < 0.8:
        return as_workbook(mutated(seed.data, rng))
    return mutated(as_workbook(seed.data), rng)


def made(source: str, number: int) -> tuple[Seed, bytes]:
    """Return the file of a number, and the seed of which it was made."""
    rng = random.Random(f"{source} {number}")
    seed = rng.choice(SEEDS[source])
    return seed, damaged(seed, rng)


@pytest.mark.parametrize("source", PARSERS)
def test_every_source_has_seeds_and_reads_them(source: str) -> None:
    assert SEEDS.get(source), f"tests/source_seeds.py has no file of {source}"
    for seed in SEEDS[source]:
        payload = Payload.of(seed.name, as_workbook(seed.data) if seed.workbook else seed.data)
        batches = get_source(source).batches(payload, None, LEAGUES)
        assert sum(len(batch.matches) for batch in batches) >= 2
        assert {row.code for batch in batches for row in batch.rejected} <= {"undeclared-league"}
        check(batches, payload, LEAGUES, seed)


def refusal_of(parser: Source, seed: Seed, data: bytes) -> InputRefused | None:
    """Parse a file and check what comes of it; return the refusal where there is one."""
    try:
        payload = Payload.of(seed.name, data)
        batches = parser.batches(payload, None, LEAGUES)
    except InputRefused as refusal:
        return refusal
    check(batches, payload, LEAGUES, seed)
    return None


@pytest.mark.parametrize("source", PARSERS)
def test_damaged_files_give_sound_facts_or_a_refusal(source: str) -> None:
    parser = get_source(source)
    refused: Counter[str] = Counter()
    for number in range(FILES):
        seed, data = made(source, number)
        started = time.process_time()
        try:
            refusal = refusal_of(parser, seed, data)
            if refusal is not None:
                refused[refusal.error_code] += 1
                assert seed.name in refusal.message
                assert refusal.cause
                assert refusal.fix
        except Exception as failure:
            raise AssertionError(f"file {number} of {source}, from {seed.name}: {data[:300]!r}") from failure
        assert time.process_time() - started < LONGEST_S, number
    assert 0 < refused.total() < FILES
    print(f"{source}: {FILES} files, refused {refused.total()}: {dict(refused.most_common())}")
