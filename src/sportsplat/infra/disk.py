"""Disk space: how much is free, how a full disk is recognised, and the error for it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable

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


def need(folder: Path, bytes_needed: int, purpose: str) -> None:
    """Raise EnvironmentUnavailable (`DISK_FULL`) unless `folder` has room for `bytes_needed`."""
    if free_bytes(folder) < bytes_needed:
        raise full(folder, bytes_needed, purpose)


def full(folder: Path, bytes_needed: int, purpose: str, said: str = "") -> EnvironmentUnavailable:
    """Return the error for a full disk; `purpose`: what needs the bytes; `said`: the words of who failed."""
    free = free_bytes(folder)
    words = f": {' '.join(said.split())}" if said else ""
    return EnvironmentUnavailable(
        f"the disk that holds {folder} is full",
        cause=f"{purpose} needs {_megabytes(bytes_needed)}, and {_megabytes(free)} are free{words}",
        fix=f"make room (df -h {folder}), or set infra.state_dir to a folder on another disk; then run the "
        "same command again",
        code="DISK_FULL",
        free_bytes=free,
        needed_bytes=bytes_needed,
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
