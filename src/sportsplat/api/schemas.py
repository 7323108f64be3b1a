"""What the API answers; the field names are public."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

Probability = Annotated[float, Field(ge=0, le=1)]


class ErrorBody(BaseModel):
    """What went wrong, in the same words as the command line."""

    code: str = Field(examples=["NOT_FOUND"])
    message: str
    cause: str | None = None
    fix: str | None = Field(default=None, description="the next command or request to try")
    retryable: bool = False
    details: dict[str, Any] | None = Field(
        default=None, description="further facts; only where there are any"
    )


class ErrorAnswer(BaseModel):
    """Every error of every route has this shape."""

    error: ErrorBody


class Health(BaseModel):
    """The process is alive."""

    status: str = "ok"
    version: str


class Check(BaseModel):
    """One precondition of being ready."""

    name: str
    ok: bool
    required: bool = Field(default=True, description="whether `ready` depends on it")
    detail: str


class Readiness(BaseModel):
    """Whether requests can be answered: database reachable, schema at head."""

    ready: bool
    promoted_models: int | None = Field(
        description="leagues with a promoted model; null while the database does not answer"
    )
    checks: list[Check]


class League(BaseModel):
    """A league and what is stored of it."""

    code: str
    name: str
    sport: str
    outcomes: list[str] = Field(description="the order of every probability of this league")
    timezone: str = Field(description="where match_date is a calendar day")
    matches: int
    scheduled: int
    first_match: date | None
    last_match: date | None
    updated_at: datetime | None


class Match(BaseModel):
    """One match; scores are null until it is final."""

    id: int
    league: str
    season: int = Field(description="the year in which the season starts")
    match_date: date
    kickoff_utc: datetime
    precision: str = Field(description="'minute', or 'day' where the source gives a date only")
    home: str
    away: str
    neutral: bool
    stage: str
    status: str
    home_score: int | None
    away_score: int | None


class Prediction(BaseModel):
    """A model's probabilities for one match, by outcome."""

    match: Match
    model_id: int
    model: str
    predicted_at: datetime
    as_of: datetime = Field(description="nothing known later than this moment was used")
    probabilities: dict[str, Probability]


class Leagues(BaseModel):
    """All leagues."""

    leagues: list[League]


class Matches(BaseModel):
    """A page of matches; `next_offset` is null on the last one."""

    matches: list[Match]
    next_offset: int | None


class Predictions(BaseModel):
    """A page of predictions; `next_offset` is null on the last one."""

    predictions: list[Prediction]
    next_offset: int | None
