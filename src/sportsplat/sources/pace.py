"""Politeness towards a site: requests to one host keep a distance, a little uneven."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from threading import Lock

JITTER = 0.25  # share of the distance by which a request may come later


class Pace:
    """When each host was last asked, for the whole process: sources share hosts, and so do leagues."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take a clock in seconds, a way to wait on it, and numbers from 0 to 1."""
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._next: dict[str, float] = {}
        self._lock = Lock()

    def wait(self, host: str, distance_s: float) -> None:
        """Wait until `host` may be asked; the next has to wait `distance_s` seconds, or a quarter more."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next.get(host, now))
            self._next[host] = turn + distance_s * (1 + JITTER * self._chance())
        if turn > now:
            self._sleep(turn - now)


PACE = Pace()
"""The process's own."""
