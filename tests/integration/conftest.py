"""Embedded servers of single tests, removed whatever happens; a schema to try; a project to back up."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sportsplat.config.settings import Settings
from sportsplat.db.connection import Connection, connect
from sportsplat.db.write.teams import add_teams, ensure_league
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from sportsplat.infra.embedded.spec import EmbeddedSpec
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.state_folder import StateFolder
from sportsplat.leagues.league import load_leagues
from tests.backups import fill, settings_of
from tests.conftest import FAST, Database
from tests.embedded import Make
from tests.integration.claiming import NAMES


@pytest.fixture
def make() -> Iterator[Make]:
    """Return a maker of environments, all of which are removed at the end."""
    made: list[EmbeddedEnvironment] = []

    def make_one(folder: Path, **changes: Any) -> EmbeddedEnvironment:
        folder.mkdir(parents=True, exist_ok=True)
        known = {"state_dir": folder / ".sportsplat", "env_file": folder / ".env", "tuning": FAST}
        made.append(EmbeddedEnvironment(EmbeddedSpec(**{**known, **changes})))
        return made[-1]

    yield make_one
    for environment in made:
        environment.remove()


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose server was initialised and stopped: one for each test would take minutes."""
    folder = tmp_path_factory.mktemp("initialised")
    environment = EmbeddedEnvironment(EmbeddedSpec(folder / ".sportsplat", folder / ".env", tuning=FAST))
    environment.ensure(60)
    environment.stop()
    StateFolder(folder / ".sportsplat").clear()
    return folder


@pytest.fixture
def made(make: Make, initialised: Path) -> Make:
    """Return a maker of environments that are initialised already (in a folder that is new)."""

    def copy_one(folder: Path, **changes: Any) -> EmbeddedEnvironment:
        if not (folder / ".sportsplat").exists():
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{initialised}/.", folder], check=True)
        return make(folder, **changes)

    return copy_one


@pytest.fixture
def schema(postgres: Endpoint, migrated: str) -> Iterator[Connection]:
    """An open transaction of the owner on the migrated, empty template; all of it is rolled back."""
    with connect(replace(postgres, database=migrated).dsn()) as conn:
        yield conn
        conn.rollback()


@pytest.fixture
def filled(database: Database) -> Database:
    """A migrated database with rows of the awkward kind."""
    with database.connect() as conn:
        fill(conn)
    return database


@pytest.fixture
def settings(filled: Database, tmp_path: Path) -> Settings:
    """The project whose database is `filled`."""
    return settings_of(tmp_path / "project", filled.endpoint)


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    """Yield a connection of the application's role to a database that has the league `sim` and four teams."""
    with database.connect("sportsplat_app", autocommit=True) as opened:
        ensure_league(opened, load_leagues()["sim"])
        add_teams(opened, "sim", NAMES)
        yield opened
