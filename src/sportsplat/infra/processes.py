"""Telling which processes belong to a data directory: those that work in it, as all processes of a server do.

A process number alone proves nothing, since numbers are used again; and a command line names the folder as it
was before the project was moved.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from sportsplat.infra.account import server_account
from sportsplat.infra.binaries import bin_dir


def works_in(pid: int, data_dir: Path) -> bool:
    """Whether `pid` is alive (a zombie is not) and its working directory is `data_dir`."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or "postgres" not in process.name():
            return False
        return Path(_folder_of(process, data_dir)).samefile(data_dir)
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False


def workers(data_dir: Path) -> list[int]:
    """Return the numbers of all live PostgreSQL processes of `data_dir`."""
    return [process.pid for process in psutil.process_iter() if works_in(process.pid, data_dir)]


def _folder_of(process: psutil.Process, data_dir: Path) -> str:
    """Return the working directory of a process.

    In a container even root may not look at the processes of others; then the server's own account looks.
    """
    try:
        return process.cwd()
    except psutil.AccessDenied:
        if os.geteuid() != 0:
            raise
    account = server_account(data_dir, [data_dir, bin_dir()])
    return account.run(["readlink", f"/proc/{process.pid}/cwd"], capture_output=True).stdout.strip()
