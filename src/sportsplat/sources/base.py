"""What every source shares: payloads of bytes, text and tables out of them, and the protocol of a source.

A source has two halves. `fetch` talks to a network and hands back bytes untouched; `parse` is pure and turns
bytes into a `Batch`, so that yesterday's bytes parse again after a bug fix.
"""

from __future__ import annotations

import csv
import gc
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from sportsplat.domain import Batch, Rejected
from sportsplat.errors import InputRefused

if TYPE_CHECKING:
    from sportsplat.leagues import League
    from sportsplat.settings import Settings

SUFFIXES = (".csv", ".csv.gz")
YEARS = range(1870, 2200)  # a match day in any other is a typing error
_GZIP_MAGIC = b"\x1f\x8b"
_COUNT = re.compile(r"([0-9]{1,4})(?:\.0*)?")


class Payload(NamedTuple):
    """The bytes of one file, unpacked, and their hash; `name` is the path or URL they came from."""

    name: str
    data: bytes
    sha256: str

    @classmethod
    def of(cls, name: str, data: bytes) -> Payload:
        """Make a payload of bytes at hand, unpacking gzip.

        Raises:
            InputRefused: the bytes begin as gzip and do not unpack (CORRUPT_GZIP).
        """
        plain = _gunzip(name, data) if data.startswith(_GZIP_MAGIC) else data
        return cls(name, plain, hashlib.sha256(plain).hexdigest())


@runtime_checkable
class Source(Protocol):
    """A provider's format. `gives` says in words what one file holds, `leagues` which codes it can serve."""

    name: str
    title: str
    licence: str
    url: str
    gives: tuple[str, ...]
    leagues: tuple[str, ...]

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Turn bytes into records of one league; without `league` the file itself tells which.

        Raises:
            InputRefused: the file is not of this format (NOT_THIS_FORMAT), or it is empty (EMPTY_FILE).
        """


@runtime_checkable
class Fetchable(Source, Protocol):
    """A source with a public site."""

    def fetch(
        self, seasons: Sequence[int], *, leagues: Sequence[League], settings: Settings
    ) -> list[Payload]:
        """Get the files that hold `seasons` (years in which they start) of `leagues` from the public site.

        Raises:
            SourceUnavailable: the site has no such file, or does not answer and nothing is cached.
        """


class RowError(Exception):
    """A row that cannot become a match; the parser turns it into a `Rejected` with file, line and text."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Table(NamedTuple):
    """A CSV file as text cells: `rows[i]` is physical line `i + 2`; a blank line is an empty list."""

    file: str
    header: list[str]
    rows: list[list[str]]
    lines: list[str]

    def filled(self) -> Iterator[tuple[int, list[str]]]:
        """Yield index and cells of the rows that are not blank, short rows filled up to the header."""
        width = len(self.header)
        for index, row in enumerate(self.rows):
            if any(map(str.strip, row)):
                yield index, row if len(row) >= width else row + [""] * (width - len(row))

    def reject(self, index: int, code: str, reason: str) -> Rejected:
        """Make the record of a row that cannot be taken, with its physical line and text."""
        return Rejected(self.file, index + 2, reason, code, self.lines[index + 1].rstrip("\r\n"))


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


def read_paths(paths: Sequence[Path]) -> list[Payload]:
    """Read files and folders (`*.csv` and `*.csv.gz` below them, sorted) in the order given, each file once.

    Raises:
        InputRefused: a path does not exist (NO_SUCH_FILE), a folder holds no such file (EMPTY_FOLDER), a file
            cannot be read (UNREADABLE_FILE) or unpacked (CORRUPT_GZIP).
    """
    return [_read_file(path) for path in dict.fromkeys(found for path in paths for found in _files(path))]


def decode_text(payload: Payload) -> str:
    """Return the payload's text: UTF-8 with or without a byte order mark, otherwise Windows-1252."""
    try:
        return payload.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return payload.data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no meaning in cp1252; latin-1 keeps them as they are
        return payload.data.decode("latin-1")


def read_table(payload: Payload, *, required: Sequence[str], format_name: str) -> Table:
    """Split a CSV payload into header and rows; every physical line stays one row.

    Raises:
        InputRefused: a required column is missing (NOT_THIS_FORMAT), or no row follows (EMPTY_FILE).
    """
    lines = list(io.StringIO(decode_text(payload), newline=""))
    if not any(line.strip() for line in lines):
        raise InputRefused(
            f"{payload.name} is empty.",
            code="EMPTY_FILE",
            cause=f"{len(payload.data)} bytes, no text in them.",
            fix="Download the file again, or leave it out.",
        )
    rows = _split(lines)
    header = [cell.strip() for cell in rows.pop(0)]
    missing = [name for name in required if name not in header]
    if missing:
        raise not_this_format(payload.name, format_name, required, header, missing)
    if not any(map(any, rows)):
        raise InputRefused(
            f"{payload.name} has a header and no rows.",
            code="EMPTY_FILE",
            cause=f"{len(rows)} blank lines follow the header.",
            fix="Download the file again, or leave it out.",
        )
    return Table(payload.name, header, rows, lines)


def not_this_format(
    file: str, format_name: str, required: Sequence[str], header: Sequence[str], missing: Sequence[str]
) -> InputRefused:
    """Make the error for a file that another program wrote."""
    seen = ",".join(header)
    return InputRefused(
        f"{file} is not a file of {format_name}.",
        code="NOT_THIS_FORMAT",
        cause=f"Expected the columns {', '.join(required)}; {', '.join(missing)} missing from the header "
        f"{seen[:160]!r}.",
        fix="sportsplat sources",
        missing=list(missing),
        header=list(header),
    )


def _split(lines: list[str]) -> list[list[str]]:
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


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        found = sorted(
            file for file in path.rglob("*") if file.name.lower().endswith(SUFFIXES) and file.is_file()
        )
        if not found:
            raise InputRefused(
                f"The folder {path} holds no data file.",
                code="EMPTY_FOLDER",
                cause=f"Looked for {' and '.join('*' + suffix for suffix in SUFFIXES)} in it and below it.",
                fix="Name the files themselves, or another folder.",
            )
        yield from found
    elif path.exists():
        yield path
    else:
        raise InputRefused(
            f"There is no file {path}.",
            code="NO_SUCH_FILE",
            cause=f"Looked from {Path.cwd()}." if not path.is_absolute() else None,
            fix="Check the path.",
        )


def _read_file(path: Path) -> Payload:
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise InputRefused(
            f"{path} cannot be read.",
            code="UNREADABLE_FILE",
            cause=f"The system says: {problem.strerror}.",
            fix=f"ls -l {path}",
        ) from problem
    return Payload.of(str(path), data)


def _gunzip(name: str, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as problem:
        raise InputRefused(
            f"{name} is a damaged gzip file.",
            code="CORRUPT_GZIP",
            cause=f"Unpacking its {len(data)} bytes failed: {problem}.",
            fix=f"gzip --test {name}, then download it again.",
        ) from problem


def read_count(text: str, column: str, code: str = "impossible-score") -> int:
    """Read a count such as a score, 0 to 9999: "2" and "2.0" are 2. Raises RowError with `code` otherwise."""
    found = _COUNT.fullmatch(text)
    if not found:
        raise RowError(code, f"{column} is {text!r}: expected a whole number from 0")
    return int(found[1])


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
