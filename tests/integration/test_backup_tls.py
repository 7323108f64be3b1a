"""Backups from a server that takes encrypted connections only, which the wheel's own programs cannot make."""

from __future__ import annotations

import select
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.backup import dump as pg_tools
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.backup.backup import backup
from tests.backups import fill, held, settings_of
from tests.conftest import Database

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signed itself; its key is beside it."""
    file = tmp_path_factory.mktemp("tls") / "server.crt"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    keys = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    written = ["-keyout", str(file.with_suffix(".key")), "-out", str(file)]
    subprocess.run(["openssl", "req", "-x509", *keys, *subject, *written], check=True, capture_output=True)
    return file


@pytest.fixture
def encrypted(database: Database, certificate: Path) -> Iterator[Endpoint]:
    """The test's database behind a door that opens to TLS alone."""
    with database.connect() as conn:
        fill(conn)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with _door((database.endpoint.host, database.endpoint.port), context) as port:
        verified = {"sslmode": "verify-full", "sslrootcert": str(certificate)}
        yield replace(database.endpoint, port=port, socket_dir=None, parameters=verified)


@contextmanager
def _door(server: tuple[str, int], context: ssl.SSLContext) -> Iterator[int]:
    """Take encrypted connections on a port and pass them on to the server, which has no TLS itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_receive, args=(listener, server, context), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _receive(listener: socket.socket, server: tuple[str, int], context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            guest, _ = listener.accept()
            threading.Thread(target=_serve, args=(guest, server, context), daemon=True).start()


def _serve(guest: socket.socket, server: tuple[str, int], context: ssl.SSLContext) -> None:
    with guest, suppress(OSError):
        if guest.recv(8) != SSL_REQUEST:
            return
        guest.sendall(b"S")
        with (
            context.wrap_socket(guest, server_side=True) as inside,
            socket.create_connection(server) as behind,
        ):
            _pump(inside, behind)


def _pump(inside: ssl.SSLSocket, behind: socket.socket) -> None:
    while True:
        ready = [inside] if inside.pending() else select.select([inside, behind], [], [])[0]
        for end, other in ((inside, behind), (behind, inside)):
            if end in ready:
                data = end.recv(65536)
                if not data:
                    return
                other.sendall(data)


@needs_openssl
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's pg_dump is needed")
def test_the_wheels_pg_dump_encrypts_with_the_drivers_library(encrypted: Endpoint, tmp_path: Path) -> None:
    made = backup(settings_of(tmp_path, encrypted), verify=True)
    tables, _ = held(encrypted)
    assert made.tables["quotes"] == {"rows": tables["quotes"].rows, "hash": tables["quotes"].hash}
    assert made.verified is not None


@needs_openssl
def test_without_encryption_there_is_no_way_in(encrypted: Endpoint, tmp_path: Path) -> None:
    """The door is what the other test believes it to be."""
    plain = replace(encrypted, parameters={"sslmode": "disable"})
    with pytest.raises(EnvironmentUnavailable):
        backup(settings_of(tmp_path, plain))


def test_a_server_that_is_newer_than_every_pg_dump_is_refused() -> None:
    with pytest.raises(EnvironmentUnavailable) as refused:
        pg_tools.pg_dump(99, encrypted=False)
    assert refused.value.error_code == "PG_DUMP_TOO_OLD"
    assert "PostgreSQL 99" in str(refused.value.fix)
