"""Making a PostgreSQL data directory so that at no moment a half-made one can be mistaken for a whole one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from sportsplat.errors import DataConflict
from sportsplat.infra import disk, programs
from sportsplat.infra.account import Account
from sportsplat.infra.binaries import MAJOR
from sportsplat.infra.birth import Birth, Owner

_MARKER = "sportsplat-complete.json"
UNFINISHED = "unfinished-"


def initialise(data_dir: Path, birth: Birth, *, templates: Path | None = None, flush: bool = True) -> bool:
    """Make a data directory with the owner's role and database, and put it at `data_dir` in one step.

    Everything happens in a temporary folder beside it, is flushed to the disk, and is renamed at the end.
    templates: the folder in which a copy of a new database is kept for the next project; returned is whether
    this is such a copy. `flush` False is for data that may be lost.
    Raises EnvironmentUnavailable (`DISK_FULL`, `INITIALISATION_FAILED`).
    """
    disk.need(data_dir.parent, disk.DATABASE_BYTES, "a new database")
    work = data_dir.parent / f"{UNFINISHED}{os.getpid()}-{os.urandom(4).hex()}"
    work.mkdir(mode=0o700)
    birth.account.give(work)
    try:
        made = work / "data"
        copied = birth.make(made, templates)
        birth.give_password(made)
        if flush:
            _flush_tree(made, birth.account, birth.lock_fd)
        made.rename(data_dir)
        flush_folder(data_dir.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return copied


def mark_complete(data_dir: Path, owner: Owner, account: Account) -> None:
    """Write the completion marker: the last step, after the database was seen to answer."""
    facts = {"user": owner.user, "database": owner.database, "major": MAJOR}
    partial = data_dir / f"{_MARKER}.partial"
    with partial.open("w", encoding="utf-8") as handle:
        json.dump(facts, handle)
        handle.flush()
        os.fsync(handle.fileno())
    account.give(partial)
    partial.rename(data_dir / _MARKER)
    flush_folder(data_dir)


def is_marked(data_dir: Path) -> bool:
    """Whether the data directory carries the completion marker."""
    return (data_dir / _MARKER).is_file()


def made_for(data_dir: Path) -> dict[str, str]:
    """Return the user, the database and the major version for which a marked data directory was made."""
    try:
        facts = json.loads((data_dir / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def check_major(data_dir: Path) -> None:
    """Raise DataConflict (`WRONG_MAJOR`) when the data was written by another major version."""
    try:
        major = (data_dir / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return
    if major != MAJOR:
        raise DataConflict(
            f"the data in {data_dir} was written by PostgreSQL {major}, and the embedded server is {MAJOR}",
            cause=f"{data_dir / 'PG_VERSION'} says {major}",
            fix=f"move {data_dir} away, run `sportsplat up`, and restore a dump made with PostgreSQL {major}",
            code="WRONG_MAJOR",
        )


def sweep(state_dir: Path) -> int:
    """Remove the temporary folders of killed initialisations, and return how many there were.

    Only for the holder of the lock: a running initialisation holds it.
    """
    leftovers = list(state_dir.glob(f"{UNFINISHED}*"))
    for folder in leftovers:
        shutil.rmtree(folder)
    return len(leftovers)


def flush_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a loss of power."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _flush_tree(folder: Path, account: Account, lock_fd: int) -> None:
    """Make all files of the folder survive a loss of power.

    A thousand files flushed one by one take seconds on a busy disk; Linux flushes the file system in one go.
    """
    if sys.platform == "linux":
        done = subprocess.run(["sync", "--file-system", str(folder)], capture_output=True, check=False)
        if done.returncode == 0:
            return
    programs.run(["initdb", "--sync-only", "-D", str(folder)], folder, account, lock_fd)
