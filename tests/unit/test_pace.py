"""Politeness: requests to one host keep their distance, those to others do not wait."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import httpx
import pytest

from sportsplat.sources.web.cache import RawCache
from sportsplat.sources.web.http import JITTER, Fetcher, Pace
from tests.site import gives, serving


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def pace(clock: Clock, chance: float = 0.0) -> Pace:
    return Pace(lambda: clock.now, clock.sleep, lambda: chance)


def test_the_first_request_to_a_host_does_not_wait() -> None:
    clock = Clock()
    one = pace(clock)
    one.wait("a", 2.0)
    one.wait("b", 2.0)
    assert clock.slept == []


def test_the_next_one_waits_for_what_is_left_of_the_distance() -> None:
    clock = Clock()
    one = pace(clock)
    one.wait("a", 2.0)
    clock.now += 0.5
    one.wait("a", 2.0)
    assert clock.slept == [1.5]
    clock.now += 5
    one.wait("a", 2.0)
    assert clock.slept == [1.5]


@pytest.mark.parametrize(("chance", "waited"), [(0.0, 2.0), (1.0, 2.0 * (1 + JITTER))])
def test_the_distance_is_uneven_and_never_shorter(chance: float, waited: float) -> None:
    clock = Clock()
    one = pace(clock, chance)
    one.wait("a", 2.0)
    one.wait("a", 2.0)
    assert clock.slept == [waited]


def test_retries_keep_the_distance_too(tmp_path: Path) -> None:
    with serving() as site, httpx.Client(timeout=1, trust_env=False) as client:
        site.answers = [gives(500), gives(500), gives(200, b"a,b\n")]
        fetcher = Fetcher(
            client,
            RawCache(tmp_path),
            source="espn",
            attempts=3,
            transfer_s=1,
            first_wait_s=0.001,
            distance_s=0.15,
        )
        started = monotonic()
        fetcher.get(f"{site.url}/a.csv", what="a file")
        assert monotonic() - started >= 0.3
