"""stats.nba.com: team game logs, two rows a game, as CSV files in two layouts and as the site's JSON answer.

Licence: none stated by stats.nba.com (the files of the mirrors: MIT). Units: counts a team and game; MIN is
the time of all five players (240) in one layout and the game's (48.0) in the other. Only the day of a game is
given, US Eastern; result and box score count as known when it ends. GAME_ID identifies the rows of one game,
MATCHUP the home team (`ATL vs. IND` is the home row, `IND @ ATL` the visitor's).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.domain import Batch
from sportsplat.sources.base import OneLeagueSource, Payload
from sportsplat.sources.nba_stats.box import FORMAT, NAME, REQUIRED, BoxReader, Note, is_answer, read_answer
from sportsplat.sources.nba_stats.games import (
    ENDED_LATER,
    LEAGUE,
    GameReader,
    Row,
    cells,
    check_season,
    read_day,
    read_game_id,
    read_points,
)
from sportsplat.sources.reading.cells import RowError
from sportsplat.sources.reading.csv import Table, collector_paused, read_table
from sportsplat.sources.reading.header import not_this_format

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.leagues.league import League

SEASON_COLUMNS = ("SEASON_ID", "SEASON_YEAR")
PLAYER_COLUMNS = ("PLAYER_ID", "Player_ID")  # the logs of players have the columns of the teams' too
STATS = {
    "field_goals_made": "FGM",
    "field_goals_attempted": "FGA",
    "threes_made": "FG3M",
    "threes_attempted": "FG3A",
    "free_throws_made": "FTM",
    "free_throws_attempted": "FTA",
    "offensive_rebounds": "OREB",
    "defensive_rebounds": "DREB",
    "rebounds": "REB",
    "assists": "AST",
    "steals": "STL",
    "blocks": "BLK",
    "turnovers": "TOV",
    "fouls": "PF",
}
COLUMNS = (*SEASON_COLUMNS, PLAYER_COLUMNS[0], *STATS.values())
REGULATION, OVERTIME, PLAYERS = 48, 5, 5  # minutes of a game, of one more period, players on the floor
ROUNDING = 1.0  # minutes of a game by which the sum of its players' rounded minutes may be off
_MATCHUP = re.compile(r"(\S+) (@|vs\.?) (\S+)")


class NbaStats(OneLeagueSource):
    """The source `nba-stats`."""

    name = NAME
    title = "stats.nba.com team game logs"
    licence = "none stated by stats.nba.com"
    url = "https://www.nba.com/stats/teams/boxscores"
    gives = ("matches", "box scores (complete from 1985/86)")
    leagues = (LEAGUE,)
    first_season, last_season = 1983, None

    @collector_paused()
    def read(self, payload: Payload, league: League) -> Batch:
        """Read a log, CSV or JSON."""
        if is_answer(payload):
            table = read_answer(payload, required=REQUIRED, format_name=FORMAT)
        else:
            table = read_table(payload, required=REQUIRED, format_name=FORMAT, columns=COLUMNS)
        season_column = next((name for name in SEASON_COLUMNS if name in table.header), None)
        player = [f"no {name}" for name in PLAYER_COLUMNS if name in table.header]
        if season_column is None or player:
            missing = player or [" or ".join(SEASON_COLUMNS)]
            raise not_this_format(table.file, FORMAT, (SEASON_COLUMNS[0], *REQUIRED), table.header, missing)
        return _Reader(table, league, season_column).read_all()

    def fetch(
        self,
        seasons: Sequence[int],
        *,
        leagues: Sequence[League],  # noqa: ARG002 - the logs of one league are asked for
        settings: Settings,
    ) -> list[Payload]:
        """Get the logs of regular season, play-in and play-offs; needs the optional extra `nba`."""
        from sportsplat.sources.nba_stats.live import fetch_logs

        return fetch_logs(seasons, settings)

    def lacks(self, settings: Settings) -> str | None:  # noqa: ARG002
        """Say that the optional extra `nba` is not installed."""
        return (
            None if find_spec("nba_api") else "the optional package nba_api (pip install 'sportsplat[nba]')"
        )


class _Side(NamedTuple):
    """One team's row of a game, as far as the other team's row must mirror it."""

    place: int
    row: Row
    season: str
    team: str
    day: date
    matchup: tuple[str, str, str]
    won: str
    points: str
    margin: str
    minutes: str


class _Reader(GameReader):
    """Reads pairs of rows into a batch."""

    def __init__(self, table: Table, league: League, season_column: str) -> None:
        super().__init__(table, league, NAME)
        self.season_column = season_column
        self.game_id = self.column["GAME_ID"]
        self.facts = cells(
            table, (season_column, "TEAM_ID", "GAME_DATE", "MATCHUP", "WL", "PTS", "PLUS_MINUS", "MIN")
        )
        self.box = BoxReader(table, STATS)
        day, won = self.column["GAME_DATE"], self.column["WL"]
        played = (row[day].strip() for _, row in table.filled() if row[won].strip())
        self.last_played = max(played, default="")

    def game_of(self, row: Row) -> str:
        """Return the id of the game. Raises RowError for preseason and all-star games."""
        return read_game_id(row[self.game_id].strip()).number

    def read_game(self, rows: list[tuple[int, Row]]) -> None:
        """Add the game described by two rows. Raises RowError unless they are two and mirror each other."""
        game = read_game_id(rows[0][1][self.game_id].strip())
        if len(rows) != 2:
            raise RowError("no-pair", f"GAME_ID {game.number!r} appears in {len(rows)} rows: expected two")
        home, away = self._home_first(*(self._side(index, row) for index, row in rows))
        check_season(home.season, self.season_column, game)
        teams = self.teams(home.team, away.team, home.day, ("TEAM_ID", "TEAM_ID of the other row"))
        score = _score(home, away)
        called_off = score is None and self._was_called_off(home, away)
        ended_on = ENDED_LATER.get(game.number, home.day)
        key = self.add_game(
            home.place, game, home.day, teams, score, ended_on=ended_on, called_off=called_off
        )
        if score is not None:
            for side, points, is_home in zip((home, away), score, (True, False), strict=True):
                self.add_stats(key, is_home, self._box(side, points), ended_on)

    def _side(self, place: int, row: Row) -> _Side:
        season, team, day, matchup, *others = self.facts(row)
        return _Side(place, row, season, team, read_day(day, "GAME_DATE"), _read_matchup(matchup), *others)

    def _home_first(self, first: _Side, second: _Side) -> tuple[_Side, _Side]:
        """Order the two rows of a game. Raises RowError unless they are one game at one team's home."""
        for column, one, other in (
            ("GAME_DATE", first.day, second.day),
            (self.season_column, first.season, second.season),
            ("MATCHUP", first.matchup[0::2], second.matchup[2::-2]),
        ):
            if one != other:
                raise RowError(
                    "contradiction", f"{column} is {one!s} and {other!s} in the two rows of a game"
                )
        if {first.matchup[1], second.matchup[1]} != {"@", "vs"}:
            raise RowError("contradiction", f"MATCHUP says {first.matchup[1]!r} in both rows: no home team")
        return (first, second) if first.matchup[1] == "vs" else (second, first)

    def _was_called_off(self, home: _Side, away: _Side) -> bool:
        """Whether a game without a winner will not be played: it has no points, and later games are there."""
        if home.day.isoformat() >= self.last_played[:10]:
            return False
        if {home.points, away.points} <= {"", "0", "0.0"}:
            return True
        raise RowError(
            "no-result", f"WL is blank at {home.points}:{away.points}: the file goes on to {self.last_played}"
        )

    def _box(self, side: _Side, points: int) -> dict[str, float]:
        note = partial(self.note, side.place)
        stats = self.box.read(side.row, points, note)
        minutes = _read_minutes(side.minutes, note)
        return stats if minutes is None else stats | {"minutes": minutes}


@lru_cache(maxsize=16384)
def _read_matchup(text: str) -> tuple[str, str, str]:
    """Return own team, "@" or "vs", and opponent."""
    found = _MATCHUP.fullmatch(text)
    if not found:
        raise RowError("bad-matchup", f"MATCHUP is {text!r}: expected BOS @ DET or ATL vs. IND")
    return found[1], found[2].rstrip("."), found[3]


def _score(home: _Side, away: _Side) -> tuple[int, int] | None:
    """Return the points, None for a game without a winner; WL and PLUS_MINUS of both rows must agree."""
    if not home.won and not away.won:
        return None
    points = read_points(home.points, "PTS"), read_points(away.points, "PTS")
    lead = points[0] - points[1]
    for side, margin in ((home, lead), (away, -lead)):
        if side.won != ("W" if margin > 0 else "L") or margin == 0:
            raise RowError("contradiction", f"WL is {side.won!r} at {points[0]}:{points[1]} (home:away)")
        if side.margin and _read_margin(side.margin) != margin:
            raise RowError(
                "contradiction", f"PLUS_MINUS is {side.margin!r} at {points[0]}:{points[1]} (home:away)"
            )
    _check_minutes(home, away)
    return points


@lru_cache(maxsize=4096)
def _read_margin(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RowError("contradiction", f"PLUS_MINUS is {text!r}: not a number") from None


def _check_minutes(home: _Side, away: _Side) -> None:
    """Raise RowError where one team played longer: its box score, which makes the points, is not whole.

    DEN @ CLE of 1996-11-10 is 108:79 here, with 24 minutes missing, and 101:86 elsewhere.
    """
    own, other = _game_minutes(home.minutes), _game_minutes(away.minutes)
    if own is not None and other is not None and abs(own - other) > 2 * ROUNDING:
        raise RowError("contradiction", f"MIN is {home.minutes!r} and {away.minutes!r} in one game")


def _read_minutes(text: str, note: Note) -> float | None:
    """Return the length of the game in minutes, 48 and 5 for each overtime; None where it is not given."""
    if not text:
        return None
    minutes = _game_minutes(text) or 0.0
    overtimes = round((minutes - REGULATION) / OVERTIME)
    length = REGULATION + OVERTIME * overtimes
    if overtimes >= 0 and abs(minutes - length) <= ROUNDING:
        return float(length)
    note("bad-stat", f"MIN is {text!r}: expected {REGULATION} or {REGULATION * PLAYERS}, and overtimes")
    return None


@lru_cache(maxsize=4096)
def _game_minutes(text: str) -> float | None:
    """Return the minutes of a game, from those of five players too; None for anything else."""
    try:
        minutes = float(text)
    except ValueError:
        return None
    if not 0 < minutes < 1000:
        return None
    return minutes / PLAYERS if minutes > 2.5 * REGULATION else minutes
