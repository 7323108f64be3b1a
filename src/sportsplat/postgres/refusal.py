"""Why a server refused a connection: by its SQLSTATE, since the words are in the server's language.

libpq keeps the code of a refused connection to itself, but writes it into its message when it is set to be
terse. psycopg does not wrap that switch, and offers the connection's pointer for such cases.
"""

from __future__ import annotations

import ctypes
import re
import select
import time
from functools import cache
from pathlib import Path

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from sportsplat.errors import ConfigError
from sportsplat.postgres.session import CONNECT_TIMEOUT_S, session_conninfo

WRONG_PASSWORD = ("28P01", "28000")
"""invalid_password; invalid_authorization_specification: no such user, or none that may come from here."""
NO_DATABASE = "3D000"
STARTING = "57P03"
"""cannot_connect_now: it starts, stops or recovers."""
TOO_MANY = "53300"
PROTOCOL = "08P01"
"""protocol_violation: what poolers answer to startup parameters that they do not pass on."""

_POOLERS_WORDS = "authentication failed"
"""PgBouncer has no code for a wrong password, and its words are never translated."""
_SQLSTATE_ONLY = 3  # PQERRORS_SQLSTATE
_CODE = re.compile(r":\s+([0-9A-Z]{5})\s*$", re.MULTILINE)


def sqlstate(error: psycopg.OperationalError, dsn: str) -> str | None:
    """Return the SQLSTATE with which the server refused the connection that raised `error`.

    None when no server refused: none is there, or it is unknown. The server is asked once more, because
    the message in its own language is the one to show.
    """
    if error.sqlstate is not None:
        return error.sqlstate
    if error.pgconn is not None and error.pgconn.needs_password:
        return "28P01"
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return None
    state = sqlstate_on_retry(dsn)
    if state == PROTOCOL and _POOLERS_WORDS in str(error):
        return WRONG_PASSWORD[0]
    return state


def sqlstate_on_retry(dsn: str) -> str | None:
    """Connect, and return the SQLSTATE of the refusal; None when there is none, or no server."""
    terse = _switch()
    if terse is None:
        return None
    connection = pq.PGconn.connect_start(session_conninfo(dsn).encode())
    try:
        if connection.status != pq.ConnStatus.BAD:
            terse(getattr(connection, "pgconn_ptr"), _SQLSTATE_ONLY)  # noqa: B009 - its type does not tell it
            wait_s = float(conninfo_to_dict(dsn).get("connect_timeout") or CONNECT_TIMEOUT_S)
            if not _refused(connection, time.monotonic() + wait_s):
                return None
        if connection.needs_password:
            return "28P01"
        found = _CODE.findall(connection.get_error_message())
        return found[-1] if found else None
    finally:
        connection.finish()


def options_refused(where: str, reason: str) -> ConfigError:
    """Return the error for a pooler that passes no startup options on to its server."""
    return ConfigError(
        "the connection pooler refuses the options in the database URL",
        cause=f"{where}: {reason}",
        fix="take `options=…` out of DATABASE_URL: settings of a user belong to the server "
        "(ALTER ROLE … SET …), and the program sets what it needs itself",
        code="OPTIONS_REFUSED",
    )


def _refused(connection: pq.abc.PGconn, end: float) -> bool:
    """Go through the start of a connection; return whether it was refused before `end`."""
    while (state := connection.connect_poll()) not in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
        reading = [connection.socket] if state == pq.PollingStatus.READING else []
        writing = [connection.socket] if state == pq.PollingStatus.WRITING else []
        left_s = end - time.monotonic()
        if left_s <= 0 or not any(select.select(reading, writing, [], left_s)):
            return False
    return state == pq.PollingStatus.FAILED


@cache
def _switch() -> ctypes._NamedFuncPointer | None:
    """Return `PQsetErrorVerbosity` of the very library that psycopg uses; None if that is not known."""
    if pq.__impl__ != "binary":
        return None
    import psycopg_binary

    folder = Path(psycopg_binary.__file__).parent
    beside = [*folder.parent.glob("psycopg_binary.libs/libpq-*"), *folder.glob(".dylibs/libpq.*")]
    if not beside:
        return None
    function = ctypes.CDLL(str(beside[0])).PQsetErrorVerbosity
    function.argtypes = [ctypes.c_void_p, ctypes.c_int]
    return function
