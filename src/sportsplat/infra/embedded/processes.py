"""The processes of a PostgreSQL server: all of them work in its data directory.

A process number alone proves nothing, since numbers are used again; and a command line names the folder as it
was before the project was moved.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from sportsplat.infra.embedded.account import server_account
from sportsplat.infra.programs import bin_dir


def works_in(pid: int, data_dir: Path) -> bool:
    """Whether `pid` is a live PostgreSQL process (a zombie is not) whose working directory is `data_dir`."""
    try:
        process = psutil.Process(pid)
        if "postgres" not in process.name() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(_folder(process, data_dir)).samefile(data_dir)
    except (psutil.Error, OSError):
        return False


def workers(data_dir: Path) -> list[int]:
    """Return the numbers of all live PostgreSQL processes of `data_dir`."""
    return [pid for pid in psutil.pids() if works_in(pid, data_dir)]


def _folder(process: psutil.Process, data_dir: Path) -> str:
    """Return the working directory of a process.

    In a container even root may not look into the processes of others; then the server's own account looks.
    """
    try:
        return process.cwd()
    except psutil.AccessDenied:
        if os.geteuid() != 0:
            raise
    account = server_account(data_dir, [data_dir, bin_dir()])
    link = f"/proc/{process.pid}/cwd"
    return account.run(["readlink", link], capture_output=True).stdout.strip()
