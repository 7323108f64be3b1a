"""The API over a real PostgreSQL and a real socket: what is stored comes back, errors have one shape."""

from __future__ import annotations

import asyncio
import re
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
from sportsplat.db.read.api import PoolLimits
from sportsplat.db.schema.revisions import head
from sportsplat.infra.lock import wait_for
from sportsplat.paths import asset_dir
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


def test_a_fresh_deployment_is_ready_before_a_model_is_promoted(api: httpx.Client) -> None:
    answer = get(api, "/ready")
    assert answer["ready"] is True
    assert answer["promoted_models"] == 0
    checks = {check["name"]: check for check in answer["checks"]}
    assert (checks["database"]["ok"], checks["schema"]["ok"], checks["model"]["ok"]) == (True, True, False)
    assert not checks["model"]["required"]
    assert "sportsplat train" in checks["model"]["detail"]


@pytest.mark.usefixtures("stored")
def test_ready_with_database_schema_and_model(api: httpx.Client) -> None:
    answer = get(api, "/ready")
    assert answer["ready"] is True
    assert answer["promoted_models"] == 1
    assert all(check["ok"] for check in answer["checks"])


@pytest.mark.usefixtures("stored")
def test_ready_sees_a_schema_behind_the_code(api: httpx.Client, database: Database) -> None:
    with database.connect() as conn:
        conn.execute("UPDATE alembic_version SET version_num = 'older'")
    answer = api.get("/ready")
    assert answer.status_code == 503
    assert "older" in answer.text
    assert answer.json()["ready"] is False


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version VALUES ('other')",
        "DROP TABLE alembic_version",
        "DROP TABLE model_promotions CASCADE",
    ],
)
def test_a_damaged_schema_is_not_ready_and_no_bug(
    api: httpx.Client, database: Database, damage: LiteralString
) -> None:
    with database.connect() as conn:
        conn.execute(damage)
    answer = api.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False


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
        *[
            (f"/v1/{route}?league=sim&{name}={value}", 422, "USAGE")
            for route, name, value in (
                ("matches", "team", "%00"),
                ("matches", "team", "a%00b"),
                ("matches", "team", "x" * 101),
                ("matches", "status", "%00"),
                ("matches", "limit", "9" * 400),
                ("matches", "limit", "1_000"),
                ("matches", "offset", "-1"),
                ("matches", "offset", str(2**63)),
                ("matches", "since", "0000-01-01"),
                ("matches", "since", "10000-01-01"),
                ("matches", "since", "-4713-01-01"),
                ("matches", "since", "0"),
                ("matches", "since", "1700000000"),
                ("matches", "until", "2026-02-30"),
                ("matches", "until", "%00"),
                ("predictions", "model_id", "0"),
                ("predictions", "model_id", str(2**63)),
                ("predictions", "model_id", "9" * 5000),
                ("predictions", "model_id", "1.5"),
            )
        ],
        ("/v1/matches?league=%00", 422, "USAGE"),
        ("/v1/matches?league=%ED%A0%80", 404, "UNKNOWN_LEAGUE"),
        ("/v1/matches?league=" + "x" * 5000, 422, "USAGE"),
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
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    "path", ["/health", "/ready", "/v1/leagues", "/v1/matches?league=sim", "/v1/matches", "/docs", "/none"]
)
def test_head_is_get_without_the_body(api: httpx.Client, path: str) -> None:
    whole, head_only = api.get(path), api.head(path)
    assert head_only.status_code == whole.status_code
    assert head_only.headers["content-length"] == str(len(whole.content))
    assert head_only.content == b""
    assert api.get("/health").status_code == 200  # the connection is still in step


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/v1/matches?league=nba&taem=x", "did you mean 'team'?"),
        ("/v1/predictions?league=nba&model=3", "did you mean 'model_id'?"),
        ("/v1/predictions?league=nba&team=x", "it has league, since, until"),
        ("/v1/leagues?league=nba", "it has none"),
        ("/v1/matches?league=nba&league=nfl", "given 2 times"),
    ],
)
def test_a_parameter_that_would_be_ignored_is_refused(api: httpx.Client, path: str, hint: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "USAGE"
    assert hint in answer.json()["error"]["message"]


@pytest.mark.usefixtures("stored")
def test_the_widest_values_that_are_allowed_are_answered(api: httpx.Client) -> None:
    assert get(api, "/v1/matches", league="sim", since="0001-01-01", until="9999-12-31", limit=1000)[
        "matches"
    ]
    assert get(api, "/v1/matches", league="sim", offset=10_000_000)["matches"] == []
    assert get(api, "/v1/predictions", league="sim", model_id=2**63 - 1)["predictions"] == []
    assert get(api, "/v1/matches", league="sim", team="\U0001f3c0 %s {x} ';--")["matches"] == []


def test_a_mistyped_league_gets_a_suggestion(api: httpx.Client) -> None:
    assert "nba" in api.get("/v1/matches?league=nbaa").text


def test_docs_describe_the_routes(api: httpx.Client) -> None:
    assert "swagger" in api.get("/docs").text.lower()
    for page in ("/docs", "/redoc"):
        sources = re.findall(r'(?:src|href)="([^"]+)"', api.get(page).text)
        assert sources
        for source in sources:  # all of it comes from here: it is readable without internet
            assert source.startswith("/"), f"{page} takes {source} from elsewhere"
            assert len(api.get(source).raise_for_status().content) > 1000
    assert "/v1/predictions" in api.get("/openapi.json").json()["paths"]


def test_a_database_that_is_down_is_503_and_tells_no_secret() -> None:
    app = application("host=127.0.0.1 port=1 user=u password=hunter2 dbname=d", timeout_s=1)
    with serving(app) as client:
        for path in ("/ready", "/v1/leagues"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "hunter2" not in answer.text
        assert client.get("/health").status_code == 200


def test_the_description_has_the_bounds_that_are_enforced(api: httpx.Client) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    found = {
        parameter["name"]: parameter["schema"]
        for path in ("/v1/matches", "/v1/predictions")
        for parameter in paths[path]["get"]["parameters"]
    }
    assert (found["limit"]["minimum"], found["limit"]["maximum"]) == (1, 1000)
    assert (found["offset"]["minimum"], found["offset"]["maximum"]) == (0, 10_000_000)
    assert found["league"]["maxLength"] == found["team"]["anyOf"][0]["maxLength"] == 100
    assert found["model_id"]["anyOf"][0]["maximum"] == 2**63 - 1
    assert found["since"]["anyOf"][0]["format"] == "date"


def application(dsn: str, **pool: Any) -> FastAPI:
    """The application over a database; `pool` narrows its connections."""
    return create_app(
        dsn=dsn, role=None, schema_head="x", project_dir=asset_dir("config").parent, pool=PoolLimits(**pool)
    )


def at_once(client: httpx.Client, path: str, count: int) -> list[httpx.Response]:
    """The answers to requests that are all sent before the first is answered."""

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=count)
        async with httpx.AsyncClient(base_url=client.base_url, timeout=60, limits=limits) as many:
            return await asyncio.gather(*(many.get(path) for _ in range(count)))

    return asyncio.run(ask())


def test_four_hundred_requests_at_once_are_all_answered(database: Database) -> None:
    with serving(application(database.dsn)) as client:
        answers = at_once(client, "/v1/leagues", 400)
    assert {answer.status_code for answer in answers} == {200}


def test_too_many_requests_are_told_to_come_later_and_not_that_the_database_is_down(
    database: Database,
) -> None:
    with serving(application(database.dsn, max_size=1, max_waiting=5)) as client:
        get(client, "/v1/leagues")
        answers = at_once(client, "/v1/leagues", 60)
        assert get(client, "/v1/leagues")
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    assert len(answers) - len(refused) >= 6
    for answer in refused:
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["error"]["code"] == "OVERLOADED"
        assert answer.json()["error"]["retryable"] is True


def test_a_query_that_takes_too_long_is_told_as_such(database: Database) -> None:
    with database.connect() as blocker, serving(application(database.dsn, query_timeout_s=0.2)) as client:
        get(client, "/v1/leagues")
        blocker.execute("LOCK TABLE matches IN ACCESS EXCLUSIVE MODE")
        answer = client.get("/v1/leagues")
    assert answer.status_code == 504
    assert answer.json()["error"]["code"] == "QUERY_TIMED_OUT"


def test_connections_that_the_server_ended_are_replaced_without_an_error(database: Database) -> None:
    with serving(application(database.dsn)) as client:
        at_once(client, "/v1/leagues", 60)
        with database.connect(autocommit=True) as conn:
            ended = conn.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
        assert len(ended) > 1
        assert {answer.status_code for answer in at_once(client, "/v1/leagues", 60)} == {200}
