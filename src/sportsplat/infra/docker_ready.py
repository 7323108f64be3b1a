"""When a database in Docker is ready: its port answers, then a query as its real user finds the marker."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from sportsplat.infra import probe
from sportsplat.infra.environment import Endpoint

MARKER = "SELECT current_setting('sportsplat.initialised', true)"
"""Set on the database by the last statement of its initialisation, so that each session sees it."""

_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
_PROBE_S = 1.0
_ANSWER_S = 5.0
_NEVER = ("no pg_hba.conf entry", "could not open file")
"""What a server says whose initialisation was cut off late: it runs, and lets nobody in."""


@dataclass(frozen=True)
class Seen:
    """What the database said: the revision at which it was initialised (None: never), its version, rows."""

    marker: str | None
    version: str
    answer: list[str]


def listens(host: str, port: int) -> bool:
    """Whether a PostgreSQL answers on a port: the engine's proxy accepts connections long before it does.

    PostgreSQL answers one byte to the question whether it encrypts, before it asks who we are.
    """
    try:
        with socket.create_connection((host, port), _PROBE_S) as connection:
            connection.settimeout(_PROBE_S)
            connection.sendall(_SSL_REQUEST)
            return connection.recv(1) in (b"N", b"S")
    except OSError:
        return False


def look(endpoint: Endpoint, question: str | None = None) -> Seen:
    """Ask as the real user in the real database; raises probe.RefusedError."""
    statements = [MARKER, "SHOW server_version", *([question] if question is not None else [])]
    marker, version, *answer = probe.ask(endpoint, *statements, timeout_s=_ANSWER_S)
    return Seen(marker or None, version, answer)


def is_verdict(refused: probe.RefusedError) -> bool:
    """Whether a refusal will not change by waiting: the server is up, and does not know us."""
    lost = any(words in str(refused) for words in _NEVER)
    return lost or refused.wrong_password or refused.no_database
