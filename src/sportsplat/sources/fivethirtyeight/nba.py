"""FiveThirtyEight's NBA files: results with the forecast that was published before each game.

Two formats, recognised by their header: `nbaallelo.csv` (two rows a game, to 2015; `fivethirtyeight_pairs`)
and `nba_elo.csv` or `nba_elo_latest.csv` (one row a game, also to come; `fivethirtyeight_elo`). Both name
a franchise by the name that nbaallelo keeps through all moves (`fran_id`); the codes of each year lead there
by the spellings of config/teams/nba.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sportsplat.domain import Batch
from sportsplat.sources.base import OneLeagueSource, Payload
from sportsplat.sources.fivethirtyeight import elo as fivethirtyeight_elo
from sportsplat.sources.fivethirtyeight import pairs as fivethirtyeight_pairs
from sportsplat.sources.fivethirtyeight.elo import BLANK, Layout
from sportsplat.sources.reading.csv import header_of
from sportsplat.sources.reading.header import missing_columns, not_this_format, spelled

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.leagues.league import League

NAME = "fivethirtyeight-nba"
LEAGUE = "nba"
FORMAT = "FiveThirtyEight's NBA data (nba_elo.csv or nbaallelo.csv)"
# Nine games on neutral ground name the visitor first: the league's own records (stats.nba.com, "NYK @ DET")
# and the game_id of nbaallelo.csv name the other team as host. Following them gives both files the same keys.
VISITOR_FIRST = frozenset({
    ("1992-11-06", "SEA"), ("1994-11-05", "LAC"), ("1999-11-05", "MIN"), ("1999-11-06", "SAC"),
    ("2003-10-30", "LAC"), ("2003-10-31", "SEA"), ("2011-03-04", "TOR"), ("2013-01-17", "NYK"),
    ("2015-01-15", "NYK"),
})  # fmt: skip
LAYOUT = Layout(
    name="FiveThirtyEight's NBA data",
    required=("date", "season", "neutral", "playoff", "team1", "team2", "elo1_pre", "elo_prob1", "score1",
              "score2"),
    forecasts=(
        ("fivethirtyeight-elo", "elo_prob1", "elo_prob2"),
        ("fivethirtyeight-carm-elo", "carm-elo_prob1", "carm-elo_prob2"),
        ("fivethirtyeight-raptor", "raptor_prob1", "raptor_prob2"),
    ),
    regular=BLANK,
    playoffs=frozenset("tpqscf"),  # any round, play-in, quarter-final, semi-final, conference final, final
    visitor_first=VISITOR_FIRST,
    season_years_late=1,
    ties=False,
)  # fmt: skip
OTHER_SPORTS = ("qbelo1_pre", "rating1_pre", "pitcher1")  # the same layout for the NFL and for baseball
LAYOUTS: dict[tuple[str, ...], Callable[[Payload, League, str], Batch]] = {
    LAYOUT.required: partial(fivethirtyeight_elo.parse, layout=LAYOUT),
    fivethirtyeight_pairs.REQUIRED: fivethirtyeight_pairs.parse,
}


class FiveThirtyEightNba(OneLeagueSource):
    """The source `fivethirtyeight-nba`."""

    lists_all = True
    name = NAME
    title = "FiveThirtyEight NBA games and forecasts"
    licence = "CC BY 4.0 (FiveThirtyEight)"
    url = "https://data.fivethirtyeight.com"
    gives = ("matches from 1946", "published forecasts: Elo, CARM-Elo, RAPTOR")
    leagues = (LEAGUE,)
    first_season, last_season = 1946, 2022
    site_closed = "March 2025"

    def read(self, payload: Payload, league: League) -> Batch:
        """Read either format."""
        known = {*LAYOUT.columns, *fivethirtyeight_pairs.REQUIRED, *OTHER_SPORTS}
        header = spelled(header_of(payload), known)
        other = [name for name in OTHER_SPORTS if name in header]
        if other:
            raise not_this_format(payload.name, FORMAT, LAYOUT.required, header, [f"no {other[0]}"])
        nearest = max(LAYOUTS, key=lambda required: len(set(required) & set(header)))
        missing = [name for name in nearest if name not in header]
        if missing:
            raise missing_columns(payload.name, FORMAT, nearest, header, missing)
        return LAYOUTS[nearest](payload, league, NAME)

    def fetch(
        self,
        seasons: Sequence[int],  # noqa: ARG002 - one file holds them all
        *,
        leagues: Sequence[League],  # noqa: ARG002
        settings: Settings,
    ) -> list[Payload]:
        """Get nba_elo.csv; one file holds every season."""
        from sportsplat.sources.web.http import open_fetcher

        with open_fetcher(settings, NAME, site_closed=self.site_closed) as fetcher:
            url = f"{settings.sources.fivethirtyeight_url}/nba_elo.csv"
            return [fetcher.get(url, what="all NBA seasons")]
