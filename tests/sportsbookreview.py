"""Rows of season workbooks as sportsbookreviewsonline writes them, and what is read from them."""

from __future__ import annotations

from collections.abc import Sequence

from sportsplat.domain import Batch
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.sportsbookreview.source import SportsbookReview
from tests.workbooks import workbook

LEAGUES = load_leagues()
NBA = ["Date", "Rot", "VH", "Team", "1st", "2nd", "3rd", "4th", "Final", "Open", "Close", "ML", "2H"]
VISITOR = [1030, 501, "V", "Portland", 26, 23, 28, 20, 97, 184, 189.5, 900, 95]
HOST = [1030, 502, "H", "SanAntonio", 29, 30, 22, 25, 106, 12.5, 13, -1400, 5]
INNINGS = ["1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th"]
MLB = ["Date", "Rot", "VH", "Team", "Pitcher", *INNINGS, "Final", "Open", "Close", "Run Line", None]
MLB += ["Open OU", None, "Close OU", None]
VISITORS = [
    404, 931, "V", "NYY", "CSABATHIA-L", 0, 2, 0, 3, 0, 0, 2, 0, 0,
    7, -106, 103, 1.5, -150, 9, -116, "8½", -105,
]  # fmt: skip
HOSTS = [
    404, 932, "H", "BOS", "JBECKETT-R", 0, 1, 0, 0, 1, 3, 3, 1, "x",
    9, -114, -117, -1.5, 130, 9, -104, "8½", -115,
]  # fmt: skip
Row = Sequence[object]


def change(row: Row, header: Sequence[str | None], **values: object) -> list[object]:
    """Return a row with other values, by column; `_1st` is the column `1st`."""
    changed = list(row)
    for name, value in values.items():
        changed[header.index(name.replace("_", " ").removeprefix(" "))] = value
    return changed


def v(**values: object) -> list[object]:
    """Return the visitor's row of an NBA game with other values."""
    return change(VISITOR, NBA, **values)


def h(**values: object) -> list[object]:
    """Return the host's row of an NBA game with other values."""
    return change(HOST, NBA, **values)


def nba(*rows: Row, name: str = "nba odds 2007-08.xlsx") -> Batch:
    """Parse a workbook of NBA rows."""
    return SportsbookReview().parse(workbook(name, [NBA, *rows]), None, LEAGUES)


def mlb(*rows: Row, name: str = "mlb-odds-2010.xlsx") -> Batch:
    """Parse a workbook of MLB rows."""
    return SportsbookReview().parse(workbook(name, [MLB, *rows]), None, LEAGUES)


def codes(batch: Batch) -> list[tuple[int, str]]:
    """Return line and code of what was refused."""
    return [(row.line, row.code) for row in batch.rejected]


def lines(batch: Batch) -> dict[str, object]:
    """Return all details of a batch by name."""
    return {name: value for record in batch.details for name, value in record.details.items()}
