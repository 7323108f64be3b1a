"""What a project remembers between two commands: its backend and the port it was given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sportsplat.infra.dotenv import replace_file

_FILE = "state.json"
_OF_THE_BACKEND = {"backend", "port"}
_withheld: dict[Path, dict[str, Any]] = {}


def recall(state_dir: Path) -> dict[str, Any]:
    """Return what was remembered in `state_dir`; an absent or unreadable memory is an empty one."""
    try:
        memory = json.loads((state_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def remember(state_dir: Path, **facts: Any) -> None:
    """Add facts to the memory of `state_dir`; nothing is written when nothing changed."""
    withheld = _withheld.get(state_dir.resolve())
    if withheld is not None:
        withheld.update({key: facts.pop(key) for key in _OF_THE_BACKEND & facts.keys()})
    before = recall(state_dir)
    after = {**before, **facts}
    if after != before:
        state_dir.mkdir(parents=True, exist_ok=True)
        replace_file(state_dir / _FILE, json.dumps(after, indent=2) + "\n")


@contextmanager
def backend_kept(state_dir: Path) -> Iterator[None]:
    """Let nothing in this process change which backend `state_dir` remembers, but `move_backend`.

    While a project moves, its new backend is up and not yet its own.
    """
    _withheld[state_dir.resolve()] = {}
    try:
        yield
    finally:
        _withheld.pop(state_dir.resolve(), None)


def move_backend(state_dir: Path, backend: str) -> None:
    """Remember that the project's data is in `backend` from now on, and what was learned of it meanwhile."""
    learned = _withheld.pop(state_dir.resolve(), {})
    remember(state_dir, **(learned | {"backend": backend}))


def forget(state_dir: Path) -> None:
    """Empty the memory."""
    (state_dir / _FILE).unlink(missing_ok=True)
