"""The installed program, run as its user would run it, and a look at the processes that it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import psutil

from tests import forked

PROGRAM = str(Path(sys.executable).with_name("sportsplat"))
NO_ENGINE = "unix:///nonexistent/docker.sock"
DEVELOPERS_DOCKER_HOST = os.environ.get("DOCKER_HOST")
"""The engine that whoever runs the tests has named: what asks for an engine may use it, nothing else does."""
_OURS = (
    "SPORTSPLAT_",
    "POSTGRES_",
    "PG",
    "DATABASE_URL",
    "GEMINI_API_KEY",
    "ODDS_API_KEY",
    "COLUMNS",
    "DOCKER_",
)


@dataclass(frozen=True)
class Ran:
    """How one run ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def envelope(self) -> dict[str, Any]:
        """The JSON object of a command that was asked for one."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        return found

    @property
    def data(self) -> dict[str, Any]:
        """The data of a command that went well."""
        assert self.exit_code == 0, self
        data = self.envelope["data"]
        assert isinstance(data, dict)
        return data

    @property
    def error(self) -> dict[str, Any]:
        """The error of a command that failed."""
        error = self.envelope["error"]
        assert isinstance(error, dict)
        return error


def environment(**variables: str) -> dict[str, str]:
    """Return the variables of this process without those that sportsplat reads, and with `variables`.

    Without a DOCKER_HOST among them there is no container engine: the backend is then the embedded one,
    whatever the machine has.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    return kept | {"DOCKER_HOST": NO_ENGINE} | variables


def without_rights() -> list[str]:
    """Return the words before a command that let root run it as somebody who may not read everything."""
    if os.geteuid() != 0:
        return []
    kept = ["--inh-caps=-all", "--ambient-caps=-all"]
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *kept]


def run(
    project: Path, *words: str, before: Sequence[str] = (), timeout_s: float = 120, **variables: str
) -> Ran:
    """Run `sportsplat WORDS` in a project's folder; `before`: the words of a program that starts it.

    Without `before` it is a fork of a process that has loaded the program (tests.forked), so that hundreds of
    runs need not load it. `run_program` always starts a new one.
    """
    if before or not forked.can_run(variables):
        return run_program(project, *words, before=before, timeout_s=timeout_s, **variables)
    with NamedTemporaryFile() as out, NamedTemporaryFile() as err:
        files = Path(out.name), Path(err.name)
        code = forked.run([PROGRAM, *words], project, environment(**variables), files, timeout_s)
        return Ran(code, out.read().decode(), err.read().decode())


def run_program(
    project: Path, *words: str, before: Sequence[str] = (), timeout_s: float = 120, **variables: str
) -> Ran:
    """Run the installed program `sportsplat WORDS` in a project's folder, as its user would."""
    done = subprocess.run(
        [*before, PROGRAM, *words],
        cwd=project,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def start(project: Path, *words: str, **options: Any) -> subprocess.Popen[str]:
    """Start `sportsplat WORDS` and return at once."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment()}
    return subprocess.Popen(
        [PROGRAM, *words], cwd=project, stdin=subprocess.DEVNULL, text=True, **(quiet | options)
    )


def servers(state_dir: Path) -> list[psutil.Process]:
    """Return the live PostgreSQL processes whose working directory lies inside `state_dir`."""
    return [process for process in psutil.process_iter() if _works_inside(process, state_dir)]


def _works_inside(process: psutil.Process, state_dir: Path) -> bool:
    try:
        postgres = "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
        return postgres and Path(process.cwd()).is_relative_to(state_dir.resolve())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def main_servers(state_dir: Path) -> list[psutil.Process]:
    """Return those of `servers` that no other of them started; one that ends while it is asked is none."""
    found = servers(state_dir)
    pids = {process.pid for process in found}
    heads = []
    for process in found:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                heads.append(process)
    return heads


def variables_of(path: Path) -> Mapping[str, str]:
    """Return the assignments of a `.env` file."""
    lines = [line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def listening_addresses(port: int) -> set[str]:
    """Return the addresses of this machine on which somebody listens on `port`."""
    return {
        connection.laddr.ip
        for connection in psutil.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
    }
