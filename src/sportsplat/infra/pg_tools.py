"""Which `pg_dump` and which `pg_restore`: one of the two majors in the wheel, or the system's."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.binaries import bin_dir

_ENCRYPTED_ONLY = frozenset({"require", "verify-ca", "verify-full"})


def pg_dump(server_major: int, *, encrypted: bool, sslmode: str | None = None) -> Path:
    """Return a `pg_dump` that is not older than the server.

    encrypted: the driver's own connection to that server is. Then the system's is taken, where it is recent
    enough: the wheel's cannot encrypt, and serves only where `sslmode` allows a connection without.
    Raises EnvironmentUnavailable (`PG_DUMP_TOO_OLD`).
    """
    wheel = next((tool for major, tool in _of_wheel("pg_dump") if major >= server_major), None)
    if encrypted or wheel is None:
        system = shutil.which("pg_dump")
        if system is not None and _major(system) >= server_major:
            return Path(system)
    if wheel is not None and not (encrypted and sslmode in _ENCRYPTED_ONLY):
        return wheel
    why = "the one that came with pip cannot encrypt" if encrypted else "the one that came with pip is older"
    raise EnvironmentUnavailable(
        f"no pg_dump here can read the server, PostgreSQL {server_major}",
        cause=f"{why}, and the system has {_system_version()}",
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


def _major(program: str) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\) (\d+)", done.stdout)
    return int(version[1]) if version is not None else 0


def _system_version() -> str:
    system = shutil.which("pg_dump")
    return "none" if system is None else f"version {_major(system)}"
