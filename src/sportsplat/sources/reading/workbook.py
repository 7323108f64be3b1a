"""Workbooks (.xlsx): the zip is checked before it is unpacked, its size is limited, and its sheets are read.

A reader of workbooks trusts its file. Here the parts that such a reader needs are unpacked under limits and
put into a new, unpacked zip, and what they would unfold to in memory is worked out before anyone does it.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NoReturn

from python_calamine import CalamineError, CalamineWorkbook

from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.reading.blanks import blanked
from sportsplat.sources.reading.csv import Damage, Table
from sportsplat.sources.reading.formulas import no_value, with_formulas_as_text
from sportsplat.sources.reading.header import not_this_format, spelled
from sportsplat.sources.text import empty_file

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_PARTS = 2_000
MAX_UNPACKED = 256 << 20  # bytes of all parts together
MAX_RATIO = 100  # unpacked to packed, of a part above `RATIO_FREE` bytes: sheets of numbers have 5 to 20
RATIO_FREE = 1 << 20
MAX_CELLS = 20_000_000  # of one sheet's rectangle, blank cells included
MAX_TEXT = 1 << 30  # characters of a sheet's cells, were each the longest text of the workbook
SLICE = 4 << 20
_SAVE_AS_CSV = "if the file is intact, save its sheet as CSV and ingest that"
_AGAIN = "download the file again"
_NEEDED = re.compile(
    r"(?:\[Content_Types\]\.xml|_rels/.*|xl/(?!media/|embeddings/).*\.(?:xml|rels))", re.IGNORECASE
)
_SHEET = re.compile(r"xl/worksheets/[^/]*\.xml", re.IGNORECASE)
_COLUMN = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)\d+["']""")
_ROW_NUMBER = re.compile(rb"""\br\s*=\s*["'][A-Za-z]*(\d{1,9})""")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_TEXT_END = re.compile(rb"</(?:\w+:)?si\s*>")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def unpacked_workbook(payload: Payload) -> bytes:
    """Return an .xlsx payload as a zip whose parts are stored plainly and are safe to read.

    A formula whose result is not in the file becomes its text, `=1+1`.

    Raises:
        InputRefused: no workbook at all (NOT_THIS_FORMAT), an .xls file (OLD_WORKBOOK), one behind a password
            (ENCRYPTED_WORKBOOK), another zip (NO_WORKBOOK), a damaged one (CORRUPT_WORKBOOK), or one that
            unfolds to more than the limits above (WORKBOOK_BOMB).
    """
    _check_kind(payload)
    with _damaged_zips_refused(payload), zipfile.ZipFile(io.BytesIO(payload.data)) as packed:
        parts = {part.filename: part for part in packed.infolist()}
        _check_directory(payload, packed.infolist(), parts)
        plain = io.BytesIO()
        sheets: list[bytes] = []
        longest = 0
        with zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as safe:
            for name, part in parts.items():
                if not _NEEDED.fullmatch(name):
                    continue
                data = packed.read(part)  # never more than the directory says, which was checked above
                if _SHEET.fullmatch(name):
                    data = with_formulas_as_text(data)
                safe.writestr(name, data)
                if _SHEET.fullmatch(name):
                    sheets.append(data)
                elif name.lower() == "xl/sharedstrings.xml":
                    longest = max(map(len, _TEXT_END.split(data)))
    for sheet in sheets:
        _check_sheet(payload, sheet, longest)
    return plain.getvalue()


def _check_kind(payload: Payload) -> None:
    data = payload.data
    if data.startswith(OLE_MAGIC):
        if _ENCRYPTED in data:
            _refuse_encrypted(payload)
        raise InputRefused(
            f"{payload.name} is an Excel 97-2003 workbook (.xls), which is not supported",
            code="OLD_WORKBOOK",
            cause="it starts with the bytes of an OLE file",
            fix=f"save it as .xlsx: libreoffice --headless --convert-to xlsx {payload.name!r}",
        )
    if not data.startswith(ZIP_MAGIC):
        raise InputRefused(
            f"{payload.name} is not a workbook",
            code="NOT_THIS_FORMAT" if data else "EMPTY_FILE",
            cause=f"an .xlsx file is a zip file; this one starts with {data[:16]!r}",
            fix="sportsplat sources",
        )


def _check_directory(
    payload: Payload, listed: list[zipfile.ZipInfo], parts: dict[str, zipfile.ZipInfo]
) -> None:
    """Check the zip's directory before anything is unpacked."""
    if len(listed) > MAX_PARTS:
        _refuse_bomb(payload, f"it holds {len(listed):,} parts; at most {MAX_PARTS:,} are read")
    if any(part.flag_bits & 1 for part in listed):
        _refuse_encrypted(payload)
    if not any(name.lower() == "xl/workbook.xml" for name in parts):
        names = ", ".join(list(parts)[:5]) or "nothing"
        raise InputRefused(
            f"{payload.name} is a zip file, but not an .xlsx workbook",
            code="NO_WORKBOOK",
            cause=f"it holds {names}; a workbook holds xl/workbook.xml",
            fix=f"unpack it (unzip {payload.name!r}) and pass the file inside it, or save it as .xlsx",
        )
    needed = [part for part in listed if _NEEDED.fullmatch(part.filename)]
    total = sum(part.file_size for part in needed)
    if total > MAX_UNPACKED:
        _refuse_bomb(payload, f"it unpacks to {total:,} bytes; at most {MAX_UNPACKED:,} are read")
    for part in needed:
        if part.file_size > max(RATIO_FREE, MAX_RATIO * part.compress_size):
            _refuse_bomb(
                payload,
                f"{part.filename} unpacks from {part.compress_size:,} to {part.file_size:,} bytes, more than "
                f"{MAX_RATIO} for one",
            )


def _check_sheet(payload: Payload, sheet: bytes, longest: int) -> None:
    """Work out the rectangle that a sheet spans, and the text that it would repeat from the shared table."""
    columns: Counter[bytes] = Counter()
    last_row = cells = rows = 0
    for tags in _slices(sheet):
        columns.update(_COLUMN.findall(tags))
        last_row = max(last_row, max(map(int, _ROW_NUMBER.findall(tags)), default=0))
        cells += len(_CELL.findall(tags))
        rows += len(_ROW.findall(tags))
    placed_rows = columns.pop(b"", 0)
    widest = max(map(_column_number, columns), default=0)
    if cells > columns.total():  # some follow their neighbour without saying where they stand
        widest += max(len(_CELL.findall(row)) for row in _ROW.split(sheet))
    if rows > placed_rows:
        last_row += rows
    if last_row * widest > MAX_CELLS:
        _refuse_bomb(
            payload,
            f"a sheet spans {last_row:,} rows and {widest:,} columns; at most {MAX_CELLS:,} cells are read",
        )
    if cells * longest > MAX_TEXT:
        _refuse_bomb(
            payload, f"a sheet of {cells:,} cells can repeat a text of {longest:,} characters in each"
        )


def _slices(sheet: bytes) -> Iterator[bytes]:
    """Yield a sheet in slices that cut no tag in two."""
    start = 0
    while start < len(sheet):
        end = sheet.find(b">", start + SLICE) + 1 or len(sheet)
        yield sheet[start:end]
        start = end


def _column_number(letters: bytes) -> int:
    """Return 1 for A, 27 for AA, 0 for none; a name too long for a sheet counts as the widest that fits."""
    number = 0
    for letter in letters.upper()[:6]:
        number = number * 26 + letter - 64
    return number


@contextmanager
def _damaged_zips_refused(payload: Payload) -> Iterator[None]:
    """Report a truncated zip, or one whose parts differ from its directory, as damaged."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as problem:
        raise corrupt_workbook(payload, problem) from problem


def corrupt_workbook(payload: Payload, problem: BaseException) -> InputRefused:
    """Return the error for a workbook whose zip or XML is damaged."""
    reported = " ".join(str(problem).split()) or type(problem).__name__
    return InputRefused(
        f"{payload.name} is a damaged workbook",
        code="CORRUPT_WORKBOOK",
        cause=f"reading its {len(payload.data):,} bytes failed: {reported[:200]}",
        fix=_AGAIN,
    )


def _refuse_encrypted(payload: Payload) -> NoReturn:
    raise InputRefused(
        f"{payload.name} is protected by a password",
        code="ENCRYPTED_WORKBOOK",
        cause="its contents are encrypted; no password is asked for or kept",
        fix="open it in a spreadsheet program and save it as .xlsx without a password",
    )


def _refuse_bomb(payload: Payload, cause: str) -> NoReturn:
    raise InputRefused(
        f"{payload.name} is larger than a workbook may be when unpacked",
        code="WORKBOOK_BOMB",
        cause=cause,
        fix=_SAVE_AS_CSV,
    )


SUFFIXES = (".xlsx", ".xls")  # an .xls file in a folder is refused by name, not passed over
Cell = float | int | str | bool | date | datetime | time | timedelta | None


class Workbook:
    """An .xlsx file, unpacked safely. `sheets` are the names of its sheets.

    Raises:
        InputRefused: not readable as a workbook; see `unpacked_workbook`.
    """

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        plain = unpacked_workbook(payload)
        with self._damage_refused():
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(plain))
            self.sheets = self._book.sheet_names

    def rows(self, sheet: str, most: int | None = None) -> list[list[Any]]:
        """Return the cells (`Cell`, "" for a blank one) of a sheet by row, `most` rows where it is given.

        Raises:
            InputRefused: the sheet is damaged (CORRUPT_WORKBOOK).
        """
        with self._damage_refused():
            return self._book.get_sheet_by_name(sheet).to_python(skip_empty_area=False, nrows=most)

    @contextmanager
    def _damage_refused(self) -> Iterator[None]:
        """Report XML that the reader cannot take as a damaged workbook."""
        try:
            yield
        except (CalamineError, OSError, ValueError) as problem:
            raise corrupt_workbook(self._payload, problem) from problem
        except BaseException as problem:
            if type(problem).__name__ != "PanicException":  # a panic of the reader, which is no Exception
                raise
            raise corrupt_workbook(self._payload, problem) from problem


def read_sheet(
    payload: Payload, *, required: Sequence[str], format_name: str, columns: Sequence[str] = ()
) -> Table:
    """Read the first sheet that is not blank; its first row is the header, line n of the table its row n.

    Whole numbers come without a point ("1030"), others with up to 15 digits, days as yyyy-mm-dd; outer blanks
    and no-break spaces are cut. A line is the cells of a row joined by tabs. Columns and blank cells are as
    in `read_table`. A row with a formula that has no result is damaged.

    Raises:
        InputRefused: not readable as a workbook (see `Workbook`), a required column is missing
            (NOT_THIS_FORMAT), or no row follows the header (EMPTY_FILE).
    """
    rows = _first_filled(Workbook(payload))
    if not rows:
        raise empty_file(payload.name, "none of its sheets has a value")
    written = rows.pop(0)
    header = spelled(written, (*required, *columns))
    missing = [name for name in required if name not in header]
    if missing:
        raise not_this_format(payload.name, format_name, required, written, missing)
    if not any(map(any, rows)):
        raise empty_file(payload.name, "it has no rows below its header")
    lines = ["\t".join(row).rstrip("\t") for row in (header, *rows)]
    damage = {
        index: Damage("formula", reported)
        for index, row in enumerate(rows)
        if (reported := next(filter(None, map(no_value, header, row)), None))
    }
    rows = [[] if index in damage else blanked(row) for index, row in enumerate(rows)]
    return Table(payload.name, header, rows, lines, damage)


@lru_cache(maxsize=8192, typed=True)
def cell_text(value: Cell) -> str:
    """Return a cell as text, "" for a blank one."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return "" if value is None else str(value)


def _first_filled(workbook: Workbook) -> list[list[str]]:
    """Return the cells of the first sheet that holds a value; none where none does."""
    for sheet in workbook.sheets:
        rows = workbook.rows(sheet)
        if any(cell != "" for row in rows for cell in row):
            return [list(map(cell_text, row)) for row in rows]
    return []
