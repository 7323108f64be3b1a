"""The embedded server of a project: started on a free port, asked as its owner, stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable, SportsplatError
from sportsplat.infra import errors, identity, query
from sportsplat.infra.embedded import initdb
from sportsplat.infra.embedded import spec as sockets
from sportsplat.infra.embedded.account import Account
from sportsplat.infra.embedded.initdb import Owner
from sportsplat.infra.embedded.log_file import rotate
from sportsplat.infra.embedded.postmaster import (
    Postmaster,
    StartFailedError,
    end_orphans,
    running,
    start,
    start_failure,
    stop,
    wait_ready,
)
from sportsplat.infra.embedded.spec import EmbeddedSpec
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.ports import PortRequest

# Safe first (fsync stays on), then quick to start and small; one analyst's machine, not a server farm.
TUNING: Mapping[str, str] = {
    "max_connections": "50",
    "shared_buffers": "128MB",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",  # the words in its log are looked at
    "log_line_prefix": "%m [%p] %u@%d ",
    "huge_pages": "off",
    # After a crash: one flush of the file system, where one of each file takes seconds on a busy disk.
    **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
}
ANSWER_S = 5.0
STOP_S = 60.0
_LEAST_START_S = 5.0


class EmbeddedServer:
    """Starts, finds and stops the server of one spec. What changes something is for the lock's holder."""

    def __init__(self, spec: EmbeddedSpec, report: Callable[[str], None]) -> None:
        """`tell` receives each action, in the past tense."""
        self.spec = spec
        self._report = report

    def serve(
        self, owner: Owner, account: Account, deadline: float, question: str | None = None
    ) -> tuple[Postmaster, list[str]]:
        """Return a server that answers its owner, and the result of `ask_server`.

        One that dies under our hands is started again, once.
        """
        for last in (False, True):
            left_s = max(_LEAST_START_S, deadline - time.monotonic())
            server, started = self._ensure(account, left_s)
            try:
                rows = self._accept(server, owner, account, started, question)
            except EnvironmentUnavailable:
                if last or running(self.spec.data_dir) is not None:
                    raise
            else:
                break
        return server, rows

    def stop(self) -> None:
        """Stop the server, if there is one, and clear away its socket and what a killed one left."""
        server = running(self.spec.data_dir)
        stopped = stop(self.spec.data_dir, STOP_S)
        if not stopped and self.spec.data_dir.exists():
            stopped = end_orphans(self.spec.data_dir)
        sockets.clear(self.spec.socket_dir)
        if server is not None:
            sockets.clear_former(Path(server.socket_dir))
        if stopped:
            self._report("stopped PostgreSQL")

    def _ensure(self, account: Account, timeout_s: float) -> tuple[Postmaster, bool]:
        """Return the server, and whether it was started by this call."""
        server = running(self.spec.data_dir)
        reason = None if server is None else self._reason_to_restart(server)
        if server is not None and reason is not None:
            if isinstance(self.spec.port, int) and self.spec.port != server.port:
                self._ports().refuse_taken(self.spec.port)  # before what runs is stopped for nothing
            self._quietly().stop()
            self._report(f"stopped PostgreSQL: {reason}")
        elif server is not None:
            ready = wait_ready(self.spec.data_dir, self.spec.log, timeout_s)
            if ready is not None:
                return ready, False
        server = self._start(account, timeout_s)
        self._report(f"started PostgreSQL on port {server.port}")
        return server, True

    def _quietly(self) -> EmbeddedServer:
        return EmbeddedServer(self.spec, lambda _: None)

    def _reason_to_restart(self, server: Postmaster) -> str | None:
        if self.spec.port not in ("auto", server.port):
            return f"it was on port {server.port}, and is to be on {self.spec.port}"
        if server.ready and socket_of(self.spec, server) is None:
            return "its socket is gone (was the project moved?)"
        return None

    def _make_private(self) -> None:
        """Take back rights of others on the data, with which PostgreSQL does not start."""
        mode = self.spec.data_dir.stat().st_mode & 0o7777
        if mode & 0o027:
            self.spec.data_dir.chmod(0o700)
            self._report(f"made the data private again (mode 700 instead of {mode:o})")

    def _start(self, account: Account, timeout_s: float) -> Postmaster:
        """Start the server on the first port that is really free, however many others race for it."""
        if end_orphans(self.spec.data_dir):
            self._report("ended what was left of a lost server")
        # A killed server's socket names its process, which may linger as a zombie and pass for alive.
        sockets.clear(self.spec.socket_dir)
        self._make_private()
        for folder in (self.spec.log.parent, self.spec.socket_dir):
            sockets.prepare(folder, account)
        rotate(self.spec.log)

        def at(port: int) -> Postmaster | None:
            try:
                return start(self.spec.data_dir, self.spec.log, account, self.options(port), timeout_s)
            except StartFailedError as failed:
                other = wait_ready(self.spec.data_dir, self.spec.log, timeout_s)
                if other is None and failed.port_refused:
                    raise errors.port_not_allowed(port, fix="sportsplat up --port auto") from None
                if other is None and not failed.port_taken:
                    raise start_failure(failed, self.spec.log) from None
                return other

        return self._ports().start(at)

    def _ports(self) -> PortRequest:
        remembered = self.spec.state.read().get("port")
        return PortRequest(self.spec.port, self.spec.host, remembered=remembered)

    def options(self, port: int) -> dict[str, str]:
        """Return the settings of PostgreSQL with which the server is started on `port`."""
        return {
            **TUNING,
            "listen_addresses": self.spec.host,
            "port": str(port),
            "unix_socket_directories": str(self.spec.socket_dir),
            **self.spec.tuning,
        }

    def _accept(
        self,
        server: Postmaster,
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
        except query.RefusedError as refused:
            error = explained(refused, self.spec, endpoint)
            if started:
                self._quietly().stop()
            raise error from refused
        if not initdb.has_id(self.spec.data_dir):
            state = self.spec.state.read()
            known = str(state.get("embedded_cluster") or "").partition("/")[0]
            initdb.mark_complete(self.spec.data_dir, owner, account, known)
        return rows


def explained(refused: query.RefusedError, spec: EmbeddedSpec, endpoint: Endpoint) -> SportsplatError:
    """Return the error for a running server that did not answer the owner's query."""
    made = initdb.made_for(spec.data_dir)
    if refused.wrong_password and made:
        reset = "sportsplat up --backend embedded --reset-password"
        return errors.wrong_password(
            str(spec.data_dir), endpoint.user, spec.password_origin(), reset, made_for=made.get("user")
        )
    if refused.no_database and made:
        return errors.database_missing(str(spec.data_dir), endpoint.database, made.get("database"))
    if refused.wrong_password or refused.no_database:
        return spec.incomplete(f"its server says: {refused}")
    return errors.unreachable(endpoint.url(), str(refused), "sportsplat logs")


def ask_server(endpoint: Endpoint, question: str | None) -> list[str]:
    """Return the server's version and the oid of its database, then the rows of a question, if there is one.

    Raises RefusedError.
    """
    statements = ["SHOW server_version", identity.DATABASE, *([question] if question is not None else [])]
    return query.ask(endpoint, *statements, timeout_s=ANSWER_S)


def endpoint_of(spec: EmbeddedSpec, server: Postmaster, password: str) -> Endpoint:
    """Return where the server of a spec answers, and as whom."""
    return Endpoint(
        host=spec.host,
        port=server.port,
        database=spec.database,
        user=spec.user,
        password=password,
        socket_dir=socket_of(spec, server),
    )


def socket_of(spec: EmbeddedSpec, server: Postmaster) -> str | None:
    """Return the folder of the server's socket as it is now: it moves with the project."""
    for folder in (spec.socket_dir, Path(server.socket_dir)):
        if (folder / f".s.PGSQL.{server.port}").exists():
            return str(folder)
    return None
