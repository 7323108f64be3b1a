"""A mapping in the making: what was placed, what needs a look, and why a column was not placed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sportsplat.leagues.league import League
from sportsplat.sources.table.suggest.columns import Column
from sportsplat.sources.table.suggest.names import Name


class Draft:
    """Fields of a mapping with their columns. `checks`: what the user must look at before it is used."""

    def __init__(self, columns: Sequence[Column], league: League | None) -> None:
        self.columns = list(columns)
        self.league = league
        self.fields: dict[str, Any] = {}
        self.checks: list[str] = []
        self.notes: list[str] = []
        self.why: dict[str, str] = {}
        self._used: dict[str, str] = {}

    def place(self, field: str, column: Column, **rest: Any) -> None:
        """Say that a field is read from a column; `rest` are format, values and so on."""
        reported = {key: value for key, value in rest.items() if value}
        self.fields[field] = {"column": column.name, **reported} if reported else column.name
        self.use(field, column)

    def use(self, field: str, *columns: Column) -> None:
        """Say that columns are placed."""
        self._used |= {column.name: field for column in columns}

    def free(self, fits: Callable[[Name], bool] = lambda _: True) -> list[Column]:
        """Return the columns that are not placed yet, of whose names `fits` is true."""
        return [column for column in self.columns if column.name not in self._used and fits(column.parsed)]

    def column(self, field: str) -> Column | None:
        """Return the column of a field, None where it has none."""
        return next((column for column in self.columns if self._used.get(column.name) == field), None)

    def check(self, question: str) -> None:
        """Ask the user something before the mapping is used."""
        if question not in self.checks:
            self.checks.append(question)

    def hint(self, columns: Iterable[Column], why: str) -> None:
        """Say why columns are not placed; the first reason counts."""
        for column in columns:
            self.why.setdefault(column.name, why)


def only(name: Name, needed: str, *allowed: str) -> bool:
    """Whether a name has the `needed` words, no side, and nothing else but the allowed words."""
    plain = not name.side and not name.strange and not name.bookmaker
    return plain and needed in name.words and name.words <= {needed, *allowed}


def pairs(columns: Iterable[Column]) -> list[tuple[Column, Column]]:
    """Return the columns of the two sides that are named alike; else the only one of each side."""
    sides: dict[tuple[str, ...], dict[str, Column]] = {}
    for column in columns:
        sides.setdefault(column.parsed.style, {}).setdefault(column.parsed.side, column)
    alike = [(found["home"], found["away"]) for found in sides.values() if {"home", "away"} <= found.keys()]
    if alike:
        return alike
    homes = [found["home"] for found in sides.values() if "home" in found]
    aways = [found["away"] for found in sides.values() if "away" in found]
    return [(homes[0], aways[0])] if len(homes) == len(aways) == 1 else []
