"""The private folder of the server's Unix socket."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.account import Account

_TEMPORARY = "sportsplat-"
_LONGEST = 107 - len("/.s.PGSQL.65535")
"""Bytes that a socket's folder may have: the kernel allows 107 for the whole address."""


def socket_dir(state_dir: Path) -> Path:
    """Return the folder for the socket: in the project's state, or in a temporary one.

    That is for a path that is too long, or that holds what PostgreSQL takes for the end of a name in a list.
    """
    inside = state_dir / "run"
    if _fits(inside):
        return inside
    import hashlib
    import tempfile

    name = _TEMPORARY + hashlib.sha256(str(state_dir).encode()).hexdigest()[:16]
    usual = Path(tempfile.gettempdir()) / name
    return usual if _fits(usual) else Path("/tmp") / name  # noqa: S108 (private, and looked at by `prepare`)


def _fits(folder: Path) -> bool:
    return len(str(folder).encode()) <= _LONGEST and not set(str(folder)) & set(',"')


def prepare(folder: Path, account: Account) -> None:
    """Make the folder, private to the server's account.

    Raises EnvironmentUnavailable (`SOCKET_DIR_NOT_OURS`) when someone else made it first: the temporary
    folder is open to everyone.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = folder.lstat()
    if folder.is_symlink() or info.st_uid not in (account.uid, os.geteuid()):
        raise EnvironmentUnavailable(
            f"the folder for the server's socket belongs to someone else: {folder}",
            cause=f"it is owned by user {info.st_uid}",
            fix=f"remove {folder}, or set TMPDIR to a folder of your own, and run `sportsplat up` again",
            code="SOCKET_DIR_NOT_OURS",
        )
    folder.chmod(0o700)
    account.give(folder)


def clear_former(folder: Path) -> None:
    """Remove the folder of a server whose project was moved since: ours by its name, and empty by now."""
    if folder.name.startswith(_TEMPORARY):
        with suppress(OSError):
            folder.rmdir()


def clear(folder: Path) -> None:
    """Remove the folder with whatever a killed server left in it."""
    if not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
