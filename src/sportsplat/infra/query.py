"""Queries of a server, through psycopg: its version, which cluster it is, whether it is ready.

The driver is imported with the first query, so that `--help` does not wait for it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

from sportsplat.redact import redact

if TYPE_CHECKING:
    from sportsplat.infra.environment import Endpoint
    from sportsplat.postgres.session import Session

_LEAST_CONNECT_S = 2  # libpq does not wait for less
_GRACE_S = 1.0  # for the server to end a query by itself, before the connection is cut


class RefusedError(Exception):
    """The server refused the connection or the query, or none answered; the message is in its language.

    sqlstate: with which the server refused; None where no server did.
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
    """Return the first column of all rows of one or several queries of a server on this machine.

    The first query that names a table that does not exist has no rows, and ends it.
    timeout_s: for the connection and for each query, so that one that waits for a lock ends, and one of a
    server that hangs. Raises RefusedError.
    """
    import psycopg
    from psycopg.conninfo import make_conninfo

    limit = f"-c statement_timeout={round(timeout_s * 1000)}"
    found: list[str] = []
    connect_s = max(_LEAST_CONNECT_S, round(timeout_s))
    with connect(make_conninfo(endpoint.dsn(), connect_timeout=connect_s, options=limit)) as session:
        try:
            for sql in statements:
                with _cut_after(session, timeout_s + _GRACE_S):
                    rows = first_column(session, sql)
                if rows is None:
                    break
                found += rows
        except psycopg.Error as error:
            raise RefusedError(_words(error), error.sqlstate) from error
    return found


def connect(dsn: str) -> Session:
    """Return a session of a server; raises RefusedError when the server refuses it or does not answer."""
    import psycopg

    from sportsplat.postgres import refusal
    from sportsplat.postgres.session import Session

    try:
        return Session.begin(dsn, autocommit=True)
    except psycopg.OperationalError as error:
        raise RefusedError(_words(error), refusal.sqlstate(error, dsn)) from error
    except psycopg.Error as error:
        raise RefusedError(_words(error), error.sqlstate) from error


@contextmanager
def _cut_after(session: Session, seconds: float) -> Iterator[None]:
    """Cut the connection after some seconds: a server that was frozen does not end its queries itself."""
    duplicate = socket.socket(fileno=os.dup(session.fileno()))
    timer = Timer(seconds, duplicate.shutdown, (socket.SHUT_RDWR,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        duplicate.close()


def first_column(session: Session, sql: str) -> list[str] | None:
    """Return the first column of a query as the server's text, "" for NULL; None when its table is missing.

    Raises psycopg.Error.
    """
    import psycopg

    try:
        result = session.execute(sql.encode()).pgresult
    except psycopg.errors.UndefinedTable:
        return None
    assert result is not None  # noqa: S101 (a query was executed)
    return [(result.get_value(row, 0) or b"").decode() for row in range(result.ntuples)]


def _words(error: Exception) -> str:
    return redact(" ".join(str(error).split()))
