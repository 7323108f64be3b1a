"""Is the process alive, and can it answer?"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from sportsplat import __version__
from sportsplat.api.deps import DatabaseDep
from sportsplat.api.schemas import Check, Health, Readiness
from sportsplat.errors import SportsplatError
from sportsplat.postgres.notes import ENCODING, server_notes

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Health:
    """Say that the process is alive. Nothing is asked of the database."""
    return Health(version=__version__)


@router.get("/ready", responses={503: {"model": Readiness, "description": "not ready"}})
async def ready(request: Request, response: Response, database: DatabaseDep) -> Readiness:
    """Check the database and its schema; 503 while one of them is wrong.

    A league without a promoted model has matches to show and no predictions: the check `model` says so, and
    is not required.
    """
    promoted = None
    try:
        found = await database.readiness()
    except SportsplatError as problem:
        checks = [Check(name="database", ok=False, detail=problem.message)]
    else:
        promoted = found["promoted_models"]
        checks = [
            _database(found["encoding"], found["read_only"]),
            *_checks(found["revisions"], request.app.state.schema_head, promoted),
        ]
    answer = Readiness(
        ready=all(check.ok for check in checks if check.required), promoted_models=promoted, checks=checks
    )
    if not answer.ready:
        response.status_code = 503
    return answer


def _database(encoding: str, read_only: bool) -> Check:
    notes = server_notes(encoding, read_only=read_only)
    return Check(name="database", ok=encoding == ENCODING, detail="; ".join(["answers", *notes]))


def _checks(revisions: list[str], head: str, promoted: int) -> list[Check]:
    revision = ", ".join(revisions) or "none"
    schema = f"at revision {revision}" + ("" if revision == head else f", the code needs {head}")
    models = (
        f"{promoted} league(s) with a promoted model"
        if promoted
        else "none promoted: sportsplat train LEAGUE"
    )
    return [
        Check(name="schema", ok=revision == head, detail=schema),
        Check(name="model", ok=promoted > 0, required=False, detail=models),
    ]
