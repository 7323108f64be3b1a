"""What the NBA's files share: ids of games, and readers that take all rows of one game together."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.domain import MatchKey, MatchRecord, MatchStatus, Precision, TeamStatsRecord
from sportsplat.sources.reading.cells import LocalDays, RowError, read_count, read_iso_date
from sportsplat.sources.reading.csv import RowReader, Table

if TYPE_CHECKING:
    from sportsplat.domain import Batch
    from sportsplat.leagues.league import League

LEAGUE = "nba"
NBA = "00"  # the first two digits of a game id: 10 is the WNBA, 20 the G League
REGULAR = "2"
STAGES = {
    REGULAR: "regular",
    "4": "playoff",
    "5": "playoff",
}  # a play-in game is FiveThirtyEight's play-off too
OTHER_GAMES = {"1": "preseason", "3": "all-star", "6": "NBA Cup final"}
# The league had the last 51.9 seconds of Hawks-Heat played again when the two met next: no result until then.
ENDED_LATER = {"0020700367": date(2008, 3, 8)}
_GAME_ID = re.compile(r"([0-9]{2})?([0-9])([0-9]{2})[0-9]{5}")
_SEASON = re.compile(r"([1-6]?)([0-9]{4})(?:-[0-9]{2})?")
_MIDNIGHT = re.compile(r"[T ]00:00:00(?:\.0+)?Z?$")
Row = Sequence[str]


class GameId(NamedTuple):
    """The id that stats.nba.com gives a game: `number` has ten digits, `season` is the year it starts in."""

    number: str
    kind: str
    season: int

    @property
    def stage(self) -> str:
        """Return "regular" or "playoff"."""
        return STAGES[self.kind]


class GameReader(RowReader):
    """Reads files that may have several rows per game; rejecting a game rejects all of its rows."""

    def __init__(self, table: Table, league: League, source: str) -> None:
        super().__init__(table, league, source)
        self._games: dict[str, list[tuple[int, Row]]] = {}
        self.days = LocalDays(league)
        self.kept = frozenset((*league.stats, *league.stored_stats))

    @abstractmethod
    def game_of(self, row: Row) -> str:
        """Return what the rows of one game share. Raises RowError for a row of no game of the league."""

    @abstractmethod
    def read_game(self, rows: list[tuple[int, Row]]) -> None:
        """Add the game described by these rows (with their index). Raises RowError when there is none."""

    def read(self, index: int, row: list[str]) -> None:
        """Add a row to those of its game."""
        surplus = [text for text in row[len(self.table.header) :] if text.strip()]
        if surplus:
            raise RowError(
                "surplus-fields", f"{surplus} to the right of the last column: the row has shifted"
            )
        self._games.setdefault(self.game_of(row), []).append((index, row))

    def read_all(self) -> Batch:
        """Read all games; see `RowReader.read_all`."""
        batch = super().read_all()
        for rows in self._games.values():
            try:
                self.read_game(rows)
            except RowError as bad:
                for index, _ in rows:
                    self.note(index, bad.code, bad.reason)
        return batch

    def add_game(
        self,
        index: int,
        game: GameId,
        day: date,
        teams: tuple[str, str],
        score: tuple[int, int] | None,
        *,
        ended_on: date | None = None,
        called_off: bool = False,
    ) -> MatchKey:
        """Add a match of which the day is known; without a score one to come, or one that was called off.

        ended_on: the day on whose end the result is known (default: `day`).
        """
        midnight = self.days[day][0]
        unplayed = MatchStatus.CANCELLED if called_off else MatchStatus.SCHEDULED
        return self.add_match(
            index,
            MatchRecord(
                season=game.season,
                match_date=day,
                kickoff_utc=midnight,
                precision=Precision.DAY,
                home=teams[0],
                away=teams[1],
                stage=game.stage,
                status=unplayed if score is None else MatchStatus.FINAL,
                home_score=None if score is None else score[0],
                away_score=None if score is None else score[1],
                known_at=None if score is None else self.days[ended_on or day][1],
            ),
        )

    def add_stats(self, key: MatchKey, is_home: bool, stats: dict[str, float], ended_on: date) -> None:
        """Add a box score, known when the day ends; names that the league does not declare are left out."""
        kept = {name: value for name, value in stats.items() if name in self.kept}
        if kept:
            self.batch.stats.append(TeamStatsRecord(key, is_home, kept, self.days[ended_on][1]))


def cells(table: Table, names: Sequence[str]) -> Callable[[Row], list[str]]:
    """Return what picks the cells of these columns out of a row, without their outer blanks."""
    at = [table.header.index(name) for name in names]
    return lambda row: [row[index].strip() for index in at]


@lru_cache(maxsize=65536)
def read_game_id(text: str) -> GameId:
    """Read a game id, ten digits or eight (the leading zeros are lost in many copies).

    Raises:
        RowError: no such id (bad-game-id), or a game that is not a league match (not-a-league-game):
            preseason, all-star, the final of the NBA Cup (which counts for no table), another league's.
    """
    found = _GAME_ID.fullmatch(text)
    if not found:
        raise RowError("bad-game-id", f"GAME_ID is {text!r}: expected ten digits, as 0021800001")
    prefix, kind, year = found[1] or NBA, found[2], int(found[3])
    if prefix != NBA:
        raise RowError("not-a-league-game", f"GAME_ID is {text!r}: a game of another league than the NBA")
    if kind not in STAGES:
        what = OTHER_GAMES.get(kind, "unknown kind of")
        raise RowError("not-a-league-game", f"GAME_ID is {text!r}: {what} game, not a league match")
    return GameId(f"{prefix}{text[-8:]}", kind, 1900 + year if year >= 46 else 2000 + year)


@lru_cache(maxsize=4096)
def check_season(text: str, column: str, game: GameId) -> None:
    """Raise RowError unless a season (2018, 2018-19 or, with the kind in front, 22018) is a game's."""
    found = _SEASON.fullmatch(text)
    if not found:
        raise RowError("bad-season", f"{column} is {text!r}: expected a season such as 2018 or 2018-19")
    if int(found[2]) != game.season or found[1] not in ("", game.kind):
        raise RowError("bad-season", f"{column} is {text!r}, but the GAME_ID is {game.number}")


@lru_cache(maxsize=16384)
def read_day(text: str, column: str) -> date:
    """Read yyyy-mm-dd, also as a time stamp of midnight. Raises RowError for anything else."""
    return read_iso_date(_MIDNIGHT.sub("", text), column)


@lru_cache(maxsize=16384)
def read_stat(text: str, column: str) -> int:
    """Read a count of a box score. Raises RowError for anything else."""
    return read_count(text, column, "bad-stat")


@lru_cache(maxsize=16384)
def read_points(text: str, column: str) -> int:
    """Read the points of a team. Raises RowError for anything else."""
    return read_count(text, column)
