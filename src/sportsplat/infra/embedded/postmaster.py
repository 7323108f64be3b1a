"""The server process of a data directory: found, started, waited for, stopped."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable, TimedOut
from sportsplat.infra import disk, errors
from sportsplat.infra.embedded.account import Account
from sportsplat.infra.embedded.initdb import CONFIGURATION
from sportsplat.infra.embedded.log_file import tail_from
from sportsplat.infra.embedded.processes import workers, works_in
from sportsplat.infra.lock import wait_for
from sportsplat.infra.processes import is_alive
from sportsplat.infra.programs import bin_dir

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
        raise _start_timed_out(timeout_s, log, before)
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
        raise _start_timed_out(timeout_s, log, log_from)
    return server


def _start_timed_out(timeout_s: float, log: Path, log_from: int) -> TimedOut:
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


def start_failure(failed: StartFailedError, log: Path) -> EnvironmentUnavailable:
    """Return the error for a server that does not start, with the end of its log."""
    cause = errors.last_lines(failed.log.splitlines())
    if disk.is_full(failed.log) or disk.has_no_room(log.parent):
        return errors.disk_full(log.parent, disk.START_BYTES, "the server", cause)
    fix = f"fix what the log reports ({log}), then run `sportsplat up` again"
    return errors.start_failed("the database server", cause, fix)


def is_lost(data_dir: Path) -> bool:
    """Whether a server works in `data_dir` that `running` does not know: its pid file is gone."""
    return bool(_main_processes(workers(data_dir)))


def end_orphans(data_dir: Path) -> bool:
    """End every process of a server that `running` does not know; return whether that server was alive.

    The children of a killed server use its memory and keep a new one from starting; they mostly notice and
    end by themselves. A server whose pid file is gone is shut down as on any day, with a checkpoint. The pid
    file is removed when no process works in the data directory any more, even if its number was reused.
    """
    heads = _main_processes(workers(data_dir))
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


def _main_processes(pids: list[int]) -> set[int]:
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
    account.chown(partial)
    partial.rename(path)


def _quoted(value: str) -> str:
    """Return a value as PostgreSQL's configuration file takes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
