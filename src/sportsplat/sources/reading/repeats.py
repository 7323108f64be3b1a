"""Matches that appear in a file more than once: a repetition, the second game of a day, or a contradiction.

A row equal to an earlier one is a repetition. One that differs is the second game of the day where the league
has double headers (`rules.double_headers`) and both were played. Otherwise it contradicts the first, and
nothing in the file shows which is right: both are passed on, and neither is stored.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.domain import MatchKey, MatchRecord, MatchStatus

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

GAMES_OF_A_DAY = 2


class RepeatKind(Enum):
    """What a row is compared with earlier rows."""

    NEW = "new"
    REPEATED = "repeated"
    CONTRADICTING = "contradicting"


class ComparedRow(NamedTuple):
    """A row compared with earlier rows: its match with its game number, and its first line."""

    kind: RepeatKind
    match: MatchRecord
    first_line: int


class RepeatedRows:
    """The matches of a file so far, by what identifies them, with their lines."""

    def __init__(self, league: League) -> None:
        self.line_of: dict[MatchKey, int] = {}
        self.further: dict[MatchKey, list[int]] = {}
        self._league = league
        self._reported: dict[MatchKey, list[MatchRecord]] = {}

    def place(self, line: int, match: MatchRecord) -> ComparedRow:
        """Add the match of a line, and return how it relates to earlier lines."""
        key = match.key
        reported = self._reported.get(key)
        if reported is None:
            self._reported[key] = [match]
            self.line_of[key] = line
            return ComparedRow(RepeatKind.NEW, match, line)
        if match in reported:
            return ComparedRow(RepeatKind.REPEATED, match, self.line_of[key])
        if self._is_second_game(match, reported):
            return self.place(line, match._replace(number=match.number + 1))
        reported.append(match)
        self.further.setdefault(key, []).append(line)
        return ComparedRow(RepeatKind.CONTRADICTING, match, self.line_of[key])

    def _is_second_game(self, match: MatchRecord, reported: list[MatchRecord]) -> bool:
        return (
            self._league.rules.double_headers
            and match.number < GAMES_OF_A_DAY
            and all(one.status is MatchStatus.FINAL for one in (match, *reported))
            and all(_result(match) != _result(one) for one in reported)
        )


def _result(match: MatchRecord) -> tuple[int | None, int | None]:
    return match.home_score, match.away_score


def describe_repeat(match: MatchRecord, first_line: int) -> str:
    """Return the message for a repeated match."""
    return f"{match.home} against {match.away} on {match.match_date} already appears in line {first_line}"
