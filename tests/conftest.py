"""A real PostgreSQL for whoever needs one: a server per test process, a fresh migrated database per test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from psycopg import sql

from sportsplat.config.load import load_settings
from sportsplat.db.connection import connect
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from sportsplat.infra.embedded.spec import EmbeddedSpec
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.leagues.league import load_leagues
from sportsplat.paths import asset_dir
from tests import signals
from tests.program import NO_ENGINE

pytest_plugins = ["tests.engine", "tests.second_engine"]
ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "migrated_template"
# Test data may be lost: these servers need not survive a loss of power.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_numbers = count(1)
# The machine may be busy: how long an example takes says nothing of the program.
hypothesis.settings.register_profile(
    "no clock",
    hypothesis.settings.get_profile(hypothesis.settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("no clock")
REAL_DATA = (
    Path(os.environ["SPORTSPLAT_REAL_DATA"]).resolve() if os.environ.get("SPORTSPLAT_REAL_DATA") else None
)


def pytest_configure() -> None:
    """Let whatever the tests start hear every signal."""
    signals.hear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in a folder of its own, so that `-m` can tell it from the rest."""
    for item in items:
        folder = item.path.parent.name
        if folder in ("fuzz", "golden"):
            item.add_marker(folder)


@dataclass(frozen=True)
class Database:
    """One database of the test server."""

    endpoint: Endpoint

    @property
    def dsn(self) -> str:
        """Connection string of its owner."""
        return self.endpoint.dsn()

    def connect(self, role: str | None = None, *, autocommit: bool = False) -> psycopg.Connection[Any]:
        """Connect as the owner, or acting as `role` (`sportsplat_app`, `sportsplat_read`)."""
        return connect(self.dsn, role=role, autocommit=autocommit)


@pytest.fixture(scope="session", autouse=True)
def _environment_of_the_developer(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep settings, project, database, engine and cache of whoever runs the tests out of them."""
    for key in list(os.environ):
        own = key.startswith(("SPORTSPLAT_", "POSTGRES_", "PG")) and key != "SPORTSPLAT_REAL_DATA"
        if own or key in {"DATABASE_URL", "GEMINI_API_KEY", "ODDS_API_KEY"}:
            del os.environ[key]
    os.environ["DOCKER_HOST"] = NO_ENGINE
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    os.chdir(tmp_path_factory.mktemp("nowhere"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """One embedded server per test process; stopped at the end whatever happened."""
    folder = tmp_path_factory.mktemp("postgres")
    environment = EmbeddedEnvironment(EmbeddedSpec(folder / "state", folder / ".env", tuning=FAST))
    try:
        yield environment.ensure(timeout_s=60).endpoint
    finally:
        environment.remove()


@pytest.fixture(scope="session")
def migrated(postgres: Endpoint) -> str:
    """Name of a database at the schema's head, from which those of the tests are copied."""
    from sportsplat.db.schema.migrate import migrate

    _administer(postgres, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate(replace(postgres, database=TEMPLATE).dsn(), asset_dir("migrations"))
    return TEMPLATE


@pytest.fixture
def database(postgres: Endpoint, migrated: str) -> Iterator[Database]:
    """A migrated database of this test alone."""
    with _scratch(postgres, template=migrated) as made:
        yield made


@pytest.fixture
def empty_database(postgres: Endpoint) -> Iterator[Database]:
    """A database of this test alone, without a schema."""
    with _scratch(postgres, template="template1") as made:
        yield made


@contextmanager
def _scratch(server: Endpoint, template: str) -> Iterator[Database]:
    name = f"test_{next(_numbers)}"
    identifier = sql.Identifier(name)
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    _administer(server, statement.format(identifier, sql.Identifier(template)))
    try:
        yield Database(replace(server, database=name))
    finally:
        _administer(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def _administer(server: Endpoint, statement: sql.Composed) -> None:
    with connect(server.dsn(), autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the project, and as the current folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def context(database: Database, project_dir: Path) -> Context:
    """What jobs get: settings of an empty project, the leagues, and this test's database."""
    overrides = {"infra.backend": "external", "infra.database_url": database.endpoint.url(reveal=True)}
    settings = load_settings(project_dir=project_dir, overrides=overrides, environ={})
    return Context(settings, load_leagues(project_dir), lambda: database.endpoint)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with public files of real matches; whoever needs it is skipped where it is not named."""
    if REAL_DATA is None:
        pytest.skip("SPORTSPLAT_REAL_DATA names no folder with real data")
    return REAL_DATA
