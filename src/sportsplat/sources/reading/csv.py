"""Rows of a CSV file: split so that none is lost, and rejected with file, line and text."""

from __future__ import annotations

import csv
import gc
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.domain import Batch, MatchKey, MatchRecord, Rejected
from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload, decode_text
from sportsplat.sources.reading.blanks import blanked_rows
from sportsplat.sources.reading.cells import RowError
from sportsplat.sources.reading.header import missing_columns, spelled, without_doubles
from sportsplat.sources.reading.repeats import RepeatedRows, RepeatKind, describe_repeat
from sportsplat.sources.text import empty_file, not_text, refuse_other_text

if TYPE_CHECKING:
    from sportsplat.leagues.league import League


LONGEST_LINE = 131_072  # characters; the widest real line has 2,000
LONGEST_CELL = 1_000
_HEADER_BYTES = 65_536
_AROUND = " \t\r\n,"
_BLANK = b"\0\xff\xfe\xef\xbb\xbf \t\r\n"  # with the marks of an encoding


class Damage(NamedTuple):
    """Why a line cannot be read at all."""

    code: str
    reason: str


REPEATED_HEADER = Damage("repeated-header", "the line repeats the column names of line 1: it is not a match")
"""As where files were put together, one below the other."""


def header_of(payload: Payload) -> list[str]:
    """Return the names in the first line, by which a format is recognised.

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
        raise empty_file(payload.name, f"{len(payload.data):,} bytes, no text in them")
    return lines


def header_cells(payload: Payload, line: str, cells: Sequence[str]) -> list[str]:
    """Return the cells of the first line without outer blanks. Raises InputRefused: no text (NOT_TEXT)."""
    control = next((letter for letter in line.rstrip() if letter < " " and letter != "\t"), None)
    if control or len(line) > LONGEST_LINE:
        reported = f"the control character {control!r}" if control else f"{len(line):,} characters"
        reported = f"line 1 has {reported}: {line[:60]!r}"
        raise not_text(f"{payload.name} has no header", reported, "download the file again")
    return [cell.strip() for cell in cells]


def damage_of(lines: Sequence[str]) -> dict[int, Damage]:
    """Return the rows (by their index) that are damaged or repeat the header."""
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


LONGEST_RAW = 4_000  # of a refused line that is kept with its reason


class Table(NamedTuple):
    """A CSV file as text cells: `rows[i]` is physical line `i + 2`; a blank line is an empty list.

    A line in `damage` (by its index) has blank cells, so that no format can make a match of it, and is
    rejected for its damage whatever a reader thinks of blank cells.
    """

    file: str
    header: list[str]
    rows: list[list[str]]
    lines: list[str]
    damage: Mapping[int, Damage] = {}

    def filled(self) -> Iterator[tuple[int, list[str]]]:
        """Yield index and cells of the rows that are not blank, short rows filled up to the header."""
        width = len(self.header)
        for index, row in enumerate(self.rows):
            if any(map(str.strip, row)) or index in self.damage:
                yield index, row if len(row) >= width else row + [""] * (width - len(row))

    def reject(self, index: int, code: str, reason: str) -> Rejected:
        """Return the record of a rejected row, with its physical line and text."""
        code, reason = self.damage.get(index, (code, reason))
        raw = self.lines[index + 1].rstrip("\r\n")
        if len(raw) > LONGEST_RAW:
            raw = f"{raw[:LONGEST_RAW]}… ({len(raw):,} characters)"
        return Rejected(self.file, index + 2, reason, code, raw)


class RowReader(ABC):
    """Reads the rows of a table into a batch, one after the other; a subclass reads one row."""

    def __init__(self, table: Table, league: League, source: str) -> None:
        self.table = table
        self.league = league
        self.batch = Batch.empty(league.code, source, table.file)
        self.column = {name: index for index, name in reversed(list(enumerate(table.header))) if name}
        self._source = source
        self._repeats = RepeatedRows(league)

    @abstractmethod
    def read(self, index: int, row: list[str]) -> None:
        """Add the records of a row. Raises RowError when there is no match in it."""

    def read_all(self) -> Batch:
        """Read every row that is not blank; one that raises RowError is rejected with its line."""
        return self.read_rows(self.table.filled())

    def read_rows(self, rows: Iterable[tuple[int, list[str]]]) -> Batch:
        """Read only these rows of the table, each with its index."""
        count = 0
        for index, row in rows:
            count += 1
            try:
                self.read(index, row)
            except RowError as bad:
                self.note(index, bad.code, bad.reason)
        return self.batch._replace(
            rows_read=count,
            line_of=self._repeats.line_of,
            text=self.table.lines,
            further_lines=self._repeats.further,
        )

    def note(self, index: int, code: str, reason: str) -> None:
        """Record a row, or a value that is left out while its match is kept."""
        self.batch.rejected.append(self.table.reject(index, code, reason))

    def cell(self, row: Sequence[str], name: str) -> str:
        """Return a cell without its outer blanks, "" where there is no such column."""
        index = self.column.get(name)
        return "" if index is None else row[index].strip()

    def add_match(self, index: int, match: MatchRecord) -> MatchKey:
        """Add a match and return its key, which its dependent records use.

        A row with the same match as an earlier row is noted (duplicate-match), and its other records are
        compared with those of that row. A row that contradicts an earlier one is added, and all of them are
        rejected later.

        Raises RowError (duplicate-match) for an exact copy of an earlier row.
        """
        place = self._repeats.place(index + 2, match)
        if place.kind is not RepeatKind.REPEATED:
            self.batch.matches.append(place.match)
            return place.match.key
        repeated = RowError("duplicate-match", describe_repeat(match, place.first_line))
        if self.table.rows[index] == self.table.rows[place.first_line - 2]:
            raise repeated
        self.note(index, repeated.code, repeated.reason)
        return place.match.key

    def teams(self, home: str, away: str, day: date, columns: tuple[str, str]) -> tuple[str, str]:
        """Return both teams by their stored names; `columns` appear in the RowError when they are not two
        teams."""
        for name, column in zip((home, away), columns, strict=True):
            if not name.strip():
                raise RowError("missing-team", f"{column} is blank")
        found = tuple(self.league.canonical_team(name, self._source, day) for name in (home, away))
        if found[0] == found[1]:
            raise RowError("same-team", f"{' and '.join(columns)} are both {found[0]!r}")
        return found[0], found[1]


def read_table(
    payload: Payload, *, required: Sequence[str], format_name: str, columns: Iterable[str] = ()
) -> Table:
    """Split a CSV payload into header and rows; every physical line stays one row.

    The format's columns, `required` and others, are known in any case and with any blanks, and stand in the
    header as they are spelled here. A word for a missing value (see `blanks`) is a blank cell. Of two
    columns with one name the first counts; the other one's name is blank in the header. A line with a NUL,
    of more than LONGEST_LINE characters or with a cell of more than LONGEST_CELL is damaged, and so is one
    that repeats the header.

    Raises:
        InputRefused: it is another kind of file (NOT_TEXT, NOT_DATA, NOT_CSV) or another format
            (NOT_THIS_FORMAT, WRONG_SEPARATOR), a required column is missing (MISSING_COLUMN) or stands there
            twice with different content (DUPLICATE_COLUMN), or no row follows (EMPTY_FILE).
    """
    lines = lines_of(payload)
    damage = damage_of(lines)
    rows = split(["" if index in damage else line for index, line in enumerate(lines, -1)])
    written = header_cells(payload, lines[0], rows.pop(0))
    header = spelled(written, (*required, *columns))
    rows = blanked_rows(rows, lines[1:])
    missing = [name for name in required if name not in header]
    if missing:
        raise missing_columns(payload.name, format_name, required, written, missing)
    lost = any(found is not REPEATED_HEADER for found in damage.values())
    if not lost and not any(any(map(str.strip, row)) for row in rows):
        raise InputRefused(
            f"{payload.name} has a header and no rows",
            code="EMPTY_FILE",
            cause=f"{len(rows)} lines without a value follow line 1" if rows else "nothing follows line 1",
            fix="download the file again, or omit it",
        )
    return Table(payload.name, without_doubles(payload.name, header, required, rows), rows, lines, damage)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking hundreds of thousands of records while they are made.

    Records hold no cycles, so nothing is lost; the walks cost 40% of the time to parse 126,314 rows.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
