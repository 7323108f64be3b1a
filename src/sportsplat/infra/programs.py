"""PostgreSQL's own programs on a data directory whose server is stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import disk
from sportsplat.infra.account import Account
from sportsplat.infra.binaries import bin_dir

_META_COMMAND = re.compile(r"^\\.*\n", re.MULTILINE)  # psql's own, as `\set ON_ERROR_STOP on`
_END = ";\n\n"


def run(
    command: list[str], data_dir: Path, account: Account, lock_fd: int, text_in: str | None = None
) -> None:
    """Run a program on `data_dir` to its end. It keeps the lock, should we be killed before it.

    Raises EnvironmentUnavailable (`DISK_FULL`, `INITIALISATION_FAILED`), also for an error only told.
    """
    program = [str(bin_dir() / command[0]), *command[1:]]
    done = account.run(program, input=text_in or "", capture_output=True, pass_fds=(lock_fd,))
    said = done.stderr or done.stdout
    complaint = next((line for line in said.splitlines() if "FATAL" in line or "ERROR" in line), None)
    if done.returncode == 0 and complaint is None:
        return
    if disk.is_full(said):
        raise disk.full(data_dir.parent, disk.DATABASE_BYTES, "a database", complaint or "")
    raise EnvironmentUnavailable(
        f"{command[0]} could not prepare the database",
        cause=complaint or " / ".join(said.strip().splitlines()[-3:]) or f"exit code {done.returncode}",
        fix="check the permissions of the state folder, then run `sportsplat up` again",
        code="INITIALISATION_FAILED",
    )


def single_user(
    data_dir: Path,
    statements: list[str],
    account: Account,
    lock_fd: int,
    *,
    database: str = "postgres",
    settings: Mapping[str, str] | None = None,
) -> None:
    """Run statements in single-user mode: no server, no socket, no password.

    They go through stdin, so that they may hold a secret. If we are killed, the program ends by itself.
    """
    applied = {"log_min_error_statement": "panic", **(settings or {})}
    options = [word for name, value in applied.items() for word in ("-c", f"{name}={value}")]
    command = ["postgres", "--single", "-j", "-D", str(data_dir), *options, database]
    run(command, data_dir, account, lock_fd, "".join(statement + _END for statement in statements))


def from_script(script: str) -> str:
    """Return a script of psql as one statement for `single_user`, all of which is done or nothing.

    What ends a statement there, a semicolon before an empty line, may stand inside a function's body: it is
    parted by a blank.
    """
    return _META_COMMAND.sub("", script).rstrip().removesuffix(";").replace(_END, "; \n\n")


def quoted_name(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """Return `text` as an SQL literal that does not depend on the session's settings."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
