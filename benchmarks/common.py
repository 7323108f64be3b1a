"""Paired timing: ours and the floor in turn, in one run, so that a drifting machine moves both alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class BenchRow:
    """One line of the table that `make bench` prints.

    Seconds are medians, None where nothing was measured, which `note` then explains. `goal_ratio` is the
    largest ours/floor that meets the goal (None: no promise). A row without a floor has a plain goal in
    seconds, `goal_s`.
    """

    name: str
    ours_s: float | None
    floor_s: float | None = None
    goal_ratio: float | None = None
    note: str = ""
    goal_s: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by the floor."""
        return None if self.ours_s is None or self.floor_s is None else self.ours_s / self.floor_s

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal_ratio is not None and self.ratio is not None:
            return self.ratio <= self.goal_ratio
        if self.goal_s is not None and self.ours_s is not None:
            return self.ours_s <= self.goal_s
        return None


def timed(work: Callable[[], object]) -> float:
    """Seconds that one call takes, the garbage collector having run before it."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(ours: Callable[[], object], floor: Callable[[], object], repeats: int = 7) -> tuple[float, float]:
    """Median seconds of `ours` and of `floor`, measured in turn after one warm-up of each."""
    ours_s, floor_s = in_turn(ours, floor, repeats=repeats)
    return ours_s, floor_s


def in_turn(*works: Callable[[], object], repeats: int = 7) -> list[float]:
    """Median seconds of each work, all measured in turn after one warm-up of each."""
    for work in works:
        work()
    rounds = [[timed(work) for work in works] for _ in range(repeats)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]
