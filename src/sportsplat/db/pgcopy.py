"""PostgreSQL's COPY between tables and NumPy columns, in both directions, in the binary format.

One structured dtype describes a whole row on the wire, so that no value is ever handled by itself. That needs
fixed-width columns without NULL: text travels as a code, and a query says what stands for a missing value
(`NaN` for numbers, `-infinity`, which is NaT here, for moments).
Format: https://www.postgresql.org/docs/16/sql-copy.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql

Array = npt.NDArray[Any]
Columns = dict[str, Array]

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00"
_HEADER = _SIGNATURE + bytes(8)  # no flags, and an extension of no bytes
_TRAILER = b"\xff\xff"
_EPOCH_SHIFT_US = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01, NumPy from 1970-01-01
_EPOCH_SHIFT_DAYS = 10_957
_FLOAT8_OID = 701


class PgType(Enum):
    """A fixed-width type under its SQL name."""

    INT2 = "smallint"
    INT4 = "integer"
    INT8 = "bigint"
    FLOAT8 = "double precision"
    BOOL = "boolean"
    DATE = "date"
    TIMESTAMPTZ = "timestamptz"
    FLOAT8_ARRAY = "double precision[]"  # of one length in all rows: (rows, length) here; written only

    def wire(self, length: int = 0) -> np.dtype[Any]:
        """Return the big-endian dtype of one value; `length` is that of an array."""
        if self is PgType.FLOAT8_ARRAY:
            item = np.dtype([("size", ">i4"), ("value", ">f8")])
            head = [(name, ">i4") for name in ("dimensions", "nulls", "oid", "length", "lower")]
            return np.dtype([*head, ("items", item, (length,))])
        return np.dtype(_WIRE[self])


_WIRE = {
    PgType.INT2: ">i2",
    PgType.INT4: ">i4",
    PgType.INT8: ">i8",
    PgType.FLOAT8: ">f8",
    PgType.BOOL: "?",
    PgType.DATE: ">i4",
    PgType.TIMESTAMPTZ: ">i8",
}


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
        layout += [(f"size {position}", ">i4"), (f"value {name}", kind.wire())]
    rows = _rows(stream, np.dtype(layout), len(fields))
    for position, (name, kind) in enumerate(fields.items()):
        if not (rows[f"size {position}"] == kind.wire().itemsize).all():
            raise ValueError(f"column {name} is NULL somewhere, or not {kind.name}")
    return {name: _native(rows[f"value {name}"], kind) for name, kind in fields.items()}


def _rows(stream: bytes, layout: np.dtype[Any], fields: int) -> Array:
    body = len(stream) - len(_HEADER) - len(_TRAILER)
    if body % layout.itemsize:
        raise ValueError(f"rows are not {layout.itemsize} bytes wide: a NULL, or a column of another type")
    rows = np.frombuffer(stream, dtype=layout, offset=len(_HEADER), count=body // layout.itemsize)
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
    conn: psycopg.Connection[Any], table: sql.Identifier, columns: Columns, fields: Mapping[str, PgType]
) -> int:
    """COPY equally long arrays into the columns of `table` that bear their names; return the number of rows.

    Moments and days are integers or datetime64 in microseconds or days since 1970; NaT, or the least integer,
    is written as `-infinity`.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        table, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(encode(columns, fields))
    return len(next(iter(columns.values())))


def encode(columns: Columns, fields: Mapping[str, PgType]) -> bytes:
    """Write the bytes of a binary COPY of columns, whose types `fields` names. Raises ValueError on overflow."""
    kinds = [(fields[name], values) for name, values in columns.items()]
    layout: list[tuple[str, Any]] = [("fields", ">i2")]
    for position, (kind, values) in enumerate(kinds):
        length = values.shape[1] if values.ndim == 2 else 0
        layout += [(f"size {position}", ">i4"), (f"value {position}", kind.wire(length))]
    rows = np.empty(len(kinds[0][1]), dtype=layout)
    rows["fields"] = len(kinds)
    for position, (kind, values) in enumerate(kinds):
        target = rows[f"value {position}"]
        rows[f"size {position}"] = target.dtype.itemsize
        if kind is PgType.FLOAT8_ARRAY:
            _put_arrays(target, values)
        else:
            target[...] = _to_wire(values, kind)
    return _HEADER + rows.tobytes() + _TRAILER


def _put_arrays(target: Array, values: Array) -> None:
    for name, number in (("dimensions", 1), ("nulls", 0), ("oid", _FLOAT8_OID), ("lower", 1)):
        target[name] = number
    target["length"] = values.shape[1]
    target["items"]["size"] = 8
    target["items"]["value"] = values


def _to_wire(values: Array, kind: PgType) -> Array:
    if kind is PgType.TIMESTAMPTZ:
        return _shifted(values, "datetime64[us]", _EPOCH_SHIFT_US, np.iinfo(np.int64))
    if kind is PgType.DATE:
        return _shifted(values, "datetime64[D]", _EPOCH_SHIFT_DAYS, np.iinfo(np.int32))
    if kind in (PgType.INT2, PgType.INT4) and len(values):
        limits = np.iinfo(kind.wire())
        if values.min() < limits.min or values.max() > limits.max:
            raise ValueError(f"a number is beyond the range of {kind.value}")
    return values


def _shifted(values: Array, unit: str, shift: int, limits: np.iinfo[Any]) -> Array:
    counts = values.astype(unit).view(np.int64) if values.dtype.kind == "M" else values.astype(np.int64)
    missing = counts == np.iinfo(np.int64).min
    counts = np.where(missing, 0, counts) - shift
    if (counts <= limits.min).any() or (counts >= limits.max).any():
        raise ValueError("a moment is beyond what the database can hold")
    counts[missing] = limits.min
    return counts
