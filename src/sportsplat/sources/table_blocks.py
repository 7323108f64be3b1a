"""Tables as blocks of words: CSV, Parquet and Excel read so that their size does not matter.

A block holds each column as dictionary codes: distinct words, and a code a row. All formats come as text, so
that the same table gives the same rows in each of them.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from sportsplat.domain import Rejected
from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.table_text import cells_of, open_text, scan
from sportsplat.sources.workbook_zip import unpacked_workbook

BLOCK_BYTES = 4 << 20
BLOCK_ROWS = 1 << 15
SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx")
_WORDS = pa.dictionary(pa.int32(), pa.string())
_DELIMITERS = ",;\t|"
_HEAD = 1 << 16
_DAMAGED = (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeDecodeError)


class Block(NamedTuple):
    """Some rows: the line of each in the file (the header is line 1), and the columns that were asked for."""

    lines: npt.NDArray[np.int64]
    columns: Mapping[str, pa.DictionaryArray]


@dataclass
class TableFile:
    """One file with a header. `ragged` fills with rows that have too few or too many cells."""

    path: Path
    header: list[str]
    kind: str
    delimiter: str = ","
    encoding: str = "utf8"
    sheet: str | None = None
    by_line: bool = False  # a quote goes over the end of a line

    def blocks(self, wanted: Sequence[str], ragged: list[Rejected]) -> Iterator[Block]:
        """Yield the rows in order, with the columns `wanted`.

        Raises InputRefused (`UNREADABLE_FILE`) when the file turns out to be damaged on the way.
        """
        reader = {"csv": self._csv, "parquet": self._parquet, "excel": self._excel}[self.kind]
        try:
            yield from reader(wanted, ragged)
        except _DAMAGED as damaged:
            raise _unreadable(self.path, damaged) from damaged

    def raw(self, lines: Sequence[int]) -> dict[int, str]:
        """Return the text of these lines as it stands in the file; of other formats, the cells as JSON."""
        wanted = set(lines)
        if not wanted:
            return {}
        if self.kind == "csv":
            with self._text() as file:
                last = max(wanted)
                return {n: line.rstrip("\r\n") for n, line in _numbered(file, last) if n in wanted}
        found: dict[int, str] = {}
        for block in self.blocks(self.header, []):
            for place in np.flatnonzero(np.isin(block.lines, list(wanted))).tolist():
                cells = {name: values[place].as_py() for name, values in block.columns.items()}
                found[int(block.lines[place])] = json.dumps(cells, ensure_ascii=False)
        return found

    def _text(self) -> io.TextIOBase:
        encoding = "utf-8-sig" if self.encoding == "utf8" else self.encoding
        return open_text(self.path, encoding)

    def _csv(self, wanted: Sequence[str], ragged: list[Rejected]) -> Iterator[Block]:
        if self.by_line:
            yield from self._line_by_line(wanted, ragged)
            return
        skipped: list[int] = []

        def refuse(row: Any) -> str:
            skipped.append(row.number)
            reason = f"{row.actual_columns} cells where the header has {row.expected_columns}"
            ragged.append(Rejected(str(self.path), row.number, reason, "ragged-row", row.text))
            return "skip"

        compression = "gzip" if self.path.name.lower().endswith(".gz") else None
        reader = pacsv.open_csv(
            pa.input_stream(str(self.path), compression=compression),
            # Without threads rows are counted; blocks are read ahead by whoever takes them.
            pacsv.ReadOptions(
                column_names=self.header,
                skip_rows=1,
                block_size=BLOCK_BYTES,
                use_threads=False,
                encoding=self.encoding,
            ),
            pacsv.ParseOptions(
                delimiter=self.delimiter, ignore_empty_lines=False, invalid_row_handler=refuse
            ),
            pacsv.ConvertOptions(
                include_columns=list(wanted),
                column_types=dict.fromkeys(wanted, _WORDS),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
        line = 2
        for batch in reader:
            lines = np.arange(line, line + batch.num_rows + len(skipped))
            lines = lines[~np.isin(lines, skipped)][: batch.num_rows]
            if not len(lines):
                continue
            line = int(lines[-1]) + 1
            skipped[:] = [number for number in skipped if number >= line]
            yield Block(lines, dict(zip(wanted, batch.columns, strict=True)))

    def _line_by_line(self, wanted: Sequence[str], ragged: list[Rejected]) -> Iterator[Block]:
        """Let a quote that is not closed cost its own line, instead of all up to the next quote."""
        width, places = len(self.header), [self.header.index(name) for name in wanted]
        line, is_open = 2, False
        with self._text() as file:
            next(file)
            while texts := list(islice(file, BLOCK_ROWS)):
                rows: dict[int, list[str]] = {}
                for number, text in enumerate(texts, line):
                    cells, opens = cells_of(text, self.delimiter)
                    closes = is_open and text.count('"') % 2 == 1
                    is_open = opens or (is_open and not closes)
                    raw = text.rstrip("\r\n")
                    if opens or closes:
                        told = f"a quote is {'opened' if opens else 'closed'} in this line alone"
                        ragged.append(Rejected(str(self.path), number, told, "open-quote", raw))
                    elif len(cells) == width:
                        rows[number] = cells
                    else:
                        told = f"{len(cells)} cells where the header has {width}"
                        ragged.append(Rejected(str(self.path), number, told, "ragged-row", raw))
                line += len(texts)
                columns = [
                    pa.array([cells[place] for cells in rows.values()], pa.string()).dictionary_encode()
                    for place in places
                ]
                yield Block(np.array(list(rows), dtype=np.int64), dict(zip(wanted, columns, strict=True)))

    def _parquet(self, wanted: Sequence[str], _ragged: list[Rejected]) -> Iterator[Block]:
        line = 2
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=BLOCK_ROWS, columns=list(wanted)):
                yield Block(
                    np.arange(line, line + batch.num_rows),
                    {name: _as_words(batch.column(name)) for name in wanted},
                )
                line += batch.num_rows

    def _excel(self, wanted: Sequence[str], _ragged: list[Rejected]) -> Iterator[Block]:
        rows = _sheet(self.path, self.sheet)[1:]
        places = [self.header.index(name) for name in wanted]
        columns = [
            pa.array([row[place] for row in rows], pa.string()).dictionary_encode() for place in places
        ]
        yield Block(np.arange(2, 2 + len(rows)), dict(zip(wanted, columns, strict=True)))


def open_table(path: Path, *, delimiter: str | None = None, sheet: str | None = None) -> TableFile:
    """Look at a file's header.

    Raises InputRefused: no such file (NO_SUCH_FILE), no such kind (UNKNOWN_KIND), unreadable
    (UNREADABLE_FILE), nothing in it (EMPTY_FILE).
    """
    if not path.is_file():
        raise InputRefused(f"There is no file {path}.", code="NO_SUCH_FILE", fix="Check the path.")
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            names = pq.read_schema(path).names
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise pa.ArrowInvalid(f"Two columns are called {twice!r}.")
            return TableFile(path, names, "parquet")
        if name.endswith((".xlsx", ".xls")):
            rows = _sheet(path, sheet)
            if not rows:
                raise _empty(path)
            return TableFile(path, _unique(rows[0]), "excel", sheet=sheet)
        if name.endswith((".csv", ".csv.gz", ".tsv", ".txt")):
            return _open_csv(path, delimiter)
    except _DAMAGED as damaged:
        raise _unreadable(path, damaged) from damaged
    raise InputRefused(
        f"{path} is no kind of table that can be read.",
        code="UNKNOWN_KIND",
        cause=f"Its name ends in none of {', '.join(SUFFIXES)}.",
        fix="Rename it, or save it as one of these.",
    )


def _open_csv(path: Path, delimiter: str | None) -> TableFile:
    with open_text(path, "latin-1") as file:
        first = file.readline(_HEAD)
    found = delimiter or max(_DELIMITERS, key=first.count)
    encoding, by_line = scan(path, found)
    with open_text(path, "utf-8-sig" if encoding == "utf8" else encoding) as file:
        first = file.readline(_HEAD)
    if not first.strip():
        raise _empty(path)
    header = _unique([cell.strip() for cell in cells_of(first, found)[0]])
    return TableFile(path, header, "csv", delimiter=found, encoding=encoding, by_line=by_line)


def _numbered(file: io.TextIOBase, last: int) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(file, start=1):
        yield number, str(line)
        if number >= last:
            return


def _unique(names: Sequence[str]) -> list[str]:
    """Return the names of columns, a repeated or blank one made different by its place."""
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        found.append(f"{name or 'column'} ({place})" if not name or name in found else name)
    return found


def _as_words(values: pa.Array) -> pa.DictionaryArray:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        values = values.cast(pa.timestamp(values.type.unit, "UTC"))
    words = values.dictionary_encode()
    texts = pc.fill_null(words.dictionary.cast(pa.string()), "")
    texts.validate(full=True)
    codes = words.indices
    if codes.null_count:
        texts = pa.concat_arrays([texts, pa.array([""], pa.string())])
        codes = pc.fill_null(codes, len(texts) - 1)
    return pa.DictionaryArray.from_arrays(codes, texts)


def _sheet(path: Path, sheet: str | None) -> list[list[str]]:
    """Return the rows of an Excel sheet as text: whole numbers without a point, days and moments in ISO."""
    import pandas as pd

    plain = io.BytesIO(unpacked_workbook(Payload.of(str(path), path.read_bytes())))
    try:
        frame = pd.read_excel(plain, engine="calamine", sheet_name=sheet or 0, header=None, dtype=object)
    except Exception as damaged:
        raise _unreadable(path, damaged) from damaged
    return [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]


def _cell(value: Any) -> str:
    import pandas as pd

    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        text = str(value.isoformat())
        return text.removesuffix("T00:00:00")
    return str(value).strip()


def _empty(path: Path) -> InputRefused:
    return InputRefused(
        f"{path} is empty.",
        code="EMPTY_FILE",
        cause="It has no header.",
        fix="Write it again, or leave it out.",
    )


def _unreadable(path: Path, damaged: BaseException) -> InputRefused:
    return InputRefused(
        f"{path} cannot be read to its end.",
        code="UNREADABLE_FILE",
        cause=" ".join(str(damaged).split())[:300],
        fix="Write or download it again.",
    )
