"""A lock between processes: one `up` or `down` at a time in one project."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sportsplat.errors import ResourceConflict

T = TypeVar("T")


def wait_for(
    probe: Callable[[], T | None],
    timeout_s: float,
    *,
    first_pause_s: float = 0.005,
    longest_pause_s: float = 0.1,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T | None:
    """Call `probe` until it gives something true or `timeout_s` seconds passed; return that or None.

    The pause between two calls doubles from `first_pause_s` to `longest_pause_s`. The probe is always asked
    once more after the last pause, and what it raises is not caught: a probe says "not yet" by None.
    """
    deadline = clock() + timeout_s
    pause = first_pause_s
    while not (answer := probe()):
        left = deadline - clock()
        if left <= 0:
            return None
        sleep(min(pause, left))
        pause = min(pause * 2, longest_pause_s)
    return answer


@dataclass(frozen=True)
class HeldLock:
    """A lock in our hands. A child process that inherits `fd` keeps it held, even if we are killed."""

    fd: int


@contextmanager
def exclusive(path: Path, timeout_s: float) -> Iterator[HeldLock]:
    """Hold the lock file at `path`, waiting up to `timeout_s` seconds for its holder.

    The kernel drops the lock when its last holder dies, so a killed command never leaves it locked; the file
    itself stays, because removing it would let two processes lock two different files of one name.
    Raises ResourceConflict (`LOCK_HELD`) naming the holder.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not wait_for(lambda: _try(fd), timeout_s):
            raise _held_by_another(path, timeout_s)
        _sign(fd)
        yield HeldLock(fd)
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _try(fd: int) -> bool | None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return True


def _sign(fd: int) -> None:
    """Leave our name in the file, for the message of a process that waits; a full disk is ignored."""
    line = {
        "pid": os.getpid(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:3]]),
        "since": time.time(),
    }
    with suppress(OSError):
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(line).encode(), 0)


def _held_by_another(path: Path, timeout_s: float) -> ResourceConflict:
    try:
        holder = json.loads(path.read_text())
        who = f"process {holder['pid']} ({holder['command']}), for {time.time() - holder['since']:.0f} s"
    except (OSError, ValueError, KeyError, TypeError):
        who = "another process"
    return ResourceConflict(
        f"another command is working on this project's environment; gave up after {timeout_s:g} s",
        cause=f"{path} is held by {who}",
        fix="wait for it to end and run the command again, or give it more time with --timeout",
        code="LOCK_HELD",
    )
