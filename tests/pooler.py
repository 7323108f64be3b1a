"""A real PgBouncer in transaction mode before the tests' PostgreSQL, run as somebody without rights."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.infra.embedded.account import server_account
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.lock import wait_for
from tests.other_servers import _free_port

SERVER_CONNECTIONS = 3
"""Few, so that clients really share them."""
_CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = {auth_type}
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 500
query_wait_timeout = 60
"""


def program() -> str:
    """Return the path of PgBouncer; skips visibly without one."""
    found = shutil.which("pgbouncer", path=os.defpath + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        why = "no pgbouncer here (Debian: pgbouncer)"
        if os.environ.get("SPORTSPLAT_REQUIRE_DOCKER") == "1":
            pytest.fail(why)
        pytest.skip(why)
    return found


@contextmanager
def pooled(
    server: Endpoint, users: Mapping[str, str] | None = None, mode: str = "transaction"
) -> Iterator[Endpoint]:
    """Yield the way to a server's database through a pooler. users: passwords of others than its user."""
    path = program()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        port = _free_port()
        known = {server.user: server.password, **(users or {})}
        (folder / "users").write_text("".join(f'"{user}" "{word}"\n' for user, word in known.items()))
        (folder / "bouncer.ini").write_text(
            _CONFIGURATION.format(
                server_port=server.port, port=port, folder=folder, size=SERVER_CONNECTIONS, mode=mode,
                auth_type="scram-sha-256",
            )
        )  # fmt: skip
        account = server_account(folder / "data", [folder])
        words = [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
        before = [] if account.is_ourselves else ["setpriv", *words]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*before, path, str(folder / "bouncer.ini")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        try:
            assert wait_for(lambda: _listens(port), 20), (folder / "log").read_text()
            yield replace(server, host="127.0.0.1", port=port, socket_dir=None)
        finally:
            process.terminate()
            process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
