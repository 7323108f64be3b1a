"""A lock between processes: one `up` or `down` at a time in one project."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sportsplat.errors import ResourceConflict
from sportsplat.infra.wait import wait_for


@dataclass(frozen=True)
class Held:
    """A lock in our hands. A child process that inherits `fd` keeps it held, even if we are killed."""

    fd: int


@contextmanager
def exclusive(path: Path, timeout_s: float) -> Iterator[Held]:
    """Hold the lock file at `path`, waiting up to `timeout_s` seconds for whoever holds it.

    The kernel drops the lock when its last holder dies, so a killed command never leaves it locked; the file
    itself stays, because removing it would let two processes lock two different files of one name.
    Raises ResourceConflict (`LOCK_HELD`) naming the holder.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not wait_for(lambda: _try(fd), timeout_s):
            raise _held_by_another(path, timeout_s)
        _sign(fd)
        yield Held(fd)
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
    """Leave our name in the file, for the message of whoever waits; a full disk keeps nobody from working."""
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
