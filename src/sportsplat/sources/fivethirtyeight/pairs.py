"""nbaallelo.csv: every NBA, BAA and ABA game from 1946 to 2015, in two rows, one for each team.

The two rows of a game share `game_id` and mirror each other. `forecast` is the win chance of the row's team.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from sportsplat.domain import Batch, ForecastRecord, MatchKey, MatchRecord, MatchStatus, Precision
from sportsplat.sources.base import Payload
from sportsplat.sources.fivethirtyeight.elo import BLANK, check_points, check_teams, read_probabilities
from sportsplat.sources.reading.cells import LocalDays, RowError, read_count
from sportsplat.sources.reading.csv import Table, collector_paused, read_table
from sportsplat.sources.reading.date_order import month_comes_first, read_date
from sportsplat.sources.reading.seasons import read_season

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

REQUIRED = (
    "game_id", "_iscopy", "year_id", "date_game", "is_playoffs", "team_id", "fran_id", "pts", "opp_fran",
    "opp_pts", "game_location", "game_result", "forecast",
)  # fmt: skip
PUBLISHER = "fivethirtyeight-elo"
_SHARED = ("date_game", "year_id", "is_playoffs")
_LOCATIONS = {"H": "A", "A": "H", "N": "N"}
_RESULTS = {"W": "L", "L": "W"}
Row = Sequence[str]


@collector_paused()
def parse(payload: Payload, league: League, source: str) -> Batch:
    """Turn the bytes into records, two rows into one match; rows without a mirror image are rejected."""
    table = read_table(payload, required=REQUIRED, format_name="FiveThirtyEight's NBA data")
    reader = _Reader(table, league, source)
    rows = dict(table.filled())
    reported: dict[str, list[int]] = {}
    for index, row in rows.items():
        reported.setdefault(row[reader.game_id], []).append(index)
    for indices in reported.values():
        try:
            reader.read([rows[index] for index in indices])
        except RowError as bad:
            reader.batch.rejected.extend(table.reject(index, bad.code, bad.reason) for index in indices)
    return reader.batch._replace(rows_read=len(rows))


class _Reader:
    """Reads pairs of rows into a batch."""

    def __init__(self, table: Table, league: League, source: str) -> None:
        column = {name: index for index, name in enumerate(table.header)}
        self.column = column
        self.league = league
        self.batch = Batch.empty(league.code, source, table.file)
        self.days = LocalDays(league)
        self.team = partial(league.canonical_team, source=source)
        self.games: Counter[tuple[date, str, str]] = Counter()
        self.game_id = column["game_id"]
        dates = (row[column["date_game"]] for _, row in table.filled())
        self.month_first = month_comes_first(table.file, "date_game", dates, usually=True)
        self.facts = self._cells(*_SHARED, "fran_id", "pts", "opp_fran", "opp_pts")
        self.mirrored = self._cells(*_SHARED, "opp_fran", "opp_pts", "fran_id", "pts")
        self.asides = self._cells("_iscopy", "game_location", "game_result", "forecast")

    def _cells(self, *names: str) -> Callable[[Row], tuple[str, ...]]:
        cells: Callable[[Row], tuple[str, ...]] = itemgetter(*(self.column[name] for name in names))
        return cells

    def read(self, rows: Sequence[Row]) -> None:
        """Add the game described by two rows. Raises RowError unless they are two and mirror each other."""
        if len(rows) != 2:
            raise RowError(
                "no-pair", f"game_id {rows[0][self.game_id]!r} appears in {len(rows)} rows: expected two"
            )
        self._check_mirror(*rows)
        home, away = self._home_first(*rows)
        day_text, year, playoffs, home_name, home_points, away_name, away_points = self.facts(home)
        day = read_date(day_text, month_first=self.month_first)
        if day is None:
            raise RowError("bad-date", f"date_game is {day_text!r}: expected m/d/yyyy")
        home_team, away_team = self.team(home_name, day=day), self.team(away_name, day=day)
        check_teams(home_team, away_team)
        points = read_count(home_points, "pts"), read_count(away_points, "opp_pts")
        check_points(*points)
        _, location, result, forecast = self.asides(home)
        if (result == "W") != (points[0] > points[1]):
            raise RowError("contradiction", f"game_result is {result!r} at {points[0]}:{points[1]}")
        season = read_season(year, day, self.league, years_late=1)
        stage = _stage(playoffs)
        probabilities = self._forecast(forecast, self.asides(away)[3])
        self.games[day, home_team, away_team] += 1
        key = MatchKey(day, home_team, away_team, self.games[day, home_team, away_team])
        midnight, end = self.days[day]
        self.batch.matches.append(
            MatchRecord(
                season, day, midnight, Precision.DAY, home_team, away_team, key.number, location == "N",
                stage, MatchStatus.FINAL, *points, end,
            )
        )  # fmt: skip
        if probabilities is not None:
            self.batch.forecasts.append(ForecastRecord(key, PUBLISHER, probabilities, midnight))

    def _check_mirror(self, first: Row, second: Row) -> None:
        reported, mirrored = self.facts(first), self.mirrored(second)
        copy, place, result, _ = self.asides(first)
        other_copy, other_place, other_result, _ = self.asides(second)
        if reported != mirrored:
            raise RowError("contradiction", f"the two rows disagree: {reported} and {mirrored}")
        if {copy, other_copy} != {"0", "1"}:
            raise RowError("no-pair", f"_iscopy is {copy!r} and {other_copy!r}: expected 0 and 1")
        if _LOCATIONS.get(place) != other_place:
            raise RowError(
                "contradiction",
                f"game_location is {place!r} and {other_place!r}: expected H and A, or N twice",
            )
        if _RESULTS.get(result) != other_result:
            raise RowError(
                "contradiction", f"game_result is {result!r} and {other_result!r}: expected W and L"
            )

    def _home_first(self, first: Row, second: Row) -> tuple[Row, Row]:
        """Order the rows of a game; on neutral ground the team with which `game_id` ends counts as home."""
        place = self.column["game_location"]
        if first[place] == "N":
            host = first[self.game_id][-3:]
            team = self.column["team_id"]
            if host in (first[team], second[team]):
                return (first, second) if first[team] == host else (second, first)
            return (first, second) if first[self.column["_iscopy"]] == "0" else (second, first)
        return (first, second) if first[place] == "H" else (second, first)

    def _forecast(self, home: str, away: str) -> tuple[float, float] | None:
        if home in BLANK and away in BLANK:
            return None
        return read_probabilities(home, away)


def _stage(text: str) -> str:
    if text not in ("0", "1"):
        raise RowError("unknown-stage", f"is_playoffs is {text!r}: expected 0 or 1")
    return "playoff" if text == "1" else "regular"
