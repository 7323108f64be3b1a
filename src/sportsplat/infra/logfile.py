"""Reading the end of a log, and what is added to it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path


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
