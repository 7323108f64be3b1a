"""The lines of a `.env` file, as python-dotenv reads them; the only reader of such files here."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sportsplat.errors import ConfigError
from sportsplat.paths import display_path


class Assignment(NamedTuple):
    """One assignment, or what stands between two of them. `text` is what stands in the file.

    name: None for a comment, a blank or a malformed line. line: where its text begins, from 1.
    """

    name: str | None
    value: str
    line: int
    text: str
    malformed: bool


def read(path: Path) -> list[Assignment]:
    """Return the lines of a `.env` file, whose texts put together are the file; `$` is taken literally.

    Of an absent file that is nothing. Raises ConfigError (`UNREADABLE`).
    """
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error
    found = []
    for binding in bindings:
        text = binding.original.string
        blanks = text[: len(text) - len(text.lstrip())]
        line = binding.original.line + len(blanks.splitlines())
        no_value = binding.key is not None and binding.value is None
        found.append(
            Assignment(binding.key, binding.value or "", line, text, bool(binding.error) or no_value)
        )
    return found


def unreadable(path: Path, error: Exception) -> ConfigError:
    """Return the error for a `.env` that cannot be read, with what mends it."""
    shown = display_path(path)
    cause, fix = type(error).__name__, "make it a readable UTF-8 file"
    if isinstance(error, IsADirectoryError):
        cause = "it is a folder"
        fix = f"rename the folder: mv {shown} {shown}.folder; .env is a file with lines NAME=value"
    elif isinstance(error, PermissionError):
        cause = f"it is not yours to read: {owned_by(path)}"
        fix = f"sudo chown $(id -u) {shown}, or run the command as its owner"
    elif isinstance(error, UnicodeDecodeError):
        cause, fix = f"it is not UTF-8: {error.reason} at byte {error.start}", f"save {shown} as UTF-8"
    return ConfigError(f"cannot read {shown}", cause=cause, fix=fix, code="UNREADABLE")


def owned_by(path: Path) -> str:
    """Return owner and mode of a file, for the cause of an error."""
    try:
        found = path.stat()
    except OSError:
        return "its folder cannot be opened"
    return f"it belongs to user {found.st_uid} and has mode {found.st_mode & 0o7777:03o}"
