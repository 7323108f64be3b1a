"""A server of PostgreSQL 18, two majors above our own, serves as well. (17 is between the two.)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from psycopg import sql

from sportsplat.db.connection import connect
from sportsplat.db.schema.catalogue import difference, expected_here, live
from sportsplat.db.schema.migrate import alembic_on, check, migrate, revisions
from sportsplat.infra.environment import Endpoint
from tests.integration.migrating import MIGRATIONS
from tests.integration.test_init_script import COMMITTED, everything, run_script
from tests.integration.test_schema_drift import CHANGES
from tests.other_servers import another_server
from tests.program import Ran, run
from tests.season_files import IMPOSSIBLE, ROWS, season_file


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with another_server(tmp_path_factory.mktemp("postgres18")) as endpoint:
        yield endpoint


@pytest.fixture
def fresh(server: Endpoint, request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """An empty database of the test's own."""
    name = sql.Identifier(request.node.name)
    with connect(server.dsn(), autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield replace(server, database=request.node.name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_the_migrations_make_the_schema_that_they_make_on_16(fresh: Endpoint) -> None:
    with connect(fresh.dsn()) as conn:
        assert conn.info.server_version // 10000 == 18
    assert migrate(fresh.dsn(), MIGRATIONS) == revisions(MIGRATIONS)
    assert check(fresh.dsn(), MIGRATIONS) == []
    assert migrate(fresh.dsn(), MIGRATIONS) == []


def test_the_init_script_makes_the_same(server: Endpoint, fresh: Endpoint) -> None:
    migrate(server.dsn(), MIGRATIONS)
    ran = run_script(fresh, COMMITTED)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert everything(fresh) == everything(server)
    assert check(fresh.dsn(), MIGRATIONS) == []


def test_the_migrations_go_down_and_up_again(fresh: Endpoint) -> None:
    migrate(fresh.dsn(), MIGRATIONS)
    with connect(fresh.dsn(), autocommit=True) as conn:
        with alembic_on(conn, MIGRATIONS) as config:
            command.downgrade(config, "base")
        assert [key for key in live(conn) if "alembic_version" not in key] == []
    assert migrate(fresh.dsn(), MIGRATIONS) == revisions(MIGRATIONS)
    assert check(fresh.dsn(), MIGRATIONS) == []


def test_all_drift_is_named_as_on_16(fresh: Endpoint) -> None:
    migrate(fresh.dsn(), MIGRATIONS)
    with connect(fresh.dsn()) as conn:
        for statement, told in CHANGES:
            conn.execute(statement)
            lines = difference(expected_here(conn, MIGRATIONS), live(conn))
            assert any(told in line for line in lines), (statement, lines)
            conn.rollback()


def test_the_way_from_up_to_stored_matches(fresh: Endpoint, project_dir: Path) -> None:
    season_file(project_dir / "data" / "2021", [*ROWS, IMPOSSIBLE])

    def sportsplat(*words: str) -> Ran:
        return run(project_dir, *words, "--json", DATABASE_URL=fresh.url(reveal=True))

    up = sportsplat("up").data
    assert (up["backend"], up["server_version"].split(".")[0]) == ("external", "18")
    first = sportsplat("ingest", "football-data", "data").data
    assert first["matches"] == {"inserted": 3, "updated": 0, "unchanged": 0}
    assert first["quotes"]["inserted"] == 18
    assert first["quarantined"] == 1
    again = sportsplat("ingest", "football-data", "data").data
    assert again["matches"] == {"inserted": 0, "updated": 0, "unchanged": 3}
    leagues = sportsplat("leagues").data["leagues"]
    assert next(league for league in leagues if league["code"] == "epl")["matches"] == 3
    assert sportsplat("quarantine", "list").exit_code == 0
    assert sportsplat("db", "check").data["objects"] > 300
    assert sportsplat("up").data["actions"] == []
