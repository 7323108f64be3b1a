"""Kaggle "NBA Betting Data": one row per NBA game with points by quarter, closing lines and moneylines.

Licence: none stated. Units: points, American odds. Clock: days in New York. Known when: all of it when the
day ends. `id_spread` and `id_total` are results (was the favourite's spread covered, was it over) and are not
read; nor are `h2_spread` and `h2_total`, lines of the second half, which are not known before the game.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sportsplat.domain import (
    Batch,
    DetailRecord,
    Market,
    MatchKey,
    MatchRecord,
    MatchStatus,
    Outcome,
    Phase,
    Precision,
    QuoteRecord,
    TeamStatsRecord,
)
from sportsplat.sources.base import OneLeagueSource, Payload
from sportsplat.sources.reading.cells import (
    LocalDays,
    RowError,
    check_line,
    read_american,
    read_count,
    read_iso_date,
    read_number,
)
from sportsplat.sources.reading.csv import RowReader, Table, collector_paused, read_table

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

NAME = "kaggle-nba-betting"
LEAGUE = "nba"
BOOKMAKER = "kaggle-consensus"  # nearly that of sportsbookreview: two witnesses are kept apart
REQUIRED = ("season", "date", "regular", "playoffs", "away", "home", "score_away", "score_home")
PERIODS = {"q1": "period_1", "q2": "period_2", "q3": "period_3", "q4": "period_4", "ot": "period_overtime"}
CUP_MONTHS = (11, 12)
FORMAT = "Kaggle's NBA Betting Data"
COLUMNS = (
    *(f"{column}_{side}" for column in (*PERIODS, "moneyline") for side in ("home", "away")),
    *("spread", "total", "whos_favored"),
)
LOWEST_TOTAL, HIGHEST_TOTAL, HIGHEST_SPREAD = 100.0, 350.0, 40.0


class KaggleNbaBetting(OneLeagueSource):
    """The source `kaggle-nba-betting`."""

    name = NAME
    title = "Kaggle NBA Betting Data"
    licence = "none stated"
    url = "https://www.kaggle.com/datasets/cviaxmiwnptr/nba-betting-data-october-2007-to-june-2024"
    gives = ("matches with scores by quarter", "closing moneylines, spreads and totals")
    leagues = (LEAGUE,)
    first_season, last_season = 2007, 2024

    @collector_paused()
    def read(self, payload: Payload, league: League) -> Batch:
        """Read nba_2008-2025.csv."""
        table = read_table(payload, required=REQUIRED, format_name=FORMAT, columns=COLUMNS)
        return _Reader(table, league).read_all()


class _Reader(RowReader):
    """Reads games into a batch."""

    def __init__(self, table: Table, league: League) -> None:
        super().__init__(table, league, NAME)
        self._days = LocalDays(league)
        self._details: list[DetailRecord] = []
        self.batch = self.batch._replace(details=self._details)

    def read(self, index: int, row: list[str]) -> None:
        """Add one game. Raises RowError when there is none in the row."""
        match = self._match(row)
        key = self.add_match(index, match)
        self._add_periods(index, row, key)
        self._add_moneylines(index, row, key)
        details = self._lines(index, row)
        if details:
            self._details.append(DetailRecord(key, Phase.START, details, self._days[match.match_date][1]))

    def _match(self, row: list[str]) -> MatchRecord:
        day = read_iso_date(self.cell(row, "date"), "date")
        home, away = self.teams(self.cell(row, "home"), self.cell(row, "away"), day, ("home", "away"))
        midnight, end = self._days[day]
        return MatchRecord(
            season=self._season(row),
            match_date=day,
            kickoff_utc=midnight,
            precision=Precision.DAY,
            home=home,
            away=away,
            stage=self._stage(row, day),
            status=MatchStatus.FINAL,
            home_score=read_count(self.cell(row, "score_home"), "score_home"),
            away_score=read_count(self.cell(row, "score_away"), "score_away"),
            known_at=end,
        )

    def _season(self, row: list[str]) -> int:
        """Return the year in which the season starts; the column has the one in which it ends."""
        return read_count(self.cell(row, "season"), "season", "bad-season") - 1

    def _stage(self, row: list[str], day: date) -> str:
        """Return the part of the season; a play-in game is neither regular nor of the play-offs here.

        So is the final of the NBA Cup, in December, which does not count in the standings: RowError
        (not-a-league-game).
        """
        reported = self.cell(row, "regular"), self.cell(row, "playoffs")
        if reported not in (("True", "False"), ("False", "True"), ("False", "False")):
            raise RowError("unknown-stage", f"regular and playoffs are {reported[0]!r} and {reported[1]!r}")
        if reported == ("False", "False") and day.month in CUP_MONTHS:
            reason = "the NBA Cup final does not count in the standings"
            raise RowError("not-a-league-game", f"regular and playoffs are both False on {day}: {reason}")
        return "regular" if reported[0] == "True" else "playoff"

    def _add_periods(self, index: int, row: list[str], key: MatchKey) -> None:
        """Add the points of each quarter, and of overtime where there was one."""
        known_at = self._days[key.match_date][1]
        overtime = {self.cell(row, f"ot_{side}") for side in ("home", "away")} != {"0"}
        for side in ("home", "away"):
            try:
                stats = {
                    name: float(
                        read_count(self.cell(row, f"{column}_{side}"), f"{column}_{side}", "bad-stat")
                    )
                    for column, name in PERIODS.items()
                    if (column != "ot" or overtime) and f"{column}_{side}" in self.column
                }
            except RowError as bad:
                self.note(index, bad.code, bad.reason)
                continue
            if stats:
                self.batch.stats.append(TeamStatsRecord(key, side == "home", stats, known_at))

    def _add_moneylines(self, index: int, row: list[str], key: MatchKey) -> None:
        known_at = self._days[key.match_date][1]
        for column, outcome in (("moneyline_home", Outcome.HOME), ("moneyline_away", Outcome.AWAY)):
            text = self.cell(row, column)
            if not text:
                continue
            try:
                odds = read_american(text, column)
            except RowError as bad:
                self.note(index, bad.code, bad.reason)
                continue
            self.batch.quotes.append(
                QuoteRecord(key, BOOKMAKER, Market.RESULT, outcome, None, odds, True, None, known_at)
            )

    def _lines(self, index: int, row: list[str]) -> dict[str, str | float | bool]:
        """Return the closing spread (added to the home score) and total: without prices, so no quotes."""
        details: dict[str, str | float | bool] = {}
        for column, read in (("spread", self._spread), ("total", self._total)):
            if not self.cell(row, column):
                continue
            try:
                details[f"{column}_close"] = read(row)
            except RowError as bad:
                self.note(index, bad.code, bad.reason)
        return details

    def _spread(self, row: list[str]) -> float:
        line = self._line(row, "spread", 0.0, HIGHEST_SPREAD)
        favoured = self.cell(row, "whos_favored")
        if favoured not in ("home", "away"):
            raise RowError("bad-line", f"whos_favored is {favoured!r}: expected home or away")
        return 0.0 - line if favoured == "home" else line

    def _total(self, row: list[str]) -> float:
        return self._line(row, "total", LOWEST_TOTAL, HIGHEST_TOTAL)

    def _line(self, row: list[str], column: str, lowest: float, highest: float) -> float:
        text = self.cell(row, column)
        return check_line(read_number(text, column, "bad-line"), column, text, lowest, highest)
