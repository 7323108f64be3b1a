"""Sheets of an Excel workbook as rows of text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.table_damage import unreadable
from sportsplat.sources.workbook_zip import unpacked_workbook

if TYPE_CHECKING:
    import pandas as pd

TOP_ROWS = 30


def read_sheet(path: Path, sheet: str | None) -> list[list[str]]:
    """Return the rows of an Excel sheet as text: whole numbers without a point, days and moments in ISO.

    Raises InputRefused: no such sheet (NO_SUCH_SHEET), damaged (UNREADABLE_FILE, or as `unpacked_workbook`).
    """
    import pandas as pd

    with _workbook(path) as book:
        if sheet is not None and sheet not in book.sheet_names:
            raise InputRefused(
                f"{path} has no sheet {sheet!r}.",
                code="NO_SUCH_SHEET",
                cause=f"Its sheets: {', '.join(map(str, book.sheet_names))}.",
                fix="Name one of them under sheet: in the mapping.",
            )
        name = sheet or book.sheet_names[0]  # by its place a chart could be met
        return _rows(pd.read_excel(book, sheet_name=name, header=None, dtype=object))


def sheet_tops(path: Path) -> dict[str, list[list[str]]]:
    """Return the first rows of each sheet, none of a damaged one. Raises InputRefused as `read_sheet`."""
    import pandas as pd

    tops: dict[str, list[list[str]]] = {}
    with _workbook(path) as book:
        for name in map(str, book.sheet_names):
            tops[name] = []
            with suppress(Exception):
                frame = pd.read_excel(book, sheet_name=name, header=None, dtype=object, nrows=TOP_ROWS)
                tops[name] = _rows(frame)
    return tops


@contextmanager
def _workbook(path: Path) -> Iterator[pd.ExcelFile]:
    import pandas as pd

    plain = io.BytesIO(unpacked_workbook(Payload.of(str(path), path.read_bytes())))
    try:
        with pd.ExcelFile(plain, engine="calamine") as book:
            yield book
    except InputRefused:
        raise
    except Exception as damaged:
        raise unreadable(path, damaged) from damaged


def _rows(frame: pd.DataFrame) -> list[list[str]]:
    return [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]


def _cell(value: Any) -> str:
    import pandas as pd

    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        text = str(value.isoformat())
        return text.removesuffix("T00:00:00")
    return str(value).strip()
