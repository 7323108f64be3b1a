"""Running `pg_dump` and `pg_restore`: a database into an archive, an archive into SQL."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from sportsplat.errors import EnvironmentUnavailable, InputRefused, ResourceConflict, SportsplatError
from sportsplat.infra import backup_file, pg_tools
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.probe import psql_environment
from sportsplat.redact import redact

Section = Literal["pre-data", "post-data"]

_COMPRESSION = "3"  # half the time of the default 6 for a quarter more bytes
_LOCK_WAIT = "10s"
_LOOK_EVERY_S = 0.1
_READ_AHEAD = 1 << 20
_OURS_ALONE = ("--no-owner", "--no-privileges", "--no-tablespaces", "--no-security-labels")


@dataclass(frozen=True)
class Source:
    """The database to dump: where it is, and the moment that another session of it holds still.

    major: of the server. encrypted: whether the driver's connection to it is.
    """

    endpoint: Endpoint
    snapshot: str
    major: int
    encrypted: bool


@contextmanager
def dumping(source: Source, new: backup_file.NewFile) -> Iterator[Callable[[Callable[[int], None]], None]]:
    """Run `pg_dump` of schema public into `new`; yields what waits for its end and tells the bytes so far.

    Left before its end, the program is stopped. Waiting raises EnvironmentUnavailable (`DISK_FULL`,
    `BACKUP_FAILED`, `NOT_ALLOWED`) and ResourceConflict (`LOCK_TIMEOUT`).
    """
    tool = pg_tools.pg_dump(source.major, encrypted=source.encrypted)
    # The password is among the variables: a command line can be read by every user of the machine.
    named = {"LC_ALL": "C", "PGAPPNAME": "sportsplat backup"}
    variables = psql_environment(source.endpoint) | named | tool.variables
    what = ["--format=custom", "--schema=public", "--encoding=UTF8", f"--snapshot={source.snapshot}"]
    how = [f"--compress={_COMPRESSION}", f"--lock-wait-timeout={_LOCK_WAIT}", "--no-password"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [str(tool.program), *what, *how, f"--file={new.partial}"],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            pass_fds=(new.fd,),
        )

        def wait(tell: Callable[[int], None]) -> None:
            while _is_running(process):
                tell(os.fstat(new.fd).st_size)
            if process.returncode != 0:
                said.seek(0)
                raise _failure(said.read().decode("utf-8", "replace"), new.path)

        try:
            yield wait
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()


def statements(archive: Path, section: Section) -> bytes:
    """Return the SQL that makes what the archive holds before or after its rows.

    Nothing about owners and privileges: both are those of the database that takes it in.
    Raises InputRefused (`BACKUP_DAMAGED`).
    """
    done = subprocess.run(_restore_command(archive, section), capture_output=True, check=False)
    if done.returncode != 0:
        raise _unreadable(archive, done.stderr)
    return without_commands(done.stdout)


def without_commands(script: bytes) -> bytes:
    r"""Return a script of `pg_restore` without the two lines that only psql knows (`\restrict`)."""
    head, found, rest = script.partition(b"\n\\restrict ")
    if not found:
        return script
    key, _, body = rest.partition(b"\n")
    return head + b"\n" + body.replace(b"\n\\unrestrict " + key, b"")


@contextmanager
def rows(archive: Path) -> Iterator[IO[bytes]]:
    """Yield the script with the archive's rows: `COPY` statements with their lines, and the sequences.

    Raises InputRefused (`BACKUP_DAMAGED`) at its end when the archive could not be read to its own.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            _restore_command(archive, "data"), stdout=subprocess.PIPE, stderr=said, bufsize=_READ_AHEAD
        )
        assert process.stdout is not None  # noqa: S101 (asked for above)
        try:
            yield process.stdout
            if process.wait() != 0:
                said.seek(0)
                raise _unreadable(archive, said.read())
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.terminate()
            process.wait()


def _restore_command(archive: Path, section: str) -> list[str]:
    options = [f"--section={section}", "--schema=public", *_OURS_ALONE, "--file=-"]
    return [str(pg_tools.pg_restore()), *options, str(archive.absolute())]


def _is_running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _failure(said: str, path: Path) -> SportsplatError:
    reason = redact(" / ".join(said.strip().splitlines()[-3:])) or "pg_dump says nothing"
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return backup_file.disk_full(path)
    if "lock timeout" in said:
        return ResourceConflict(
            "the backup waited too long for a table that somebody uses; no backup was written",
            cause=reason,
            fix="wait until a migration or restore that is running has ended, then: sportsplat db backup",
            code="LOCK_TIMEOUT",
        )
    if "permission denied" in said:
        return EnvironmentUnavailable(
            "the database's user may not read all of schema public; no backup was written",
            cause=reason,
            fix="connect as the owner of the tables, or have SELECT on them granted",
            code="NOT_ALLOWED",
        )
    return EnvironmentUnavailable(
        "pg_dump failed; no backup was written",
        cause=reason,
        fix="mend what it names, then: sportsplat db backup",
        code="BACKUP_FAILED",
    )


def _unreadable(archive: Path, said: bytes) -> InputRefused:
    return InputRefused(
        f"{archive} cannot be read to its end",
        cause=" / ".join(said.decode("utf-8", "replace").strip().splitlines()[-3:]),
        fix="use another backup: sportsplat db backups",
        code="BACKUP_DAMAGED",
    )
