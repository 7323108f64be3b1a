"""A server that speaks German: what it refuses is told apart by SQLSTATE, not by English words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sportsplat.db.connection import connect
from sportsplat.infra import query
from sportsplat.infra.environment import Endpoint
from sportsplat.postgres.refusal import sqlstate_on_retry
from tests.german import german_server
from tests.program import Ran, run


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with german_server(tmp_path_factory.mktemp("de") / "server") as endpoint:
        yield endpoint


@pytest.fixture
def owned(german: Endpoint) -> Iterator[Endpoint]:
    """A database of a user who is no superuser, and may therefore not ask for English."""
    with connect(german.dsn(), autocommit=True) as conn:
        conn.execute("CREATE ROLE mieter LOGIN CREATEROLE PASSWORD 'mieter-mieter'")
        conn.execute("CREATE DATABASE wohnung OWNER mieter")
    try:
        yield replace(german, user="mieter", password="mieter-mieter", database="wohnung")
    finally:
        with connect(german.dsn(), autocommit=True) as conn:
            conn.execute("DROP DATABASE wohnung WITH (FORCE)")
            conn.execute("DROP OWNED BY mieter")
            conn.execute("DROP ROLE IF EXISTS sportsplat_app, sportsplat_read, mieter")


def use(endpoint: Endpoint, project: Path, *words: str) -> Ran:
    return run(project, *words, "--json", DATABASE_URL=endpoint.url(reveal=True))


def test_it_speaks_german(german: Endpoint) -> None:
    with pytest.raises(psycopg.OperationalError, match="fehlgeschlagen"):
        psycopg.connect(replace(german, password="wrong").dsn())


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"password": "hunter2-hunter2"}, "WRONG_PASSWORD"),
        ({"password": ""}, "WRONG_PASSWORD"),
        ({"user": "niemand"}, "WRONG_PASSWORD"),
        ({"database": "nirgends"}, "DATABASE_MISSING"),
    ],
)
def test_what_it_refuses(german: Endpoint, project_dir: Path, changed: dict[str, Any], code: str) -> None:
    for command in ("up", "leagues", "db current"):
        refused = use(replace(german, **changed), project_dir, *command.split())
        assert (refused.exit_code, refused.error["code"]) == (6, code)
        assert "hunter2" not in refused.stdout + refused.stderr


def test_a_query_of_ours_tells_them_apart_too(german: Endpoint) -> None:
    with pytest.raises(query.RefusedError) as wrong:
        query.ask(replace(german, password="wrong"), "SELECT 1", timeout_s=10)
    assert wrong.value.wrong_password
    assert not wrong.value.no_database
    with pytest.raises(query.RefusedError) as missing:
        query.ask(replace(german, database="nirgends"), "SELECT 1", timeout_s=10)
    assert missing.value.no_database
    assert query.ask(german, "SELECT x FROM nirgends", timeout_s=10) == []
    assert sqlstate_on_retry(german.dsn()) is None


def test_it_is_used_as_any_other(owned: Endpoint, project_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "E0.csv"
    file.write_text("Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR\nE0,12/08/2023,Arsenal,Chelsea,2,1,H\n")
    assert use(owned, project_dir, "up").data["state"] == "running"
    assert use(owned, project_dir, "ingest", "football-data", str(file)).data["matches"]["inserted"] == 1
    assert use(owned, project_dir, "db", "backup").data["tables"]["matches"]["rows"] == 1


def test_a_backup_that_may_not_read_everything(owned: Endpoint, german: Endpoint, project_dir: Path) -> None:
    assert use(owned, project_dir, "up").data["state"] == "running"
    with connect(replace(german, database="wohnung").dsn(), autocommit=True) as conn:
        conn.execute("CREATE SEQUENCE public.fremd")
        conn.execute(sql.SQL("REVOKE ALL ON SEQUENCE public.fremd FROM PUBLIC, mieter"))
    refused = use(owned, project_dir, "db", "backup")
    assert (refused.exit_code, refused.error["code"]) == (6, "NOT_ALLOWED"), refused.error
