"""A client that writes to a server until it is lost, and knows what the server said it had."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

TABLE = "CREATE TABLE acknowledged (n bigint PRIMARY KEY)"
LONGEST_S = 30


class Writer:
    """Writes numbers into `TABLE` one by one, each in a transaction of its own.

    committed: those that the server has acknowledged. tried: the last number.
    """

    def __init__(self) -> None:
        self.committed: list[int] = []
        self.tried = 0

    @contextmanager
    def at_work(self, url: str) -> Iterator[None]:
        """Write while the block runs, which has to end the server."""
        writing = threading.Thread(target=self._write_until_lost, args=(url,), daemon=True)
        writing.start()
        yield
        writing.join(LONGEST_S)
        assert not writing.is_alive()

    def _write_until_lost(self, url: str) -> None:
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                while True:
                    self.tried += 1
                    connection.execute("INSERT INTO acknowledged VALUES (%s)", (self.tried,))
                    self.committed.append(self.tried)
        except psycopg.OperationalError:
            return
