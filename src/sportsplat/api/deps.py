"""What routes are given: the database, the leagues, a page, a range of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request

from sportsplat.db.queries import Database, Page
from sportsplat.errors import UsageError
from sportsplat.leagues import League
from sportsplat.leagues import get_league as find_league

LARGEST_PAGE = 1000

T = TypeVar("T")


def database(request: Request) -> Database:
    """Return the application's pool."""
    pool: Database = request.app.state.database
    return pool


def league(request: Request, league: Annotated[str, Query(examples=["nba"])]) -> League:
    """Find the league that the query names.

    Raises:
        NotFound: no such league is configured.
    """
    return find_league(league, request.app.state.project_dir)


def page(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Page:
    """Read the page that is wanted."""
    return Page(limit, offset)


def cut(rows: list[T], page: Page) -> tuple[list[T], int | None]:
    """Split off the extra row that tells whether another page follows."""
    more = len(rows) > page.limit
    return rows[: page.limit], page.offset + page.limit if more else None


def one_more(page: Page) -> Page:
    """Ask for one row beyond the page."""
    return Page(page.limit + 1, page.offset)


@dataclass(frozen=True)
class Days:
    """A range of calendar days at the league's place, both ends included."""

    since: date | None
    until: date | None


def days(
    since: Annotated[date | None, Query(description="first match_date")] = None,
    until: Annotated[date | None, Query(description="last match_date")] = None,
) -> Days:
    """Read the range of days.

    Raises:
        UsageError: the range ends before it starts.
    """
    if since and until and since > until:
        raise UsageError(
            "The range of days ends before it starts.",
            cause=f"since={since}, until={until}",
            fix="give since <= until",
        )
    return Days(since, until)


DatabaseDep = Annotated[Database, Depends(database)]
LeagueDep = Annotated[League, Depends(league)]
PageDep = Annotated[Page, Depends(page)]
DaysDep = Annotated[Days, Depends(days)]
