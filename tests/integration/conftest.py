"""Embedded servers of single tests, removed whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sportsplat.infra.embedded import EmbeddedEnvironment
from sportsplat.infra.embedded_spec import EmbeddedSpec
from tests.conftest import FAST
from tests.embedded import Make


@pytest.fixture
def make() -> Iterator[Make]:
    """Return a maker of environments, all of which are removed at the end."""
    made: list[EmbeddedEnvironment] = []

    def make_one(folder: Path, **changes: Any) -> EmbeddedEnvironment:
        folder.mkdir(parents=True, exist_ok=True)
        known = {"state_dir": folder / ".sportsplat", "env_file": folder / ".env", "tuning": FAST}
        made.append(EmbeddedEnvironment(EmbeddedSpec(**{**known, **changes})))
        return made[-1]

    yield make_one
    for environment in made:
        environment.remove()
