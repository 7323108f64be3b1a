"""Is the process alive, and can it answer?"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from sportsplat import __version__
from sportsplat.api.deps import DatabaseDep
from sportsplat.api.schemas import Check, Health, Readiness
from sportsplat.errors import SportsplatError

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Health:
    """Say that the process is alive; asks nothing of the database."""
    return Health(version=__version__)


@router.get("/ready", responses={503: {"model": Readiness, "description": "not ready"}})
async def ready(request: Request, response: Response, database: DatabaseDep) -> Readiness:
    """Check the database, its schema and the models; 503 while any of them is missing."""
    try:
        found = await database.readiness()
    except SportsplatError as problem:
        checks = [Check(name="database", ok=False, detail=problem.message)]
    else:
        checks = _checks(found["schema_revision"], request.app.state.schema_head, found["promoted_models"])
    answer = Readiness(ready=all(check.ok for check in checks), checks=checks)
    if not answer.ready:
        response.status_code = 503
    return answer


def _checks(revision: str | None, head: str, promoted: int) -> list[Check]:
    schema = (
        f"at revision {revision}" if revision == head else f"at revision {revision}, the code needs {head}"
    )
    models = (
        f"{promoted} league(s) with a promoted model"
        if promoted
        else "none promoted: sportsplat train LEAGUE"
    )
    return [
        Check(name="database", ok=True, detail="answers"),
        Check(name="schema", ok=revision == head, detail=schema),
        Check(name="model", ok=promoted > 0, detail=models),
    ]
