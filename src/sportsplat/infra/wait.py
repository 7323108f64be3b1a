"""Waiting for something by asking it, not by sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(
    probe: Callable[[], T | None],
    timeout_s: float,
    *,
    first_pause_s: float = 0.005,
    longest_pause_s: float = 0.1,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T | None:
    """Call `probe` until it gives something true or `timeout_s` seconds passed; return that or None.

    The pause between two calls doubles from `first_pause_s` to `longest_pause_s`. The probe is always asked
    once more after the last pause, and what it raises is not caught: a probe says "not yet" by None.
    """
    deadline = clock() + timeout_s
    pause = first_pause_s
    while not (answer := probe()):
        left = deadline - clock()
        if left <= 0:
            return None
        sleep(min(pause, left))
        pause = min(pause * 2, longest_pause_s)
    return answer
