"""Choosing the TCP port of the embedded server."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from typing import Literal

from sportsplat.errors import ResourceConflict

USUAL = 5433
"""First choice: beside, not on, the port of a PostgreSQL that is installed already."""


def candidates(
    wanted: int | Literal["auto"], remembered: int | None, host: str, attempts: int = 5
) -> Iterator[int]:
    """Yield ports to try in turn, each free when yielded.

    A fixed port is the only candidate; raises ResourceConflict (`PORT_TAKEN`) when it is taken. With
    `auto`: the one remembered, the usual one, then any that the system gives.
    """
    if wanted != "auto":
        refuse_taken(wanted, host)
        yield wanted
        return
    tried: set[int] = set()
    for port in (remembered, USUAL, *(0 for _ in range(attempts))):
        if port is None or port in tried:
            continue
        chosen = port or _any_free(host)
        if is_free(chosen, host):
            tried.add(chosen)
            yield chosen


def refuse_taken(port: int, host: str) -> None:
    """Raise ResourceConflict (`PORT_TAKEN`, `PORT_NOT_ALLOWED`) unless one could listen on `port` now."""
    reason = _refusal(port, host)
    if reason == errno.EACCES:
        raise not_allowed(port)
    if reason is not None:
        raise port_taken(port)


def is_free(port: int, host: str) -> bool:
    """Whether a server could listen on `port` of `host` now."""
    return _refusal(port, host) is None


def _refusal(port: int, host: str) -> int | None:
    """Return the number of the error with which the system refuses a port, None when it gives it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            return error.errno
    return None


def port_taken(port: int) -> ResourceConflict:
    """Return the error for a fixed port that is taken, naming its holder where the system tells."""
    who = holder(port)
    return ResourceConflict(
        f"port {port} is taken",
        cause=f"{who} listens on it; infra.port asks for exactly this port",
        fix="sportsplat up --port auto",
        code="PORT_TAKEN",
        port=port,
    )


def not_allowed(port: int) -> ResourceConflict:
    """Return the error for a port that the system does not give to the user who runs the server."""
    return ResourceConflict(
        f"the server may not listen on port {port}",
        cause="permission denied: most systems keep the ports below 1024 for themselves, and the embedded "
        "server never runs as root",
        fix="sportsplat up --port auto",
        code="PORT_NOT_ALLOWED",
        port=port,
    )


def none_left(wanted: int | Literal["auto"]) -> ResourceConflict:
    """Return the error for when every port that was free a moment ago was taken by another before us."""
    if wanted != "auto":
        return port_taken(wanted)
    return ResourceConflict(
        "no port could be had: others took each free one first",
        cause="several programs are opening ports at this moment",
        fix="run `sportsplat up` again, or name a port: sportsplat up --port 5544",
        code="PORT_TAKEN",
    )


def _any_free(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def holder(port: int) -> str:
    """Return the process that listens on a port, as far as the system tells this user."""
    import psutil

    try:
        for connection in psutil.net_connections(kind="tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and _port_of(connection.laddr) == port
                and connection.pid
            ):
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return "another process"


def _port_of(address: tuple[object, ...]) -> object:
    return address[1] if len(address) > 1 else None
