"""The sole composition root: what a use case needs of the shell, put together from the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sportsplat.config.settings import Settings
from sportsplat.errors import MigrationError
from sportsplat.infra.backend import open_environment
from sportsplat.infra.environment import Endpoint
from sportsplat.leagues.league import League, get_league, load_leagues
from sportsplat.paths import asset_dir

if TYPE_CHECKING:
    import psycopg

Role = Literal["app", "read", "owner"]


@dataclass
class Context:
    """The settings, the leagues and the way to the database.

    `locate` is asked for the endpoint at the first connection, so that what needs no database runs without
    one; `locate_directly` for that of the server itself, behind any pooler.
    """

    settings: Settings
    leagues: Mapping[str, League]
    locate: Callable[[], Endpoint] = field(repr=False)
    locate_directly: Callable[[], Endpoint] | None = field(default=None, repr=False)
    _checked: bool = field(default=False, repr=False)

    def connect(
        self,
        role: Role = "app",
        *,
        autocommit: bool = False,
        lasting: bool = False,
        writes: bool | None = None,
    ) -> psycopg.Connection[Any]:
        """Connect as the application (reads and writes rows), the reader, or the owner (changes the schema).

        Raises EnvironmentUnavailable when the database is not running, MigrationError (`SCHEMA_BEHIND`)
        when its schema is not the one that this code needs; the owner may connect to any schema.
        lasting: locks and temporary tables outlast transactions, so that no pooler may stand between
        (ConfigError, `DIRECT_URL_NEEDED`); it always is so for the owner. writes: refuse a database that
        takes none (EnvironmentUnavailable, `DATABASE_READ_ONLY`); None: as the application.
        """
        from sportsplat.db import connection as engine

        names = {"app": engine.APP_ROLE, "read": engine.READ_ROLE, "owner": None}
        lasting = lasting or role == "owner"
        locate = self.locate_directly if lasting and self.locate_directly is not None else self.locate
        connection = engine.connect(
            locate().dsn(),
            role=names[role],
            autocommit=autocommit,
            lasting=lasting,
            writes=role == "app" if writes is None else writes,
        )
        if role != "owner" and not self._checked:
            try:
                check_schema(connection)
            except BaseException:
                connection.close()
                raise
            self._checked = True
        return connection

    def league(self, code: str) -> League:
        """Return the league with this code; raises NotFound, with the likely code."""
        return get_league(code, self.settings.project_dir)


def open_context(settings: Settings) -> Context:
    """Return the context of these settings. Nothing is connected yet."""
    return Context(
        settings,
        load_leagues(settings.project_dir),
        lambda: open_environment(settings).endpoint(),
        lambda: open_environment(settings).direct_endpoint(),
    )


def check_schema(connection: psycopg.Connection[Any]) -> None:
    """Raise MigrationError unless the schema is the one that this code needs.

    `SCHEMA_BEHIND`: revisions are missing. `SCHEMA_NEWER`: a newer sportsplat migrated the database.
    """
    from sportsplat.db.schema.revisions import behind, current

    found = current(connection)
    if not connection.autocommit:
        connection.rollback()
    missing = behind(found, asset_dir("migrations"))
    if missing:
        raise MigrationError(
            "the database schema is not the one this version needs",
            cause=f"the database is at {found or 'no revision at all'}, the code needs {missing[-1]}",
            fix="sportsplat db migrate",
            code="SCHEMA_BEHIND",
        )
