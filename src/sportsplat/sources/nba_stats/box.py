"""A team's box score from a row: counts under the names that the league keeps, each checked by the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload, decode_text
from sportsplat.sources.nba_stats.games import Row, read_stat
from sportsplat.sources.reading.cells import RowError
from sportsplat.sources.reading.csv import Table
from sportsplat.sources.reading.header import not_this_format

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
        """Return the counts of a row. A blank cell is unknown; impossible values are passed to `note` and
        left out."""
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
            detail = self._describe(MADE, found)
            note("bad-stat", f"{detail} make {scored} points, the score says {points}")
            _drop(found, MADE)

    def _check_shots(self, found: dict[str, int], note: Note) -> None:
        """Leave out attempts that are fewer than the shots made: those made are borne out by the points."""
        for made, attempted in SHOTS:
            if found.get(made, 0) > found.get(attempted, 9999):
                detail = self._describe((made, attempted), found)
                note("bad-stat", f"{detail}: more made than attempted")
                _drop(found, (attempted,))

    def _check_rebounds(self, found: dict[str, int], note: Note) -> None:
        if any(name not in found for name in REBOUNDS):
            return
        offensive, defensive, total = (found[name] for name in REBOUNDS)
        if offensive + defensive != total:
            note("bad-stat", f"{self._describe(REBOUNDS, found)}: the two kinds do not make the sum")
            _drop(found, REBOUNDS)

    def _describe(self, names: Sequence[str], found: Mapping[str, int]) -> str:
        return ", ".join(f"{self._labels[name]} {found[name]}" for name in names)


class _Column(NamedTuple):
    name: str
    label: str
    place: int


def _drop(found: dict[str, int], names: Sequence[str]) -> None:
    for name in names:
        del found[name]


NAME = "nba-stats"
FORMAT = "team game logs of stats.nba.com"
REQUIRED = ("TEAM_ID", "TEAM_ABBREVIATION", "GAME_ID", "GAME_DATE", "MATCHUP", "WL", "MIN", "FGM", "PTS",
            "PLUS_MINUS")  # fmt: skip


def is_answer(payload: Payload) -> bool:
    """Whether the bytes are JSON rather than CSV."""
    return payload.data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def read_answer(payload: Payload, *, required: Sequence[str], format_name: str) -> Table:
    """Return the first result set that has the required columns.

    Raises:
        InputRefused: no result set has them (NOT_THIS_FORMAT), or it has no row (EMPTY_FILE).
    """
    try:
        answer = json.loads(decode_text(payload))
    except (ValueError, RecursionError):
        answer = None
    header: list[str] = []
    for names, rows in _result_sets(answer):
        header = names
        if set(required) <= set(header):
            if not rows:
                raise InputRefused(
                    f"{payload.name} has a header and no rows",
                    code="EMPTY_FILE",
                    cause="the rowSet of the answer is empty",
                    fix="choose another season, or omit the file",
                )
            lines = [json.dumps(line, ensure_ascii=False) for line in (header, *rows)]
            return Table(payload.name, header, [[_cell(value) for value in row] for row in rows], lines)
    missing = [name for name in required if name not in header]
    raise not_this_format(payload.name, format_name, required, header, missing)


def _result_sets(answer: Any) -> Iterator[tuple[list[str], list[list[Any]]]]:
    """Yield header and rows of each result set that has the shape of one."""
    reported = answer.get("resultSets", answer.get("resultSet")) if isinstance(answer, dict) else None
    for found in reported if isinstance(reported, list) else [reported]:
        header, rows = (
            (found.get("headers"), found.get("rowSet")) if isinstance(found, dict) else (None, None)
        )
        if isinstance(header, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
            yield [str(name).strip() for name in header], rows


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
