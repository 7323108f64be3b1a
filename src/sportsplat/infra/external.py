"""A PostgreSQL that somebody else runs: we check that it answers, and never start, stop or delete it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat import redact
from sportsplat.errors import ConfigError, DataConflict, EnvironmentUnavailable, InvalidSetting, UsageError
from sportsplat.infra import memory, probe
from sportsplat.infra.environment import Backend, Endpoint, Ensured, EnvironmentStatus
from sportsplat.infra.programs import quoted_name
from sportsplat.infra.wait import wait_for
from sportsplat.progress import Progress

if TYPE_CHECKING:
    import psycopg

    from sportsplat.settings import Settings

OLDEST = 15  # the schema has UNIQUE NULLS NOT DISTINCT
_USUAL_PORT = 5432
_ANSWER_S = 10


def external_environment(settings: Settings) -> ExternalEnvironment:
    """Return the environment that DATABASE_URL names, else infra.host, port, user, database and password.

    A DATABASE_URL without a password is completed by infra.password, which may come from a file
    (POSTGRES_PASSWORD_FILE): so a URL can be shown, and the secret stay where it is.
    Raises InvalidSetting for a URL that cannot be read.
    """
    return ExternalEnvironment(_endpoint(settings), settings.state_dir)


class ExternalEnvironment:
    """The protocol `Environment` over a server that is not ours."""

    backend: Backend = "external"

    def __init__(self, endpoint: Endpoint, state_dir: Path) -> None:
        """Hold where the server is; nothing is connected yet."""
        self._endpoint = endpoint
        self._state_dir = state_dir

    def ensure(
        self,
        timeout_s: float,
        *,
        question: str | None = None,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Ensured:
        """Check that it answers to our user and is recent enough; waits only while it is starting up.

        Raises EnvironmentUnavailable (`DATABASE_UNREACHABLE`), DataConflict (`WRONG_PASSWORD`,
        `DATABASE_MISSING`, `VERSION_TOO_OLD`).
        """
        version = wait_for(self._version_unless_starting, timeout_s, longest_pause_s=1.0) or self._version()
        major = int(version.split(".")[0].split()[0])
        if major < OLDEST:
            raise DataConflict(
                f"PostgreSQL {version} is too old",
                cause=f"{self._endpoint.url()} runs it, and sportsplat needs {OLDEST} or newer",
                fix="point DATABASE_URL to a newer server, or use `sportsplat up --backend embedded`",
                code="VERSION_TOO_OLD",
            )
        memory.remember(self._state_dir, backend=self.backend)
        return Ensured(self._endpoint, [])

    def status(self, question: str | None = None) -> EnvironmentStatus:
        """Ask the server for its version, and `question`."""
        service: dict[str, Any] = {"name": "postgres", "state": "running"}
        try:
            version = self._version()
            answer = self.ask(question) if question is not None else []
            return EnvironmentStatus(self.backend, "running", self._endpoint, version, [service], answer)
        except (EnvironmentUnavailable, DataConflict) as error:
            service |= {"state": "unhealthy", "reason": error.cause}
            return EnvironmentStatus(self.backend, "unhealthy", self._endpoint, None, [service])

    def endpoint(self) -> Endpoint:
        """Return where the server is said to be."""
        return self._endpoint

    def ask(self, sql: str) -> list[str]:
        """Return the first column of a query."""
        import psycopg

        with self._connected() as connection:
            try:
                return [str(row[0]) for row in connection.execute(sql.encode())]
            except psycopg.errors.UndefinedTable:
                return []

    def stop(self) -> list[str]:
        """Leave it running: whoever started it may stop it."""
        return []

    def remove(self) -> list[str]:
        """Refuse: the data of a server that is not ours is not ours to delete."""
        raise UsageError(
            "the database is on a server of your own, and its data is not deleted from here",
            cause=f"the backend is external: {self._endpoint.url()}",
            fix=f"if you mean it, there: DROP DATABASE {quoted_name(self._endpoint.database)}",
            code="NOT_OURS",
        )

    def set_aside(self) -> list[str]:
        """Refuse nothing and do nothing: there is no initialisation of ours."""
        return []

    def reset_password(self) -> list[str]:
        """Refuse: its passwords are its administrator's."""
        raise UsageError(
            "passwords of a server of your own are not changed from here",
            cause=f"the backend is external: {self._endpoint.url()}",
            fix="ask its administrator, and put the password into DATABASE_URL",
            code="NOT_OURS",
        )

    def rotate_password(self) -> list[str]:
        """Refuse, as `reset_password` does."""
        return self.reset_password()

    def psql(self) -> str:
        """Return the `psql` of the system, which can encrypt, else the wheel's, which cannot."""
        return shutil.which("psql") or str(probe.psql())

    def logs(self, lines: int, follow: bool) -> Iterator[str]:  # noqa: ARG002
        """Refuse: the log is where the server is."""
        raise UsageError(
            "the log of a server of your own is kept by that server",
            cause=f"the backend is external: {self._endpoint.url()}",
            fix="look at the log there",
            code="NOT_OURS",
        )

    def _version_unless_starting(self) -> str | None:
        try:
            return self._version()
        except EnvironmentUnavailable as error:
            if "starting up" in (error.cause or ""):
                return None
            raise

    def _version(self) -> str:
        return self.ask("SHOW server_version")[0]

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        import psycopg

        try:
            opened = psycopg.connect(self._endpoint.dsn(), autocommit=True, connect_timeout=_ANSWER_S)
        except psycopg.OperationalError as error:
            raise _explained(self._endpoint, " ".join(str(error).split())) from error
        with opened as connection:
            yield connection


def _explained(endpoint: Endpoint, why: str) -> EnvironmentUnavailable | DataConflict:
    why = redact.redact(why)
    if "authentication failed" in why or "no password supplied" in why:
        return DataConflict(
            f"the server refused user {endpoint.user!r}",
            cause=f"{endpoint.url()}: {why}",
            fix="correct the user and password in DATABASE_URL",
            code="WRONG_PASSWORD",
        )
    if f'database "{endpoint.database}" does not exist' in why:
        return DataConflict(
            f"the server has no database {endpoint.database!r}",
            cause=f"{endpoint.url()}: {why}",
            fix=f"create it there: createdb {endpoint.database}",
            code="DATABASE_MISSING",
        )
    return probe.unreachable(endpoint, why, "start that server or correct DATABASE_URL, then `sportsplat up`")


def _endpoint(settings: Settings) -> Endpoint:
    infra = settings.infra
    password = infra.password.get_secret_value() if infra.password is not None else ""
    if infra.database_url is not None:
        given = parse_url(infra.database_url.get_secret_value())
        complete = given.password or "passfile" in given.parameters
        return given if complete else replace(given, password=password)
    return Endpoint(
        host=infra.host,
        port=_USUAL_PORT if infra.port == "auto" else infra.port,
        database=infra.database,
        user=infra.user,
        password=password,
    )


def parse_url(url: str) -> Endpoint:
    """Return the endpoint of a `postgresql://` URL (`+driver` allowed) or a libpq connection string.

    Raises InvalidSetting, which shows nothing of the URL but its reason.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    scheme, separator, rest = url.partition("://")
    try:
        parts = {
            key: str(value)
            for key, value in conninfo_to_dict(scheme.split("+")[0] + separator + rest).items()
            if value is not None
        }
        port = int(parts.pop("port", _USUAL_PORT))
    except (ProgrammingError, ValueError) as error:
        raise _unreadable(error) from None  # a traceback would show libpq's words, which quote the URL
    host = parts.pop("host", "localhost")
    password = parts.pop("password", "")
    redact.remember(password)
    return Endpoint(
        host="localhost" if host.startswith("/") else host,
        port=port,
        database=parts.pop("dbname", ""),
        user=parts.pop("user", ""),
        password=password,
        socket_dir=host if host.startswith("/") else None,
        parameters=parts,
    )


def _unreadable(error: Exception) -> ConfigError:
    kind = "it names several ports" if isinstance(error, ValueError) else "libpq cannot read it"
    return InvalidSetting(
        "DATABASE_URL cannot be read as the address of one PostgreSQL server",
        cause=f"infra.database_url: {kind}",
        fix="write it as postgresql://user:password@host:5432/database",
    )
