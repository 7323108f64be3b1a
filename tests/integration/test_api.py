"""The API over a real PostgreSQL and a real socket: what is stored comes back, errors have one shape."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, LiteralString

import httpx
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from psycopg import sql
from psycopg.types.json import Jsonb

from sportsplat.api.app import create_app
from sportsplat.db.revisions import head
from sportsplat.infra.wait import wait_for
from sportsplat.settings import asset_dir
from tests.conftest import Database

KICKOFF = datetime(2026, 3, 1, 19, 30, tzinfo=UTC)


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of the application behind a real socket."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert wait_for(lambda: server.started, 60)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client
    server.should_exit = True
    thread.join()


@pytest.fixture
def api(database: Database) -> Iterator[httpx.Client]:
    app = create_app(
        dsn=database.dsn,
        role="sportsplat_read",
        schema_head=head(asset_dir("migrations")),
        project_dir=asset_dir("config").parent,
    )
    with serving(app) as client:
        yield client


def insert(conn: psycopg.Connection[Any], table: LiteralString, **values: object) -> int:
    """Insert one row and return its id (or 0 where the table has none)."""
    columns = list(values)
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING to_jsonb({}.*) ->> 'id'").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        sql.Identifier(table),
    )
    (row,) = conn.execute(query, list(values.values())).fetchall()
    return int(row[0] or 0)


@pytest.fixture
def stored(database: Database) -> int:
    """Three matches of the simulated league; the last one is unplayed and predicted by a promoted model."""
    with database.connect() as conn:
        conn.execute(
            "INSERT INTO leagues (code, name, sport, outcomes, timezone)"
            " VALUES ('sim', 'Simulated League', 'simulated', '{home,away}', 'UTC') ON CONFLICT DO NOTHING"
        )
        north = insert(conn, "teams", league="sim", name="North")
        south = insert(conn, "teams", league="sim", name="South")
        fixture = {"league": "sim", "season": 2026, "precision": "minute", "home_id": north, "away_id": south}
        result = {"status": "final", "home_score": 101, "away_score": 99}
        for day in (1, 2, 3):
            kickoff = KICKOFF.replace(day=day)
            when = {"match_date": kickoff.date(), "kickoff_utc": kickoff}
            played = {**result, "known_at": kickoff.replace(hour=23)} if day < 3 else {"status": "scheduled"}
            match_id = insert(conn, "matches", **fixture, **when, **played, number=1, source="simulate")
        insert(conn, "feature_manifests", hash="m1", names=["elo_difference"])
        model_id = insert(
            conn,
            "models",
            league="sim",
            kind="elo",
            trained_until=KICKOFF,
            manifest="m1",
            parameters=Jsonb({}),
            card=Jsonb({}),
            artifact=Jsonb({}),
            seed=7,
        )
        insert(conn, "model_promotions", league="sim", model_id=model_id, reason="first")
        for hour, home in ((8, 0.61), (9, 0.625)):
            insert(
                conn,
                "predictions",
                match_id=match_id,
                model_id=model_id,
                predicted_at=KICKOFF,
                as_of=KICKOFF.replace(hour=hour),
                probabilities=[home, 1 - home],
            )
    return model_id


def get(api: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_health_answers_without_asking_anything(api: httpx.Client) -> None:
    assert get(api, "/health")["status"] == "ok"


def test_ready_says_which_check_fails_until_a_model_is_promoted(
    api: httpx.Client, database: Database
) -> None:
    answer = api.get("/ready")
    assert answer.status_code == 503
    checks = {check["name"]: check for check in answer.json()["checks"]}
    assert checks["database"]["ok"]
    assert checks["schema"]["ok"]
    assert not checks["model"]["ok"]
    assert "sportsplat train" in checks["model"]["detail"]


@pytest.mark.usefixtures("stored")
def test_ready_with_database_schema_and_model(api: httpx.Client) -> None:
    assert get(api, "/ready")["ready"] is True


@pytest.mark.usefixtures("stored")
def test_ready_sees_a_schema_behind_the_code(api: httpx.Client, database: Database) -> None:
    with database.connect() as conn:
        conn.execute("UPDATE alembic_version SET version_num = 'older'")
    answer = api.get("/ready")
    assert answer.status_code == 503
    assert "older" in answer.text


@pytest.mark.usefixtures("stored")
def test_leagues_tell_what_is_stored(api: httpx.Client) -> None:
    (league,) = [row for row in get(api, "/v1/leagues")["leagues"] if row["code"] == "sim"]
    assert league["outcomes"] == ["home", "away"]
    assert (league["matches"], league["scheduled"]) == (3, 1)
    assert (league["first_match"], league["last_match"]) == ("2026-03-01", "2026-03-03")


@pytest.mark.usefixtures("stored")
def test_matches_are_filtered_and_paged_in_order(api: httpx.Client) -> None:
    played = get(api, "/v1/matches", league="sim", status="final")["matches"]
    assert [match["match_date"] for match in played] == ["2026-03-01", "2026-03-02"]
    assert played[0] | {"id": 0} == {
        "id": 0,
        "league": "sim",
        "season": 2026,
        "match_date": "2026-03-01",
        "kickoff_utc": "2026-03-01T19:30:00Z",
        "precision": "minute",
        "home": "North",
        "away": "South",
        "neutral": False,
        "stage": "regular",
        "status": "final",
        "home_score": 101,
        "away_score": 99,
    }
    first = get(api, "/v1/matches", league="sim", limit=2)
    rest = get(api, "/v1/matches", league="sim", limit=2, offset=first["next_offset"])
    assert rest["next_offset"] is None
    days = [match["match_date"][-2:] for match in first["matches"] + rest["matches"]]
    assert days == ["01", "02", "03"]
    assert get(api, "/v1/matches", league="sim", team="nobody")["matches"] == []
    assert len(get(api, "/v1/matches", league="sim", team="south", since="2026-03-03")["matches"]) == 1


def test_the_newest_prediction_of_the_promoted_model_is_shown(api: httpx.Client, stored: int) -> None:
    (prediction,) = get(api, "/v1/predictions", league="sim")["predictions"]
    assert prediction["model_id"] == stored
    assert prediction["probabilities"] == {"home": 0.625, "away": 0.375}
    assert prediction["as_of"] == "2026-03-01T09:30:00Z"
    assert prediction["match"]["home_score"] is None
    assert get(api, "/v1/predictions", league="sim", until="2026-03-02")["predictions"] == []
    assert get(api, "/v1/predictions", league="sim", model_id=stored + 1)["predictions"] == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/matches?league=nbaa", 404, "UNKNOWN_LEAGUE"),
        ("/v1/matches", 422, "USAGE"),
        ("/v1/matches?league=sim&limit=0", 422, "USAGE"),
        ("/v1/matches?league=sim&since=yesterday", 422, "USAGE"),
        ("/v1/matches?league=sim&since=2026-02-02&until=2026-01-01", 422, "USAGE"),
        ("/v1/teams", 404, "NOT_FOUND"),
    ],
)
def test_every_error_has_one_shape(api: httpx.Client, path: str, status: int, code: str) -> None:
    answer = api.get(path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "cause", "fix", "retryable"}
    assert error["code"] == code


def test_a_wrong_method_keeps_the_shape_and_names_what_is_allowed(api: httpx.Client) -> None:
    answer = api.post("/v1/leagues")
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert "GET" in answer.headers["allow"]


def test_a_mistyped_league_gets_a_suggestion(api: httpx.Client) -> None:
    assert "nba" in api.get("/v1/matches?league=nbaa").text


def test_docs_describe_the_routes(api: httpx.Client) -> None:
    assert "swagger" in api.get("/docs").text.lower()
    assert "/v1/predictions" in api.get("/openapi.json").json()["paths"]


def test_a_database_that_is_down_is_503_and_tells_no_secret() -> None:
    app = create_app(
        dsn="host=127.0.0.1 port=1 user=u password=hunter2 dbname=d",
        role=None,
        schema_head="x",
        project_dir=asset_dir("config").parent,
    )
    with serving(app) as client:
        for path in ("/ready", "/v1/leagues"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "hunter2" not in answer.text
        assert client.get("/health").status_code == 200
