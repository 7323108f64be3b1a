"""One protocol for every place where this project's PostgreSQL can live, and the choice between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from sportsplat.progress import Progress
    from sportsplat.settings import Settings

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

    def dsn(self, role: str | None = None) -> str:
        """Return a libpq connection string including the password: for a client library, never for a log.

        The private socket is preferred over TCP where there is one: a socket cannot turn out to be another
        server that took the port. `role` is set for the session at the start of the connection.
        """
        parts = {
            "host": self.socket_dir or self.host,
            "port": str(self.port),
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
            **self.parameters,
        }
        if role is not None:
            parts["options"] = f"{parts.get('options', '')} -c role={role}".strip()
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


@dataclass(frozen=True)
class Ensured:
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
    ) -> Ensured:
        """Create, start or find the database, and return once it answers to its real user.

        `question`: as for `status`, for a backend that can ask it on the same occasion. `progress`: is told
        of a download.
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

    def ask(self, sql: str) -> list[str]:
        """Return the first column of one query, by the quickest client; no rows from a missing table."""
        ...

    def stop(self) -> list[str]:
        """Stop what we started, keep its data, and say what was done."""
        ...

    def remove(self) -> list[str]:
        """Stop it and delete its data, and say what was done."""
        ...

    def set_aside(self) -> list[str]:
        """Move an incomplete initialisation out of the way, so that `ensure` can begin anew."""
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


def open_environment(settings: Settings) -> Environment:
    """Return the environment that the settings and this project's memory name.

    Raises DataConflict (`BACKEND_WOULD_CHANGE`) when `auto` would leave the backend that holds the
    project's data, ConfigError for settings that no backend can serve.
    """
    from sportsplat.infra.choice import chosen_backend

    chosen = chosen_backend(settings)
    if chosen == "external":
        from sportsplat.infra.external import external_environment

        return external_environment(settings)
    if chosen == "docker":
        from sportsplat.infra.docker_environment import docker_environment

        return docker_environment(settings)
    from sportsplat.infra.embedded import embedded_environment

    return embedded_environment(settings)


def _quoted(value: str) -> str:
    """Quote a value for a libpq connection string."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
