"""The heat map of seasons and measures: the same cells on a terminal and on the page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from sportsplat.domain import JsonObject
from sportsplat.quality.shares import STEPS, Cell, cell


class Column(NamedTuple):
    """One measure above the cells of its column."""

    key: str
    label: str
    group: str


class Line(NamedTuple):
    """One season: its name, how many matches it has of how many, and a cell for each column."""

    season: str
    matches: Cell
    others: str
    cells: Sequence[Cell]


def columns(data: JsonObject, *, details: bool) -> list[Column]:
    """Return the measures to show: those of which something is stored; single stats with `details` only."""
    stored = {
        key for season in data["seasons"] for key, found in season["coverage"].items() if found["matches"]
    }
    return [
        Column(one["key"], one["label"], one["group"])
        for one in data["measures"]
        if one["key"] in stored and (details or not one["detail"])
    ]


def groups(shown: Sequence[Column]) -> list[tuple[str, int]]:
    """Return the groups of columns with how many each has."""
    return [(name, len(list(found))) for name, found in groupby(shown, key=lambda column: column.group)]


def lines(data: JsonObject, shown: Sequence[Column]) -> list[Line]:
    """Return a line for each season, the newest first."""
    return [
        Line(
            season["label"],
            _matches(season),
            _others(season),
            [cell(season["coverage"][column.key]["matches"], season["final"]) for column in shown],
        )
        for season in reversed(data["seasons"])
    ]


def _matches(season: JsonObject) -> Cell:
    """Return played matches, beside those expected of the regular stage where that can be told."""
    wanted, stored = season["expected"], season["regular"]
    if not wanted:
        return Cell(f"{season['final']:,}", None, f"{season['final']:,} played")
    about = "about " if season["expected_is_about"] else ""
    hint = f"{stored:,} of {about}{wanted:,} matches of the regular stage are stored"
    return Cell(f"{stored:,}/{'~' if about else ''}{wanted:,}", cell(stored, wanted).step, hint)


def _others(season: JsonObject) -> str:
    """Return the matches that are not simply played, in words: "3 to play, 1 cancelled"."""
    named = {"scheduled": "to play", "postponed": "put off", "cancelled": "cancelled"}
    return ", ".join(f"{season[key]:,} {word}" for key, word in named.items() if season[key])


SCALE = tuple(range(STEPS + 1))
