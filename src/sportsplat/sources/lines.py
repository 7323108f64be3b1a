"""Text into lines and cells: every physical line stays one row, and a damaged one costs itself alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload, decode_text
from sportsplat.sources.text import not_text, refuse_other_text

LONGEST_LINE = 131_072  # characters; the widest real line has 2,000
LONGEST_CELL = 1_000
_HEADER_BYTES = 65_536
_AROUND = " \t\r\n,"
_BLANK = b"\0\xff\xfe\xef\xbb\xbf \t\r\n"  # with the marks of an encoding


class Damage(NamedTuple):
    """Why a line cannot be read at all."""

    code: str
    reason: str


REPEATED_HEADER = Damage(
    "repeated-header", "the line says what line 1 says, the names of the columns: it is no match"
)
"""As where files were put together, one below the other."""


def header_of(payload: Payload) -> list[str]:
    """Return the names in the first line, for a format to be told by them.

    Raises:
        InputRefused: it is another kind of file (NOT_TEXT, NOT_DATA, NOT_CSV), or empty (EMPTY_FILE).
    """
    end = payload.data.find(b"\n", 0, _HEADER_BYTES) + 2
    start = payload.data[: (end if end > 1 else _HEADER_BYTES) & ~1]  # an even number, for UTF-16
    lines = lines_of(payload._replace(data=start) if start.strip(_BLANK) else payload)
    return header_cells(payload, lines[0], split(lines[:1])[0])


def lines_of(payload: Payload) -> list[str]:
    """Return the lines of a CSV payload with their ends. Raises InputRefused as `header_of` does."""
    text = decode_text(payload)
    refuse_other_text(payload.name, text)
    lines = list(io.StringIO(text, newline=""))
    if not any(map(str.strip, lines)):
        raise InputRefused(
            f"{payload.name} is empty.",
            code="EMPTY_FILE",
            cause=f"{len(payload.data):,} bytes, no text in them.",
            fix="Download the file again, or leave it out.",
        )
    return lines


def header_cells(payload: Payload, line: str, cells: Sequence[str]) -> list[str]:
    """Return the cells of the first line without outer blanks. Raises InputRefused: no text (NOT_TEXT)."""
    control = next((letter for letter in line.rstrip() if letter < " " and letter != "\t"), None)
    if control or len(line) > LONGEST_LINE:
        told = f"the control character {control!r}" if control else f"{len(line):,} characters"
        told = f"Line 1 has {told}: {line[:60]!r}."
        raise not_text(f"{payload.name} has no header.", told, "Download the file again.")
    return [cell.strip() for cell in cells]


def damage_of(lines: Sequence[str]) -> dict[int, Damage]:
    """Return the rows (by their index) of whose cells none can be believed, or that repeat the header."""
    header = lines[0].strip(_AROUND)
    return {
        index: damage
        for index, line in enumerate(lines, -1)
        if index >= 0
        and (
            damage := REPEATED_HEADER
            if header and line.strip(_AROUND) == header
            else _damage_of(line)
            if len(line) > LONGEST_CELL or "\0" in line
            else None
        )
    }


def _damage_of(line: str) -> Damage | None:
    if "\0" in line:
        return Damage("nul-byte", f"character {line.index(chr(0)) + 1} of the line is a zero byte")
    if len(line) > LONGEST_LINE:
        return Damage("too-long", f"the line has {len(line):,} characters: {LONGEST_LINE:,} are read at most")
    for number, cell in enumerate(_split_line(line), 1):
        if len(cell) > LONGEST_CELL:
            return Damage(
                "too-long", f"cell {number} has {len(cell):,} characters: {LONGEST_CELL:,} are read at most"
            )
    return None


def split(lines: list[str]) -> list[list[str]]:
    """Split lines into cells, line by line where a stray quote would swallow the rows below it."""
    reader = csv.reader(lines)
    try:
        rows = list(reader)
    except csv.Error:
        rows = []
    if len(rows) == len(lines):
        return rows
    return [_split_line(line) for line in lines]


def _split_line(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return line.rstrip("\r\n").split(",")
