"""Sheets of .xlsx workbooks as tables of text, so that a format reads a sheet as it reads a CSV file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.rows import Table, not_this_format
from sportsplat.sources.workbook_zip import corrupt_workbook, unpacked_workbook

SUFFIXES = (".xlsx", ".xls")  # an .xls file in a folder is refused by name, not passed over
Cell = float | int | str | bool | date | datetime | time | timedelta | None


def read_sheet(
    payload: Payload, *, required: Sequence[str], format_name: str, sheet: str | None = None
) -> Table:
    """Read a sheet whose first row is the header; line n of the table is row n of the sheet.

    Without `sheet` it is the first one that is not blank. Whole numbers come without a point ("1030"), others
    with up to 15 digits, days as yyyy-mm-dd; outer blanks and no-break spaces are cut. A line is the cells of
    a row joined by tabs.

    Raises:
        InputRefused: not readable as a workbook (see `unpacked_workbook`), no such sheet (NO_SUCH_SHEET), a
            required column is missing (NOT_THIS_FORMAT), or no row follows the header (EMPTY_FILE).
    """
    rows = _rows(payload, sheet)
    if not rows:
        raise _empty(payload, "No sheet of it holds a value.")
    header = rows.pop(0)
    missing = [name for name in required if name not in header]
    if missing:
        raise not_this_format(payload.name, format_name, required, header, missing)
    if not any(map(any, rows)):
        raise _empty(payload, "Nothing stands below its header.")
    lines = ["\t".join(row).rstrip("\t") for row in (header, *rows)]
    return Table(payload.name, header, rows, lines)


@lru_cache(maxsize=8192, typed=True)
def cell_text(value: Cell) -> str:
    """Return a cell as text, "" for a blank one."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return "" if value is None else str(value)


def _rows(payload: Payload, sheet: str | None) -> list[list[str]]:
    """Return the cells of a sheet by row; none where no sheet holds a value."""
    plain = unpacked_workbook(payload)
    with _damage_told(payload):
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(plain))
        names = workbook.sheet_names
    if sheet is not None and sheet not in names:
        raise _no_such_sheet(payload, sheet, names)
    for name in names if sheet is None else [sheet]:
        with _damage_told(payload):
            rows: list[list[Any]] = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        if any(cell != "" for row in rows for cell in row):
            return [list(map(cell_text, row)) for row in rows]
    return []


@contextmanager
def _damage_told(payload: Payload) -> Iterator[None]:
    """Tell XML that the reader cannot take as a damaged workbook."""
    try:
        yield
    except (CalamineError, OSError, ValueError) as problem:
        raise corrupt_workbook(payload, problem) from problem
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":  # a panic of the reader, which is no Exception
            raise
        raise corrupt_workbook(payload, problem) from problem


def _no_such_sheet(payload: Payload, sheet: str, names: Sequence[str]) -> InputRefused:
    return InputRefused(
        f"{payload.name} has no sheet {sheet!r}.",
        code="NO_SUCH_SHEET",
        cause=f"Its sheets: {', '.join(names)}.",
        fix="Name one of them.",
    )


def _empty(payload: Payload, cause: str) -> InputRefused:
    return InputRefused(
        f"{payload.name} is empty.",
        code="EMPTY_FILE",
        cause=cause,
        fix="Download the file again, or leave it out.",
    )
