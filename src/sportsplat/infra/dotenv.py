"""The project's `.env`: where generated secrets are kept, among the user's own lines."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path

_PARTIAL = ".partial"
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
    """Replace the file at `path` by a private (0600) one with `text`, in one step and flushed to the disk.

    What a killed process left of its new content is removed by the next.
    """
    target = path.resolve()
    for left in target.parent.glob(f"{glob.escape(target.name)}.*{_PARTIAL}"):
        _remove_if_left(left)
    partial = target.with_name(f"{target.name}.{os.getpid()}{_PARTIAL}")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _remove_if_left(partial: Path) -> None:
    """Remove the file of a process that is no more, which may hold a secret."""
    from sportsplat.infra.processes import is_alive

    number = partial.name.removesuffix(_PARTIAL).rpartition(".")[2]
    if number.isdecimal() and (int(number) == os.getpid() or not is_alive(int(number))):
        partial.unlink(missing_ok=True)
