"""Leagues and their matches."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from sportsplat.api.deps import DatabaseDep, GivenOnce, MatchQueryDep, NoParametersDep, league_of
from sportsplat.api.schemas import Leagues, Matches

router = APIRouter(prefix="/v1", tags=["matches"], dependencies=[GivenOnce])


@router.get("/leagues", response_model=Leagues)
async def leagues(database: DatabaseDep, _: NoParametersDep) -> dict[str, Any]:
    """List the leagues of which something is stored."""
    return {"leagues": await database.leagues()}


@router.get("/matches", response_model=Matches)
async def matches(request: Request, database: DatabaseDep, query: MatchQueryDep) -> dict[str, Any]:
    """List a league's matches in order of kick-off."""
    rows = await database.matches(
        league_of(query, request).code,
        since=query.since,
        until=query.until,
        status=query.status,
        team=query.team,
        page=query.page,
    )
    shown, next_offset = query.cut(rows)
    return {"matches": shown, "next_offset": next_offset}
