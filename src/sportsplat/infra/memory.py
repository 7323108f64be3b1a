"""What a project remembers between two commands: its backend and the port it was given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sportsplat.infra.dotenv import replace_file

_FILE = "state.json"


def recall(state_dir: Path) -> dict[str, Any]:
    """Return what was remembered in `state_dir`; an absent or unreadable memory is an empty one."""
    try:
        memory = json.loads((state_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def remember(state_dir: Path, **facts: Any) -> None:
    """Add facts to the memory of `state_dir`; nothing is written when nothing changed."""
    before = recall(state_dir)
    after = {**before, **facts}
    if after != before:
        state_dir.mkdir(parents=True, exist_ok=True)
        replace_file(state_dir / _FILE, json.dumps(after, indent=2) + "\n")


def forget(state_dir: Path) -> None:
    """Empty the memory."""
    (state_dir / _FILE).unlink(missing_ok=True)
