"""Headers of tables: known columns in any spelling, and the errors of a header that does not fit."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from sportsplat.errors import InputRefused

log = logging.getLogger(__name__)
SHOWN = 160  # characters of a header in an error
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def folded(name: str) -> str:
    """Return the name of a column without case and blanks."""
    return "".join(name.split()).lower()


def spelled(header: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return a header in which each `known` column has its own spelling, whatever its case and blanks.

    A cell stays as it is where the known column stands elsewhere under its own name, or where two known ones
    differ in case alone.
    """
    names: dict[str, set[str]] = {}
    for name in known:
        names.setdefault(folded(name), set()).add(name)
    taken = set(header)

    def own(cell: str) -> str:
        meant = names.get(folded(cell), set())
        return next(iter(meant)) if len(meant) == 1 and not meant & taken else cell

    return list(map(own, header))


def missing_columns(
    file: str, format_name: str, required: Sequence[str], header: Sequence[str], missing: Sequence[str]
) -> InputRefused:
    """Return the error for a header that lacks required columns.

    Its code says how far off the file is: MISSING_COLUMN where most of the required ones are there or look
    like others of the header, WRONG_SEPARATOR where they are there between other separators than commas, and
    otherwise NOT_THIS_FORMAT.
    """
    seen = ",".join(header)[:SHOWN]
    details = {"missing": list(missing), "header": list(header)}
    for separator, words in _OTHER_SEPARATORS.items():
        if set(required) <= {cell.strip(' "') for cell in ",".join(header).split(separator)}:
            return InputRefused(
                f"{file} separates its columns with {words}",
                code="WRONG_SEPARATOR",
                cause=f"line 1 is {seen!r}; a file of {format_name} has commas",
                fix="save it with commas between the columns and points in the numbers",
                **details,
            )
    renamed = likely_names(missing, header, required)
    if 3 * (len(missing) - len(renamed)) <= len(required) and len(missing) < len(required):
        return InputRefused(
            f"{file} has no column {' and no column '.join(missing)}",
            code="MISSING_COLUMN",
            cause=f"a file of {format_name} has {', '.join(required)}; line 1 is {seen!r}",
            fix="; ".join(f"rename {found!r} in line 1 to {name!r}" for name, found in renamed.items())
            or "download the file again, or add the column",
            **details,
        )
    return not_this_format(file, format_name, required, header, missing)


def not_this_format(
    file: str, format_name: str, required: Sequence[str], header: Sequence[str], missing: Sequence[str]
) -> InputRefused:
    """Return the error for a file that another program wrote."""
    seen = ",".join(header)[:SHOWN]
    lacks = "none of them is" if len(missing) == len(required) else f"{', '.join(missing)} missing"
    numbers = sum(_is_number(cell) for cell in header)
    headless = 3 * numbers > len(header)
    return InputRefused(
        f"{file} has no header line" if headless else f"{file} is not a file of {format_name}",
        code="NOT_THIS_FORMAT",
        cause=f"expected the columns {', '.join(required)}; {lacks} in line 1, {seen!r}",
        fix="write the column names in line 1" if headless else "sportsplat sources",
        missing=list(missing),
        header=list(header),
    )


def likely_names(missing: Sequence[str], header: Sequence[str], required: Sequence[str]) -> dict[str, str]:
    """Return, for each missing column, the column of the header that looks like it, where one does."""
    free = {_plain(name): name for name in header if name and name not in required}
    found: dict[str, str] = {}
    for name in missing:
        near = get_close_matches(_plain(name), free, n=1, cutoff=0.8)
        if near:
            found[name] = free.pop(near[0])
    return found


def without_doubles(
    file: str, header: list[str], required: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[str]:
    """Return the header with a blank name over each column whose name stands further left: the first counts.

    Raises:
        InputRefused: a required column stands there twice and not with the same content (DUPLICATE_COLUMN).
    """
    doubled = [name for name, times in Counter(header).items() if name and times > 1]
    if not doubled:
        return header
    kept = list(header)
    differing = []
    for name in doubled:
        first, *others = (index for index, found in enumerate(header) if found == name)
        for other in others:
            kept[other] = ""
            line = _first_difference(first, other, rows)
            if line is None:
                continue
            cells = [_cell(rows[line - 2], index) for index in (first, other)]
            detail = (
                f"column {first + 1} says {cells[0]!r} and column {other + 1} {cells[1]!r} in line {line}"
            )
            if name in required:
                raise InputRefused(
                    f"{file} has two columns {name}, and they differ",
                    code="DUPLICATE_COLUMN",
                    cause=detail,
                    fix=f"remove or rename one of them in line 1 of {file}",
                )
            differing.append(f"{name} ({detail})")
    if differing:
        more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
        log.warning(
            "%s: two columns have the same name and the first is used: %s%s", file, differing[0], more
        )
    return kept


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).lstrip("-").isdecimal()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _first_difference(first: int, other: int, rows: Sequence[Sequence[str]]) -> int | None:
    """Return the physical line in which two columns differ."""
    for index, row in enumerate(rows):
        if _cell(row, first) != _cell(row, other):
            return index + 2
    return None


def _cell(row: Sequence[str], index: int) -> str:
    return row[index].strip() if index < len(row) else ""
