"""Asking the embedded server through the wheel's `psql`: ten times as fast as loading a driver."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.binaries import bin_dir
from sportsplat.infra.environment import Endpoint

_UNDEFINED_TABLE = "42P01"


class RefusedError(Exception):
    """The server or the way to it said no; the message is psql's."""

    @property
    def wrong_password(self) -> bool:
        """Whether it was the password (or the user, which PostgreSQL does not tell apart)."""
        return "password authentication failed" in str(self) or "no password supplied" in str(self)

    @property
    def no_database(self) -> bool:
        """Whether the server is there and lacks the database."""
        return "database" in str(self) and "does not exist" in str(self)


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
    raise RefusedError(" ".join(done.stderr.split()))


def psql() -> Path:
    """Return the path of the wheel's `psql`."""
    return bin_dir() / "psql"


def psql_environment(endpoint: Endpoint) -> dict[str, str]:
    """Return the variables with which `psql` finds `endpoint`: the password is not on its command line."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    found = {
        "PGHOST": endpoint.socket_dir or endpoint.host,
        "PGPORT": str(endpoint.port),
        "PGDATABASE": endpoint.database,
        "PGUSER": endpoint.user,
        "PGPASSWORD": endpoint.password,
        **{_variable(key): value for key, value in endpoint.parameters.items()},
    }
    return kept | {key: value for key, value in found.items() if value}


def _variable(parameter: str) -> str:
    """Return libpq's environment variable for a connection parameter."""
    odd = {"application_name": "PGAPPNAME", "connect_timeout": "PGCONNECT_TIMEOUT"}
    return odd.get(parameter, f"PG{parameter.replace('_', '').upper()}")


def unreachable(endpoint: Endpoint, why: str, fix: str) -> EnvironmentUnavailable:
    """Return the error for a server that does not answer."""
    return EnvironmentUnavailable(
        f"the database at {endpoint.url()} does not answer", cause=why, fix=fix, code="DATABASE_UNREACHABLE"
    )
