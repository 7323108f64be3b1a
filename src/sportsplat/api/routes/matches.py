"""Leagues and their matches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from sportsplat.api.deps import DatabaseDep, DaysDep, LeagueDep, PageDep, cut, one_more
from sportsplat.api.schemas import League, Leagues, Match, Matches
from sportsplat.domain import MatchStatus

router = APIRouter(prefix="/v1", tags=["matches"])


@router.get("/leagues")
async def leagues(database: DatabaseDep) -> Leagues:
    """List the leagues of which something is stored."""
    return Leagues(leagues=[League(**row) for row in await database.leagues()])


@router.get("/matches")
async def matches(
    database: DatabaseDep,
    league: LeagueDep,
    days: DaysDep,
    page: PageDep,
    status: Annotated[MatchStatus | None, Query()] = None,
    team: Annotated[str | None, Query(max_length=100, description="home or away")] = None,
) -> Matches:
    """List a league's matches in order of kick-off."""
    rows = await database.matches(
        league.code, since=days.since, until=days.until, status=status, team=team, page=one_more(page)
    )
    shown, next_offset = cut(rows, page)
    return Matches(matches=[Match(**row) for row in shown], next_offset=next_offset)
