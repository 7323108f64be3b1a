"""The server process of a data directory: finding it, starting it, stopping it."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable, SportsplatError, TimedOut
from sportsplat.infra import disk, errors, identity, query
from sportsplat.infra.embedded import initdb
from sportsplat.infra.embedded import spec as sockets
from sportsplat.infra.embedded.account import Account
from sportsplat.infra.embedded.initdb import CONFIGURATION, Owner
from sportsplat.infra.embedded.processes import workers, works_in
from sportsplat.infra.embedded.spec import EmbeddedSpec
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.lock import wait_for
from sportsplat.infra.ports import PortRequest
from sportsplat.infra.processes import is_alive
from sportsplat.infra.programs import bin_dir

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
_SHUTDOWN_S = 60.0


@dataclass(frozen=True)
class Postmaster:
    """What a running server wrote into its `postmaster.pid`, once it was checked to be that server."""

    pid: int
    port: int
    socket_dir: str
    ready: bool


class StartFailedError(Exception):
    """The server ended instead of starting; `log` has its output."""

    def __init__(self, log: str) -> None:
        super().__init__(log)
        self.log = log

    @property
    def port_taken(self) -> bool:
        """Whether it failed because its TCP port is taken."""
        return "could not create any TCP/IP sockets" in self.log or "Address already in use" in self.log

    @property
    def port_refused(self) -> bool:
        """Whether the system does not give that port to the server's user."""
        return re.search(r"could not bind IPv\d address .*: Permission denied", self.log) is not None


def running(data_dir: Path) -> Postmaster | None:
    """Return the live server of `data_dir`; a stale pid file, even of a reused pid, counts as none.

    A server writes five lines at once; what follows, its state last, comes while it starts.
    """
    try:
        lines = (data_dir / "postmaster.pid").read_text().splitlines()
        found = Postmaster(
            pid=int(lines[0]),
            port=int(lines[3]),
            socket_dir=lines[4],
            ready=len(lines) > 7 and lines[7].strip() == "ready",
        )
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return found if works_in(found.pid, data_dir) else None


def start(
    data_dir: Path, log: Path, account: Account, options: Mapping[str, str], timeout_s: float
) -> Postmaster:
    """Start the server of `data_dir` in a session of its own and return it when it accepts connections.

    options: PostgreSQL settings, written to a file inside the data directory (no quoting on a command line).
    The server's standard streams go to `log`. Raises StartFailedError, or TimedOut (`START_TIMED_OUT`).
    """
    _write_configuration(data_dir, options, account)
    before = log.stat().st_size if log.exists() else 0
    pid = _launch(data_dir, log, account)
    wait_for(lambda: _ready(data_dir) or not is_alive(pid), timeout_s, longest_pause_s=0.01)
    server = wait_ready(data_dir, log, 0.0, before)
    if server is not None:
        return server
    if is_alive(pid):  # it did not come so far as to write its pid file
        _send(pid, signal.SIGKILL)
        raise _too_late(timeout_s, log, before)
    raise StartFailedError(tail_from(log, before))


def _launch(data_dir: Path, log: Path, account: Account) -> int:
    """Start the server in the background of a shell that ends at once, and return its process number.

    `pg_ctl` looks for it ten times a second only, and puts both paths into a shell's command unquoted.
    """
    script = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
    command = ["/bin/sh", "-c", script, "sh", str(log), str(bin_dir() / "postgres"), "-D", str(data_dir)]
    done = account.run(command, capture_output=True, start_new_session=True)
    if done.returncode != 0 or not done.stdout.strip().isdecimal():
        raise StartFailedError(done.stderr)
    return int(done.stdout)


def wait_ready(data_dir: Path, log: Path, timeout_s: float, log_from: int = 0) -> Postmaster | None:
    """Return the server of `data_dir` once it accepts connections, or None when it ends instead.

    Raises TimedOut (`START_TIMED_OUT`) when it does neither.
    """
    wait_for(lambda: (server := running(data_dir)) is None or server.ready, timeout_s)
    server = running(data_dir)
    if server is not None and not server.ready:
        raise _too_late(timeout_s, log, log_from)
    return server


def _too_late(timeout_s: float, log: Path, log_from: int) -> TimedOut:
    cause = errors.last_lines(tail_from(log, log_from).splitlines())
    fix = "sportsplat up --timeout 300 (it may be recovering), or look at `sportsplat logs`"
    return errors.start_timed_out("the database server did not become ready", timeout_s, cause, fix)


def stop(data_dir: Path, timeout_s: float) -> bool:
    """Stop the server of `data_dir`, ending its sessions; return whether there was one.

    Raises TimedOut (`STOP_TIMED_OUT`).
    """
    server = running(data_dir)
    if server is None:
        return False
    _send(server.pid, signal.SIGINT)
    if not wait_for(lambda: not works_in(server.pid, data_dir), timeout_s, longest_pause_s=0.02):
        raise errors.stop_timed_out(server.pid, timeout_s)
    return True


def tail_from(log: Path, offset: int) -> str:
    """Return what was written to `log` after `offset`."""
    try:
        with log.open("rb") as handle:
            handle.seek(offset)
            return handle.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def start_failure(failed: StartFailedError, log: Path) -> EnvironmentUnavailable:
    """Return the error for a server that does not start, with the end of its log."""
    cause = errors.last_lines(failed.log.splitlines())
    if disk.is_full(failed.log) or disk.has_no_room(log.parent):
        return errors.disk_full(log.parent, disk.START_BYTES, "the server", cause)
    fix = f"fix what the log reports ({log}), then run `sportsplat up` again"
    return errors.start_failed("the database server", cause, fix)


def is_lost(data_dir: Path) -> bool:
    """Whether a server works in `data_dir` that `running` does not know: its pid file is gone."""
    return bool(_heads(workers(data_dir)))


def end_orphans(data_dir: Path) -> bool:
    """End every process of a server that `running` does not know; return whether that server was alive.

    The children of a killed server use its memory and keep a new one from starting; they mostly notice and
    end by themselves. A server whose pid file is gone is shut down as on any day, with a checkpoint. The pid
    file is removed when nobody works in the data directory any more, whose ever its number is by now.
    """
    heads = _heads(workers(data_dir))
    for pid in heads:
        _send(pid, signal.SIGINT)
    if not wait_for(lambda: not workers(data_dir), _SHUTDOWN_S if heads else 2.0):
        for sign in (signal.SIGQUIT, signal.SIGKILL):
            for pid in workers(data_dir):
                _send(pid, sign)
            if wait_for(lambda: not workers(data_dir), 2.0):
                break
    if not workers(data_dir):
        (data_dir / "postmaster.pid").unlink(missing_ok=True)
    return bool(heads)


def _heads(pids: list[int]) -> set[int]:
    """Return those that are the parent of another one: servers, not the children of a dead one."""
    if not pids:
        return set()
    import psutil

    parents = set()
    for pid in pids:
        with suppress(psutil.Error):
            parents.add(psutil.Process(pid).ppid())
    return parents & set(pids)


def _send(pid: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, sign)


def _ready(data_dir: Path) -> bool:
    server = running(data_dir)
    return server is not None and server.ready


def _write_configuration(data_dir: Path, options: Mapping[str, str], account: Account) -> None:
    lines = [f"{name} = {_quoted(value)}" for name, value in options.items()]
    text = "# Written by sportsplat at each start.\n" + "\n".join(lines) + "\n"
    path = data_dir / CONFIGURATION
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return  # on a full disk, too, a server starts as it did before
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    account.give(partial)
    partial.rename(path)


def _quoted(value: str) -> str:
    """Return a value as PostgreSQL's configuration file takes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def rotate(log: Path, limit_bytes: int = 5_000_000) -> None:
    """Keep one old log beside the present one when it has grown beyond the limit."""
    if log.exists() and log.stat().st_size > limit_bytes:
        log.replace(log.with_suffix(f".{time.strftime('%Y%m%d')}.log"))


ANSWER_S = 5.0
STOP_S = 60.0
_LEAST_START_S = 5.0


class EmbeddedServer:
    """Starts, finds and stops the server of one spec. What changes something is for the lock's holder."""

    def __init__(self, spec: EmbeddedSpec, tell: Callable[[str], None]) -> None:
        """`tell` receives each action, in the past tense."""
        self.spec = spec
        self._tell = tell

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
            self._tell("stopped PostgreSQL")

    def _ensure(self, account: Account, timeout_s: float) -> tuple[Postmaster, bool]:
        """Return the server, and whether it was started by this call."""
        server = running(self.spec.data_dir)
        reason = None if server is None else self._reason_to_restart(server)
        if server is not None and reason is not None:
            if isinstance(self.spec.port, int) and self.spec.port != server.port:
                self._ports().refuse_taken(self.spec.port)  # before what runs is stopped for nothing
            self._quietly().stop()
            self._tell(f"stopped PostgreSQL: {reason}")
        elif server is not None:
            ready = wait_ready(self.spec.data_dir, self.spec.log, timeout_s)
            if ready is not None:
                return ready, False
        server = self._start(account, timeout_s)
        self._tell(f"started PostgreSQL on port {server.port}")
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
            self._tell(f"made the data private again (mode 700 instead of {mode:o})")

    def _start(self, account: Account, timeout_s: float) -> Postmaster:
        """Start the server on the first port that is really free, however many others race for it."""
        if end_orphans(self.spec.data_dir):
            self._tell("ended what was left of a lost server")
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
                    raise errors.port_not_allowed(port) from None
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


def read(path: Path, lines: int, follow: bool, *, pause_s: float = 0.2) -> Iterator[str]:
    """Yield the last `lines` lines of a file; with `follow`, wait for more until the caller stops.

    A file that is not there yet has no lines. A file replaced by a new one of the same name is followed anew.
    """
    position = 0
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as handle:
            yield from (line.rstrip("\n") for line in deque(handle, maxlen=lines))
            position = handle.tell()
    while follow:
        size = path.stat().st_size if path.exists() else 0
        if size < position:
            position = 0
        if size > position:
            with path.open(encoding="utf-8", errors="replace") as handle:
                handle.seek(position)
                yield from (line.rstrip("\n") for line in handle)
                position = handle.tell()
        else:
            time.sleep(pause_s)
