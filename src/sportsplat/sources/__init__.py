"""Sources by name; a source's module is imported when it is asked for."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from sportsplat.errors import NotFound

if TYPE_CHECKING:
    from sportsplat.sources.base import Source

SOURCES: dict[str, tuple[str, str]] = {
    "football-data": ("football_data", "FootballData"),
    "nflverse": ("nflverse", "Nflverse"),
    "fivethirtyeight-nba": ("fivethirtyeight", "FiveThirtyEightNba"),
    "nba-stats": ("nba_stats", "NbaStats"),
    "kaggle-nba-games": ("kaggle_nba_games", "KaggleNbaGames"),
    "kaggle-nba-team-stats": ("kaggle_nba_team_stats", "KaggleNbaTeamStats"),
    "sportsbookreview": ("sportsbookreview", "SportsbookReview"),
    "kaggle-nba-betting": ("kaggle_nba_betting", "KaggleNbaBetting"),
    "fivethirtyeight-nfl": ("fivethirtyeight_nfl", "FiveThirtyEightNfl"),
    "fivethirtyeight-checking-our-work": ("fivethirtyeight_checking", "CheckingOurWork"),
    "fivethirtyeight-soccer-spi": ("fivethirtyeight_spi", "SoccerSpi"),
    "espn": ("espn", "Espn"),
    "odds-api": ("odds_api", "OddsApi"),
    "simulate": ("simulate", "SimulateSource"),
    "table": ("table", "TableSource"),
}

UNTOLD: dict[str, tuple[str, ...]] = {
    "fivethirtyeight-checking-our-work": ("score", "stage"),
    "odds-api": ("score", "stage"),
}
"""Fields of a match that the files of a source do not tell: what is stored there is no word of its own."""


def get_source(name: str) -> Source:
    """Return the source called `name`.

    Raises:
        NotFound: no source has this name; the message suggests the nearest one.
    """
    if name not in SOURCES:
        near = get_close_matches(name.lower(), SOURCES, n=1, cutoff=0.4)
        raise NotFound(
            f"There is no source {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
            code="UNKNOWN_SOURCE",
            cause=f"Known sources: {', '.join(SOURCES)}.",
            fix="sportsplat sources",
        )
    module, cls = SOURCES[name]
    source: Source = getattr(import_module(f"sportsplat.sources.{module}"), cls)()
    return source
