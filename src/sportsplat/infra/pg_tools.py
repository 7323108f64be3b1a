"""Which `pg_dump` and which `pg_restore`: one of the two majors in the wheel, or the system's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.binaries import bin_dir


@dataclass(frozen=True)
class Tool:
    """A program, and the variables that it needs beside those of the connection."""

    program: Path
    variables: dict[str, str] = field(default_factory=dict)


def pg_dump(server_major: int, *, encrypted: bool) -> Tool:
    """Return a `pg_dump` that is not older than the server, and that encrypts if it has to.

    encrypted: whether the driver's own connection is. The wheel's pg_dump cannot by itself. On Linux it is
    given the driver's libpq, which can; elsewhere the system's pg_dump has to be recent enough.
    Raises EnvironmentUnavailable (`PG_DUMP_TOO_OLD`).
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
    why = "cannot encrypt" if encrypted else "is older"
    beside = f"version {version}" if system is not None else "none"
    raise EnvironmentUnavailable(
        f"no pg_dump here can read the server, PostgreSQL {server_major}",
        cause=f"the one that came with pip {why}, and the system has {beside}",
        fix=f"install the client programs of PostgreSQL {server_major} or later, so that pg_dump is found",
        code="PG_DUMP_TOO_OLD",
    )


def pg_restore() -> Path:
    """Return the newest `pg_restore` of the wheel: it reads what any older `pg_dump` wrote.

    It only ever turns a file into SQL, so it needs neither a connection nor a password.
    """
    return _of_wheel("pg_restore")[-1][1]


def _of_wheel(program: str) -> list[tuple[int, Path]]:
    """Return major and path of the wheel's builds of a program, oldest first."""
    usual = bin_dir()
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
