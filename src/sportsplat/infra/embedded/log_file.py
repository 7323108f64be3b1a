"""The log file of the embedded server: read, followed, rotated."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path


def tail_from(log: Path, offset: int) -> str:
    """Return what was written to `log` after `offset`."""
    try:
        with log.open("rb") as handle:
            handle.seek(offset)
            return handle.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def read(path: Path, lines: int, follow: bool, *, pause_s: float = 0.2) -> Iterator[str]:
    """Yield the last `lines` lines of a file; with `follow`, wait for more until the caller stops.

    A file that is not there yet has no lines. A file replaced by a new one of the same name is followed anew.
    """
    position = 0
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as handle:
            yield from (line.rstrip("\n") for line in deque(handle, maxlen=lines))
            position = handle.tell()
    while follow:
        size = path.stat().st_size if path.exists() else 0
        if size < position:
            position = 0
        if size > position:
            with path.open(encoding="utf-8", errors="replace") as handle:
                handle.seek(position)
                yield from (line.rstrip("\n") for line in handle)
                position = handle.tell()
        else:
            time.sleep(pause_s)


def rotate(log: Path, limit_bytes: int = 5_000_000) -> None:
    """Keep one old log beside the present one when it has grown beyond the limit."""
    if log.exists() and log.stat().st_size > limit_bytes:
        log.replace(log.with_suffix(f".{time.strftime('%Y%m%d')}.log"))
