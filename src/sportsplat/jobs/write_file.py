"""Files that a user asked for: whole or not at all, and never over something that is not ours."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable, ResourceConflict, UsageError

HTML_SUFFIXES = (".html", ".htm")
HEAD = 4096  # bytes in which a report tells what it is


def refuse_foreign(path: Path, generator: str, flag: str = "--report", name: str = "backtest.html") -> None:
    """Raise before any work when an HTML page cannot or must not be written to `path`.

    An earlier page, which says `generator` in its head, may be replaced. `flag` is where the user named the
    file, `name` a good one. Raises UsageError (BAD_FORMAT) when its ending is that of something else than
    HTML, ResourceConflict (FILE_EXISTS) when something else is there, EnvironmentUnavailable (NOT_WRITABLE).
    """
    if path.is_dir():
        raise ResourceConflict(f"{path} is a folder", fix=f"{flag} {path / name}", code="FILE_EXISTS")
    if path.suffix.lower() not in HTML_SUFFIXES:
        raise UsageError(
            f"{path.name} is no name of an HTML page, which is what is written",
            cause=f"{flag} {path}",
            fix=f"{flag} {path.with_suffix('.html')}",
            code="BAD_FORMAT",
        )
    place = next(folder for folder in path.absolute().parents if folder.exists())
    if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        raise EnvironmentUnavailable(
            f"{path} cannot be written",
            cause=f"{place} is {'not writable' if place.is_dir() else 'no folder'} ({flag} {path})",
            fix=f"name another place with {flag}",
            code="NOT_WRITABLE",
        )
    if not path.exists():
        return
    with path.open("rb") as file:
        head = file.read(HEAD).decode("utf-8", "replace")
    if head and generator not in head:
        raise ResourceConflict(
            f"{path} exists and is not a report of sportsplat; it is left alone",
            cause=flag,
            fix=f"name another file with {flag}, or move that one away",
            code="FILE_EXISTS",
        )


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` in one step, making its folder: a reader finds the old file or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
