"""sportsbookreviewsonline: season workbooks of NBA and MLB scores by period, with opening and closing lines.

Licence: none stated (a site of free downloads). Units: points or runs, for lines too; American odds.
Clock: days at the league's own place, without year and hour. Known when: scores, closing prices and pitchers
when the day ends, opening prices and lines at the decision moment (the file does not say when they were set).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sportsplat.domain import Batch
from sportsplat.errors import InputRefused
from sportsplat.leagues.team_names import meaning
from sportsplat.sources.base import Payload, Source
from sportsplat.sources.reading.csv import Table, collector_paused
from sportsplat.sources.reading.header import not_this_format
from sportsplat.sources.reading.workbook import SUFFIXES, read_sheet
from sportsplat.sources.sportsbookreview import mlb, nba
from sportsplat.sources.sportsbookreview.pairs import NAME, PairReader

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

FORMAT = "sportsbookreviewsonline (season workbooks)"
SHARED = ("Date", "Rot", "VH", "Team", "Final", "Open", "Close")
FORMATS: Mapping[str, tuple[tuple[str, ...], type[PairReader]]] = {
    "nba": (nba.REQUIRED, nba.NbaReader),
    "mlb": (mlb.REQUIRED, mlb.MlbReader),
}
COLUMNS = sorted({name for required, _ in FORMATS.values() for name in required} | {mlb.RUN_LINE})


class SportsbookReview(Source):
    """The source `sportsbookreview`."""

    name = NAME
    title = "sportsbookreviewsonline season workbooks"
    licence = "none stated: free downloads of sportsbookreviewsonline.com"
    url = "https://www.sportsbookreviewsonline.com"
    gives = (
        "matches with scores by period",
        "NBA: closing moneylines, opening and closing spreads and totals",
        "MLB: opening and closing moneylines and totals, run lines (from 2014), starting pitchers",
    )
    leagues = tuple(FORMATS)
    first_season, last_season = 2007, 2021
    suffixes = SUFFIXES

    @collector_paused()
    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Read a season's workbook; the league follows from its columns and teams, the season from its name.

        Raises:
            InputRefused: not readable as a workbook (see `sheets.read_sheet`), another format
                (NOT_THIS_FORMAT), another league (WRONG_LEAGUE), a name without the season (NO_SEASON) or
                with another one than the first game's (WRONG_SEASON), no row (EMPTY_FILE).
        """
        table = read_sheet(payload, required=SHARED, format_name=FORMAT, columns=COLUMNS)
        table = table._replace(header=mlb.with_price_columns(table.header))
        code = _league_of(table)
        _check_league(table, code, league, leagues)
        return FORMATS[code][1](table, league or leagues[code]).read_all()


def _league_of(table: Table) -> str:
    """Return the league whose columns these are."""
    for code, (required, _) in FORMATS.items():
        if set(required) <= set(table.header):
            return code
    required = FORMATS["nba"][0]
    missing = [name for name in required if name not in table.header]
    raise not_this_format(table.file, FORMAT, required, table.header, missing)


def _check_league(table: Table, code: str, asked: League | None, leagues: Mapping[str, League]) -> None:
    """Raise InputRefused (WRONG_LEAGUE) for another league's columns or, under the same ones, its teams."""
    if asked is not None and asked.code != code:
        raise InputRefused(
            f"{table.file} does not hold games of {asked.name}",
            code="WRONG_LEAGUE",
            cause=f"--league is {asked.code!r}; the columns are those of {code!r}",
            fix=f"sportsplat ingest {NAME} {table.file} --league {code}",
        )
    league = asked or leagues[code]
    column = table.header.index("Team")
    names = {name for _, row in table.filled() if (name := row[column])}
    strangers = sorted(name for name in names if meaning(league.spellings, name, NAME, None) is None)
    if 2 * len(strangers) > len(names):
        raise InputRefused(
            f"{table.file} does not hold games of {league.name}",
            code="WRONG_LEAGUE",
            cause=f"of its {len(names)} teams {len(strangers)} are none of that league: "
            f"{', '.join(strangers[:5])}",
            fix="sportsplat leagues",
        )
