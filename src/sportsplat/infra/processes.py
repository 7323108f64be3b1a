"""Telling which processes belong to a data directory: those that work in it, as all processes of a server do.

A process number alone proves nothing, since numbers are used again; and a command line names the folder as it
was before the project was moved.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from sportsplat.infra.account import server_account
from sportsplat.infra.binaries import bin_dir

_PROC = "/proc"


def works_in(pid: int, data_dir: Path) -> bool:
    """Whether `pid` is a live PostgreSQL process (a zombie is not) whose working directory is `data_dir`."""
    try:
        folder = _folder_in_proc(pid, data_dir) if sys.platform == "linux" else _folder_by_psutil(pid)
        return folder is not None and Path(folder).samefile(data_dir)
    except OSError:
        return False


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    if sys.platform != "linux":
        import psutil

        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False
    try:
        state = Path(f"{_PROC}/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state not in (b"Z", b"X")


def workers(data_dir: Path) -> list[int]:
    """Return the numbers of all live PostgreSQL processes of `data_dir`."""
    return [pid for pid in _all_numbers() if works_in(pid, data_dir)]


def _all_numbers() -> Iterable[int]:
    if sys.platform != "linux":
        import psutil

        return psutil.pids()
    return [int(name) for name in os.listdir(_PROC) if name.isdecimal()]  # noqa: PTH208


def _folder_in_proc(pid: int, data_dir: Path) -> str | None:
    """Return the working directory of a PostgreSQL process; OSError for a process that is gone or a zombie.

    In a container even root may not look into the processes of others; then the server's own account looks.
    """
    with open(f"{_PROC}/{pid}/comm", "rb") as comm:  # noqa: PTH123 (asked of every process there is)
        if b"postgres" not in comm.read():
            return None
    link = f"{_PROC}/{pid}/cwd"
    try:
        return os.readlink(link)  # noqa: PTH115
    except PermissionError:
        if os.geteuid() != 0:
            raise
    account = server_account(data_dir, [data_dir, bin_dir()])
    return account.run(["readlink", link], capture_output=True).stdout.strip() or None


def _folder_by_psutil(pid: int) -> str | None:
    """Return the working directory of a PostgreSQL process on a system without /proc."""
    import psutil

    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
        return process.cwd() if alive else None
    except psutil.Error:
        return None
