"""A PostgreSQL of another major, run by hand: the wheel's 18, or the one of the system's packages."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sportsplat.infra.embedded.account import Account, server_account
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.programs import bin_dir

BIN = bin_dir().parent.parent / "pginstall18" / "bin"
DEBIAN = Path("/usr/lib/postgresql")
PASSWORD = "another-major-18"
OPTIONS = "-c fsync=off -c full_page_writes=off -c listen_addresses=127.0.0.1 -c port={port} -k '{folder}'"


def of_the_system() -> Path | None:
    """Return the programs of the newest PostgreSQL that the system's packages installed (Debian's layout)."""
    found = [programs for programs in DEBIAN.glob("[0-9]*/bin") if (programs / "initdb").is_file()]
    return max(found, key=lambda programs: int(programs.parent.name), default=None)


@contextmanager
def another_server(folder: Path, programs: Path = BIN) -> Iterator[Endpoint]:
    """Run a new server in `folder` while the block lasts; TCP on 127.0.0.1, with a password."""
    account = server_account(folder / "data", [folder, programs])
    folder.mkdir(parents=True, exist_ok=True)
    account.chown(folder)
    _initialise(folder, account, programs)
    port = _free_port()
    options = OPTIONS.format(port=port, folder=folder)
    _run(
        account,
        programs / "pg_ctl",
        "-D",
        f"{folder}/data",
        "-l",
        f"{folder}/log",
        "-w",
        "-o",
        options,
        "start",
    )
    try:
        yield Endpoint("127.0.0.1", port, "postgres", "sportsplat", PASSWORD)
    finally:
        _run(account, programs / "pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop")


def _initialise(folder: Path, account: Account, programs: Path) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    account.chown(secret)
    how = ["--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
    _run(account, programs / "initdb", "-D", f"{folder}/data", "-U", "sportsplat", f"--pwfile={secret}", *how)


def _run(account: Account, program: Path, *words: str) -> None:
    """Run a program of PostgreSQL; its server must not inherit a pipe of ours, so it writes to a file."""
    log = Path(os.devnull)
    with log.open("w") as sink:
        done = account.run([str(program), *words], stdout=sink, stderr=sink)
    assert done.returncode == 0, f"{program.name} {words}: exit code {done.returncode}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
