"""How many examples a test draws: a fifth of them in `make test`, all of them in `make test-all`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import HealthCheck, Phase, settings

T = TypeVar("T")

ALL = os.environ.get("SPORTSPLAT_TEST_EXAMPLES") == "all"
"""`make test-all` sets it, and runs the tests marked `examples` once more."""


def examples(count: int, phases: Sequence[Phase] = tuple(Phase)) -> settings:
    """Settings of a property test that uses a database: it draws `count` examples, or a fifth, at least 5."""
    return settings(
        max_examples=count if ALL else max(count // 5, 5),
        phases=phases,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def some_of(cases: Sequence[T]) -> Sequence[T]:
    """Every fifth case, or all of them."""
    return cases if ALL else cases[::5]
