"""Rows of a CSV file: split so that none is lost, rejected with file, line and text, read cell by cell."""

from __future__ import annotations

import csv
import gc
import io
import logging
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.betting.odds import american_to_decimal
from sportsplat.domain import Batch, MatchKey, MatchRecord, Rejected
from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload, decode_text
from sportsplat.sources.reading.blanks import blanked_rows
from sportsplat.sources.reading.repeats import RepeatedRows, RepeatKind, describe_repeat
from sportsplat.sources.text import empty_file, not_text, refuse_other_text

if TYPE_CHECKING:
    from sportsplat.leagues.league import League


SHOWN = 160  # characters of a header in an error
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
log = logging.getLogger(__name__)


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


@lru_cache(maxsize=16384)
def read_american(text: str, column: str) -> float:
    """Return the decimal odds of an American price such as "-110". Raises RowError (bad-price) otherwise."""
    odds = float(american_to_decimal(read_number(text, column, "bad-price")))
    if odds != odds:
        raise RowError("bad-price", f"{column} is {text!r}: American odds are at least 100 either way")
    return odds


def check_line(value: float, column: str, text: str, lowest: float, highest: float) -> float:
    """Return a line that can be one: a multiple of a half within bounds. Raises RowError (bad-line)."""
    if not lowest <= value <= highest or value * 2 != int(value * 2):
        raise RowError(
            "bad-line", f"{column} is {text!r}: expected a multiple of 0.5 from {lowest:g} to {highest:g}"
        )
    return value
