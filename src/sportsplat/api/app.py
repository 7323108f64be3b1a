"""The FastAPI application: routes, one shape for every error, a pool that lives as long as the process."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sportsplat import __version__
from sportsplat.api.routes import health, matches, predictions
from sportsplat.api.schemas import ErrorAnswer
from sportsplat.db.queries import Database
from sportsplat.errors import SportsplatError
from sportsplat.redact import redact

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

logger = logging.getLogger(__name__)

DESCRIPTION = """Matches, published prices and honest probabilities from one PostgreSQL.

Times are UTC. Every probability follows the order of its league's `outcomes`. Every error has one shape:
`{"error": {"code", "message", "cause", "fix", "retryable"}}`."""


def create_app(*, dsn: str, role: str | None, schema_head: str, project_dir: Path) -> FastAPI:
    """Build the application over one database.

    dsn: libpq connection string of the database. role: what to SET ROLE to, None to stay the connecting user.
    schema_head: the revision that this code needs. project_dir: where config/leagues.yaml may be.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.database = Database(dsn, role=role)
        await app.state.database.open()
        yield
        await app.state.database.close()

    app = FastAPI(
        title="sportsplat",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}},
    )
    app.state.schema_head = schema_head
    app.state.project_dir = project_dir
    for router in (health.router, matches.router, predictions.router):
        app.include_router(router)
    app.add_exception_handler(SportsplatError, _foreseen)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)
    return app


def _answer(status: int, code: str, message: str, **more: object) -> JSONResponse:
    body = {"code": code, "message": message, "cause": None, "fix": None, "retryable": False, **more}
    return JSONResponse({"error": body}, status_code=status)


async def _foreseen(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, SportsplatError)  # noqa: S101 - the handler is registered for this class
    body = {
        name: redact(value) if isinstance(value, str) else value for name, value in problem.to_dict().items()
    }
    return JSONResponse({"error": body}, status_code=problem.http_status)


async def _invalid(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, RequestValidationError)  # noqa: S101
    first = problem.errors()[0]
    where = " ".join(str(part) for part in first["loc"])
    return _answer(
        422,
        "USAGE",
        f"{where}: {first['msg']}",
        cause=f"The value seen is {first.get('input')!r}."[:300],
        fix="see /docs for what this route takes",
    )


async def _http(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, HTTPException)  # noqa: S101
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(problem.status_code, "HTTP_ERROR")
    answer = _answer(
        problem.status_code,
        code,
        f"{problem.detail}: {request.method} {request.url.path}",
        fix="see /docs for the routes that exist",
    )
    answer.headers.update(problem.headers or {})
    return answer


async def _unforeseen(request: Request, problem: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=problem)
    return _answer(500, "INTERNAL", "A bug of ours: the server's log has the trace.")
