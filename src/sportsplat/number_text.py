"""Numbers as text for people: signs, percentages, intervals, and how to read a paired difference."""

from __future__ import annotations

from collections.abc import Sequence


def in_words(interval: Sequence[float] | None, show: str = "{:+.4f}") -> str:
    """Return "−0.0030 to +0.0008", or "no interval" where there are too few days."""
    if interval is None:
        return "no interval: too few match days"
    return " to ".join(minus(show.format(edge)) for edge in interval)


def percent(share: float, *, sign: bool = False) -> str:
    """Return a share as a percentage with one decimal, "−3.1%"."""
    return minus(f"{100 * share:+.1f}%" if sign else f"{100 * share:.1f}%")


def percent_interval(interval: Sequence[float] | None) -> str:
    """Return an interval of shares as percentages."""
    if interval is None:
        return "no interval: too few match days"
    return " to ".join(percent(edge, sign=True) for edge in interval)


def minus(text: str) -> str:
    """Write a minus as a minus sign, as wide as a plus."""
    return text.replace("-", "−")


def reading(difference: float, interval: Sequence[float] | None) -> str:
    """Return "better", "worse" or "within noise" for ours minus theirs, where lower is better."""
    if interval is None or interval[0] <= 0.0 <= interval[1]:
        return "within noise"
    return "better" if difference < 0 else "worse"
