"""The first rows of a table: whether the first is the header, and which sheet of a workbook holds a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

from sportsplat.errors import InputRefused
from sportsplat.sources.table_blocks import Rows, TableFile
from sportsplat.sources.table_sheets import sheet_tops

_SHOWN = 4


class Beside(NamedTuple):
    """Fields of a mapping that are of the whole file, with remarks and questions about them."""

    fields: Mapping[str, Any] = {}
    notes: Sequence[str] = ()
    checks: Sequence[str] = ()


def choose_sheet(path: Path) -> Beside:
    """Return the sheet of a workbook that looks like a table, where it has several."""
    tops = sheet_tops(path)
    if len(tops) < 2:
        return Beside()
    tables = [name for name, top in tops.items() if _is_table(top)]
    chosen, *rivals = tables or list(tops)
    others = ", ".join(repr(name) for name in tops if name != chosen)
    note = f"sheet: {chosen!r} is taken, not {others}"
    if not tables or not rivals:
        return Beside({"sheet": chosen}, [note])
    told = ", ".join(map(repr, rivals))
    check = (
        f"sheet: {chosen!r} is taken, but {told} may be of it as well; a mapping reads one: is it that one?"
    )
    return Beside({"sheet": chosen}, [note], [check])


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
            f"No row of {table.path} has as many cells as its first line.",
            code="NO_HEADER",
            cause=f"Line 1 has {len(table.header)} cells, line {number} has {len(row)}.",
            fix="Write the names of all columns into the first line.",
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
    """Make the error for a table whose header is the row at `place` of `top`, not the first."""
    first = next((cell.strip() for cell in top[0] if cell.strip()), "")
    names = [cell.strip() for cell in top[place] if cell.strip()]
    shown = ", ".join(map(repr, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
    line = "row" if kind == "excel" else "line"
    above = f"the {place} {line}s" if place > 1 else f"the {line}"
    plain = kind == "csv" and not path.name.lower().endswith(".gz")
    return InputRefused(
        f"The first {line} of {path} is {'blank' if not first else 'no header'};"
        f" the header seems to stand in {line} {place + 1}.",
        code="NO_HEADER",
        cause=(f"There stands {first!r}; " if first else "It has nothing; ")
        + f"{line} {place + 1} has {shown}.",
        fix=f"tail -n +{place + 1} {quote(str(path))} > table.csv" if plain else f"Delete {above} above it.",
    )


def _is_table(top: Rows) -> bool:
    """Whether a header of more than one column stands there, and a row of as many below it."""
    place = header_place(top)
    if place is None:
        return False
    filled = [sum(bool(cell.strip()) for cell in row) for row in top[place:]]
    return filled[0] > 1 and any(2 * cells >= filled[0] for cells in filled[1:])
