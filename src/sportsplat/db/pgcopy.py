"""PostgreSQL's COPY between tables and columns of numbers, in both directions.

Out: the binary format, decoded by one NumPy structured dtype. That needs fixed-width columns without NULL,
so a query says what stands for NULL: `NaN` for numbers, `-infinity` (which becomes NaT) for moments.
In: CSV written by Arrow, column by column. It quotes strings, so that an empty string and NULL stay apart.
Format: https://www.postgresql.org/docs/16/sql-copy.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql

if TYPE_CHECKING:
    import pyarrow as pa

Array = npt.NDArray[Any]
Columns = dict[str, Array]

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00"
_HEADER_BYTES = len(_SIGNATURE) + 8  # flags and the length of an extension, four bytes each
_TRAILER = b"\xff\xff"
_EPOCH_SHIFT_US = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01, NumPy from 1970-01-01
_EPOCH_SHIFT_DAYS = 10_957


class PgType(Enum):
    """A fixed-width type and its big-endian shape on the wire."""

    INT2 = ">i2"
    INT4 = ">i4"
    INT8 = ">i8"
    FLOAT8 = ">f8"
    BOOL = "?"
    DATE = "date"
    TIMESTAMPTZ = "timestamptz"

    @property
    def wire(self) -> np.dtype[Any]:
        """The dtype of the bytes as they are sent."""
        return np.dtype({"date": ">i4", "timestamptz": ">i8"}.get(self.value, self.value))


def read_columns(
    conn: psycopg.Connection[Any],
    query: str | sql.Composable,
    fields: Mapping[str, PgType],
    params: Sequence[Any] | Mapping[str, Any] | None = None,
) -> Columns:
    """Run `query` through a binary COPY and return one native array per field, in the query's column order.

    Integers and booleans keep their width; FLOAT8 is float64; DATE becomes datetime64[s] (naive day) and
    TIMESTAMPTZ datetime64[us] (UTC), with NaT for `-infinity`. Raises ValueError when a NULL or another width
    was sent.
    """
    text = query.as_string(conn) if isinstance(query, sql.Composable) else query
    with conn.cursor() as cursor, cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT binary)", params) as copy:
        stream = b"".join(copy)
    return decode(stream, fields)


def decode(stream: bytes, fields: Mapping[str, PgType]) -> Columns:
    """Decode the bytes of a binary COPY whose columns are `fields`, none of them NULL."""
    if not stream.startswith(_SIGNATURE) or not stream.endswith(_TRAILER):
        raise ValueError("these bytes are not a whole binary COPY stream")
    layout: list[tuple[str, Any]] = [("fields", ">i2")]
    for position, (name, kind) in enumerate(fields.items()):
        layout += [(f"size {position}", ">i4"), (f"value {name}", kind.wire)]
    rows = _rows(stream, np.dtype(layout), len(fields))
    for position, (name, kind) in enumerate(fields.items()):
        if not (rows[f"size {position}"] == kind.wire.itemsize).all():
            raise ValueError(f"column {name} is NULL somewhere, or not {kind.name}")
    return {name: _native(rows[f"value {name}"], kind) for name, kind in fields.items()}


def _rows(stream: bytes, layout: np.dtype[Any], fields: int) -> Array:
    body = len(stream) - _HEADER_BYTES - len(_TRAILER)
    if body % layout.itemsize:
        raise ValueError(f"rows are not {layout.itemsize} bytes wide: a NULL, or a column of another type")
    rows = np.frombuffer(stream, dtype=layout, offset=_HEADER_BYTES, count=body // layout.itemsize)
    if not (rows["fields"] == fields).all():
        raise ValueError(f"rows do not have {fields} columns each")
    return rows


def _native(wire: Array, kind: PgType) -> Array:
    """Copy one strided big-endian column into a contiguous native one."""
    values = wire.astype(wire.dtype.newbyteorder("="))
    if kind is PgType.TIMESTAMPTZ:
        return _moments(values, _EPOCH_SHIFT_US, "datetime64[us]")
    if kind is PgType.DATE:
        days = _moments(values, _EPOCH_SHIFT_DAYS, "datetime64[D]")
        return days.astype("datetime64[s]")
    return values


def _moments(values: Array, shift: int, dtype: str) -> Array:
    limits = np.iinfo(values.dtype)
    missing = values == limits.min
    if (values > np.iinfo(np.int64).max - shift).any() or (values == limits.max).any():
        raise ValueError("a moment is infinity or beyond the year 292277")
    shifted = values.astype(np.int64) + shift
    shifted[missing] = np.iinfo(np.int64).min
    return shifted.view(dtype)


def write_columns(
    conn: psycopg.Connection[Any], table: sql.Identifier, columns: Mapping[str, pa.Array]
) -> int:
    """COPY equally long Arrow columns into the columns of `table` that bear their names; return the count."""
    import pyarrow as pa

    frame = pa.table(dict(columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        table, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(to_csv(frame))
    return int(frame.num_rows)


def to_csv(frame: pa.Table) -> pa.Buffer:
    """Write `frame` as CSV without a header: strings quoted, NULL an empty field."""
    import pyarrow as pa
    from pyarrow import csv

    sink = pa.BufferOutputStream()
    csv.write_csv(frame, sink, csv.WriteOptions(include_header=False, quoting_style="needed"))
    return sink.getvalue()
