"""What routes are given: the database, and the query parameters, checked before anything is asked of it.

A dependency here is `async def`: a plain function would cost each request a hop to a thread and back.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Self, TypeVar

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from sportsplat.db.read.api import Database, Page
from sportsplat.domain import MatchStatus
from sportsplat.errors import UsageError
from sportsplat.leagues.league import League
from sportsplat.leagues.league import get_league as find_league

LARGEST_PAGE = 1000
LARGEST_OFFSET = 10_000_000
LARGEST_ID = 2**63 - 1  # a bigint of PostgreSQL

T = TypeVar("T")


def _storable(text: str) -> str:
    """Refuse what PostgreSQL cannot hold in a text: NUL, and halves of surrogate pairs."""
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("NUL and lone surrogates cannot be part of a text")
    return text


def _iso_day(value: Any) -> Any:
    """Refuse what pydantic would read as a moment or as seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("a day is written YYYY-MM-DD")
    return value


def _whole(value: Any) -> Any:
    """Refuse what pydantic would read as a whole number besides digits: `1_000`, `10.0`, blanks around it."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]+", value):
        raise ValueError("a whole number is written in digits")
    return value


TEXT = AfterValidator(_storable)
DAY = BeforeValidator(_iso_day)
WHOLE = BeforeValidator(_whole)
NO_NUL: JsonDict = {"pattern": "^[^\\u0000]*$"}
# In an Annotated type the bounds come before the validator: else the OpenAPI description would lack them.


class Parameters(BaseModel):
    """The query parameters of a route, here none. A name that it does not have is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_names(cls, given: Any) -> Any:
        for name in given:
            if name not in cls.model_fields:
                likely = get_close_matches(name, cls.model_fields, n=1)
                has = f"it has {', '.join(cls.model_fields)}" if cls.model_fields else "it has none"
                hint = f"did you mean {likely[0]!r}?" if likely else has
                raise ValueError(f"this route has no parameter {name!r}; {hint}")
        return given


class Listing(Parameters):
    """The parameters of every list: a league, a range of days, a page."""

    league: Annotated[
        str,
        Field(examples=["nba"], max_length=100, description="code of the league", json_schema_extra=NO_NUL),
        TEXT,
    ]
    since: Annotated[date | None, Field(description="first match_date, included"), DAY] = None
    until: Annotated[date | None, Field(description="last match_date, included"), DAY] = None
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE), WHOLE] = 100
    offset: Annotated[int, Field(ge=0, le=LARGEST_OFFSET), WHOLE] = 0

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since={self.since} is later than until={self.until}")
        return self

    @property
    def page(self) -> Page:
        """The page that is wanted and one row beyond it, which tells whether another follows."""
        return Page(self.limit + 1, self.offset)

    def cut(self, rows: list[T]) -> tuple[list[T], int | None]:
        """Split off the extra row; return the page and the offset of the next one, None after the last."""
        more = len(rows) > self.limit
        return rows[: self.limit], self.offset + self.limit if more else None


class MatchQuery(Listing):
    """Which matches are wanted."""

    status: MatchStatus | None = None
    team: Annotated[
        Annotated[str, Field(max_length=100, json_schema_extra=NO_NUL), TEXT] | None,
        Field(description="home or away"),
    ] = None


class PredictionQuery(Listing):
    """Which predictions are wanted."""

    model_id: Annotated[
        Annotated[int, Field(ge=1, le=LARGEST_ID), WHOLE] | None,
        Field(description="default: the league's promoted model"),
    ] = None


async def database(request: Request) -> Database:
    """Return the application's pool."""
    pool: Database = request.app.state.database
    return pool


async def given_once(request: Request) -> None:
    """Refuse a parameter that is given twice: one of the values would be ignored.

    Raises:
        UsageError: which parameter it is.
    """
    counted = Counter(name for name, _ in request.query_params.multi_items())
    for name, count in counted.items():
        if count > 1:
            raise UsageError(
                f"the parameter {name!r} is given {count} times",
                cause=f"{name}={', '.join(request.query_params.getlist(name))}"[:300],
                fix=f"give {name!r} once",
            )


def league_of(query: Listing, request: Request) -> League:
    """Find the league that the query names.

    Raises:
        NotFound: no such league is configured.
    """
    return find_league(query.league, request.app.state.project_dir)


DatabaseDep = Annotated[Database, Depends(database)]
MatchQueryDep = Annotated[MatchQuery, Query()]
PredictionQueryDep = Annotated[PredictionQuery, Query()]
NoParametersDep = Annotated[Parameters, Query()]
GivenOnce = Depends(given_once)
