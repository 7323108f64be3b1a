"""FiveThirtyEight's "checking our work": the probability it published before each game, and who won.

`nba_games.csv`, `nfl_games.csv` and `mlb_games.csv` (season, date, team1, team2, prob1, prob1_outcome,
prob2, prob2_outcome; newest first, teams by nickname). team1 is at home: in all 7,563 NBA games of
2015-2021 by nba_2008-2025.csv, in all 1,889 NFL games of 2015-2021 by nflverse, and in all 7,394 MLB games
of 2016-2018 that have a match of the same day in the files of sportsbookreviewsonline.com (one has none:
2017-11-01).

The files hold no score, so a game is stored as scheduled: a result from another source is kept, or comes
later, and the forecast has its match. `prob1_outcome` (1 won, 0 lost, 0.5 drawn) is only validated.

Two games of one pair on a day bear `dh`: 1 is the first of them and 0 the second (a later layout: 1 and 2).

Licence: CC BY 4.0. Clock: only the day is known; a forecast is known when it begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from sportsplat.domain import Batch, ForecastRecord, MatchRecord, Precision
from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload, Source
from sportsplat.sources.fivethirtyeight.elo import read_probabilities
from sportsplat.sources.reading.cells import LocalDays, RowError, read_count, read_iso_date
from sportsplat.sources.reading.csv import RowReader, Table, collector_paused, read_table

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

NAME = "fivethirtyeight-checking-our-work"
PUBLISHER = "fivethirtyeight-published"
REQUIRED = ("season", "date", "team1", "team2", "prob1", "prob1_outcome", "prob2", "prob2_outcome")
FORMAT = 'FiveThirtyEight\'s "checking our work"'
FIRST_YEAR = {"nba": -1, "nfl": 0, "mlb": 0}  # from `season` to the year in which the season starts
_OUTCOMES = {"1": 1.0, "0": 0.0, "0.5": 0.5, "1.0": 1.0, "0.0": 0.0}


class CheckingOurWork(Source):
    """The source `fivethirtyeight-checking-our-work`."""

    name = NAME
    title = "FiveThirtyEight's published forecasts with their outcomes"
    licence = "CC BY 4.0 (FiveThirtyEight)"
    url = "https://github.com/fivethirtyeight/checking-our-work-data"
    gives = ("published forecasts from 2015 (MLB from 2016); no scores",)
    leagues = tuple(FIRST_YEAR)

    @collector_paused()
    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Read one file; the league follows from the nicknames in it, or else from its name.

        Raises:
            InputRefused: another format (NOT_THIS_FORMAT), no row (EMPTY_FILE), teams of another league than
                `league` (WRONG_LEAGUE), or of none that this source serves (UNKNOWN_TEAMS).
        """
        table = read_table(payload, required=REQUIRED, format_name=FORMAT, columns=("dh",))
        return _Reader(table, _league_of(table, league, leagues), NAME).read_all()


class _Reader(RowReader):
    """Reads the rows of one file into a batch."""

    def __init__(self, table: Table, league: League, source: str) -> None:
        super().__init__(table, league, source)
        self.days = LocalDays(league)
        self.first_games = {self._pair(row) for _, row in table.filled() if self.cell(row, "dh") == "1"}

    def read(self, index: int, row: list[str]) -> None:
        """Add one game and its forecast. Raises RowError when there is no game in the row."""
        day = read_iso_date(self.cell(row, "date"), "date")
        columns = ("team1", "team2")
        home, away = self.teams(self.cell(row, "team1"), self.cell(row, "team2"), day, columns)
        season = read_count(self.cell(row, "season"), "season", "bad-season") + FIRST_YEAR[self.league.code]
        midnight, _ = self.days[day]
        number = self._number(row)
        match = MatchRecord(season, day, midnight, Precision.DAY, home, away, number)
        key = self.add_match(index, match)
        try:
            probabilities = read_probabilities(self.cell(row, "prob1"), self.cell(row, "prob2"))
            self.batch.forecasts.append(ForecastRecord(key, PUBLISHER, probabilities, midnight))
        except RowError as bad:
            self.note(index, bad.code, bad.reason)
        self._check_outcome(index, row, match)

    def _pair(self, row: list[str]) -> tuple[str, ...]:
        return tuple(self.cell(row, name) for name in ("date", "team1", "team2"))

    def _number(self, row: list[str]) -> int:
        """Return 1 for the first or only game of a pair on a day, 2 for the second."""
        reported = self.cell(row, "dh")
        if reported not in ("", "0", "1", "2"):
            raise RowError("bad-number", f"dh is {reported!r}: expected 0, 1 or 2")
        if reported == "0":
            return 2 if self._pair(row) in self.first_games else 1
        return int(reported or "1")

    def _check_outcome(self, index: int, row: list[str], match: MatchRecord) -> None:
        texts = self.cell(row, "prob1_outcome"), self.cell(row, "prob2_outcome")
        if texts == ("", ""):
            return  # a game to come
        outcomes = [_OUTCOMES.get(text) for text in texts]
        if None in outcomes or sum(value or 0.0 for value in outcomes) != 1:
            reason = (
                f"prob1_outcome is {texts[0]!r}, prob2_outcome is {texts[1]!r}: not 1 and 0, or 0.5 twice"
            )
        elif outcomes[0] == 0.5 and not self.league.rules.can_tie(match.season):
            reason = f"prob1_outcome is 0.5 on {match.match_date}: a game of {self.league.name} has a winner"
        else:
            return
        self.note(index, "impossible-outcome", reason)


def _league_of(table: Table, asked: League | None, leagues: Mapping[str, League]) -> League:
    """Return the league with the most teams in the table; the file's name breaks ties."""
    columns = [table.header.index(name) for name in ("team1", "team2")]
    names = {row[column].strip() for _, row in table.filled() for column in columns} - {""}
    served = [leagues[code] for code in FIRST_YEAR if code in leagues]
    known = {
        league.code: sum(league.canonical_team(name, NAME) in league.teams for name in names)
        for league in served
    }
    most = max(known.values(), default=0)
    likely = [league for league in served if most and known[league.code] == most]
    if asked in likely:
        return asked
    if asked is not None:
        raise InputRefused(
            f"{table.file} holds no games of {asked.name}",
            code="WRONG_LEAGUE",
            cause=f"of the {len(names)} teams named in it, {known.get(asked.code, 0)} are of {asked.code!r}",
            fix="omit --league, or pass the file of that league",
        )
    named = [league for league in likely if PurePath(table.file).name.lower().startswith(league.code)]
    if len(likely) != 1 and len(named) != 1:
        raise InputRefused(
            f"{table.file} does not name its league",
            code="UNKNOWN_TEAMS",
            cause=f"it names {', '.join(sorted(names)[:5])}; no league has more of them than the others",
            fix=f"sportsplat ingest {NAME} {table.file} --league {served[0].code if served else 'nba'}",
        )
    return (named if len(named) == 1 else likely)[0]
