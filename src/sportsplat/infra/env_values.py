"""One variable of the project's `.env`, read or set; every other line stays as its user wrote it."""

from __future__ import annotations

from pathlib import Path

from sportsplat.config import env_file
from sportsplat.infra.private_file import replace_file


def read_value(path: Path, *names: str) -> str | None:
    """Return the value of a variable in the file at `path`, as the settings read it; None when there is none.

    names: in any case; a later one is preferred, as are later lines. Raises ConfigError (`UNREADABLE`).
    """
    assigned = env_file.read(path)
    found = [
        assignment.value
        for name in names
        for assignment in assigned
        if _is(assignment, name) and assignment.value
    ]
    return found[-1] if found else None


def write_value(path: Path, name: str, value: str, *, instead_of: tuple[str, ...] = ()) -> None:
    """Set a variable in the file at `path`, keeping every other line; it becomes (0600) private to its owner.

    `value` must need no quoting (letters, digits, `-`, `_`). instead_of: other names that give the same
    setting, whose lines go. The new content replaces the old in one step, so that a process killed half-way
    leaves one or the other, never a part. Raises ConfigError (`UNREADABLE`).
    """
    lines = env_file.read(path)
    kept = [_kept(line, (name, *instead_of)) for line in lines]
    text = "".join(kept) if path.exists() else "# Secrets of this project. Never commit this file.\n"
    end = "\r\n" if text.endswith("\r\n") else "\n"
    between = "" if not text or text.endswith("\n") else end
    replace_file(path, f"{text}{between}{name}={value}{end}")


def _is(assignment: env_file.Assignment, name: str) -> bool:
    # As in the settings: names of our own in any case, those that others know exactly.
    found = assignment.name or ""
    return found == name or (name.startswith("SPORTSPLAT_") and found.upper() == name)


def _kept(line: env_file.Assignment, names: tuple[str, ...]) -> str:
    """Return the text of a line, or of one that goes the blank lines before it."""
    if not any(_is(line, name) for name in names):
        return line.text
    return line.text[: len(line.text) - len(line.text.lstrip())]
