"""One protocol for every place where this project's PostgreSQL can live, and the choice between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from sportsplat.progress import Progress

Backend = Literal["docker", "embedded", "external"]
State = Literal["running", "stopped", "absent", "incomplete", "unhealthy"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Endpoint:
    """Where a database answers and as whom; its `repr` and `url()` mask the password."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    socket_dir: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    def dsn(self) -> str:
        """Return a libpq connection string including the password: for a client library, never for a log.

        The private socket is preferred over TCP where there is one: a socket cannot turn out to be another
        server that took the port.
        """
        parts = {
            "host": self.socket_dir or self.host,
            "port": str(self.port),
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
            **self.parameters,
        }
        return " ".join(f"{key}={_quoted(value)}" for key, value in parts.items() if value)

    def url(self, *, reveal: bool = False) -> str:
        """Return the TCP address as a `postgresql://` URL, with `***` for the password unless `reveal`."""
        secret = quote(self.password, safe="") if reveal else "***"
        login = quote(self.user, safe="") + (f":{secret}" if self.password else "")
        at = "@" if login else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        shown = {
            key: value if reveal or "password" not in key else "***" for key, value in self.parameters.items()
        }
        query = f"?{urlencode(shown)}" if shown else ""
        return f"postgresql://{login}{at}{host}:{self.port}/{quote(self.database, safe='')}{query}"


@dataclass(frozen=True)
class EnvironmentStatus:
    """A look at an environment that changes nothing."""

    backend: Backend
    state: State
    endpoint: Endpoint | None = None
    server_version: str | None = None
    services: list[dict[str, Any]] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StartResult:
    """What `ensure` found or made: the endpoint, and what it did in the past tense.

    `seen`: the status with the answer to the question, where it was seen on the same occasion.
    """

    endpoint: Endpoint
    actions: list[str]
    seen: EnvironmentStatus | None = None


class Environment(Protocol):
    """A place where the database lives. Every method is safe to repeat."""

    @property
    def backend(self) -> Backend:
        """Name of the kind of place."""
        ...

    def ensure(
        self, timeout_s: float, *, question: str | None = None, progress: Progress | None = None
    ) -> StartResult:
        """Create, start or find the database, and return once it answers to its real user.

        `question`: as for `status`, for a backend that can ask it on the same occasion. `progress` reports a
        download.
        """
        ...

    def status(self, question: str | None = None) -> EnvironmentStatus:
        """Look without changing anything and without waiting.

        `question`: SQL to ask on the same occasion, when it runs; its first column becomes `answer`.
        """
        ...

    def endpoint(self) -> Endpoint:
        """Return where the running database is; raises EnvironmentUnavailable when it is not running."""
        ...

    def direct_endpoint(self) -> Endpoint:
        """Return where the server itself is, should a connection pooler stand at `endpoint()`.

        There is what outlasts a transaction: locks, temporary tables, an exported snapshot.
        """
        ...

    def ask(self, sql: str) -> list[str]:
        """Return the first column of one query, by the quickest client; no rows from a missing table."""
        ...

    def stop(self) -> list[str]:
        """Stop what we started, keep its data, and return the actions."""
        ...

    def remove(self) -> list[str]:
        """Stop it and delete its data, and return the actions."""
        ...

    def set_aside(self) -> list[str]:
        """Move an incomplete initialisation out of the way, so that `ensure` can start over."""
        ...

    def forget_former_data(self) -> list[str]:
        """Forget which data this project used here: `ensure` then uses what it finds, or begins empty.

        No data is deleted. For what `ensure` refuses with a code in `identity.LEFT_BY_REINIT`.
        """
        ...

    def reset_password(self) -> list[str]:
        """Make existing data accept the configured password, where we own the data."""
        ...

    def rotate_password(self) -> list[str]:
        """Give existing data a new password, written into `.env`; needs no old one.

        A password that comes from elsewhere than `.env` is not ours to change: the data is given that one.
        """
        ...

    def psql(self) -> str:
        """Return the path of a `psql` that can reach this database."""
        ...

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last `lines` lines of the server's log, then, with `follow`, those that come."""
        ...


def _quoted(value: str) -> str:
    """Quote a value for a libpq connection string."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
