"""What a project remembers between two commands: its backend and the port it was given."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat.infra.private_file import replace_file

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings


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
    """Add facts to the memory of `state_dir`, None to forget one; nothing is written when nothing changed."""
    withheld = _withheld.get(state_dir.resolve())
    if withheld is not None:
        withheld.update({key: facts.pop(key) for key in _OF_THE_BACKEND & facts.keys()})
    before = recall(state_dir)
    after = {key: value for key, value in {**before, **facts}.items() if value is not None}
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


_LONGEST_SLUG = 32


def project_name(settings: Settings) -> str:
    """Return the name that the settings give, else the one remembered, else one made from the folder.

    Remembered, it stays when the folder is moved; made from the whole path, two folders of one name differ.
    """
    if settings.infra.project is not None:
        return settings.infra.project
    remembered = recall(settings.state_dir).get("project")
    return remembered if isinstance(remembered, str) else name_of(settings.project_dir)


def name_of(folder: Path) -> str:
    """Return a name made from a folder: its own in lower case, and six digits of a hash of its path."""
    slug = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:6]
    return f"{slug or 'sportsplat'}-{digest}"
