"""The text of a CSV file: packed or not, its encoding, and whether its quotes keep within their lines."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np


def open_bytes(path: Path) -> Any:
    """Open a file, unpacking it where its name ends in .gz."""
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")


def open_text(path: Path, encoding: str) -> io.TextIOBase:
    """Open a file as text; what is none becomes U+FFFD."""
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, errors="replace", newline="")


def scan(path: Path, delimiter: str) -> tuple[str, bool]:
    """Return utf8 where all of the file is, else cp1252, which spreadsheets write; latin-1 takes any.

    And whether a quoted cell goes over the end of a line, or may do so: then a quote that is not closed
    would swallow the lines below it.
    """
    for encoding in ("utf8", "cp1252"):
        over = _scan_as(path, encoding, delimiter)
        if over is not None:
            return encoding, over
    return "latin-1", bool(_scan_as(path, "latin-1", delimiter))


def _scan_as(path: Path, encoding: str, delimiter: str) -> bool | None:
    """Return whether quotes may go over the end of a line; None where not all of the file is so encoded."""
    decoder = codecs.getincrementaldecoder(encoding)()
    quotes = _Quotes(delimiter)
    with open_bytes(path) as file:
        try:
            while data := file.read(1 << 22):
                if not data.isascii() or decoder.getstate()[0]:
                    decoder.decode(data)
                quotes.look_at(data)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return quotes.over_lines


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
