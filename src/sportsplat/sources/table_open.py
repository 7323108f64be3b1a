"""A look at a table before it is read: its header, and how its text is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sportsplat.errors import InputRefused
from sportsplat.sources.table_blocks import Rows, TableFile
from sportsplat.sources.table_damage import DAMAGED, empty, unreadable
from sportsplat.sources.table_sheets import TOP_ROWS, read_sheet
from sportsplat.sources.table_text import cells_of, first_line, open_text, scan, wide_encoding_of
from sportsplat.sources.table_top import header_below, header_place

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx")
_DELIMITERS = ",;\t|"


def open_table(
    path: Path, *, delimiter: str | None = None, sheet: str | None = None, decimal: str = "."
) -> TableFile:
    """Look at a file's header. `decimal` is the sign of its decimals, a point or a comma.

    Raises InputRefused: no such file (NO_SUCH_FILE), no such kind (UNKNOWN_KIND), unreadable
    (UNREADABLE_FILE), nothing in it (EMPTY_FILE), no text (NOT_TEXT), no header (NO_HEADER).
    """
    if not path.is_file():
        raise InputRefused(f"There is no file {path}.", code="NO_SUCH_FILE", fix="Check the path.")
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            names = pq.read_schema(path).names
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise pa.ArrowInvalid(f"Two columns are called {twice!r}.")
            return TableFile(path, names, "parquet", decimal=decimal)
        if name.endswith((".xlsx", ".xls")):
            rows = read_sheet(path, sheet)
            _refuse_blank(path, rows, "excel")
            return TableFile(
                path, _unique(rows[0]), "excel", sheet=sheet, decimal=decimal, top=rows[:TOP_ROWS]
            )
        if name.endswith((".csv", ".csv.gz", ".tsv", ".txt")):
            return replace(_open_csv(path, delimiter), decimal=decimal)
    except DAMAGED as damaged:
        raise unreadable(path, damaged) from damaged
    raise InputRefused(
        f"{path} is no kind of table that can be read.",
        code="UNKNOWN_KIND",
        cause=f"Its name ends in none of {', '.join(SUFFIXES)}.",
        fix="Rename it, or save it as one of these.",
    )


def _open_csv(path: Path, delimiter: str | None) -> TableFile:
    wide = wide_encoding_of(path)
    found = delimiter or max(_DELIMITERS, key=first_line(path, wide or "latin-1").count)
    encoding, by_line = scan(path, found, wide)
    lines = [first_line(path, encoding), *_lines_below(path, encoding)]
    top = [cells_of(line, _delimiter_of(lines, found))[0] for line in lines]
    _refuse_blank(path, top, "csv")
    header = _unique([cell.strip() for cell in cells_of(lines[0], found)[0]])
    return TableFile(path, header, "csv", delimiter=found, encoding=encoding, by_line=by_line, top=top)


def _lines_below(path: Path, encoding: str) -> list[str]:
    with open_text(path, encoding) as file:
        return list(islice(file, 1, TOP_ROWS))


def _delimiter_of(lines: Sequence[str], delimiter: str) -> str:
    """Return the delimiter of the first lines, where the very first has none."""
    if delimiter in lines[0]:
        return delimiter
    return max(_DELIMITERS, key=lambda one: sum(line.count(one) for line in lines))


def _refuse_blank(path: Path, rows: Rows, kind: str) -> None:
    """Raise InputRefused where the first row is blank (NO_HEADER), or all are (EMPTY_FILE)."""
    if rows and any(map(str.strip, rows[0])):
        return
    filled = next((place for place, row in enumerate(rows) if any(map(str.strip, row))), None)
    if filled is None:
        raise empty(path)
    top = rows[: filled + TOP_ROWS]
    raise header_below(path, top, header_place(top) or filled, kind=kind)


def _unique(names: Sequence[str]) -> list[str]:
    """Return the names of columns, a repeated or blank one made different by its place."""
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        found.append(f"{name or 'column'} ({place})" if not name or name in found else name)
    return found
