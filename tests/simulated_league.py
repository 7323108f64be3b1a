"""A database with simulated seasons, as an observer in the middle of the last one would have stored them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from sportsplat.config.load import load_settings
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.simulate import payloads
from tests.conftest import Database, _scratch

SEASONS = range(2010, 2014)
NOW = datetime(2013, 10, 1, 12, tzinfo=UTC)
TODAY = date(2013, 10, 1)


@contextmanager
def simulated_league(postgres: Endpoint, template: str, folder: Path) -> Iterator[Database]:
    """Fill a database with SEASONS as they stood at NOW."""
    files = []
    for payload in payloads(seed=5, seasons=SEASONS, now=NOW):
        files.append(folder / Path(payload.name).name)
        files[-1].write_bytes(payload.data)
    with _scratch(postgres, template=template) as database:
        ingest(context_of(database, folder), "simulate", files)
        yield database


@contextmanager
def copy_of(database: Database) -> Iterator[Database]:
    """Copy a database to which nobody is connected."""
    with _scratch(database.endpoint, template=database.endpoint.database) as made:
        yield made


def context_of(database: Database, folder: Path, **overrides: object) -> Context:
    """Return what jobs get, with few folds so that training is quick; `overrides` have __ for the dot."""
    settings = load_settings(
        project_dir=folder,
        overrides={
            "infra.backend": "external",
            "infra.database_url": database.endpoint.url(reveal=True),
            "models.cv_folds": 3,
            **{key.replace("__", "."): value for key, value in overrides.items()},
        },
        environ={},
    )
    return Context(settings, load_leagues(folder), lambda: database.endpoint)
