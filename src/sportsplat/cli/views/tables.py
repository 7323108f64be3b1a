"""The one form of a table for people: it fits the 80 columns of pipes, cron and mail, and cuts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from sportsplat.number_text import minus

NARROWEST_TEXT = 10
"""Columns that a text column keeps beside values before these wrap too."""
MEASURED_WIDTH = 10_000
"""Columns of a terminal so wide that no value wraps while it is measured."""


class PlainTable(Table):
    """A table whose cells are plain text: `[/b]` in a name is printed as it is, never read as markup.

    Values (numbers, dates, codes, commands) stay on one line. Text is wrapped between words; a word goes on
    in the next line only where the columns leave no room for it. Nothing is ever replaced by an ellipsis.
    """

    def __init__(self, *, title: str | None = None, header: bool = True) -> None:
        super().__init__(
            box=box.SIMPLE_HEAD if header else None,
            show_header=header,
            padding=(0, 1 if header else 2, 0, 0),
            pad_edge=False,
            show_edge=False,
            title=title,
            title_justify="left",
            title_style="",
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table; where its values find no room side by side, they wrap too."""
        anywhere = options.update_width(MEASURED_WIDTH)
        room = options.max_width - 2 * len(self.columns)
        measured = [
            Measurement.get(console, anywhere, Group(column.header, *column.cells)) for column in self.columns
        ]
        # A value's column is as wide as its longest value, a text's at least as its longest word.
        whole = [
            size.maximum if column.no_wrap else size.minimum
            for column, size in zip(self.columns, measured, strict=True)
        ]
        least = [
            size if column.no_wrap else NARROWEST_TEXT
            for column, size in zip(self.columns, whole, strict=True)
        ]
        if sum(whole) <= room:
            for column, width in zip(self.columns, _shared(whole, measured, room), strict=True):
                column.width = width
        elif sum(least) > room:
            for column in self.columns:
                column.no_wrap = False
        yield from super().__rich_console__(console, options)

    def value(self, name: str = "", *, right: bool = False) -> PlainTable:
        """Add a column whose cells stay on one line. A header of several words breaks at its newlines."""
        self.add_column(Text(name), justify="right" if right else "left", no_wrap=True, overflow="fold")
        return self

    def number(self, *names: str) -> PlainTable:
        """Add columns of numbers, aligned at the right."""
        for name in names:
            self.value(name, right=True)
        return self

    def text(self, *names: str) -> PlainTable:
        """Add columns whose cells wrap between words."""
        for name in names:
            self.add_column(Text(name), overflow="fold")
        return self

    def row(self, *cells: Any, style: str | None = None) -> None:
        """Add a row; each cell is plain text or a Rich Text."""
        self.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells), style=style)


def _shared(least: Sequence[int], measured: Sequence[Measurement], room: int) -> list[int]:
    """Return the width of each column: `least`, and a share of the remaining room where it wants more."""
    widths = list(least)
    wanting = [index for index, size in enumerate(measured) if size.maximum > widths[index]]
    while wanting and sum(widths) < room:
        for index in wanting[: room - sum(widths)]:
            widths[index] += 1
        wanting = [index for index in wanting if measured[index].maximum > widths[index]]
    return widths


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print text as it is: no markup, no colours of numbers."""
    console.print(text, markup=False, highlight=False, style=style)


def to_minute(moment: datetime) -> str:
    """Return a moment as 2024-08-16 19:00."""
    return f"{moment:%Y-%m-%d %H:%M}"


def signed(value: float, digits: int = 3) -> str:
    """Return a number with its sign, a minus as wide as a plus."""
    return minus(f"{value:+.{digits}f}")
