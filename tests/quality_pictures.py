"""Pictures of a league, made of counts, and what is found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sportsplat.cleaning.team_names import offered_team
from sportsplat.leagues.league import League, load_leagues
from sportsplat.quality.coverage import measures
from sportsplat.quality.facts import (
    Facts,
    Pause,
    PriceCount,
    SeasonCounts,
    SourceCount,
    TeamCount,
)
from sportsplat.quality.findings import findings
from sportsplat.quality.picture import Picture, Provider, QualityFinding
from sportsplat.quality.seasons import longest_usual_pause, schedules

LEAGUES = load_leagues()
EPL = LEAGUES["epl"]
TODAY = date(2022, 7, 15)  # between the seasons 2021/22 and 2022/23
NOW = datetime(2022, 7, 15, 12, tzinfo=UTC)
PROVIDERS = [Provider("football-data", fetchable=True), Provider("espn", fetchable=True)]
CLUBS = [
    "Acton",
    "Barnes",
    "Camden",
    "Dulwich",
    "Ealing",
    "Finchley",
    "Greenford",
    "Hackney",
    "Isleworth",
    "Kenton",
    "Lambeth",
    "Merton",
    "Neasden",
    "Osterley",
    "Peckham",
    "Richmond",
    "Sutton",
    "Tooting",
    "Uxbridge",
    "Vauxhall",
]


def whole(season: int, **changes: Any) -> SeasonCounts:
    """Make the counts of a complete season of 20 clubs."""
    values: dict[str, Any] = {
        "season": season,
        "final": 380,
        "scheduled": 0,
        "postponed": 0,
        "cancelled": 0,
        "regular": 380,
        "regular_final": 380,
        "minute": 0,
        "first": date(season, 8, 14),
        "last": date(season + 1, 5, 22),
        "last_result": date(season + 1, 5, 22),
    }
    return SeasonCounts(**values | changes)


def clubs(season: int, matches: int = 38, names: Sequence[str] = CLUBS) -> list[TeamCount]:
    return [TeamCount(season, name, matches, "football-data") for name in names]


def facts(*seasons: SeasonCounts, teams: Sequence[TeamCount] | None = None, **changes: Any) -> Facts:
    played = [team for one in seasons for team in clubs(one.season)] if teams is None else teams
    empty = Facts(
        seasons=seasons,
        teams=played,
        pauses=[Pause(one.season, one.last - timedelta(14), one.last, 14) for one in seasons if one.last] * 2,
        sources=[SourceCount(one.season, "football-data", one.regular) for one in seasons],
        box_scores={},
        prices=[],
        odd_offers=[],
        forecasts={},
        details={},
        unplayed=[],
        conflicts=[],
        quarantine=[],
        ingests=[],
    )
    return empty._replace(**changes)


def picture(
    stored: Facts,
    *,
    league: League = EPL,
    today: date = TODAY,
    providers: Sequence[Provider] | None = None,
) -> Picture:
    return Picture(
        league,
        stored,
        schedules(league, stored, today),
        measures(league, stored),
        longest_usual_pause(stored.pauses),
        today,
        PROVIDERS if providers is None else providers,
        offered_team,
    )


def found(stored: Facts, code: str, **changes: Any) -> list[QualityFinding]:
    return [one for one in findings(picture(stored, **changes)) if one.code == code]


def priced(shares: Mapping[int, int]) -> list[PriceCount]:
    return [PriceCount(season, "pinnacle", "result", True, matches) for season, matches in shares.items()]
