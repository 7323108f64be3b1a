"""An error of the API has the object of the command line: code, status and details of the registry."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from sportsplat.api.app import create_app
from sportsplat.errors import EnvironmentUnavailable, InputRefused, NotFound, SportsplatError

URL = "postgresql://sportsplat:hunter2hunter2@127.0.0.1:5432/sportsplat"


def ask(tmp_path: Path, error: Exception, path: str = "/fail", method: str = "GET") -> httpx.Response:
    """Ask the API, which has one more route that fails; no database is opened."""
    app = create_app(dsn="", role=None, schema_head="", project_dir=tmp_path)

    @app.get("/fail")
    async def fail() -> None:
        raise error

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path)

    return asyncio.run(answer())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("no league", code="UNKNOWN_LEAGUE"), 404),
        (InputRefused("no match", code="NO_MATCHES", league="epl"), 422),
        (EnvironmentUnavailable("busy", code="OVERLOADED", retry_after_s=2), 503),
    ],
)
def test_the_body_is_the_object_of_the_error(tmp_path: Path, error: SportsplatError, status: int) -> None:
    answer = ask(tmp_path, error)
    assert (answer.status_code, answer.json()) == (status, {"error": error.to_dict()})
    assert answer.json()["error"].get("details", {}) == error.details
    assert answer.headers.get("Retry-After") == ("2" if status == 503 else None)


def test_details_are_json_without_secrets(tmp_path: Path) -> None:
    error = EnvironmentUnavailable(f"no answer from {URL}", tried=[URL], at=datetime(2024, 8, 1, tzinfo=UTC))
    answer = ask(tmp_path, error)
    assert answer.json()["error"]["details"] == {
        "tried": ["postgresql://sportsplat:***@127.0.0.1:5432/sportsplat"],
        "at": "2024-08-01T00:00:00+00:00",
    }
    assert "hunter2" not in answer.text


def test_errors_outside_of_ours_have_registered_codes(tmp_path: Path) -> None:
    for path, method, status, code in (
        ("/none", "GET", 404, "NOT_FOUND"),
        ("/fail", "POST", 405, "METHOD_NOT_ALLOWED"),
        ("/fail", "GET", 500, "INTERNAL"),
    ):
        answer = ask(tmp_path, RuntimeError("a bug"), path, method)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["retryable"]) == (status, code, False)
        assert error.keys() == {"code", "message", "cause", "fix", "retryable"}
