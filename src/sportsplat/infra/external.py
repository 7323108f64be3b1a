"""An external PostgreSQL server: it is checked, but never started, stopped or deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat import redact
from sportsplat.errors import ConfigError, DataConflict, EnvironmentUnavailable, InvalidSetting, UsageError
from sportsplat.infra import errors, identity, programs
from sportsplat.infra.embedded.initdb import quoted_name
from sportsplat.infra.environment import Backend, Endpoint, EnvironmentStatus, StartResult
from sportsplat.infra.lock import wait_for
from sportsplat.infra.query import RefusedError, connect, first_column
from sportsplat.infra.state_folder import StateFolder
from sportsplat.postgres.notes import QUESTION, parse, server_notes
from sportsplat.progress import Progress

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.errors import SportsplatError
    from sportsplat.postgres.session import Session

OLDEST = 15  # the schema has UNIQUE NULLS NOT DISTINCT
_USUAL_PORT = 5432
STARTING = "57P03"  # cannot_connect_now
_WHICH_DATABASE = """
SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), oid)
  FROM pg_database WHERE datname = current_database()
"""
_HAS_SCHEMA = "SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'alembic_version' AND relkind = 'r'"


def external_environment(settings: Settings) -> ExternalEnvironment:
    """Return the environment that DATABASE_URL names, else infra.host, port, user, database and password.

    A DATABASE_URL without a password is completed by infra.password, which may come from a file
    (POSTGRES_PASSWORD_FILE): so a URL can be shown, and the secret stay where it is.
    Raises InvalidSetting for a URL that cannot be read.
    """
    direct = settings.infra.direct_url
    return ExternalEnvironment(
        _endpoint(settings),
        settings.state_dir,
        parse_url(direct.get_secret_value(), "infra.direct_url") if direct is not None else None,
    )


class ExternalEnvironment:
    """The protocol `Environment` over a server that is not ours."""

    backend: Backend = "external"

    def __init__(self, endpoint: Endpoint, state_dir: Path, direct: Endpoint | None = None) -> None:
        """Hold where the server is; nothing is connected yet.

        direct: where the server itself is when a connection pooler stands at `endpoint`.
        """
        self._endpoint = endpoint
        self._direct = direct
        self._state_dir = state_dir

    def ensure(
        self,
        timeout_s: float,
        *,
        question: str | None = None,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> StartResult:
        """Check that it answers to our user and is recent enough; waits only while it is starting up.

        Raises EnvironmentUnavailable (`DATABASE_UNREACHABLE`), DataConflict (`WRONG_PASSWORD`,
        `DATABASE_MISSING`, `VERSION_TOO_OLD`; `DATABASE_WOULD_CHANGE` and `DATA_MISSING` for a database that
        is empty where the project's data is in another one).
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
        self.direct_endpoint()
        cluster = self.ask(identity.CLUSTER)[0]
        actions = self._changed(cluster)
        found = {"external_cluster": cluster, "external_database": self._address}
        StateFolder(self._state_dir).update(
            backend=self.backend, folder=str(self._state_dir.resolve()), **found
        )
        return StartResult(self._endpoint, actions)

    def status(self, question: str | None = None) -> EnvironmentStatus:
        """Ask the server for its version, and `question`."""
        service: dict[str, Any] = {"name": "postgres", "state": "running"}
        try:
            with _session(self._endpoint) as session:
                version = _value(session, "SHOW server_version")
                cluster = _value(session, identity.CLUSTER)
                settings = _value(session, QUESTION)
                answer = first_column(session, question) or [] if question is not None else []
                pooled = session.pooled
            self._changed(cluster)
            encoding, read_only = parse(settings)
            notes = server_notes(encoding, read_only=read_only)
            if pooled and self._direct is None:
                notes.append(
                    f"a connection pooler answers at {self._endpoint.host}:{self._endpoint.port}; set "
                    "infra.direct_url to the server's own address for migrations, ingest and backups"
                )
            return EnvironmentStatus(
                self.backend, "running", self._endpoint, version, [service], answer, notes
            )
        except (EnvironmentUnavailable, DataConflict, ConfigError) as error:
            if error.error_code in identity.LEFT_BY_REINIT:
                raise
            service |= {"state": "unhealthy", "reason": error.cause}
            return EnvironmentStatus(self.backend, "unhealthy", self._endpoint, None, [service])

    def endpoint(self) -> Endpoint:
        """Return the configured endpoint; it is queried only when it differs from before.

        Raises DataConflict (`DATABASE_WOULD_CHANGE`) for an empty database there, and what `ensure` raises.
        """
        remembered = self._remembered
        if remembered.get("external_database") not in (None, self._address):
            self._changed(self.ask(identity.CLUSTER)[0])
        return self._endpoint

    def direct_endpoint(self) -> Endpoint:
        """Return infra.direct_url, if the same database is there; without one `endpoint()`.

        Raises ConfigError (`DIRECT_URL_DIFFERS`), and what `ensure` raises.
        """
        endpoint = self.endpoint()
        if self._direct is None:
            return endpoint
        if _asked(self._direct, _WHICH_DATABASE) != _asked(self._endpoint, _WHICH_DATABASE):
            raise ConfigError(
                "infra.direct_url leads to another database than DATABASE_URL",
                cause=f"{self._direct.url()} and {self._endpoint.url()} are not one database of one server",
                fix="correct infra.direct_url: the server's own address, the same database",
                code="DIRECT_URL_DIFFERS",
            )
        return self._direct

    def ask(self, sql: str) -> list[str]:
        """Return the first column of a query."""
        return _asked(self._endpoint, sql)

    def stop(self) -> list[str]:
        """Leave it running: it is not ours to stop."""
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

    def forget_former_data(self) -> list[str]:
        """Forget which database held this project's data; it stays where it is."""
        before = self._remembered.get("external_database")
        identity.forget_cluster(self._state_dir, self.backend)
        StateFolder(self._state_dir).update(external_database=None)
        return [f"left the data in {before} where it is"]

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
        return shutil.which("psql") or programs.psql()

    def logs(self, lines: int, follow: bool) -> Iterator[str]:  # noqa: ARG002
        """Refuse: the log is where the server is."""
        raise UsageError(
            "the log of a server of your own is kept by that server",
            cause=f"the backend is external: {self._endpoint.url()}",
            fix="look at the log there",
            code="NOT_OURS",
        )

    @property
    def _address(self) -> str:
        """The database as a user knows it, without who asks."""
        server = self._endpoint
        return f"{server.socket_dir or server.host}:{server.port}/{server.database}"

    @property
    def _remembered(self) -> dict[str, Any]:
        remembered = StateFolder(self._state_dir).read()
        return remembered if remembered.get("backend") == self.backend else {}

    def _changed(self, cluster: str) -> list[str]:
        """Say that the database is another than before; raise DataConflict when that one is empty."""
        known, before = self._remembered.get("external_cluster"), self._remembered.get("external_database")
        if known in (None, cluster):
            return []
        if self.ask(_HAS_SCHEMA):
            return [f"uses another database than before: {self._address} (before: {before})"]
        if before != self._address:
            raise identity.database_would_change(str(before), self._address, self._state_dir)
        why = "the database there is empty, and not the one that was used before"
        raise identity.data_missing(self._address, why, self._state_dir)

    def _version_unless_starting(self) -> str | None:
        try:
            return self._version()
        except EnvironmentUnavailable as error:
            if error.details.get("sqlstate") == STARTING:
                return None
            raise

    def _version(self) -> str:
        return self.ask("SHOW server_version")[0]


def _asked(endpoint: Endpoint, sql: str) -> list[str]:
    with _session(endpoint) as session:
        return first_column(session, sql) or []


@contextmanager
def _session(endpoint: Endpoint) -> Iterator[Session]:
    try:
        opened = connect(endpoint.dsn())
    except RefusedError as refused:
        raise _explained(endpoint, refused) from refused
    with opened as session:
        yield session


def _value(session: Session, sql: str) -> str:
    (value,) = first_column(session, sql) or [""]
    return value


def _explained(endpoint: Endpoint, refused: RefusedError) -> SportsplatError:
    from sportsplat.postgres import refusal as pg_refusal

    why, state = str(refused), refused.sqlstate
    if state in pg_refusal.WRONG_PASSWORD:
        return DataConflict(
            f"the server refused user {endpoint.user!r}",
            cause=f"{endpoint.url()}: {why}",
            fix="correct the user and password in DATABASE_URL",
            code="WRONG_PASSWORD",
        )
    if state == pg_refusal.NO_DATABASE:
        return DataConflict(
            f"the server has no database {endpoint.database!r}",
            cause=f"{endpoint.url()}: {why}",
            fix=f"create it there: createdb {endpoint.database}",
            code="DATABASE_MISSING",
        )
    if state == pg_refusal.PROTOCOL and "options" in endpoint.parameters:
        return pg_refusal.options_refused(endpoint.url(), why)
    fix = "start that server or correct DATABASE_URL, then `sportsplat up`"
    return errors.unreachable(endpoint.url(), why, fix, state)


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


def parse_url(url: str, key: str = "infra.database_url") -> Endpoint:
    """Return the endpoint of a `postgresql://` URL (`+driver` allowed) or a libpq connection string.

    key: the setting that holds it. Raises InvalidSetting, which shows nothing of the URL but its reason.
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
        raise _unreadable(key, error) from None  # a traceback would show libpq's words, which quote the URL
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


def _unreadable(key: str, error: Exception) -> ConfigError:
    kind = "it names several ports" if isinstance(error, ValueError) else "libpq cannot read it"
    return InvalidSetting(
        f"{'DATABASE_URL' if key == 'infra.database_url' else key} cannot be read as the address of one "
        "PostgreSQL server",
        cause=f"{key}: {kind}",
        fix="write it as postgresql://user:password@host:5432/database",
    )
