"""A temporary PostgreSQL server where none is available; always removed afterwards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sportsplat.errors import ResourceConflict
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from sportsplat.infra.embedded.spec import EmbeddedSpec
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.lock import exclusive

PREFIX = "scratch-"
# Nothing in it is to survive anything.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def scratch_server(state_dir: Path, timeout_s: float) -> Iterator[Endpoint]:
    """Yield where an embedded server with an empty database answers; its data is inside `state_dir`.

    Those that killed runs left are stopped and removed first.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    _sweep(state_dir)
    folder = state_dir / f"{PREFIX}{os.urandom(4).hex()}"
    folder.mkdir(mode=0o755)  # the server may run as another account
    with exclusive(folder / "in-use", 1.0):
        server = _server(folder)
        try:
            yield server.ensure(timeout_s).endpoint
        finally:
            server.remove()
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(state_dir: Path) -> None:
    for folder in state_dir.glob(f"{PREFIX}*"):
        try:
            with exclusive(folder / "in-use", 0.0):
                _server(folder).remove()
                shutil.rmtree(folder, ignore_errors=True)
        except ResourceConflict:
            continue  # another verification is at work there


def _server(folder: Path) -> EmbeddedEnvironment:
    return EmbeddedEnvironment(EmbeddedSpec(folder / "state", folder / ".env", tuning=_FAST))
