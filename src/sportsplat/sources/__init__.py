"""Sources by name; a source's module is imported on first use.

One package or module for each provider; `base` is their common class, `reading` and `web` are their helpers.
It imports the core and `config`, neither `infra` nor `db`; only `jobs` imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from sportsplat.errors import NotFound

if TYPE_CHECKING:
    from sportsplat.leagues.league import League
    from sportsplat.sources.base import Source

SOURCES: dict[str, tuple[str, str]] = {
    "football-data": ("football_data.source", "FootballData"),
    "nflverse": ("nflverse.source", "Nflverse"),
    "fivethirtyeight-nba": ("fivethirtyeight.nba", "FiveThirtyEightNba"),
    "nba-stats": ("nba_stats.source", "NbaStats"),
    "kaggle-nba-games": ("kaggle_nba.games", "KaggleNbaGames"),
    "kaggle-nba-team-stats": ("kaggle_nba.team_stats", "KaggleNbaTeamStats"),
    "sportsbookreview": ("sportsbookreview.source", "SportsbookReview"),
    "kaggle-nba-betting": ("kaggle_nba.betting", "KaggleNbaBetting"),
    "fivethirtyeight-nfl": ("fivethirtyeight.nfl", "FiveThirtyEightNfl"),
    "fivethirtyeight-checking-our-work": ("fivethirtyeight.checking", "CheckingOurWork"),
    "fivethirtyeight-soccer-spi": ("fivethirtyeight.soccer", "SoccerSpi"),
    "espn": ("espn", "Espn"),
    "odds-api": ("odds_api", "OddsApi"),
    "simulate": ("simulate", "SimulateSource"),
    "table": ("table.source", "TableSource"),
}

IGNORED_CONFLICTS: dict[str, tuple[str, ...]] = {
    "fivethirtyeight-checking-our-work": ("score", "stage"),
    "odds-api": ("score", "stage"),
}
"""Fields of a match that the files of a source do not hold: what it stored there is no value of its own."""


def get_source(name: str, leagues: Mapping[str, League] | None = None) -> Source:
    """Return the source called `name`.

    leagues: those of the project, of which the source serves the ones that declare it; None is enough to
    parse a file.

    Raises:
        NotFound: no source has this name; the message suggests the nearest one.
    """
    if name not in SOURCES:
        near = get_close_matches(name.lower(), SOURCES, n=1, cutoff=0.4)
        raise NotFound(
            f"there is no source {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            code="UNKNOWN_SOURCE",
            cause=f"known sources: {', '.join(SOURCES)}",
            fix="sportsplat sources",
        )
    module, cls = SOURCES[name]
    source: Source = getattr(import_module(f"sportsplat.sources.{module}"), cls)()
    if leagues is not None:
        source.serve(leagues)
    return source
