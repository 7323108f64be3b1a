"""The project's `.env`: where generated secrets are kept, among the user's own lines."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ASSIGNMENT = r"^\s*(?:export\s+)?{key}\s*=\s*(.*?)\s*$"


def read_value(path: Path, key: str) -> str | None:
    """Return the value that `path` gives to `key`, its quotes removed; None when absent or empty."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    found = re.findall(_ASSIGNMENT.format(key=re.escape(key)), text, flags=re.MULTILINE)
    if not found:
        return None
    value: str = found[-1]
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1] or None
    return value.split(" #", 1)[0].rstrip() or None


def write_value(path: Path, key: str, value: str) -> None:
    """Set `key` in the file at `path`, keeping every other line; the file becomes (0600) private to its user.

    `value` must need no quoting (letters, digits, `-`, `_`). The new content replaces the old in one step,
    so that a process killed half-way leaves one or the other, never a part.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = ["# Secrets of this project. Never commit this file."]
    pattern = re.compile(_ASSIGNMENT.format(key=re.escape(key)))
    kept = [line for line in lines if not pattern.match(line)]
    replace_file(path, "\n".join([*kept, f"{key}={value}"]) + "\n")


def replace_file(path: Path, text: str) -> None:
    """Replace the file at `path` by a private (0600) one with `text`, in one step and flushed to the disk."""
    import tempfile

    target = path.resolve()
    fd, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
