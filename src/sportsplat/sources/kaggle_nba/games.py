"""Kaggle "NBA games" (games.csv by nathanlauga): one row a game, newest first, from the season 2003-04.

Licence: none stated in the mirrors. Points, assists and rebounds are counts, the percentages shares of 1
rounded to three places. Only the day (US Eastern) is given; result and box score count as known when it ends.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.domain import Batch
from sportsplat.sources.base import OneLeagueSource, Payload
from sportsplat.sources.nba_stats.games import (
    ENDED_LATER,
    LEAGUE,
    GameId,
    GameReader,
    Row,
    cells,
    check_season,
    read_day,
    read_game_id,
    read_points,
    read_stat,
)
from sportsplat.sources.reading.cells import RowError
from sportsplat.sources.reading.csv import Table, collector_paused, read_table

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

NAME = "kaggle-nba-games"
FINAL = "Final"
COUNTS = {"points": "PTS", "assists": "AST", "rebounds": "REB"}
SHARES = {"field_goal_pct": "FG_PCT", "free_throw_pct": "FT_PCT", "three_pct": "FG3_PCT"}
SIDES = ("home", "away")
REQUIRED = ("GAME_DATE_EST", "GAME_ID", "GAME_STATUS_TEXT", "HOME_TEAM_ID", "VISITOR_TEAM_ID", "SEASON",
            "PTS_home", "PTS_away", "HOME_TEAM_WINS")  # fmt: skip
FORMAT = 'Kaggle\'s "NBA games" (games.csv)'
COLUMNS = (
    *(f"TEAM_ID_{side}" for side in SIDES),
    *(f"{prefix}_{side}" for prefix in (*COUNTS.values(), *SHARES.values()) for side in SIDES),
)
PLACES = 3  # of a share; what stands behind them is the noise of a float


class KaggleNbaGames(OneLeagueSource):
    """The source `kaggle-nba-games`."""

    name = NAME
    title = 'Kaggle "NBA games" (games.csv)'
    licence = "none stated"
    url = "https://www.kaggle.com/datasets/nathanlauga/nba-games"
    gives = ("matches from 2003", "points, assists, rebounds and shooting percentages")
    leagues = (LEAGUE,)
    first_season, last_season = 2003, 2022

    @collector_paused()
    def read(self, payload: Payload, league: League) -> Batch:
        """Read games.csv."""
        table = read_table(payload, required=REQUIRED, format_name=FORMAT, columns=COLUMNS)
        return _Reader(table, league, NAME).read_all()


class _Game(NamedTuple):
    """What the rows of one game must agree in."""

    id: GameId
    day: date
    ended_on: date
    teams: tuple[str, str]
    score: tuple[int, int] | None


class _Reader(GameReader):
    """Reads the rows of games.csv into a batch."""

    def __init__(self, table: Table, league: League, source: str) -> None:
        super().__init__(table, league, source)
        self.facts = cells(table, REQUIRED)
        self.game_id = self.column["GAME_ID"]

    def game_of(self, row: Row) -> str:
        """Return the id of the game. Raises RowError for preseason and all-star games."""
        return read_game_id(row[self.game_id].strip()).number

    def read_game(self, rows: list[tuple[int, Row]]) -> None:
        """Add the game of a row; further rows of it are refused, and what they contradict is left out.

        Raises:
            RowError: there is no match in the rows, or they tell two (contradicting-duplicate).
        """
        first = rows[0][0]
        game, *others = [self._game(row) for _, row in rows]
        if any(other != game for other in others):
            raise RowError(
                "contradicting-duplicate",
                f"GAME_ID {rows[0][1][self.game_id]} appears in {len(rows)} rows that describe different "
                f"games",
            )
        key = self.add_game(first, game.id, game.day, game.teams, game.score, ended_on=game.ended_on)
        if game.score is not None:
            for side in SIDES:
                boxes = [self._box(index, row, side) for index, row in rows]
                self.add_stats(key, side == "home", self._agreed(boxes, rows, side), game.ended_on)
        for index, row in rows[1:]:
            detail = f"GAME_ID {row[self.game_id]} already appears in line {first + 2}"
            self.note(index, "duplicate-match", detail)

    def _game(self, row: Row) -> _Game:
        day_text, number, status, home, away, season_text, home_points, away_points, won = self.facts(row)
        game_id = read_game_id(number)
        check_season(season_text, "SEASON", game_id)
        self._check_repeated_teams(row, home, away)
        day = read_day(day_text, "GAME_DATE_EST")
        teams = self.teams(home, away, day, ("HOME_TEAM_ID", "VISITOR_TEAM_ID"))
        score = _score(status, home_points, away_points, won)
        return _Game(game_id, day, ENDED_LATER.get(game_id.number, day), teams, score)

    def _check_repeated_teams(self, row: Row, home: str, away: str) -> None:
        for name, team in (("TEAM_ID_home", home), ("TEAM_ID_away", away)):
            text = self.cell(row, name)
            if text and text != team:
                raise RowError("contradiction", f"{name} is {text!r}, the team of the game is {team!r}")

    def _box(self, index: int, row: Row, side: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for names, read in ((COUNTS, read_stat), (SHARES, _read_share)):
            for name, prefix in names.items():
                label = f"{prefix}_{side}"
                text = self.cell(row, label)
                if text:
                    try:
                        found[name] = float(read(text, label))
                    except RowError as bad:
                        self.note(index, bad.code, bad.reason)
        return found

    def _agreed(
        self, boxes: list[dict[str, float]], rows: list[tuple[int, Row]], side: str
    ) -> dict[str, float]:
        """Return the values on which all rows of a game agree; left out where they differ."""
        box, *others = boxes
        kept = dict(box)
        for (index, _), other in zip(rows[1:], others, strict=True):
            for name in box.keys() & other.keys():
                if box[name] != other[name]:
                    kept.pop(name, None)
                    detail = f"{name} ({side}) is {other[name]:g}, {box[name]:g} in line {rows[0][0] + 2}"
                    self.note(index, "contradicting-duplicate", f"{detail}: left out")
        return kept


def _score(status: str, home: str, away: str, won: str) -> tuple[int, int] | None:
    """Return the points, None for a game that is not over; HOME_TEAM_WINS must agree with them.

    HOME_TEAM_WINS is 0 without points too, so that it never stands for a result alone.
    """
    if not home and not away:
        if status == FINAL:
            raise RowError("no-result", f"GAME_STATUS_TEXT is {status!r}, PTS_home and PTS_away are blank")
        return None
    points = read_points(home, "PTS_home"), read_points(away, "PTS_away")
    if won != ("1" if points[0] > points[1] else "0"):
        raise RowError("contradiction", f"HOME_TEAM_WINS is {won!r} at {points[0]}:{points[1]} (home:away)")
    return points


@lru_cache(maxsize=16384)
def _read_share(text: str, column: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise RowError("bad-stat", f"{column} is {text!r}: expected a share from 0 to 1")
    return round(share, PLACES)
