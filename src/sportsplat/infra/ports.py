"""Choosing the TCP ports of the database and of the API."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from sportsplat.errors import ResourceConflict
from sportsplat.infra import errors

USUAL = 5433
"""First choice: beside, not on, the port of a PostgreSQL that is installed already."""


T = TypeVar("T")


@dataclass(frozen=True)
class PortRequest:
    """The port that a server is to get; every server of a project gets its port here.

    wanted: a fixed port, or `auto`: the one remembered, the usual one, then any that the system gives.
    own: the port that the server has already. container_on: names the container that publishes a port.
    setting, fix: what asks for a fixed port, and what to do where it is taken.
    """

    wanted: int | Literal["auto"]
    host: str
    remembered: int | None = None
    own: int | None = None
    container_on: Callable[[int], str | None] | None = None
    setting: str = "infra.port"
    fix: str = "sportsplat up --port auto"

    def start(self, start: Callable[[int], T | None]) -> T:
        """Call `start` with one port after the other until it returns a server; None: the port was lost.

        Raises ResourceConflict (`PORT_TAKEN`, `PORT_NOT_ALLOWED`).
        """
        for port in self.candidates():
            if (started := start(port)) is not None:
                return started
        raise errors.no_free_port() if self.wanted == "auto" else self.taken(self.wanted)

    def candidates(self, attempts: int = 5) -> Iterator[int]:
        """Yield ports to try in turn, each free when yielded.

        Raises ResourceConflict (`PORT_TAKEN`, `PORT_NOT_ALLOWED`) for a fixed port that is not.
        """
        if self.own is not None and self.wanted in ("auto", self.own):
            yield self.own
        if self.wanted != "auto":
            if self.wanted != self.own:
                self.refuse_taken(self.wanted)
                yield self.wanted
            return
        tried = {self.own}
        for port in (self.remembered, USUAL, *(0 for _ in range(attempts))):
            if port is None or port in tried:
                continue
            chosen = port or _any_free(self.host)
            if is_free(chosen, self.host):
                tried.add(chosen)
                yield chosen

    def refuse_taken(self, port: int) -> None:
        """Raise ResourceConflict (`PORT_TAKEN`, `PORT_NOT_ALLOWED`) unless one could listen on `port` now."""
        reason = _refusal(port, self.host)
        if reason == errno.EACCES:
            raise errors.port_not_allowed(port, fix=self.fix)
        if reason is not None:
            raise self.taken(port)

    def taken(self, port: int) -> ResourceConflict:
        """Return the error for a fixed port that is taken, naming its holder where the system tells."""
        container = self.container_on(port) if self.container_on is not None else None
        holder = process_on(port) if container is None else f"the container {container}"
        return errors.port_taken(port, holder, setting=self.setting, fix=self.fix)


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


def _any_free(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def process_on(port: int) -> str:
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
