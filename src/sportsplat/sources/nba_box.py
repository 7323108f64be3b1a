"""A team's box score from a row: counts under the names that the league keeps, each checked by the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sportsplat.sources.nba_games import Row, read_stat
from sportsplat.sources.rows import RowError, Table

SHOTS = (
    ("field_goals_made", "field_goals_attempted"),
    ("threes_made", "threes_attempted"),
    ("free_throws_made", "free_throws_attempted"),
)
MADE = tuple(made for made, _ in SHOTS)
REBOUNDS = ("offensive_rebounds", "defensive_rebounds", "rebounds")
Note = Callable[[str, str], None]


class BoxReader:
    """Reads the columns that one layout has; `columns` gives the stat names and what the file calls them."""

    def __init__(self, table: Table, columns: Mapping[str, str]) -> None:
        self._columns = [
            _Column(name, label, table.header.index(label))
            for name, label in columns.items()
            if label in table.header
        ]
        self._labels = dict(columns)

    def read(self, row: Row, points: int, note: Note) -> dict[str, float]:
        """Return the counts of a row. A blank cell is unknown; what cannot be is told to `note`, left out."""
        found: dict[str, int] = {}
        for name, label, place in self._columns:
            text = row[place].strip()
            if text:
                try:
                    found[name] = read_stat(text, label)
                except RowError as bad:
                    note(bad.code, bad.reason)
        self._check_points(found, points, note)
        self._check_shots(found, note)
        self._check_rebounds(found, note)
        return {"points": float(points), **{name: float(value) for name, value in found.items()}}

    def _check_points(self, found: dict[str, int], points: int, note: Note) -> None:
        """Field goals count two, threes one more, free throws one: together the points."""
        if any(name not in found for name in MADE):
            return
        field_goals, threes, free_throws = (found[name] for name in MADE)
        scored = 2 * field_goals + threes + free_throws
        if scored != points:
            told = self._told(MADE, found)
            note("bad-stat", f"{told} make {scored} points, the score says {points}")
            _drop(found, MADE)

    def _check_shots(self, found: dict[str, int], note: Note) -> None:
        """Leave out attempts that are fewer than the shots made: those made are borne out by the points."""
        for made, attempted in SHOTS:
            if found.get(made, 0) > found.get(attempted, 9999):
                told = self._told((made, attempted), found)
                note("bad-stat", f"{told}: more made than attempted")
                _drop(found, (attempted,))

    def _check_rebounds(self, found: dict[str, int], note: Note) -> None:
        if any(name not in found for name in REBOUNDS):
            return
        offensive, defensive, total = (found[name] for name in REBOUNDS)
        if offensive + defensive != total:
            note("bad-stat", f"{self._told(REBOUNDS, found)}: the two kinds do not make the sum")
            _drop(found, REBOUNDS)

    def _told(self, names: Sequence[str], found: Mapping[str, int]) -> str:
        return ", ".join(f"{self._labels[name]} {found[name]}" for name in names)


class _Column(NamedTuple):
    name: str
    label: str
    place: int


def _drop(found: dict[str, int], names: Sequence[str]) -> None:
    for name in names:
        del found[name]
