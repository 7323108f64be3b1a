"""Making a PostgreSQL data directory so that at no moment a half-made one can be mistaken for a whole one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sportsplat.errors import DataConflict, EnvironmentUnavailable
from sportsplat.infra.account import Account
from sportsplat.infra.binaries import MAJOR, bin_dir

CONFIGURATION = "sportsplat.conf"
_MARKER = "sportsplat-complete.json"
UNFINISHED = "unfinished-"
_LOCALE = ("--encoding=UTF8", "--locale=C.UTF-8", "--lc-messages=C")


@dataclass(frozen=True)
class Owner:
    """The role that owns the database, and its password."""

    user: str
    password: str
    database: str

    def __repr__(self) -> str:
        return f"Owner(user={self.user!r}, database={self.database!r})"


def initialise(data_dir: Path, owner: Owner, account: Account, *, lock_fd: int, flush: bool = True) -> None:
    """Make a data directory with the owner's role and database, and put it at `data_dir` in one step.

    Everything happens in a temporary folder beside it, is flushed to the disk, and is renamed at the end.
    The programs inherit `lock_fd`, so that if we are killed they keep the lock until they are gone too.
    `flush` False is for data that may be lost.
    """
    work = data_dir.parent / f"{UNFINISHED}{os.getpid()}-{os.urandom(4).hex()}"
    work.mkdir(mode=0o700)
    account.give(work)
    try:
        made = work / "data"
        _initdb(made, _password_file(work, owner.password, account), owner, account, lock_fd)
        _include_configuration(made, account)
        create = f"CREATE DATABASE {quoted_name(owner.database)}"
        run_single_user(made, create, account, lock_fd, settings={"fsync": "off"})
        if flush:
            _flush_tree(made, account, lock_fd)
        made.rename(data_dir)
        flush_folder(data_dir.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


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


def run_single_user(
    data_dir: Path, sql: str, account: Account, lock_fd: int, settings: Mapping[str, str] | None = None
) -> None:
    """Run one statement in single-user mode: no server, no socket, no password. The server must be stopped.

    The statement goes through stdin, so that it may hold a secret.
    """
    applied = {"log_min_error_statement": "panic", **(settings or {})}
    options = [word for name, value in applied.items() for word in ("-c", f"{name}={value}")]
    command = ["postgres", "--single", "-D", str(data_dir), *options, "postgres"]
    _program(command, account, lock_fd, text_in=sql + ";\n")


def quoted_name(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """Return `text` as an SQL literal that does not depend on the session's settings."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def flush_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a loss of power."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _password_file(work: Path, password: str, account: Account) -> Path:
    path = work / "password"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as handle:
        handle.write(password + "\n")
    account.give(path)
    return path


def _initdb(data_dir: Path, password_file: Path, owner: Owner, account: Account, lock_fd: int) -> None:
    """Run `initdb`; the database is flushed later, once, when it is whole."""
    who = ["-U", owner.user, f"--pwfile={password_file}", "--auth=scram-sha-256"]
    how = ["--no-sync", "--no-instructions", *_LOCALE]
    _program(["initdb", "-D", str(data_dir), *who, *how], account, lock_fd)
    password_file.unlink()


def _include_configuration(data_dir: Path, account: Account) -> None:
    """Let our settings, written at each start, win over the defaults."""
    with (data_dir / "postgresql.conf").open("a", encoding="utf-8") as handle:
        handle.write(f"\ninclude = '{CONFIGURATION}'\n")
    (data_dir / CONFIGURATION).touch(mode=0o600)
    account.give(data_dir / CONFIGURATION)


def _flush_tree(folder: Path, account: Account, lock_fd: int) -> None:
    """Make all files of the folder survive a loss of power.

    A thousand files flushed one by one take seconds on a busy disk; Linux flushes the file system in one go.
    """
    if sys.platform == "linux":
        done = subprocess.run(["sync", "--file-system", str(folder)], capture_output=True, check=False)
        if done.returncode == 0:
            return
    _program(["initdb", "--sync-only", "-D", str(folder)], account, lock_fd)


def _program(command: list[str], account: Account, lock_fd: int, text_in: str = "") -> None:
    """Run one of PostgreSQL's programs to its end; raise EnvironmentUnavailable (`INITIALISATION_FAILED`)."""
    program = str(bin_dir() / command[0])
    done = account.run([program, *command[1:]], input=text_in, capture_output=True, pass_fds=(lock_fd,))
    complaint = next((line for line in done.stderr.splitlines() if "FATAL" in line or "ERROR" in line), None)
    if done.returncode != 0 or complaint is not None:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise EnvironmentUnavailable(
            f"{command[0]} could not prepare the database",
            cause=complaint or " / ".join(last) or f"exit code {done.returncode}",
            fix="check the free space and permissions of the state folder, then run `sportsplat up` again",
            code="INITIALISATION_FAILED",
        )
