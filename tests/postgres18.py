"""A PostgreSQL 18 of the wheel, run by hand: the server of somebody who keeps a database of another major."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sportsplat.infra.account import Account, server_account
from sportsplat.infra.binaries import bin_dir
from sportsplat.infra.environment import Endpoint

BIN = bin_dir().parent.parent / "pginstall18" / "bin"
PASSWORD = "another-major-18"
OPTIONS = "-c fsync=off -c full_page_writes=off -c listen_addresses=127.0.0.1 -c port={port} -k '{folder}'"


@contextmanager
def postgres18(folder: Path) -> Iterator[Endpoint]:
    """Run a new server in `folder` while the block lasts; TCP on 127.0.0.1, with a password."""
    account = server_account(folder / "data", [folder, BIN])
    account.give(folder)
    _initialise(folder, account)
    port = _free_port()
    options = OPTIONS.format(port=port, folder=folder)
    _run(account, "pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-w", "-o", options, "start")
    try:
        yield Endpoint("127.0.0.1", port, "postgres", "sportsplat", PASSWORD)
    finally:
        _run(account, "pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop")


def _initialise(folder: Path, account: Account) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    account.give(secret)
    how = ["--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
    _run(account, "initdb", "-D", f"{folder}/data", "-U", "sportsplat", f"--pwfile={secret}", *how)


def _run(account: Account, program: str, *words: str) -> None:
    """Run a program of PostgreSQL 18; its server must not inherit a pipe of ours, so it writes to a file."""
    log = Path(os.devnull)
    with log.open("w") as sink:
        done = account.run([str(BIN / program), *words], stdout=sink, stderr=sink)
    assert done.returncode == 0, f"{program} {words}: exit code {done.returncode}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
