"""Text of CSV files (packed or not, its encoding, where its quotes end) and cells of workbooks."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from contextlib import suppress
from datetime import date, time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.reading.workbook import Cell, Workbook
from sportsplat.sources.text import not_text, wide_encoding_of_text

LONGEST_LINE = 4 << 20  # bytes in UTF-8
_HEAD = 1 << 16


class TextFormat(NamedTuple):
    """How the text of a file is written. `over_lines`: a quoted cell goes over the end of a line, or may do
    so: then a quote that is not closed would swallow the lines below it.
    """

    encoding: str
    over_lines: bool


def open_bytes(path: Path) -> Any:
    """Open a file, unpacking it where its name ends in .gz."""
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")


def open_text(path: Path, encoding: str) -> io.TextIOBase:
    """Open a file as text; what is none becomes U+FFFD."""
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, errors="replace", newline="")


def first_line(path: Path, encoding: str) -> str:
    """Return the first line. Raises InputRefused (`NO_HEADER`) for one that is too long for a header."""
    with open_text(path, "utf-8-sig" if encoding == "utf8" else encoding) as file:
        first = file.readline(_HEAD)
    if len(first) == _HEAD:
        raise InputRefused(
            f"{path} has no header",
            code="NO_HEADER",
            cause=f"its first line is longer than {_HEAD:,} characters; it starts with {first[:40]!r}",
            fix="write the column names in the first line",
        )
    return first


def wide_encoding_of(path: Path) -> str | None:
    """Return the kind of UTF-16 or UTF-32 in which a file is written, None for any other encoding.

    Raises InputRefused (`NOT_TEXT`) for a file that is no text by its first bytes.
    """
    with open_bytes(path) as file:
        return wide_encoding_of_text(str(path), file.read(_HEAD))


def scan(path: Path, delimiter: str, wide: str | None) -> TextFormat:
    """Look at all of a file: utf8 where all is, else cp1252, which spreadsheets write; latin-1 takes any.

    `wide` is its encoding by its first bytes, if it is a wide one.

    Raises InputRefused: it is not written so to its end (NOT_TEXT), or has a line that is too long
    (UNREADABLE_FILE).
    """
    for encoding in (wide,) if wide else ("utf8", "cp1252", "latin-1"):
        over = _scan_as(path, encoding, delimiter)
        if over is not None:
            return TextFormat(encoding, over)
    detail = f"after its first bytes it is not valid {(wide or '').upper()}: it is cut off, or is not text"
    raise not_text(f"{path} is damaged {(wide or '').upper()} text", detail, "export or download it again")


def _scan_as(path: Path, encoding: str, delimiter: str) -> bool | None:
    """Return whether quotes may go over the end of a line; None where not all of the file is so encoded."""
    decoder = codecs.getincrementaldecoder(encoding)()
    is_wide = encoding.startswith(("utf-16", "utf-32"))
    quotes, lines = _Quotes(delimiter), _Lines(path)
    with open_bytes(path) as file:
        try:
            while data := file.read(1 << 22):
                if is_wide:
                    data = decoder.decode(data).encode()
                elif not data.isascii() or decoder.getstate()[0]:
                    decoder.decode(data)
                if data:
                    quotes.look_at(data)
                    lines.look_at(data)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return quotes.over_lines


class _Lines:
    """Whether no line is longer than what can be read as one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._since = 0  # bytes since the last line ended

    def look_at(self, data: bytes) -> None:
        """Take the next bytes of the file. Raises InputRefused (UNREADABLE_FILE) for a line too long."""
        ends = [place for mark in b"\n\r" if (place := data.find(mark)) >= 0]
        if self._since + min(ends, default=len(data)) > LONGEST_LINE:
            raise InputRefused(
                f"{self._path} is not a table: it has a line longer than {LONGEST_LINE >> 20} MB",
                code="UNREADABLE_FILE",
                cause="rows are lines that end with a line feed or a carriage return",
                fix="write it again with one row per line",
            )
        last = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._since = len(data) - 1 - last if ends else self._since + len(data)


class _Quotes:
    """Whether each line opens and closes its quotes at the ends of cells alone."""

    def __init__(self, delimiter: str) -> None:
        self.over_lines = False
        self._may_open = np.zeros(256, dtype=np.bool_)  # by the byte before a quote
        self._may_open[list(f'"\n\r{delimiter}'.encode())] = True
        self._open = 0
        self._last = ord("\n")

    def look_at(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        if not self.over_lines and (self._open or b'"' in data):
            letters = np.frombuffer(data, dtype=np.uint8)
            quotes = np.flatnonzero(letters == ord('"'))
            ends = np.flatnonzero((letters == ord("\n")) | (letters == ord("\r")))
            opening = quotes[self._open :: 2]
            before = np.where(opening > 0, letters[opening - 1], self._last)
            open_at_ends = (np.searchsorted(quotes, ends) + self._open) % 2
            self.over_lines = bool(open_at_ends.any() or not self._may_open[before].all())
            self._open = (len(quotes) + self._open) % 2
        self._last = data[-1]


def cells_of(line: str, delimiter: str) -> tuple[list[str], bool]:
    """Return the cells of one line, and whether a quoted one is still open at its end."""
    reader = csv.reader([line, ""], delimiter=delimiter)
    try:
        cells = next(reader, [])
    except csv.Error:  # a cell is longer than the reader takes
        return line.rstrip("\r\n").split(delimiter), False
    return cells, reader.line_num > 1


DAMAGED = (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeDecodeError)


def unreadable(path: Path, damaged: BaseException) -> InputRefused:
    """Return the error for a file that turns out to be damaged (UNREADABLE_FILE)."""
    return InputRefused(
        f"{path} cannot be read completely",
        code="UNREADABLE_FILE",
        cause=" ".join(str(damaged).split())[:300],
        fix="export or download it again",
    )


TOP_ROWS = 30


def read_sheet(path: Path, sheet: str | None) -> list[list[str]]:
    """Return the rows of an Excel sheet as text: whole numbers without a point, days and moments in ISO.

    Raises InputRefused: no such sheet (NO_SUCH_SHEET), no readable workbook (see `Workbook`).
    """
    book = _workbook(path)
    if sheet is not None and sheet not in book.sheets:
        raise InputRefused(
            f"{path} has no sheet {sheet!r}",
            code="NO_SUCH_SHEET",
            cause=f"its sheets: {', '.join(book.sheets)}",
            fix="use one of them as sheet: in the mapping",
        )
    first = next(iter(book.sheets), "")  # a workbook without sheets is damaged
    return _texts(book.rows(first if sheet is None else sheet))


def sheet_tops(path: Path) -> dict[str, list[list[str]]]:
    """Return the first rows of each sheet, none of a damaged one. Raises InputRefused as `read_sheet`."""
    book = _workbook(path)
    tops: dict[str, list[list[str]]] = {sheet: [] for sheet in book.sheets}
    for sheet in book.sheets:
        with suppress(InputRefused):
            tops[sheet] = _texts(book.rows(sheet, TOP_ROWS))
    return tops


def _workbook(path: Path) -> Workbook:
    return Workbook(Payload.of(str(path), path.read_bytes()))


def _texts(rows: list[list[Cell]]) -> list[list[str]]:
    return [list(map(_text, row)) for row in rows]


def _text(value: Cell) -> str:
    """Return a cell as a CSV file has it, with all digits of a number and the blanks inside a text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, (date, time)):
        return value.isoformat().removesuffix("T00:00:00")
    return "" if value is None else str(value).strip()
