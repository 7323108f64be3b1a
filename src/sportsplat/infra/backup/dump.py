"""Running `pg_dump` and `pg_restore`: a database into an archive, an archive into SQL."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Literal

from sportsplat.errors import EnvironmentUnavailable, InputRefused, SportsplatError
from sportsplat.infra.backup import file as backup_file
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.programs import client_missing, find_bin_dir, psql_environment, without_pg_variables
from sportsplat.redact import redact


@dataclass(frozen=True)
class Tool:
    """A program, and the variables that it needs beside those of the connection."""

    program: Path
    variables: dict[str, str] = field(default_factory=dict)


def pg_dump(server_major: int, *, encrypted: bool) -> Tool:
    """Return a `pg_dump` that is not older than the server, and that encrypts if it has to.

    encrypted: whether the driver's own connection is. The wheel's pg_dump cannot by itself. On Linux it is
    given the driver's libpq, which can; elsewhere the system's pg_dump has to be recent enough.
    Raises EnvironmentUnavailable (`PG_DUMP_TOO_OLD`, `BINARIES_MISSING`).
    """
    for major, program in _of_wheel("pg_dump"):
        if major >= server_major:
            variables = _driver_library(major) if encrypted else {}
            if variables is not None:
                return Tool(program, variables)
    system = shutil.which("pg_dump")
    version = 0 if system is None else _major(system)
    if system is not None and version >= server_major:
        return Tool(Path(system))
    if system is None and not _of_wheel("pg_dump"):
        raise client_missing("pg_dump")
    why = "cannot encrypt" if encrypted else "is older"
    beside = f"version {version}" if system is not None else "none"
    raise EnvironmentUnavailable(
        f"no pg_dump here can read the server, PostgreSQL {server_major}",
        cause=f"the one that came with pip {why}, and the system has {beside}",
        fix=f"install the client programs of PostgreSQL {server_major} or later, so that pg_dump is found",
        code="PG_DUMP_TOO_OLD",
    )


def pg_restore() -> Path:
    """Return the wheel's newest `pg_restore`, else the system's; it reads what an older `pg_dump` wrote.

    It only ever turns a file into SQL, so it needs neither a connection nor a password.
    Raises EnvironmentUnavailable (`BINARIES_MISSING`).
    """
    found = [program for _, program in _of_wheel("pg_restore")]
    system = shutil.which("pg_restore")
    if not found and system is None:
        raise client_missing("pg_restore")
    return found[-1] if found else Path(str(system))


def _of_wheel(program: str) -> list[tuple[int, Path]]:
    """Return major and path of the wheel's builds of a program, oldest first."""
    usual = find_bin_dir()
    if usual is None:
        return []
    folders = [usual, *usual.parent.parent.glob(f"{usual.parent.name}[0-9]*/bin")]
    found = [folder / program for folder in folders if (folder / program).is_file()]
    return sorted((_major(str(tool)), tool) for tool in found)


def _driver_library(major: int) -> dict[str, str] | None:
    """Return what makes a program of this major use the libpq of psycopg's own wheel; None if it has none.

    A libpq serves every program that is not newer than itself.
    """
    import psycopg

    spec = find_spec("psycopg_binary")
    folders = spec.submodule_search_locations if spec is not None else None
    if sys.platform != "linux" or psycopg.pq.version() < major * 10000:
        return None
    for folder in folders or ():
        for library in Path(folder).parent.glob("psycopg_binary.libs/libpq-*"):
            return {"LD_PRELOAD": str(library)}
    return None


def _major(program: str) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\) (\d+)", done.stdout)
    return int(version[1]) if version is not None else 0


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
    `BACKUP_FAILED`).
    """
    tool = pg_dump(source.major, encrypted=source.encrypted)
    # The password is among the variables: a command line can be read by every user of the machine.
    named = {"LC_ALL": "C", "PGAPPNAME": "sportsplat backup"}
    variables = psql_environment(source.endpoint) | named | tool.variables
    what = ["--format=custom", "--schema=public", "--encoding=UTF8", f"--snapshot={source.snapshot}"]
    how = [f"--compress={_COMPRESSION}", f"--lock-wait-timeout={_LOCK_WAIT}", "--no-password"]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [str(tool.program), *what, *how, f"--file={new.partial}"],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            pass_fds=(new.fd,),
        )

        def wait(report: Callable[[int], None]) -> None:
            while _is_running(process):
                report(os.fstat(new.fd).st_size)
            if process.returncode != 0:
                output.seek(0)
                raise _failure(output.read().decode("utf-8", "replace"), new.path)

        try:
            yield wait
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()


def dump_schema(endpoint: Endpoint, major: int, archive: Path, *, encrypted: bool) -> None:
    """Write what schema public of a database is made of, without a row, into a new archive.

    major, encrypted: as in `Source`. Raises EnvironmentUnavailable (`BACKUP_FAILED`, `DISK_FULL`).
    """
    tool = pg_dump(major, encrypted=encrypted)
    variables = (
        psql_environment(endpoint) | {"LC_ALL": "C", "PGAPPNAME": "sportsplat restore"} | tool.variables
    )
    what = ["--format=custom", "--schema=public", "--schema-only", "--encoding=UTF8", *_OURS_ALONE]
    command = [str(tool.program), *what, "--no-password", f"--file={archive}"]
    done = subprocess.run(command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise _failure(done.stderr.decode("utf-8", "replace"), archive)


def statements(archive: Path, section: Section) -> bytes:
    """Return the SQL that makes what the archive holds before or after its rows.

    Nothing about owners and privileges: both are those of the database that takes it in.
    Raises InputRefused (`BACKUP_DAMAGED`).
    """
    command = _restore_command(archive, section)
    done = subprocess.run(command, capture_output=True, check=False, env=without_pg_variables())
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
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            _restore_command(archive, "data"),
            stdout=subprocess.PIPE,
            stderr=output,
            bufsize=_READ_AHEAD,
            env=without_pg_variables(),
        )
        assert process.stdout is not None  # noqa: S101 (asked for above)
        try:
            yield process.stdout
            if process.wait() != 0:
                output.seek(0)
                raise _unreadable(archive, output.read())
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.terminate()
            process.wait()


def _restore_command(archive: Path, section: str) -> list[str]:
    options = [f"--section={section}", "--schema=public", *_OURS_ALONE, "--file=-"]
    return [str(pg_restore()), *options, str(archive.absolute())]


def _is_running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _failure(output: str, path: Path) -> SportsplatError:
    reason = redact(" / ".join(output.strip().splitlines()[-3:])) or "pg_dump says nothing"
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return backup_file.disk_full(path)
    return EnvironmentUnavailable(
        "pg_dump failed; no backup was written",
        cause=reason,
        fix="fix what it reports, then: sportsplat db backup",
        code="BACKUP_FAILED",
    )


def _unreadable(archive: Path, output: bytes) -> InputRefused:
    return InputRefused(
        f"{archive} cannot be read to its end",
        cause=" / ".join(output.decode("utf-8", "replace").strip().splitlines()[-3:]),
        fix="use another backup: sportsplat db backups",
        code="BACKUP_DAMAGED",
    )
