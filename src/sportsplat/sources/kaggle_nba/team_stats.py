"""Kaggle "NBA Team Game Stats" (nba.games.stats.csv): regular seasons 2014-15 to 2017-18, two rows a game.

Licence: none stated in the mirrors. Each row holds a team's own box score and its opponent's, so that every
count stands twice; `FieldGoals.` and the like are percentages and follow from the counts. Turnovers are
those of players: turnovers of the team (24 seconds, five seconds), which the league counts too, are not in
them. Only the day is given; result and box score count as known when it ends.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from sportsplat.domain import Batch
from sportsplat.sources.base import OneLeagueSource, Payload
from sportsplat.sources.nba_stats.box import BoxReader
from sportsplat.sources.nba_stats.games import LEAGUE, REGULAR, GameId, GameReader, Row, cells, read_points
from sportsplat.sources.reading.cells import RowError, read_iso_date
from sportsplat.sources.reading.csv import Table, collector_paused, read_table
from sportsplat.sources.reading.seasons import season_of

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

NAME = "kaggle-nba-team-stats"
REQUIRED = ("Team", "Date", "Home", "Opponent", "WINorLOSS", "TeamPoints", "OpponentPoints")
STATS = {
    "field_goals_made": "FieldGoals",
    "field_goals_attempted": "FieldGoalsAttempted",
    "threes_made": "X3PointShots",
    "threes_attempted": "X3PointShotsAttempted",
    "free_throws_made": "FreeThrows",
    "free_throws_attempted": "FreeThrowsAttempted",
    "offensive_rebounds": "OffRebounds",
    "rebounds": "TotalRebounds",
    "assists": "Assists",
    "steals": "Steals",
    "blocks": "Blocks",
    "player_turnovers": "Turnovers",
    "fouls": "TotalFouls",
}
OPPONENT = {name: f"Opp.{label.removeprefix('X')}" for name, label in STATS.items()}
COLUMNS = (*STATS.values(), *OPPONENT.values())
FORMAT = "Kaggle's nba.games.stats.csv"
PLACES = ("Home", "Away")
_DATE = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")


class KaggleNbaTeamStats(OneLeagueSource):
    """The source `kaggle-nba-team-stats`."""

    name = NAME
    title = 'Kaggle "NBA Team Game Stats" (nba.games.stats.csv)'
    licence = "none stated"
    url = "https://www.kaggle.com/datasets/ionaskel/nba-games-stats-from-2014-to-2018"
    gives = ("matches of the regular seasons 2014 to 2017", "box scores")
    leagues = (LEAGUE,)
    first_season, last_season = 2014, 2017

    @collector_paused()
    def read(self, payload: Payload, league: League) -> Batch:
        """Read nba.games.stats.csv."""
        table = read_table(payload, required=REQUIRED, format_name=FORMAT, columns=COLUMNS)
        return _Reader(table, league).read_all()


class _Reader(GameReader):
    """Reads pairs of rows into a batch."""

    def __init__(self, table: Table, league: League) -> None:
        super().__init__(table, league, NAME)
        self.facts = cells(table, REQUIRED)
        self.own = BoxReader(table, STATS)
        self.opponents = BoxReader(table, OPPONENT)

    def game_of(self, row: Row) -> str:
        """Return day, home team and visitor. Raises RowError where Home is neither Home nor Away."""
        team, day, place, opponent, *_ = self.facts(row)
        if place not in PLACES:
            raise RowError("bad-location", f"Home is {place!r}: expected Home or Away")
        home, away = (team, opponent) if place == "Home" else (opponent, team)
        return f"{away} at {home} on {day}"

    def read_game(self, rows: list[tuple[int, Row]]) -> None:
        """Add the game described by two rows. Raises RowError unless they are two and mirror each other."""
        if len(rows) != 2:
            game = self.game_of(rows[0][1])
            raise RowError("no-pair", f"{game} appears in {len(rows)} rows: expected two")
        home, away = sorted(rows, key=lambda reported: self.cell(reported[1], "Home") != "Home")
        facts, mirrored = self.facts(home[1]), self.facts(away[1])
        day = _read_date(facts[1])
        teams = self.teams(facts[0], facts[3], day, ("Team", "Opponent"))
        score = _score(facts, mirrored)
        key = self.add_game(home[0], GameId("", REGULAR, season_of(self.league, day)), day, teams, score)
        self.add_stats(key, True, self._box(home, away, score[0]), day)
        self.add_stats(key, False, self._box(away, home, score[1]), day)

    def _box(self, own: tuple[int, Row], other: tuple[int, Row], points: int) -> dict[str, float]:
        """Return a team's values that both rows agree on; left out where they differ."""
        reported = self.own.read(own[1], points, partial(self.note, own[0]))
        mirrored = self.opponents.read(other[1], points, partial(self.note, other[0]))
        for name in reported.keys() & mirrored.keys():
            if reported[name] != mirrored[name]:
                reason = (
                    f"{STATS[name]} is {reported[name]:g} here and {mirrored[name]:g} in line {other[0] + 2}"
                )
                self.note(own[0], "contradicting-duplicate", f"{reason}: left out")
                del reported[name]
        return reported


def _score(home: list[str], away: list[str]) -> tuple[int, int]:
    """Return the points; both rows must agree on them and on the winner."""
    points = read_points(home[5], "TeamPoints"), read_points(home[6], "OpponentPoints")
    mirrored = read_points(away[6], "OpponentPoints"), read_points(away[5], "TeamPoints")
    if {home[2], away[2]} != set(PLACES):
        raise RowError("contradiction", f"Home is {home[2]!r} in both rows of a game")
    if points != mirrored:
        raise RowError("contradiction", f"the two rows disagree: {points} and {mirrored} (home, away)")
    if (home[4], away[4]) != (("W", "L") if points[0] > points[1] else ("L", "W")):
        raise RowError(
            "contradiction",
            f"WINorLOSS is {home[4]!r} and {away[4]!r} at {points[0]}:{points[1]}",
        )
    return points


@lru_cache(maxsize=4096)
def _read_date(text: str) -> date:
    found = _DATE.fullmatch(text)
    iso = "-".join((found[1], found[2].zfill(2), found[3].zfill(2))) if found else ""
    try:
        return read_iso_date(iso, "Date")
    except RowError as bad:
        raise RowError(bad.code, f"Date is {text!r}: expected yyyy/m/d") from None
