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
from sportsplat.leagues import load_leagues
from sportsplat.sources import SOURCES, get_source
from sportsplat.sources.base import Payload, Source
from tests.fuzz.invariants import check
from tests.fuzz.mutate import mutated
from tests.source_seeds import SEEDS, Seed

FILES = int(os.environ.get("SPORTSPLAT_FUZZ", "200"))
LONGEST_S = 5.0  # for a file of at most a megabyte; most take a millisecond
LEAGUES = load_leagues()


def made(source: str, number: int) -> tuple[Seed, bytes]:
    """Return the file of a number, and the seed of which it was made."""
    rng = random.Random(f"{source} {number}")
    seed = rng.choice(SEEDS[source])
    return seed, mutated(seed.data, rng)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_seeds_and_reads_them(source: str) -> None:
    assert SEEDS.get(source), f"tests/source_seeds.py has no file of {source}"
    for seed in SEEDS[source]:
        payload = Payload.of(seed.name, seed.data)
        batch = get_source(source).parse(payload, None, LEAGUES)
        assert len(batch.matches) >= 2
        assert batch.rejected == []
        check(batch, payload, LEAGUES[batch.league], seed.rows_per_match)


def refusal_of(parser: Source, seed: Seed, data: bytes) -> InputRefused | None:
    """Parse a file and check what comes of it; return the refusal where there is one."""
    try:
        payload = Payload.of(seed.name, data)
        batch = parser.parse(payload, None, LEAGUES)
    except InputRefused as refusal:
        return refusal
    check(batch, payload, LEAGUES[batch.league], seed.rows_per_match)
    return None


@pytest.mark.parametrize("source", SOURCES)
def test_damaged_files_give_sound_facts_or_a_refusal(source: str) -> None:
    parser = get_source(source)
    refused: Counter[str] = Counter()
    for number in range(FILES):
        seed, data = made(source, number)
        started = time.perf_counter()
        try:
            refusal = refusal_of(parser, seed, data)
            if refusal is not None:
                refused[refusal.error_code] += 1
                assert seed.name in refusal.message
                assert refusal.cause
                assert refusal.fix
        except Exception as failure:
            raise AssertionError(f"file {number} of {source}, from {seed.name}: {data[:300]!r}") from failure
        assert time.perf_counter() - started < LONGEST_S, number
    assert 0 < refused.total() < FILES
    print(f"{source}: {FILES} files, refused {refused.total()}: {dict(refused.most_common())}")
