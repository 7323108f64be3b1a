"""Waiting asks at once, asks less and less often, and asks a last time at the end."""

from __future__ import annotations

from sportsplat.infra.lock import wait_for


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_an_answer_that_is_there_costs_no_pause() -> None:
    clock = Clock()

    assert wait_for(lambda: "here", 10, clock=clock, sleep=clock.sleep) == "here"
    assert clock.pauses == []


def test_pauses_double_up_to_the_longest() -> None:
    clock = Clock()

    wait_for(lambda: clock.now > 0.5 or None, 10, clock=clock, sleep=clock.sleep)

    assert clock.pauses == [0.005, 0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.1, 0.1]


def test_what_becomes_true_during_the_last_pause_is_still_seen() -> None:
    clock = Clock()

    assert wait_for(lambda: clock.now >= 0.25 or None, 0.25, clock=clock, sleep=clock.sleep) is True


def test_waiting_ends_with_none_at_the_deadline() -> None:
    clock = Clock()

    assert wait_for(lambda: None, 0.25, clock=clock, sleep=clock.sleep) is None
    assert clock.now == 0.25
