"""A look at a table before it is read: its header, and how its text is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from sportsplat.errors import InputRefused
from sportsplat.sources.table.blocks import Rows, TableFile, plain_columns
from sportsplat.sources.table.raw import (
    DAMAGED,
    TOP_ROWS,
    cells_of,
    first_line,
    open_text,
    read_sheet,
    scan,
    sheet_tops,
    unreadable,
    wide_encoding_of,
)
from sportsplat.sources.text import empty_file

_SHOWN = 4


class FileFields(NamedTuple):
    """Fields of a mapping that are of the whole file, with remarks and questions about them."""

    fields: Mapping[str, Any] = {}
    notes: Sequence[str] = ()
    checks: Sequence[str] = ()


def choose_sheet(path: Path) -> FileFields:
    """Return the sheet of a workbook that looks like a table, where it has several."""
    tops = sheet_tops(path)
    if len(tops) < 2:
        return FileFields()
    tables = [name for name, top in tops.items() if _is_table(top)]
    chosen, *rivals = tables or list(tops)
    others = ", ".join(repr(name) for name in tops if name != chosen)
    note = f"sheet: {chosen!r} is used, not {others}"
    if not tables or not rivals:
        return FileFields({"sheet": chosen}, [note])
    detail = ", ".join(map(repr, rivals))
    check = (
        f"sheet: {chosen!r} is used, but {detail} may belong to it as well; a mapping reads one sheet: is "
        f"it the right one?"
    )
    return FileFields({"sheet": chosen}, [note], [check])


def refuse_rows_above(table: TableFile) -> None:
    """Raise InputRefused (`NO_HEADER`) where a title or the like stands above the header."""
    place = header_place(table.top)
    if place:
        raise header_below(table.path, table.top, place, kind=table.kind)


def refuse_torn(table: TableFile) -> None:
    """Raise InputRefused (`NO_HEADER`) where there are rows, but none with as many cells as the header."""
    rows = [(number, row) for number, row in enumerate(table.top, start=1) if any(map(str.strip, row))]
    torn = next(((number, row) for number, row in rows if len(row) != len(table.header)), None)
    if torn is not None:
        number, row = torn
        raise InputRefused(
            f"no row of {table.path} has as many cells as its first line has",
            code="NO_HEADER",
            cause=f"line 1 has {len(table.header)} cells, line {number} has {len(row)}",
            fix="write the names of all columns in the first line",
        )


def header_place(top: Rows) -> int | None:
    """Return the place of the first row that may be the header; None where none may be."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in top]
    widest = max(filled, default=0)
    enough = max(min(2, widest), widest / 2)
    for place, (row, cells) in enumerate(zip(top, filled, strict=True)):
        if cells and cells >= enough:
            names = sum(bool(cell.strip()) and not any(map(str.isdigit, cell)) for cell in row)
            return place if place == 0 or 2 * names > cells else None
    return None


def header_below(path: Path, top: Rows, place: int, *, kind: str) -> InputRefused:
    """Return the error for a table whose header is the row at `place` of `top`, not the first."""
    first = next((cell.strip() for cell in top[0] if cell.strip()), "")
    names = [cell.strip() for cell in top[place] if cell.strip()]
    shown = ", ".join(map(repr, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
    line = "row" if kind == "excel" else "line"
    above = f"the {place} {line}s" if place > 1 else f"the {line}"
    plain = kind == "csv" and not path.name.lower().endswith(".gz")
    return InputRefused(
        f"the first {line} of {path} is {'blank' if not first else 'no header'};"
        f" the header seems to stand in {line} {place + 1}",
        code="NO_HEADER",
        cause=(f"it has {first!r}; " if first else "it has nothing; ") + f"{line} {place + 1} has {shown}",
        fix=f"tail -n +{place + 1} {quote(str(path))} > table.csv" if plain else f"delete {above} above it",
    )


def _is_table(top: Rows) -> bool:
    """Whether a header of more than one column stands there, and a row of as many below it."""
    place = header_place(top)
    if place is None:
        return False
    filled = [sum(bool(cell.strip()) for cell in row) for row in top[place:]]
    return filled[0] > 1 and any(2 * cells >= filled[0] for cells in filled[1:])


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
        raise InputRefused(f"there is no file {path}", code="NO_SUCH_FILE", fix="check the path")
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            schema = pq.read_schema(path)
            names = schema.names
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise pa.ArrowInvalid(f"Two columns are named {twice!r}.")
            plain, unread = plain_columns(schema)
            return TableFile(path, plain, "parquet", decimal=decimal, unread=unread)
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
        f"{path} is not a supported kind of table",
        code="UNKNOWN_KIND",
        cause=f"its name must end in one of {', '.join(SUFFIXES)}",
        fix="rename it, or save it as one of these",
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
        raise empty_file(str(path), "it has no header")
    top = rows[: filled + TOP_ROWS]
    raise header_below(path, top, header_place(top) or filled, kind=kind)


def _unique(names: Sequence[str]) -> list[str]:
    """Return the names of columns, a repeated or blank one made different by its place."""
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        found.append(f"{name or 'column'} ({place})" if not name or name in found else name)
    return found
