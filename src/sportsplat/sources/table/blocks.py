"""Tables as blocks of words: CSV, Parquet and Excel read so that their size does not matter.

A block holds each column as dictionary codes: distinct words, and a code a row. All formats come as text, so
that the same table gives the same rows in each of them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from sportsplat.sources.reading.blanks import is_blank
from sportsplat.sources.reading.formulas import no_value
from sportsplat.sources.table.mapping import Cell, text_of_value
from sportsplat.sources.table.raw import DAMAGED, cells_of, open_text, read_sheet, unreadable

BLOCK_BYTES = 4 << 20
BLOCK_ROWS = 1 << 15
_WITH_COMMA = r"^(\s*(?:[-+]|\x{2212})?\d*),(\d+\s*)$"
_WORDS = pa.dictionary(pa.int32(), pa.string())


Rows = Sequence[Sequence[str]]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class TextBlock(NamedTuple):
    """Some rows: the line of each in the file (the header is line 1), and the columns that were asked for."""

    lines: npt.NDArray[np.int64]
    columns: Mapping[str, pa.DictionaryArray]


@dataclass
class TableFile:
    """One file with a header. `ragged` fills with rows that cannot be read, as with too few cells."""

    path: Path
    header: list[str]
    kind: str
    delimiter: str = ","
    encoding: str = "utf8"
    sheet: str | None = None
    decimal: str = "."  # or a comma, which numbers are given without
    by_line: bool = False  # a quote goes over the end of a line
    unread: Mapping[str, str] = field(default_factory=dict)  # columns that hold no plain values, their type
    top: Rows = ()  # the first rows, with the header; of a Parquet file none, as its header is no row

    def blocks(self, wanted: Sequence[str], ragged: list[Rejected]) -> Iterator[TextBlock]:
        """Yield the rows in order, with the columns `wanted`.

        Raises InputRefused (`UNREADABLE_FILE`) when the file turns out to be damaged on the way.
        """
        blocks = self._readable(self._reader()(wanted, ragged))
        return map(_with_points, blocks) if self.decimal == "," else blocks

    def first_rows(self, rows: int) -> TextBlock | None:
        """Return the first `rows` rows or more, without ragged ones; None where there is none.

        A CSV file is read line by line here: Arrow's threads would read on, for nothing.
        """
        reader = self._line_by_line(self.header, [], rows) if self.kind == "csv" else self._all()
        block = next(self._readable(reader), None)
        return _with_points(block) if block is not None and self.decimal == "," else block

    def _reader(self) -> Callable[[Sequence[str], list[Rejected]], Iterator[TextBlock]]:
        if self.kind == "csv":
            return self._csv
        return self._parquet if self.kind == "parquet" else self._excel

    def _all(self) -> Iterator[TextBlock]:
        """Read all columns of a file that is no CSV file, whatever they contain."""
        read = self._parquet if self.kind == "parquet" else self._excel
        return read(self.header, [], lenient=True)

    def _readable(self, blocks: Iterator[TextBlock]) -> Iterator[TextBlock]:
        try:
            yield from blocks
        except DAMAGED as damaged:
            raise unreadable(self.path, damaged) from damaged

    def raw(self, lines: Sequence[int]) -> dict[int, str]:
        """Return the text of these lines as in the file; of other formats, the cells as JSON."""
        wanted = set(lines)
        if not wanted:
            return {}
        if self.kind == "csv":
            with self._text() as file:
                last = max(wanted)
                return {n: line.rstrip("\r\n") for n, line in _numbered(file, last) if n in wanted}
        found: dict[int, str] = {}
        for block in self._readable(self._all()):
            for place in np.flatnonzero(np.isin(block.lines, list(wanted))).tolist():
                cells = {name: values[place].as_py() for name, values in block.columns.items()}
                found[int(block.lines[place])] = json.dumps(cells, ensure_ascii=False)
        return found

    def _text(self) -> io.TextIOBase:
        encoding = "utf-8-sig" if self.encoding == "utf8" else self.encoding
        return open_text(self.path, encoding)

    def _csv(self, wanted: Sequence[str], ragged: list[Rejected]) -> Iterator[TextBlock]:
        if self.by_line:
            yield from self._line_by_line(wanted, ragged)
            return
        if not self._has_rows():
            return  # Arrow refuses it, and then leaves a thread behind that can keep the program from ending
        skipped: list[int] = []

        def refuse(row: Any) -> str:
            skipped.append(row.number)
            reason = f"{row.actual_columns} cells where the header has {row.expected_columns}"
            ragged.append(Rejected(str(self.path), row.number, reason, "ragged-row", row.text))
            return "skip"

        compression = "gzip" if self.path.name.lower().endswith(".gz") else None
        reader = pacsv.open_csv(
            pa.input_stream(str(self.path), compression=compression),
            # Without threads rows are counted; the caller reads blocks ahead.
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
            yield TextBlock(lines, dict(zip(wanted, batch.columns, strict=True)))

    def _has_rows(self) -> bool:
        with self._text() as file:
            file.readline()
            return bool(file.read(1))

    def _line_by_line(
        self, wanted: Sequence[str], ragged: list[Rejected], rows_a_block: int = BLOCK_ROWS
    ) -> Iterator[TextBlock]:
        """Let a quote that is not closed cost its own line, instead of all up to the next quote."""
        width, places = len(self.header), [self.header.index(name) for name in wanted]
        line, is_open = 2, False
        with self._text() as file:
            next(file)
            while texts := list(islice(file, rows_a_block)):
                rows: dict[int, list[str]] = {}
                for number, text in enumerate(texts, line):
                    cells, opens = cells_of(text, self.delimiter)
                    closes = is_open and text.count('"') % 2 == 1
                    is_open = opens or (is_open and not closes)
                    raw = text.rstrip("\r\n")
                    if opens or closes:
                        detail = f"a quote is {'opened' if opens else 'closed'} in this line alone"
                        ragged.append(Rejected(str(self.path), number, detail, "open-quote", raw))
                    elif len(cells) == width:
                        rows[number] = cells
                    else:
                        detail = f"{len(cells)} cells where the header has {width}"
                        ragged.append(Rejected(str(self.path), number, detail, "ragged-row", raw))
                line += len(texts)
                columns = [
                    pa.array([cells[place] for cells in rows.values()], pa.string()).dictionary_encode()
                    for place in places
                ]
                yield TextBlock(np.array(list(rows), dtype=np.int64), dict(zip(wanted, columns, strict=True)))

    def _parquet(
        self, wanted: Sequence[str], _ragged: list[Rejected], *, lenient: bool = False
    ) -> Iterator[TextBlock]:
        """Read the columns; with `lenient` one that is no text (bytes that are no UTF-8) comes blank."""
        line = 2
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=BLOCK_ROWS, columns=list(wanted)):
                yield TextBlock(
                    np.arange(line, line + batch.num_rows),
                    {name: _as_words(batch.column(name), lenient=lenient) for name in wanted},
                )
                line += batch.num_rows

    def _excel(
        self, wanted: Sequence[str], ragged: list[Rejected], *, lenient: bool = False
    ) -> Iterator[TextBlock]:
        """Read the sheet; unless `lenient` a row is ragged in which a formula has no result."""
        places = [self.header.index(name) for name in wanted]
        rows: dict[int, list[str]] = {}
        for line, row in enumerate(read_sheet(self.path, self.sheet)[1:], start=2):
            cells = [row[place] for place in places]
            reported = next(filter(None, map(no_value, wanted, cells)), None)
            if reported is None or lenient:
                rows[line] = cells
            else:
                raw = json.dumps(dict(zip(self.header, row, strict=True)), ensure_ascii=False)
                ragged.append(Rejected(str(self.path), line, reported, "formula", raw))
        columns = [
            pa.array([cells[place] for cells in rows.values()], pa.string()).dictionary_encode()
            for place in range(len(places))
        ]
        yield TextBlock(np.array(list(rows), dtype=np.int64), dict(zip(wanted, columns, strict=True)))


def _numbered(file: io.TextIOBase, last: int) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(file, start=1):
        yield number, str(line)
        if number >= last:
            return


def _with_points(block: TextBlock) -> TextBlock:
    """Return the rows with a decimal point in each cell that is a number with a comma."""
    columns = {
        name: pa.DictionaryArray.from_arrays(
            values.indices, pc.replace_substring_regex(values.dictionary, _WITH_COMMA, r"\1.\2")
        )
        for name, values in block.columns.items()
    }
    return TextBlock(block.lines, columns)


def plain_columns(schema: pa.Schema) -> tuple[list[str], dict[str, str]]:
    """Return the names of columns whose values can be read as text, and the types of the others by name."""
    names, others = [], {}
    for column in schema:
        try:
            _as_words(pa.nulls(0, column.type))
            names.append(column.name)
        except pa.ArrowNotImplementedError:
            others[column.name] = str(column.type)
    return names, others


def _as_words(values: pa.Array, *, lenient: bool = False) -> pa.DictionaryArray:
    try:
        return _words(values)
    except pa.ArrowInvalid:
        if not lenient:
            raise
        return _words(pa.array([""] * len(values), pa.string()))


def _words(values: pa.Array) -> pa.DictionaryArray:
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


def words_of(block: TextBlock, cell: Cell | None, size: int) -> tuple[Ints, list[str]]:
    """Return a mapped column as codes and the words, translated, that they stand for."""
    if cell is None or cell.column is None:
        constant = text_of_value(cell.value) if cell is not None and cell.value is not None else ""
        return np.zeros(size, dtype=np.int64), [constant]
    values = block.columns[cell.column]
    return (
        np.asarray(values.indices).astype(np.int64),
        [cell.read(word.strip()) for word in values.dictionary.to_pylist()],
    )


def together(columns: Sequence[pa.DictionaryArray], size: int) -> tuple[Ints, Ints]:
    """Return a code for each of `size` rows' combination of words, and the first row of each code.

    Rows of one match are mostly adjacent: each run is processed once.
    """
    import pandas as pd

    words = [np.asarray(column.indices) for column in columns]
    begins = np.ones(size, dtype=np.bool_)
    begins[1:] = np.logical_or.reduce([codes[1:] != codes[:-1] for codes in words])
    runs = np.flatnonzero(begins)
    combined = np.zeros(len(runs), dtype=np.int64)
    for column, codes in zip(columns, words, strict=True):
        combined = pd.factorize(combined * len(column.dictionary) + codes[runs])[0]
    first = np.zeros(int(combined.max()) + 1, dtype=np.int64)
    first[combined[::-1]] = runs[::-1]
    return np.repeat(combined, np.diff(np.append(runs, len(begins)))), first


def taken(column: pa.DictionaryArray, rows: Ints) -> list[str]:
    """Return the words of some rows."""
    words = column.dictionary.to_pylist()
    return [words[code] for code in np.asarray(column.indices)[rows].tolist()]


def without_blank(block: TextBlock) -> TextBlock:
    """Drop empty rows."""
    filled = np.zeros(len(block.lines), dtype=np.bool_)
    for values in block.columns.values():
        words = np.array([not is_blank(word) for word in values.dictionary.to_pylist()], dtype=np.bool_)
        if words.all():
            return block
        filled |= words[np.asarray(values.indices)]
    if filled.all():
        return block
    kept = pa.array(np.flatnonzero(filled))
    return TextBlock(block.lines[filled], {name: values.take(kept) for name, values in block.columns.items()})
