"""Local servers on Unix sockets, that answer `GET /_ping` as an engine does, or as none should."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer

DOCKER = {"Api-Version": "1.41", "Server": "Docker/20.10.24 (linux)"}
PODMAN = {"Api-Version": "1.41", "Libpod-Api-Version": "4.3.1", "Server": "Libpod/4.3.1 (linux)"}


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@contextmanager
def answering(path: Path, headers: Mapping[str, str], status: int = 200) -> Iterator[str]:
    """Serve `/_ping` at a socket with these headers; yield the endpoint."""

    class Ping(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            assert self.path == "/_ping"
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": "2"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    path.parent.mkdir(parents=True, exist_ok=True)
    with _Server(str(path), Ping) as server, _serving(server):
        yield f"unix://{path}"


@contextmanager
def saying(path: Path, text: bytes | None) -> Iterator[str]:
    """Listen at a socket and send `text` to whoever comes; None: accept, and never answer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_say, args=(listener, text, kept), daemon=True)
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in kept:
                connection.close()


@contextmanager
def relaying(path: Path, to: str) -> Iterator[str]:
    """Pass on, byte by byte, all that comes to a socket, as Colima and a virtual machine do."""
    path.parent.mkdir(parents=True, exist_ok=True)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_relay, args=(listener, to), daemon=True)
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def _serving(server: _Server) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _say(listener: socket.socket, text: bytes | None, kept: list[socket.socket]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        kept.append(connection)
        with suppress(OSError):
            connection.sendall(text or b"")


def _relay(listener: socket.socket, to: str) -> None:
    with suppress(OSError):
        while True:
            near, _ = listener.accept()
            threading.Thread(target=_pass_on, args=(near, to), daemon=True).start()


def _pass_on(near: socket.socket, to: str) -> None:
    with near, socket.socket(socket.AF_UNIX) as far:
        far.connect(to)
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
