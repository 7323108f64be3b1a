"""FiveThirtyEight's NFL files: every game from 1920 with the forecast that was published before it.

Two headers: `nfl_games.csv` of the Elo game (elo1, elo_prob1; to the season 2020) and the site's
`nfl_elo.csv` or `nfl_elo_latest.csv` (elo1_pre, both probabilities, the quarterback-adjusted forecast, games
to come). Team codes are one a franchise (OAK stands for the Raiders of all years); those of today's clubs are
led to the names kept by config/teams/nfl.yaml, clubs that no longer exist are named by their code here.

Licence: CC BY 4.0. Clock: only the day is known; a result is known when the day ends, a forecast when it
begins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sportsplat.domain import Batch
from sportsplat.sources.base import OneLeagueSource, Payload
from sportsplat.sources.fivethirtyeight import elo as fivethirtyeight_elo
from sportsplat.sources.fivethirtyeight.elo import BLANK, Layout
from sportsplat.sources.reading.csv import header_of
from sportsplat.sources.reading.header import not_this_format, spelled

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

NAME = "fivethirtyeight-nfl"
LEAGUE = "nfl"
# Thirty games name as team1 the team that the league lists as the visitor: Super Bowls, games abroad, and
# those of the Saints of 2005 and of Minnesota in 2010, who had lost their stadium. The league's word
# (nflverse/games.csv) is followed, so that both sources give one key; none of these games was played at the
# home team's own stadium.
VISITOR_FIRST = frozenset({
    ("2000-01-30", "LAR"), ("2001-01-28", "BAL"), ("2002-02-03", "LAR"), ("2003-10-27", "MIA"),
    ("2005-09-19", "NYG"), ("2005-10-02", "BUF"), ("2005-10-02", "SF"), ("2005-10-16", "ATL"),
    ("2005-12-24", "DET"), ("2006-02-05", "SEA"), ("2007-02-04", "IND"), ("2007-10-28", "NYG"),
    ("2008-02-03", "NYG"), ("2008-10-26", "LAC"), ("2009-02-01", "PIT"), ("2009-10-25", "NE"),
    ("2010-02-07", "NO"), ("2010-10-31", "DEN"), ("2010-12-13", "NYG"), ("2011-02-06", "PIT"),
    ("2011-10-23", "CHI"), ("2012-02-05", "NYG"), ("2012-10-28", "NE"), ("2013-02-03", "BAL"),
    ("2013-09-29", "PIT"), ("2013-10-27", "SF"), ("2014-09-28", "MIA"), ("2014-10-26", "DET"),
    ("2014-11-09", "DAL"), ("2015-02-01", "NE"),
})  # fmt: skip


LAYOUT = Layout(
    name="FiveThirtyEight's NFL data",
    required=("date", "season", "neutral", "playoff", "team1", "team2", "elo1_pre", "elo_prob1", "qbelo1_pre",
              "score1", "score2"),
    forecasts=(
        ("fivethirtyeight-elo", "elo_prob1", "elo_prob2"),
        ("fivethirtyeight-qb-elo", "qbelo_prob1", "qbelo_prob2"),
    ),
    regular=BLANK | {"0"},
    playoffs=frozenset("1twdcs"),  # any round, wild card, division, conference, Super Bowl
    visitor_first=VISITOR_FIRST,
    season_years_late=0,
    ties=True,
)  # fmt: skip
ELO_GAME = replace(
    LAYOUT,
    required=("date", "season", "neutral", "playoff", "team1", "team2", "elo1", "elo_prob1", "score1",
              "score2", "result1"),
)  # fmt: skip


class FiveThirtyEightNfl(OneLeagueSource):
    """The source `fivethirtyeight-nfl`."""

    name = NAME
    title = "FiveThirtyEight NFL games and forecasts"
    licence = "CC BY 4.0 (FiveThirtyEight); repository nfl-elo-game: MIT"
    url = "https://github.com/fivethirtyeight/nfl-elo-game"
    gives = ("matches from 1920", "published forecasts: Elo, quarterback-adjusted Elo")
    leagues = (LEAGUE,)
    first_season, last_season = 1920, 2022

    def read(self, payload: Payload, league: League) -> Batch:
        """Read either header."""
        header = spelled(header_of(payload), {*LAYOUT.columns, *ELO_GAME.columns})
        for layout in (ELO_GAME, LAYOUT):
            if set(layout.required) <= set(header):
                return fivethirtyeight_elo.parse(payload, league, NAME, layout)
        missing = [name for name in LAYOUT.required if name not in header]
        raise not_this_format(
            payload.name, f"{LAYOUT.name} (nfl_elo.csv or nfl_games.csv)", LAYOUT.required, header, missing
        )
