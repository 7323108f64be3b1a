"""The layout that FiveThirtyEight's Elo files share: one row a game, team1 at home, with published forecasts.

What a sport's file has of its own (columns, letters of the play-offs, games that name the visitor first) is
its `Layout`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from sportsplat.domain import Batch, ForecastRecord, MatchKey, MatchRecord, MatchStatus, Precision
from sportsplat.sources.base import Payload
from sportsplat.sources.reading.cells import LocalDays, RowError, read_count, read_iso_date
from sportsplat.sources.reading.csv import Table, collector_paused, read_table
from sportsplat.sources.reading.seasons import read_season

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

BLANK = frozenset({"", "NA", "NaN", "nan", "NULL"})
TOLERANCE = 1e-6
_RESULTS = {1: ("1", "1.0"), 0: ("0.5",), -1: ("0", "0.0")}  # of team1, by the sign of its margin


@dataclass(frozen=True)
class Layout:
    """What one file has of its own.

    `forecasts` are publishers with the columns of both probabilities; a file without the second has the
    first alone. `visitor_first` are games, by date and team1, that name the visitor first;
    `season_years_late` is 1 where the column season gives the year in which it ends.
    """

    name: str
    required: tuple[str, ...]
    forecasts: tuple[tuple[str, str, str], ...]
    regular: frozenset[str]
    playoffs: frozenset[str]
    visitor_first: frozenset[tuple[str, str]]
    season_years_late: int
    ties: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, the required ones first."""
        return (*self.required, "result1", *(name for _, *names in self.forecasts for name in names))


@collector_paused()
def parse(payload: Payload, league: League, source: str, layout: Layout) -> Batch:
    """Turn the bytes into records; a game not yet played has empty scores and becomes a scheduled match.

    Raises InputRefused: a required column is missing (NOT_THIS_FORMAT), or no row follows (EMPTY_FILE).
    """
    table = read_table(payload, required=layout.required, format_name=layout.name, columns=layout.columns)
    reader = _Reader(table, league, source, layout)
    rows = list(table.filled())
    for index, row in rows:
        try:
            reader.read(index, row)
        except RowError as bad:
            reader.batch.rejected.append(table.reject(index, bad.code, bad.reason))
    return reader.batch._replace(
        rows_read=len(rows), line_of=reader.line_of, text=table.lines, further_lines=reader.further
    )


class _Reader:
    """Reads the rows of one table into a batch."""

    def __init__(self, table: Table, league: League, source: str, layout: Layout) -> None:
        column = {name: index for index, name in enumerate(table.header)}
        self.table = table
        self.layout = layout
        self.league = league
        self.batch = Batch.empty(league.code, source, table.file)
        self.days = LocalDays(league)
        self.day = lru_cache(maxsize=None)(read_iso_date)
        self.team = partial(league.canonical_team, source=source)
        self.games: dict[tuple[date, str, str], list[int]] = defaultdict(list)  # their rows
        self.line_of: dict[MatchKey, int] = {}
        self.further: dict[MatchKey, list[int]] = defaultdict(list)
        self.date, self.season, self.neutral, self.playoff = (
            column[name] for name in ("date", "season", "neutral", "playoff")
        )
        self.teams = column["team1"], column["team2"]
        self.scores = column["score1"], column["score2"]
        self.result = column.get("result1")
        self.forecasts = [
            (publisher, column[first], column.get(second))
            for publisher, first, second in layout.forecasts
            if first in column
        ]

    def read(self, index: int, row: Sequence[str]) -> None:
        """Add one game and its forecasts. Raises RowError when there is no game in the row."""
        day = self.day(row[self.date], "date")
        neutral, stage = _neutral(row[self.neutral]), self._stage(row[self.playoff])
        swapped = (row[self.date], row[self.teams[0]]) in self.layout.visitor_first
        first, second = (1, 0) if swapped else (0, 1)
        home, away = (self.team(row[self.teams[side]], day=day) for side in (first, second))
        check_teams(home, away)
        score = self._score(row, first, second)
        season = read_season(row[self.season], day, self.league, years_late=self.layout.season_years_late)
        number = self._number(index, self.games[day, home, away])
        key = MatchKey(day, home, away, number)
        if self.line_of.setdefault(key, index + 2) != index + 2:
            self.further[key].append(index + 2)
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
                neutral or swapped,
                stage,
                MatchStatus.SCHEDULED if score is None else MatchStatus.FINAL,
                None if score is None else score[0],
                None if score is None else score[1],
                None if score is None else end,
            )
        )
        self._add_forecasts(index, row, key, midnight, swapped)

    def _number(self, index: int, above: list[int]) -> int:
        """Return which of the games of a pair on one day this is; raises RowError for the same row again.

        The games of a double-header differ in their forecasts at least: a row with the forecasts of one above
        and another result contradicts it, and bears its number.
        """
        for number, other in enumerate(above, start=1):
            if self.table.rows[other] == self.table.rows[index]:
                raise RowError("duplicate-match", f"the same row appears in line {other + 2}")
            if self._reported(other) == self._reported(index):
                return number
        above.append(index)
        return len(above)

    def _reported(self, index: int) -> list[str]:
        row = self.table.rows[index]
        return [row[column] for _, first, _ in self.forecasts for column in [first] if column < len(row)]

    def _stage(self, text: str) -> str:
        letter = text.strip()
        if letter in self.layout.regular:
            return "regular"
        if letter not in self.layout.playoffs:
            rounds = ", ".join(sorted(self.layout.playoffs))
            raise RowError("unknown-stage", f"playoff is {text!r}: expected blank or one of {rounds}")
        return "playoff"

    def _score(self, row: Sequence[str], first: int, second: int) -> tuple[int, int] | None:
        home, away = row[self.scores[first]].strip(), row[self.scores[second]].strip()
        if home in BLANK and away in BLANK:
            return None
        score = read_count(home, f"score{first + 1}"), read_count(away, f"score{second + 1}")
        if not self.layout.ties:
            check_points(*score)
        reported = row[self.result].strip() if self.result is not None else ""
        points = score if (first, second) == (0, 1) else score[::-1]
        if (
            reported not in BLANK
            and reported not in _RESULTS[(points[0] > points[1]) - (points[0] < points[1])]
        ):
            raise RowError("contradiction", f"result1 is {reported!r} at {points[0]}:{points[1]}")
        return score

    def _add_forecasts(
        self, index: int, row: Sequence[str], key: MatchKey, known_at: datetime, swapped: bool
    ) -> None:
        for publisher, first, second in self.forecasts:
            reported, other = row[first], None if second is None else row[second]
            if reported in BLANK and (other is None or other in BLANK):
                continue
            try:
                probabilities = (
                    read_probability(reported) if other is None else read_probabilities(reported, other)
                )
            except RowError as bad:
                self.batch.rejected.append(self.table.reject(index, bad.code, bad.reason))
                continue
            ordered = probabilities[::-1] if swapped else probabilities
            self.batch.forecasts.append(ForecastRecord(key, publisher, ordered, known_at))


def check_teams(home: str, away: str) -> None:
    """Raise RowError unless there are two teams."""
    if not home or not away:
        raise RowError("missing-team", f"the teams are {home!r} and {away!r}: one is blank")
    if home == away:
        raise RowError("same-team", f"both teams are {home!r}")


def check_points(home: int, away: int) -> None:
    """Raise RowError for a drawn game: overtime is played until one team wins."""
    if home == away:
        raise RowError("impossible-score", f"the score is {home}:{away}: an NBA game has a winner")


def read_probabilities(home: str, away: str) -> tuple[float, float]:
    """Read the forecast of a game. Raises RowError unless it is two probabilities that sum to 1."""
    try:
        probabilities = float(home), float(away)
    except ValueError:
        raise RowError("bad-forecast", f"the forecast is {home!r} and {away!r}: not numbers") from None
    if not (min(probabilities) >= 0 and max(probabilities) <= 1 and abs(sum(probabilities) - 1) <= TOLERANCE):
        raise RowError("bad-forecast", f"the forecast is {home} and {away}: not probabilities that sum to 1")
    return probabilities


def read_probability(text: str) -> tuple[float, float]:
    """Read the forecast of a game from team1's probability alone. Raises RowError unless it is one."""
    try:
        first = float(text)
    except ValueError:
        first = -1.0
    if not 0 <= first <= 1:
        raise RowError("bad-forecast", f"the forecast is {text!r}: not a probability")
    return first, 1 - first


def _neutral(text: str) -> bool:
    flag = text.strip()
    if flag not in ("0", "1"):
        raise RowError("bad-location", f"neutral is {text!r}: expected 0 or 1")
    return flag == "1"
