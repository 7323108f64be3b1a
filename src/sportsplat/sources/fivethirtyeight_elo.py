"""nba_elo.csv and nba_elo_latest.csv: one row a game, team1 at home, with up to three published forecasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sportsplat.domain import Batch, ForecastRecord, MatchKey, MatchRecord, MatchStatus, Precision
from sportsplat.sources.base import BadRow, LocalDays, Payload, Table, read_count, read_table

if TYPE_CHECKING:
    from sportsplat.leagues import League

REQUIRED = ("date", "season", "neutral", "playoff", "team1", "team2", "elo1_pre", "elo_prob1", "score1", "score2")
FORECASTS = (
    ("fivethirtyeight-elo", "elo_prob1", "elo_prob2"),
    ("fivethirtyeight-carm-elo", "carm-elo_prob1", "carm-elo_prob2"),
    ("fivethirtyeight-raptor", "raptor_prob1", "raptor_prob2"),
)
BLANK = frozenset({"", "NA", "NaN", "nan", "NULL"})
PLAYOFF_ROUNDS = frozenset("tpqscf")  # t: some round; play-in, quarter-final, semi-final, conference final, final
TOLERANCE = 1e-6


def parse(payload: Payload, league: League, source: str) -> Batch:
    """Turn the bytes into records; a game not yet played has empty scores and becomes a scheduled match."""
    table = read_table(payload, required=REQUIRED, format_name="FiveThirtyEight's NBA data")
    reader = _Reader(table, league, source)
    rows = list(table.filled())
    for index, row in rows:
        try:
            reader.read(index, row)
        except BadRow as bad:
            reader.batch.rejected.append(table.reject(index, bad.code, bad.reason))
    return reader.batch._replace(rows_read=len(rows))


class _Reader:
    """Reads the rows of one table into a batch."""

    def __init__(self, table: Table, league: League, source: str) -> None:
        column = {name: index for index, name in enumerate(table.header)}
        self.table = table
        self.batch = Batch(league.code, source, table.file, 0, [], [], [], [], [])
        self.days = LocalDays(league)
        self.team = lru_cache(maxsize=None)(league.canonical_team)
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
        """Add one game and its forecasts. Raises BadRow when there is no game in the row."""
        day = read_iso_date(row[self.date])
        home, away = self.team(row[self.teams[0]]), self.team(row[self.teams[1]])
        check_teams(home, away)
        score = self._score(row)
        season = start_year(row[self.season], day)
        neutral, stage = _neutral(row[self.neutral]), _stage(row[self.playoff])
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
        self._add_forecasts(index, row, MatchKey(day, home, away, number), midnight)

    def _score(self, row: Sequence[str]) -> tuple[int, int] | None:
        home, away = row[self.scores[0]].strip(), row[self.scores[1]].strip()
        if home in BLANK and away in BLANK:
            return None
        score = read_count(home, "score1"), read_count(away, "score2")
        check_points(*score)
        return score

    def _add_forecasts(self, index: int, row: Sequence[str], key: MatchKey, known_at: datetime) -> None:
        for publisher, home, away in self.forecasts:
            if row[home] in BLANK and row[away] in BLANK:
                continue
            try:
                probabilities = read_probability(row[home]), read_probability(row[away])
                if abs(sum(probabilities) - 1) > TOLERANCE:
                    raise BadRow("bad-forecast", f"{publisher} gives {row[home]} and {row[away]}: they do not sum to 1")
            except BadRow as bad:
                self.batch.rejected.append(self.table.reject(index, bad.code, bad.reason))
                continue
            self.batch.forecasts.append(ForecastRecord(key, publisher, probabilities, known_at))


@lru_cache(maxsize=32768)
def read_iso_date(text: str) -> date:
    """Read yyyy-mm-dd. Raises BadRow for anything else."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadRow("bad-date", f"date is {text!r}: expected yyyy-mm-dd") from None


@lru_cache(maxsize=65536)
def start_year(text: str, day: date) -> int:
    """Turn the year in which a season ends into the year in which it starts; the date must lie within.

    A season runs from autumn to June; that of 2019-20 ended on 11 October 2020.
    """
    end = read_count(text.strip(), "season", "bad-season")
    if not (end - 1, 7) <= (day.year, day.month) <= (end, 10):
        raise BadRow("bad-season", f"the season ending in {end} has no game on {day}")
    return end - 1


def check_teams(home: str, away: str) -> None:
    """Raise BadRow unless there are two teams."""
    if not home or not away:
        raise BadRow("missing-team", f"the teams are {home!r} and {away!r}: one is blank")
    if home == away:
        raise BadRow("same-team", f"both teams are {home!r}")


def check_points(home: int, away: int) -> None:
    """Raise BadRow for a drawn game: overtime goes on until somebody wins."""
    if home == away:
        raise BadRow("impossible-score", f"the score is {home}:{away}: an NBA game has a winner")


def read_probability(text: str) -> float:
    """Read a probability. Raises BadRow for a value outside 0..1 or no number."""
    try:
        value = float(text)
    except ValueError:
        raise BadRow("bad-forecast", f"the forecast is {text!r}: not a number") from None
    if not 0 <= value <= 1:
        raise BadRow("bad-forecast", f"the forecast is {text!r}: a probability lies between 0 and 1")
    return value


def _neutral(text: str) -> bool:
    flag = text.strip()
    if flag not in ("0", "1"):
        raise BadRow("bad-location", f"neutral is {text!r}: expected 0 or 1")
    return flag == "1"


def _stage(text: str) -> str:
    letter = text.strip()
    if letter in BLANK:
        return "regular"
    if letter not in PLAYOFF_ROUNDS:
        raise BadRow("unknown-stage", f"playoff is {text!r}: expected blank or one of {', '.join(sorted(PLAYOFF_ROUNDS))}")
    return "playoff"
