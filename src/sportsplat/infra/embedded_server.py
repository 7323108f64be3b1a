"""The server of an embedded environment: running, on its port, answering to its owner."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import cluster, memory, ports, postmaster, probe, refusals, sockets
from sportsplat.infra.account import Account
from sportsplat.infra.birth import Owner
from sportsplat.infra.embedded_spec import EmbeddedSpec
from sportsplat.infra.environment import Endpoint

ANSWER_S = 5.0
STOP_S = 60.0
_LEAST_START_S = 5.0


class EmbeddedServer:
    """Starts, finds and stops the server of one spec. What changes something is for the lock's holder."""

    def __init__(self, spec: EmbeddedSpec, tell: Callable[[str], None]) -> None:
        """`tell` is told, in the past tense, what was done."""
        self.spec = spec
        self._tell = tell

    def serve(
        self, owner: Owner, account: Account, deadline: float, question: str | None = None
    ) -> tuple[postmaster.Postmaster, list[str]]:
        """Return a server that answers to its owner, and what `ask_server` says.

        One that dies under our hands is started again, once.
        """
        for last in (False, True):
            left_s = max(_LEAST_START_S, deadline - time.monotonic())
            server, started = self._ensure(account, left_s)
            try:
                rows = self._accept(server, owner, account, started, question)
            except EnvironmentUnavailable:
                if last or postmaster.running(self.spec.data_dir) is not None:
                    raise
            else:
                break
        return server, rows

    def stop(self) -> None:
        """Stop the server, if there is one, and clear away its socket and what a killed one left."""
        server = postmaster.running(self.spec.data_dir)
        stopped = postmaster.stop(self.spec.data_dir, STOP_S)
        if not stopped and self.spec.data_dir.exists():
            stopped = postmaster.end_orphans(self.spec.data_dir)
        sockets.clear(self.spec.socket_dir)
        if server is not None:
            sockets.clear_former(Path(server.socket_dir))
        if stopped:
            self._tell("stopped PostgreSQL")

    def _ensure(self, account: Account, timeout_s: float) -> tuple[postmaster.Postmaster, bool]:
        """Return the server, and whether it was started by this call."""
        server = postmaster.running(self.spec.data_dir)
        reason = None if server is None else self._reason_to_restart(server)
        if server is not None and reason is not None:
            if isinstance(self.spec.port, int) and self.spec.port != server.port:
                ports.refuse_taken(self.spec.port, self.spec.host)  # before what runs is stopped for nothing
            self._quietly().stop()
            self._tell(f"stopped PostgreSQL: {reason}")
        elif server is not None:
            ready = postmaster.wait_ready(self.spec.data_dir, self.spec.log, timeout_s)
            if ready is not None:
                return ready, False
        server = self._start(account, timeout_s)
        self._tell(f"started PostgreSQL on port {server.port}")
        return server, True

    def _quietly(self) -> EmbeddedServer:
        return EmbeddedServer(self.spec, lambda _: None)

    def _reason_to_restart(self, server: postmaster.Postmaster) -> str | None:
        if self.spec.port not in ("auto", server.port):
            return f"it was on port {server.port}, and is to be on {self.spec.port}"
        if server.ready and socket_of(self.spec, server) is None:
            return "its socket is gone (was the project moved?)"
        return None

    def _start(self, account: Account, timeout_s: float) -> postmaster.Postmaster:
        """Start the server on the first port that is really free, however many others race for it."""
        if postmaster.end_orphans(self.spec.data_dir):
            self._tell("ended what was left of a lost server")
        # A killed server's socket names its process, which may linger as a zombie and pass for alive.
        sockets.clear(self.spec.socket_dir)
        for folder in (self.spec.log.parent, self.spec.socket_dir):
            sockets.prepare(folder, account)
        postmaster.rotate(self.spec.log)
        remembered = memory.recall(self.spec.state_dir).get("port")
        for port in ports.candidates(self.spec.port, remembered, self.spec.host):
            options = self.options(port)
            try:
                return postmaster.start(self.spec.data_dir, self.spec.log, account, options, timeout_s)
            except postmaster.StartFailedError as failed:
                other = postmaster.wait_ready(self.spec.data_dir, self.spec.log, timeout_s)
                if other is not None:
                    return other
                if failed.port_refused:
                    raise ports.not_allowed(port) from None
                if not failed.port_taken:
                    raise postmaster.start_failure(failed, self.spec.log) from None
        raise ports.none_left(self.spec.port)

    def options(self, port: int) -> dict[str, str]:
        """Return the settings of PostgreSQL with which the server is started on `port`."""
        return {
            **postmaster.TUNING,
            "listen_addresses": self.spec.host,
            "port": str(port),
            "unix_socket_directories": str(self.spec.socket_dir),
            **self.spec.tuning,
        }

    def _accept(
        self,
        server: postmaster.Postmaster,
        owner: Owner,
        account: Account,
        started: bool,
        question: str | None,
    ) -> list[str]:
        """Ask as the real user in the real database; with an answer, mark the data as complete.

        Data that does not answer is left as it is, and a server that this call started is stopped again.
        """
        endpoint = endpoint_of(self.spec, server, owner.password)
        try:
            rows = ask_server(endpoint, question)
        except probe.RefusedError as refused:
            error = refusals.explained(refused, self.spec, endpoint)
            if started:
                self._quietly().stop()
            raise error from refused
        if not cluster.is_marked(self.spec.data_dir):
            cluster.mark_complete(self.spec.data_dir, owner, account)
        return rows


def ask_server(endpoint: Endpoint, question: str | None) -> list[str]:
    """Return the server's version, then the first column of the answer to a question, if there is one.

    Raises RefusedError.
    """
    statements = ["SHOW server_version", *([question] if question is not None else [])]
    return probe.ask(endpoint, *statements, timeout_s=ANSWER_S)


def endpoint_of(spec: EmbeddedSpec, server: postmaster.Postmaster, password: str) -> Endpoint:
    """Return where the server of a spec answers, and as whom."""
    return Endpoint(
        host=spec.host,
        port=server.port,
        database=spec.database,
        user=spec.user,
        password=password,
        socket_dir=socket_of(spec, server),
    )


def socket_of(spec: EmbeddedSpec, server: postmaster.Postmaster) -> str | None:
    """Return the folder of the server's socket as it is now: it moves with the project."""
    for folder in (spec.socket_dir, Path(server.socket_dir)):
        if (folder / f".s.PGSQL.{server.port}").exists():
            return str(folder)
    return None
