"""The floor of the API: applications whose only route returns stored bytes, in FastAPI and in Starlette.

BARE_API_BODY=FILE uvicorn benchmarks.bare_api:fastapi_app
"""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.applications import Starlette
from starlette.routing import Route

BODY = Path(os.environ["BARE_API_BODY"]).read_bytes()

fastapi_app = FastAPI()


@fastapi_app.get("/")
async def stored() -> Response:
    return Response(BODY, media_type="application/json")


async def _stored(_: Request) -> Response:
    return Response(BODY, media_type="application/json")


starlette_app = Starlette(routes=[Route("/", _stored)])
