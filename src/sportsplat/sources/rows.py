"""Rows of a CSV file: split so that none is lost, rejected with file, line and text, read cell by cell."""

from __future__ import annotations

import gc
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.domain import Batch, MatchKey, MatchRecord, Rejected
from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.headers import missing_columns, without_doubles
from sportsplat.sources.headers import not_this_format as not_this_format
from sportsplat.sources.lines import REPEATED_HEADER, Damage, damage_of, header_cells, lines_of, split
from sportsplat.sources.lines import header_of as header_of

if TYPE_CHECKING:
    from sportsplat.leagues import League

YEARS = range(1870, 2200)  # a match day in any other is a typing error
LONGEST_RAW = 4_000  # of a refused line that is kept with its reason
_COUNT = re.compile(r"([0-9]{1,4})(?:\.0*)?")


class RowError(Exception):
    """A row that cannot become a match; the parser turns it into a `Rejected` with file, line and text."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


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
        """Make the record of a row that cannot be taken, with its physical line and text."""
        code, reason = self.damage.get(index, (code, reason))
        raw = self.lines[index + 1].rstrip("\r\n")
        if len(raw) > LONGEST_RAW:
            raw = f"{raw[:LONGEST_RAW]}… ({len(raw):,} characters)"
        return Rejected(self.file, index + 2, reason, code, raw)


class RowReader(ABC):
    """Reads the rows of a table into a batch, one after the other; a format says how one row is read."""

    def __init__(self, table: Table, league: League, source: str) -> None:
        self.table = table
        self.league = league
        self.batch = Batch.empty(league.code, source, table.file)
        self.column = {name: index for index, name in reversed(list(enumerate(table.header))) if name}
        self._source = source
        self._line_of: dict[MatchKey, int] = {}

    @abstractmethod
    def read(self, index: int, row: list[str]) -> None:
        """Add what a row tells. Raises RowError when there is no match in it."""

    def read_all(self) -> Batch:
        """Read every row that is not blank; one that raises RowError is rejected with its line."""
        return self.read_rows(self.table.filled())

    def read_rows(self, rows: Iterable[tuple[int, list[str]]]) -> Batch:
        """Read these rows of the table alone, each with its index."""
        count = 0
        for index, row in rows:
            count += 1
            try:
                self.read(index, row)
            except RowError as bad:
                self.note(index, bad.code, bad.reason)
        return self.batch._replace(rows_read=count, line_of=self._line_of, text=self.table.lines)

    def note(self, index: int, code: str, reason: str) -> None:
        """Record a row, or a value that is left out while its match is kept."""
        self.batch.rejected.append(self.table.reject(index, code, reason))

    def cell(self, row: Sequence[str], name: str) -> str:
        """Return a cell without its outer blanks, "" where there is no such column."""
        index = self.column.get(name)
        return "" if index is None else row[index].strip()

    def add_match(self, index: int, match: MatchRecord) -> MatchKey:
        """Add a match and return its key. Raises RowError for a match that stands above already."""
        key = MatchKey(match.match_date, match.home, match.away, match.number)
        if key in self._line_of:
            raise RowError(
                "duplicate-match",
                f"{match.home} against {match.away} on {match.match_date} stands above,"
                f" in line {self._line_of[key]}",
            )
        self._line_of[key] = index + 2
        self.batch.matches.append(match)
        return key

    def teams(self, home: str, away: str, day: date, columns: tuple[str, str]) -> tuple[str, str]:
        """Return both teams by the names kept here; `columns` are told in the RowError for no two teams."""
        for name, column in zip((home, away), columns, strict=True):
            if not name.strip():
                raise RowError("missing-team", f"{column} is blank")
        found = tuple(self.league.canonical_team(name, self._source, day) for name in (home, away))
        if found[0] == found[1]:
            raise RowError("same-team", f"{' and '.join(columns)} are both {found[0]!r}")
        return found[0], found[1]


def read_table(payload: Payload, *, required: Sequence[str], format_name: str) -> Table:
    """Split a CSV payload into header and rows; every physical line stays one row.

    Of two columns with one name the first counts; the other one's name is blank in the header. A line with a
    NUL, of more than LONGEST_LINE characters or with a cell of more than LONGEST_CELL is damaged, and
    so is one that repeats the header.

    Raises:
        InputRefused: it is another kind of file (NOT_TEXT, NOT_DATA, NOT_CSV) or another format
            (NOT_THIS_FORMAT, WRONG_SEPARATOR), a required column is missing (MISSING_COLUMN) or stands there
            twice with different content (DUPLICATE_COLUMN), or no row follows (EMPTY_FILE).
    """
    lines = lines_of(payload)
    damage = damage_of(lines)
    rows = split(["" if index in damage else line for index, line in enumerate(lines, -1)])
    header = header_cells(payload, lines[0], rows.pop(0))
    missing = [name for name in required if name not in header]
    if missing:
        raise missing_columns(payload.name, format_name, required, header, missing)
    lost = any(found is not REPEATED_HEADER for found in damage.values())
    if not lost and not any(any(map(str.strip, row)) for row in rows):
        raise InputRefused(
            f"{payload.name} has a header and no rows.",
            code="EMPTY_FILE",
            cause=f"{len(rows)} lines without a value follow line 1." if rows else "Nothing follows line 1.",
            fix="Download the file again, or leave it out.",
        )
    return Table(payload.name, without_doubles(payload.name, header, required, rows), rows, lines, damage)


def read_count(text: str, column: str, code: str = "impossible-score") -> int:
    """Read a count such as a score, 0 to 9999: "2" and "2.0" are 2. Raises RowError with `code` otherwise."""
    count = _count(text)
    if count is None:
        raise RowError(code, f"{column} is {text!r}: expected a whole number from 0")
    return count


@lru_cache(maxsize=4096)
def _count(text: str) -> int | None:
    found = _COUNT.fullmatch(text)
    return int(found[1]) if found else None


def read_number(text: str, column: str, code: str) -> float:
    """Read a finite number. Raises RowError with `code` otherwise; "1_000", which Python reads, is none."""
    try:
        value = float(text)
    except ValueError:
        raise RowError(code, f"{column} is {text!r}: not a number") from None
    if value - value != 0:
        raise RowError(code, f"{column} is {text!r}: not a finite number")
    if "_" in text:
        raise RowError(code, f"{column} is {text!r}: not a number")
    return value


def read_iso_date(text: str, column: str) -> date:
    """Read yyyy-mm-dd. Raises RowError for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise RowError("bad-date", f"{column} is {text!r}: expected yyyy-mm-dd")
    return day


class LocalDays(dict[date, tuple[datetime, datetime]]):
    """The two ends of calendar days at a league's place, in UTC, each worked out once."""

    def __init__(self, league: League) -> None:
        super().__init__()
        self._league = league

    def __missing__(self, day: date) -> tuple[datetime, datetime]:
        ends = self[day] = (self._league.local_midnight(day), self._league.end_of_day(day))
        return ends


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
