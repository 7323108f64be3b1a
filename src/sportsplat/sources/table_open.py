"""A look at a table before it is read: its header, and how its text is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sportsplat.errors import InputRefused
from sportsplat.sources.table_blocks import TableFile
from sportsplat.sources.table_damage import DAMAGED, empty, unreadable
from sportsplat.sources.table_sheets import read_sheet
from sportsplat.sources.table_text import cells_of, first_line, scan, wide_encoding_of

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx")
_DELIMITERS = ",;\t|"


def open_table(path: Path, *, delimiter: str | None = None, sheet: str | None = None) -> TableFile:
    """Look at a file's header.

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
            return TableFile(path, names, "parquet")
        if name.endswith((".xlsx", ".xls")):
            rows = read_sheet(path, sheet)
            if not rows:
                raise empty(path)
            return TableFile(path, _unique(rows[0]), "excel", sheet=sheet)
        if name.endswith((".csv", ".csv.gz", ".tsv", ".txt")):
            return _open_csv(path, delimiter)
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
    first = first_line(path, encoding)
    if not first.strip():
        raise empty(path)
    header = _unique([cell.strip() for cell in cells_of(first, found)[0]])
    return TableFile(path, header, "csv", delimiter=found, encoding=encoding, by_line=by_line)


def _unique(names: Sequence[str]) -> list[str]:
    """Return the names of columns, a repeated or blank one made different by its place."""
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        found.append(f"{name or 'column'} ({place})" if not name or name in found else name)
    return found
