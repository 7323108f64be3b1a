"""Disk space: how much is free, and how a full disk is recognised."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

DATABASE_BYTES = 64_000_000
"""What a new database takes: 46 MB of files, the next 16 MB of write-ahead log, and the server's log."""
START_BYTES = 32_000_000
"""What a stopped server takes to start: the next 16 MB of write-ahead log, what it writes at a checkpoint."""

_FULL = (errno.ENOSPC, errno.EDQUOT)
_SAID = (*(os.strerror(number) for number in _FULL), "Check free disk space")
_NO_ROOM_BYTES = 1_000_000


def free_bytes(folder: Path) -> int:
    """Return the bytes that may still be written below `folder`, or below its nearest parent that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def is_full(problem: OSError | str) -> bool:
    """Whether an error or a program's output means that the disk (or a quota) is full."""
    if isinstance(problem, OSError):
        return problem.errno in _FULL
    return any(words.lower() in problem.lower() for words in _SAID)  # engines say it in lower case


def has_no_room(folder: Path) -> bool:
    """Whether so little is left that a server cannot even write why it ends."""
    return free_bytes(folder) < _NO_ROOM_BYTES
