"""Behind PgBouncer in transaction mode: what reads goes through it, what holds a session goes past it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sportsplat.api.app import create_app
from sportsplat.db.connection import APP_ROLE, READ_ROLE, connect
from sportsplat.db.read.api import Database as Queries
from sportsplat.db.schema.revisions import head
from sportsplat.errors import ConfigError
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.modelling.predict import predict
from sportsplat.jobs.modelling.train import train
from sportsplat.paths import asset_dir
from tests.conftest import Database
from tests.integration.test_api import serving
from tests.integration.test_server_settings import SETTINGS, with_settings
from tests.pooler import pooled
from tests.program import Ran, run
from tests.simulated_league import NOW, context_of, copy_of, simulated_league

FILE = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR\nE0,12/08/2023,Arsenal,Chelsea,2,1,H\n"
LEFT_BEHIND = """
SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = d.oid),
       (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relkind = 'r')
  FROM pg_database d WHERE datname = current_database()
"""


@pytest.fixture
def pooler(database: Database) -> Iterator[Endpoint]:
    with pooled(database.endpoint) as endpoint:
        yield endpoint


def use(project: Path, pooler: Endpoint, direct: Endpoint | None, *words: str) -> Ran:
    named: dict[str, Any] = {"DATABASE_URL": pooler.url(reveal=True)}
    if direct is not None:
        named["SPORTSPLAT_INFRA__DIRECT_URL"] = direct.url(reveal=True)
    return run(project, *words, "--json", **named)


def nothing_is_left(server: Endpoint, pooler: Endpoint) -> bool:
    """Whether no lock, role, setting or temporary table stays on the server connections of the pooler."""
    with connect(server.dsn()) as conn:
        assert conn.execute(LEFT_BEHIND).fetchone() == (0, 0)
    with ThreadPoolExecutor(6) as threads:
        seen = set(threads.map(lambda _: as_found(pooler), range(12)))
    return seen == {(server.user, "0", "GMT")} or seen == {(server.user, "0", "UTC")}


def as_found(pooler: Endpoint) -> tuple[str, ...]:
    """Return the role, a limit and the zone that another client of the pooler meets."""
    with psycopg.connect(pooler.dsn(), autocommit=True) as conn:
        query = "SELECT current_user, current_setting('statement_timeout'), current_setting('TimeZone')"
        return tuple(conn.execute(query).fetchone() or ())


def test_roles_and_settings_are_those_of_a_transaction(database: Database, pooler: Endpoint) -> None:
    query = "SELECT current_user, current_setting('search_path'), current_setting('TimeZone')"
    with with_settings(database.endpoint, **SETTINGS):
        for autocommit in (True, False):
            with connect(pooler.dsn(), role=READ_ROLE, autocommit=autocommit) as conn:
                assert conn.pooled
                for _ in range(7):
                    assert conn.execute(query).fetchone() == (READ_ROLE, "public", "UTC")
                    if not autocommit:
                        conn.commit()
                with conn.transaction():
                    assert conn.execute(query).fetchone() == (READ_ROLE, "public", "UTC")
                    assert conn.execute("SELECT 1.123456789::float8").fetchone() == (1.123456789,)
                with conn.cursor() as cursor:
                    cursor.executemany("SELECT current_user, %s::int", [(1,), (2,)], returning=True)
                    assert cursor.fetchone() == (READ_ROLE, 1)
                with conn.cursor() as cursor, cursor.copy("COPY (SELECT current_user) TO STDOUT") as copy:
                    assert [bytes(line) for line in copy] == [READ_ROLE.encode() + b"\n"]
        with connect(database.dsn) as conn:
            assert not conn.pooled
    assert as_found(pooler)[0] == database.endpoint.user


def test_a_session_is_not_held_through_it(pooler: Endpoint) -> None:
    for wanted in ({}, {"role": APP_ROLE, "lasting": True}):
        with pytest.raises(ConfigError) as refused:
            connect(pooler.dsn(), **wanted)  # type: ignore[arg-type]
        assert refused.value.error_code == "DIRECT_URL_NEEDED"
        assert pooler.password not in str(refused.value.to_dict())


def test_commands_through_it_and_past_it(empty_database: Database, project_dir: Path) -> None:
    server = replace(empty_database.endpoint, socket_dir=None)
    (project_dir / "E0.csv").write_text(FILE)
    with pooled(server) as pooler:
        refused = use(project_dir, pooler, None, "up")
        assert (refused.exit_code, refused.error["code"]) == (3, "DIRECT_URL_NEEDED")
        assert "SPORTSPLAT_INFRA__DIRECT_URL" in refused.error["fix"]
        assert use(project_dir, pooler, server, "up").data["schema_revision"] == head(asset_dir("migrations"))
        refused = use(project_dir, pooler, None, "ingest", "football-data", "E0.csv")
        assert (refused.exit_code, refused.error["code"]) == (3, "DIRECT_URL_NEEDED")
        ingested = use(project_dir, pooler, server, "ingest", "football-data", "E0.csv").data
        assert ingested["matches"]["inserted"] == 1
        assert use(project_dir, pooler, server, "db", "backup", "--verify").data["rows"] > 0
        assert use(project_dir, pooler, None, "leagues").exit_code == 0
        notes = use(project_dir, pooler, None, "status").data["notes"]
        assert "infra.direct_url" in notes[0]
        assert use(project_dir, pooler, server, "status").data["notes"] == []
        rows = use(project_dir, pooler, None, "doctor").data["checks"]
        assert {row["state"] for row in rows if row["name"] == "server_settings"} == {"warn"}
        other = replace(server, database="postgres")
        refused = use(project_dir, pooler, other, "ingest", "football-data", "E0.csv")
        assert (refused.exit_code, refused.error["code"]) == (3, "DIRECT_URL_DIFFERS")
        optional = replace(pooler, parameters={"options": "-c statement_timeout=5s"})
        refused = use(project_dir, optional, None, "leagues")
        assert (refused.exit_code, refused.error["code"]) == (3, "OPTIONS_REFUSED")
        wrong = use(project_dir, replace(pooler, password="hunter2-hunter2"), None, "db", "current")
        assert (wrong.exit_code, wrong.error["code"]) == (6, "WRONG_PASSWORD")
        assert nothing_is_left(server, pooler)


def test_the_api_under_many_requests_at_once(database: Database, pooler: Endpoint, project_dir: Path) -> None:
    app = create_app(
        dsn=pooler.dsn(), role=READ_ROLE, schema_head=head(asset_dir("migrations")), project_dir=project_dir
    )
    paths = ["/v1/leagues", "/v1/matches?league=epl", "/ready"] * 50
    with (
        with_settings(database.endpoint, DateStyle="German, DMY", search_path="elsewhere"),
        serving(app) as client,
        ThreadPoolExecutor(30) as threads,
    ):
        answers = list(threads.map(lambda path: client.get(path).status_code, paths))
    assert answers == [200] * 150
    assert as_found(pooler)[0] == database.endpoint.user


async def several(queries: Queries) -> set[str]:
    await queries.open()
    try:
        query = "SELECT current_user || ' ' || current_setting('statement_timeout') AS seen"
        found = await asyncio.gather(*(queries.rows(query) for _ in range(60)))
    finally:
        await queries.close()
    return {str(row["seen"]) for (row,) in found}


def test_the_pool_of_the_api_acts_as_the_reader_only_in_its_transactions(
    database: Database, pooler: Endpoint
) -> None:
    assert asyncio.run(several(Queries(pooler.dsn(), role=READ_ROLE))) == {f"{READ_ROLE} 10s"}
    assert nothing_is_left(database.endpoint, pooler)


def test_a_model_is_trained_and_forecasts_through_it(
    postgres: Endpoint, migrated: str, tmp_path: Path
) -> None:
    with simulated_league(postgres, migrated, tmp_path) as filled, copy_of(filled) as league:
        server = replace(league.endpoint, socket_dir=None)
        with pooled(server) as pooler:
            context = context_of(Database(pooler), tmp_path)
            report = train(context, "sim", kind="elo", seed=1)
            assert report.promoted
            seen = predict(context, "sim", days=7, now=NOW)
            assert seen.stored == len(seen.predictions) > 0
            assert nothing_is_left(server, pooler)
