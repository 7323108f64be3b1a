"""An entry of config/leagues.yaml, checked field by field."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from sportsplat.leagues.rules import DeclaredRules
from sportsplat.leagues.season_days import DeclaredException, refuse_twice

MarginRule = Literal["none", "nba", "nfl", "goals"]


class Declared(BaseModel):
    """A part of an entry; an unknown key and a value of another type are mistakes."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DeclaredElo(Declared):
    """Parameters of the league's Elo ratings."""

    k: Annotated[float, Field(gt=0)]
    home_advantage: float
    carry_over: Annotated[float, Field(ge=0, le=1)]
    mean: float
    initial: float
    margin: MarginRule


class DeclaredPriceRef(Declared):
    """The prices of one bookmaker, closing or pre-match."""

    bookmaker: str
    closing: bool


class DeclaredPrices(Declared):
    """Prices to bet at and prices to compare with, best first."""

    entry: list[DeclaredPriceRef] = []
    benchmark: list[DeclaredPriceRef] = []


class DatedGame(Declared):
    """A game that a source dates differently; `told` and `held` are older names of its two days."""

    source: str
    home: str
    away: str
    reported: Annotated[date, Field(validation_alias=AliasChoices("reported", "told"))]
    played: Annotated[date, Field(validation_alias=AliasChoices("played", "held"))]


class OtherGame(Declared):
    """A game of two teams that counts for no table, such as a cup final."""

    day: date
    teams: Annotated[list[str], Field(min_length=2, max_length=2)]
    what: str


class DeclaredLeague(Declared):
    """One entry of the file, before it becomes a `League`."""

    name: str
    sport: str
    outcomes: list[Literal["home", "draw", "away"]]
    timezone: str
    duration_minutes: Annotated[int, Field(gt=0)]
    season_matches: Annotated[int, Field(gt=0)]
    elo: DeclaredElo
    stats: list[str] = []
    prices: DeclaredPrices = DeclaredPrices()
    aliases: dict[str, str] = {}
    sources: dict[str, str] = {}
    stored_stats: list[str] = []
    rules: DeclaredRules = DeclaredRules()
    teams: str | None = None
    spellings: str | None = None
    names_from: list[str] = []
    precedence: list[str] = []
    dates: list[DatedGame] = []
    uneven_seasons: list[int | str] = []
    meetings: Annotated[int, Field(gt=0, multiple_of=2)] | None = None
    season_exceptions: list[DeclaredException] = []
    other_games: list[OtherGame] = []

    @field_validator("outcomes")
    @classmethod
    def _known_order(cls, outcomes: list[str]) -> list[str]:
        if outcomes not in (["home", "away"], ["home", "draw", "away"]):
            raise ValueError("must be [home, away] or [home, draw, away]")
        return outcomes

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (LookupError, ValueError, OSError) as missing:
            raise ValueError(f"no time zone named {name!r}") from missing
        return name

    @field_validator("uneven_seasons")
    @classmethod
    def _years(cls, seasons: list[int | str]) -> list[int | str]:
        return [year for written in seasons for year in _years(written)]

    @field_validator("season_exceptions")
    @classmethod
    def _exceptions(cls, declared: list[DeclaredException]) -> list[DeclaredException]:
        refuse_twice(declared)
        return declared

    @model_validator(mode="after")
    def _exceptions_have_a_rule(self) -> DeclaredLeague:
        if self.season_exceptions and self.rules.season is None:
            raise ValueError("season_exceptions needs rules.season, the default days")
        return self

    @model_validator(mode="after")
    def _teams_are_spelt_once(self) -> DeclaredLeague:
        if self.teams is not None and self.spellings is not None:
            raise ValueError(
                f"teams and spellings are both given: teams {self.teams!r} has spellings already"
            )
        return self

    @model_validator(mode="after")
    def _aliases_lead_to_the_end(self) -> DeclaredLeague:
        chained = [name for name, target in self.aliases.items() if target in self.aliases]
        if chained:
            raise ValueError(f"alias {chained[0]!r} leads to another alias, {self.aliases[chained[0]]!r}")
        return self


def _years(written: int | str) -> range:
    """Read a season or a stretch of them: 2019, or 1920-1935, both included."""
    first, _, last = str(written).partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()) or int(last or first) < int(first):
        raise ValueError(f"{written!r} is neither a season like 2019 nor a range like 1920-1935")
    return range(int(first), int(last or first) + 1)
