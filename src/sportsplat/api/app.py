"""The FastAPI application: routes, one shape for every error, a pool that lives as long as the process."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from sportsplat import __version__
from sportsplat.api.routes import health, matches, predictions
from sportsplat.api.schemas import ErrorAnswer
from sportsplat.db.read.api import Database, PoolLimits
from sportsplat.error_codes import CODES
from sportsplat.errors import SportsplatError
from sportsplat.redact import redact_data

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

DESCRIPTION = """Matches, published prices and honest probabilities from one PostgreSQL.

Times are UTC. Every probability follows the order of its league's `outcomes`. Every error has one shape:
`{"error": {"code", "message", "cause", "fix", "retryable"}}`, with `details` where there are any."""


def create_app(
    *, dsn: str, role: str | None, schema_head: str, project_dir: Path, pool: PoolLimits | None = None
) -> FastAPI:
    """Build the application over one database.

    dsn: libpq connection string of the database. role: what to SET ROLE to, None to stay the connecting user.
    schema_head: the revision that this code needs. project_dir: where config/leagues.yaml may be.
    pool: bounds of connections and of waiting requests; default: those of `PoolLimits`.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.database = Database(dsn, role=role, limits=pool)
        await app.state.database.open()
        yield
        await app.state.database.close()

    # The pages of /docs and /redoc take their scripts from here: no internet is needed to read them.
    app: FastAPI = FastAPIOffline(
        title="sportsplat",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}},
    )
    app.state.schema_head = schema_head
    app.state.project_dir = project_dir
    app.add_middleware(HeadAsGet)
    for router in (health.router, matches.router, predictions.router):
        app.include_router(router)
    app.add_exception_handler(SportsplatError, _foreseen)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)
    return app


class HeadAsGet:
    """Answer HEAD as GET is answered, without the body; the headers are those of the whole answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_head)


_HTTP_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def _answer(
    message: str, *, code: str, status: int | None = None, cause: str | None = None, fix: str | None = None
) -> JSONResponse:
    """Return the response of an error that is not ours; status: of the code, if None."""
    entry = CODES[code]
    body = {"code": code, "message": message, "cause": cause, "fix": fix, "retryable": entry.retryable}
    return JSONResponse({"error": body}, status_code=status or entry.http_status)


async def _foreseen(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, SportsplatError)  # noqa: S101 - the handler is registered for this class
    body = redact_data(problem.to_dict())
    wait_s = problem.details.get("retry_after_s")
    headers = None if wait_s is None else {"Retry-After": str(wait_s)}
    return JSONResponse({"error": body}, status_code=problem.http_status, headers=headers)


async def _invalid(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, RequestValidationError)  # noqa: S101
    first = problem.errors()[0]
    where = " ".join(str(part) for part in first["loc"])
    seen = first.get("input")
    return _answer(
        f"{where}: {first['msg'].removeprefix('Value error, ')}",
        code="USAGE",
        cause=None if seen is None or isinstance(seen, Mapping) else f"The value seen is {seen!r}."[:300],
        fix="see /docs for the parameters of this route",
    )


async def _http(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, HTTPException)  # noqa: S101
    answer = _answer(
        f"{problem.detail}: {request.method} {request.url.path}",
        code=_HTTP_CODES.get(problem.status_code, "HTTP_ERROR"),
        status=problem.status_code,
        fix="see /docs for the routes that exist",
    )
    answer.headers.update(problem.headers or {})
    if "allow" in answer.headers:
        answer.headers["allow"] += ", HEAD"
    return answer


async def _unforeseen(request: Request, problem: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=problem)
    return _answer("A bug of ours: the server's log has the trace.", code="INTERNAL")
