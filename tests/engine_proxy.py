"""A socket in front of a real engine, that hangs up or is slow when it is told to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class EngineProxy:
    """Passes bytes between a socket of its own and the engine's, while it is started."""

    def __init__(self, engine: str, path: Path) -> None:
        """`engine`: the endpoint of the real one. `path`: where to listen."""
        self.endpoint = f"unix://{path}"
        self._engine = engine.removeprefix("unix://")
        self._path = path
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        self._last_words: bytes | None = None
        self._slow: tuple[bytes, float] | None = None

    def start(self) -> None:
        """Listen, and pass on what comes."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Hang up on everyone, and listen no more."""
        listener, self._listener = self._listener, None
        self._path.unlink(missing_ok=True)
        for each in [listener, *self._open]:
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._open.clear()

    def stop_after(self, words: bytes) -> None:
        """Stop as soon as a request holds these words; the engine gets that request, its answer is lost."""
        self._last_words = words

    def hold(self, words: bytes, seconds: float) -> None:
        """Pass a request that holds these words on only after so long, also when nobody waits for it then."""
        self._slow = words, seconds

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self._engine)
            self._open += [client, engine]
            for source, target in ((client, engine), (engine, client)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while passed := source.recv(65536):
                if self._slow is not None and self._slow[0] in passed:
                    time.sleep(self._slow[1])
                target.sendall(passed)
                if self._last_words is not None and self._last_words in passed:
                    self._last_words = None
                    self.stop()
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(engine: str, path: Path) -> Iterator[EngineProxy]:
    """Start a proxy for the length of a `with` block."""
    proxy = EngineProxy(engine, path)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
