"""nba_elo.csv and nba_elo_latest.csv: one row a game, team1 at home, with up to three published forecasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from sportsplat.domain import Batch, ForecastRecord, MatchKey, MatchRecord, MatchStatus, Precision
from sportsplat.sources.base import Payload
from sportsplat.sources.rows import (
    LocalDays,
    RowError,
    Table,
    collector_paused,
    read_count,
    read_iso_date,
    read_table,
)

if TYPE_CHECKING:
    from sportsplat.leagues import League

REQUIRED = (
    "date",
    "season",
    "neutral",
    "playoff",
    "team1",
    "team2",
    "elo1_pre",
    "elo_prob1",
    "score1",
    "score2",
)
FORECASTS = (
    ("fivethirtyeight-elo", "elo_prob1", "elo_prob2"),
    ("fivethirtyeight-carm-elo", "carm-elo_prob1", "carm-elo_prob2"),
    ("fivethirtyeight-raptor", "raptor_prob1", "raptor_prob2"),
)
BLANK = frozenset({"", "NA", "NaN", "nan", "NULL"})
PLAYOFF_ROUNDS = frozenset("tpqscf")  # any round, play-in, quarter-final, semi-final, conference final, final
TOLERANCE = 1e-6
# Nine games on neutral ground name the visitor first: the league's own records (stats.nba.com, "NYK @ DET")
# and the game_id of nbaallelo.csv name the other team as host. Following them gives both files the same keys.
VISITOR_FIRST = frozenset({
    ("1992-11-06", "SEA"), ("1994-11-05", "LAC"), ("1999-11-05", "MIN"), ("1999-11-06", "SAC"),
    ("2003-10-30", "LAC"), ("2003-10-31", "SEA"), ("2011-03-04", "TOR"), ("2013-01-17", "NYK"),
    ("2015-01-15", "NYK"),
})  # fmt: skip


@collector_paused()
def parse(payload: Payload, league: League, source: str) -> Batch:
    """Turn the bytes into records; a game not yet played has empty scores and becomes a scheduled match."""
    table = read_table(payload, required=REQUIRED, format_name="FiveThirtyEight's NBA data")
    reader = _Reader(table, league, source)
    rows = list(table.filled())
    for index, row in rows:
        try:
            reader.read(index, row)
        except RowError as bad:
            reader.batch.rejected.append(table.reject(index, bad.code, bad.reason))
    return reader.batch._replace(rows_read=len(rows))


class _Reader:
    """Reads the rows of one table into a batch."""

    def __init__(self, table: Table, league: League, source: str) -> None:
        column = {name: index for index, name in enumerate(table.header)}
        self.table = table
        self.batch = Batch.empty(league.code, source, table.file)
        self.days = LocalDays(league)
        self.day = lru_cache(maxsize=None)(read_iso_date)
        self.team = lru_cache(maxsize=None)(partial(league.canonical_team, source=source))
        self.games: Counter[tuple[date, str, str]] = Counter()
        self.date, self.season, self.neutral, self.playoff = (
            column[name] for name in ("date", "season", "neutral", "playoff")
        )
        self.teams = column["team1"], column["team2"]
        self.scores = column["score1"], column["score2"]
        self.forecasts = [
            (publisher, column[home], column[away])
            for publisher, home, away in FORECASTS
            if home in column and away in column
        ]

    def read(self, index: int, row: Sequence[str]) -> None:
        """Add one game and its forecasts. Raises RowError when there is no game in the row."""
        day = self.day(row[self.date], "date")
        neutral, stage = _neutral(row[self.neutral]), _stage(row[self.playoff])
        turned = neutral and (row[self.date], row[self.teams[0]]) in VISITOR_FIRST
        first, second = (1, 0) if turned else (0, 1)
        home, away = self.team(row[self.teams[first]]), self.team(row[self.teams[second]])
        check_teams(home, away)
        score = self._score(row, first, second)
        season = start_year(row[self.season], day)
        self.games[day, home, away] += 1
        number = self.games[day, home, away]
        midnight, end = self.days[day]
        self.batch.matches.append(
            MatchRecord(
                season,
                day,
                midnight,
                Precision.DAY,
                home,
                away,
                number,
                neutral,
                stage,
                MatchStatus.SCHEDULED if score is None else MatchStatus.FINAL,
                None if score is None else score[0],
                None if score is None else score[1],
                None if score is None else end,
            )
        )
        self._add_forecasts(index, row, MatchKey(day, home, away, number), midnight, turned)

    def _score(self, row: Sequence[str], first: int, second: int) -> tuple[int, int] | None:
        home, away = row[self.scores[first]].strip(), row[self.scores[second]].strip()
        if home in BLANK and away in BLANK:
            return None
        score = read_count(home, f"score{first + 1}"), read_count(away, f"score{second + 1}")
        check_points(*score)
        return score

    def _add_forecasts(
        self, index: int, row: Sequence[str], key: MatchKey, known_at: datetime, turned: bool
    ) -> None:
        for publisher, first, second in self.forecasts:
            home, away = (second, first) if turned else (first, second)
            if row[home] in BLANK and row[away] in BLANK:
                continue
            try:
                probabilities = read_probabilities(row[home], row[away])
            except RowError as bad:
                self.batch.rejected.append(self.table.reject(index, bad.code, bad.reason))
                continue
            self.batch.forecasts.append(ForecastRecord(key, publisher, probabilities, known_at))


@lru_cache(maxsize=65536)
def start_year(text: str, day: date) -> int:
    """Turn the year in which a season ends into the year in which it starts; the date must lie within.

    A season runs from autumn to June; that of 2019-20 ended on 11 October 2020.
    """
    end = read_count(text.strip(), "season", "bad-season")
    if not (end - 1, 7) <= (day.year, day.month) <= (end, 10):
        raise RowError("bad-season", f"the season ending in {end} has no game on {day}")
    return end - 1


def check_teams(home: str, away: str) -> None:
    """Raise RowError unless there are two teams."""
    if not home or not away:
        raise RowError("missing-team", f"the teams are {home!r} and {away!r}: one is blank")
    if home == away:
        raise RowError("same-team", f"both teams are {home!r}")


def check_points(home: int, away: int) -> None:
    """Raise RowError for a drawn game: overtime goes on until somebody wins."""
    if home == away:
        raise RowError("impossible-score", f"the score is {home}:{away}: an NBA game has a winner")


def read_probabilities(home: str, away: str) -> tuple[float, float]:
    """Read the forecast of a game. Raises RowError unless it is two probabilities that sum to 1."""
    try:
        probabilities = float(home), float(away)
    except ValueError:
        raise RowError("bad-forecast", f"the forecast is {home!r} and {away!r}: not numbers") from None
    if not (0 <= probabilities[0] <= 1 and abs(sum(probabilities) - 1) <= TOLERANCE):
        raise RowError("bad-forecast", f"the forecast is {home} and {away}: not probabilities that sum to 1")
    return probabilities


def _neutral(text: str) -> bool:
    flag = text.strip()
    if flag not in ("0", "1"):
        raise RowError("bad-location", f"neutral is {text!r}: expected 0 or 1")
    return flag == "1"


def _stage(text: str) -> str:
    letter = text.strip()
    if letter in BLANK:
        return "regular"
    if letter not in PLAYOFF_ROUNDS:
        rounds = ", ".join(sorted(PLAYOFF_ROUNDS))
        raise RowError("unknown-stage", f"playoff is {text!r}: expected blank or one of {rounds}")
    return "playoff"
