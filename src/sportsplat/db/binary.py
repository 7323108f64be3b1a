"""PostgreSQL's fixed-width types as NumPy sees them: how values look on the wire, and how they are turned.

What is missing has a value of its own, so that every value has the same width: NaN for numbers, `-infinity`
(which is NaT here) for moments and days.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql

Array = npt.NDArray[Any]
Columns = dict[str, Array]

_EPOCH_SHIFT_US = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01, NumPy from 1970-01-01
_EPOCH_SHIFT_DAYS = 10_957
_NAT = np.iinfo(np.int64).min


class PgType(Enum):
    """A fixed-width type: its SQL name, its number in `pg_type`, and its big-endian shape on the wire."""

    INT2 = ("smallint", 21, ">i2")
    INT4 = ("integer", 23, ">i4")
    INT8 = ("bigint", 20, ">i8")
    FLOAT8 = ("double precision", 701, ">f8")
    BOOL = ("boolean", 16, "?")
    DATE = ("date", 1082, ">i4")
    TIMESTAMPTZ = ("timestamptz", 1184, ">i8")
    FLOAT8_ARRAY = ("double precision[]", 1022, "")  # of one length in all rows: (rows, length); written only

    @property
    def sql(self) -> str:
        """The type's SQL name."""
        return self.value[0]

    @property
    def oid(self) -> int:
        """The type's number in `pg_type`."""
        return self.value[1]

    def wire(self, length: int = 0) -> np.dtype[Any]:
        """Return the big-endian dtype of one value; `length` is that of an array."""
        if self is PgType.FLOAT8_ARRAY:
            head = [(name, ">i4") for name in ("dimensions", "nulls", "oid", "length", "lower")]
            return np.dtype([*head, ("items", [("size", ">i4"), ("value", ">f8")], (length,))])
        shape: str = self.value[2]
        return np.dtype(shape)


def to_native(wire: Array, kind: PgType) -> Array:
    """Copy a column as it came into a contiguous native one.

    DATE becomes datetime64[s], TIMESTAMPTZ datetime64[us] in UTC.
    Raises ValueError for a moment that datetime64 cannot hold.
    """
    values = wire.astype(wire.dtype.newbyteorder("="))
    if kind is PgType.TIMESTAMPTZ:
        return _from_2000(values, _EPOCH_SHIFT_US).view("datetime64[us]")
    if kind is PgType.DATE:
        return _from_2000(values, _EPOCH_SHIFT_DAYS).view("datetime64[D]").astype("datetime64[s]")
    return values


def _from_2000(values: Array, shift: int) -> Array:
    limits = np.iinfo(values.dtype)
    if len(values) and int(values.max()) > min(limits.max - 1, np.iinfo(np.int64).max - shift):
        raise ValueError("a moment is infinity, or beyond the year 292277")
    shifted = values.astype(np.int64) + shift
    shifted[values == limits.min] = _NAT
    return shifted


def to_wire(values: Array, kind: PgType) -> Array:
    """Turn native values into what is to be sent, in native byte order.

    Moments and days are integers or datetime64 in microseconds or days since 1970; NaT, or the least integer,
    becomes `-infinity`. Raises ValueError for a number beyond the type's range.
    """
    if kind is PgType.TIMESTAMPTZ:
        return _to_2000(values, "datetime64[us]", _EPOCH_SHIFT_US, np.iinfo(np.int64))
    if kind is PgType.DATE:
        return _to_2000(values, "datetime64[D]", _EPOCH_SHIFT_DAYS, np.iinfo(np.int32))
    if kind in (PgType.INT2, PgType.INT4) and len(values):
        limits = np.iinfo(kind.wire())
        if int(values.min()) < limits.min or int(values.max()) > limits.max:
            raise ValueError(f"a number is beyond the range of {kind.sql}")
    return values


def _to_2000(values: Array, unit: str, shift: int, limits: np.iinfo[Any]) -> Array:
    counted = values.astype(unit).view(np.int64) if values.dtype.kind == "M" else values.astype(np.int64)
    missing = counted == _NAT
    known = counted[~missing]
    if len(known) and not limits.min + shift < int(known.min()) <= int(known.max()) < limits.max + shift:
        raise ValueError("a moment is beyond what the database can hold")
    return np.where(missing, limits.min, counted - np.where(missing, 0, shift))


_HEAD = struct.Struct(">5i")  # dimensions, whether there are NULLs, type of the elements, length, first index


def read_columns(
    conn: psycopg.Connection[Any],
    query: str | sql.Composable,
    fields: Mapping[str, PgType],
    params: Mapping[str, Any] | None = None,
) -> Columns:
    """Run `query` and return one native array for each of its columns, described in order by `fields`.

    The rows are in no order. Integers and booleans keep their width; FLOAT8 is float64; DATE becomes
    datetime64[s] (naive day) and TIMESTAMPTZ datetime64[us] (UTC), with NaT for `-infinity`. Raises
    ValueError when a column holds NULL or is of another type.
    """
    text = query.as_string(conn) if isinstance(query, sql.Composable) else query
    names = [f"c{position}" for position in range(len(fields))]
    gathered = (
        f"SELECT {', '.join(f'array_agg({name})' for name in names)} FROM ({text}) q ({', '.join(names)})"
    )
    with conn.cursor(binary=True) as cursor:
        result = cursor.execute(gathered.encode(), params).pgresult
        cells = [result.get_value(0, place) if result else None for place in range(len(fields))]
    return {name: decode(cell, kind, name) for (name, kind), cell in zip(fields.items(), cells, strict=True)}


def decode(cell: bytes | None, kind: PgType, name: str = "") -> Array:
    """Decode one binary array; None is what gathering no rows gives."""
    if cell is None:
        return to_native(np.empty(0, dtype=kind.wire()), kind)
    _, has_null, oid, length, _ = _HEAD.unpack_from(cell)
    if has_null or oid != kind.oid:
        raise ValueError(f"column {name} is {'NULL somewhere' if has_null else f'not {kind.sql}'}")
    elements = np.dtype([("size", ">i4"), ("value", kind.wire())])
    return to_native(np.frombuffer(cell, dtype=elements, offset=_HEAD.size, count=length)["value"], kind)


_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)  # no flags, and an extension of no bytes
_TRAILER = b"\xff\xff"


def write_columns(
    conn: psycopg.Connection[Any], table: sql.Identifier, columns: Columns, fields: Mapping[str, PgType]
) -> int:
    """COPY equally long arrays into the columns of `table` that bear their names; return the number of rows.

    `fields` names the columns' types; see `pgwire.to_wire` for the values. Raises ValueError on overflow.
    """
    with conn.cursor() as cursor, cursor.copy(_statement(table, columns)) as copy:
        copy.write(encode(columns, fields))
    return len(next(iter(columns.values())))


def write_rows(
    conn: psycopg.Connection[Any], table: sql.Identifier, columns: Sequence[str], rows: memoryview
) -> None:
    """COPY rows that are encoded already, each with the number of its fields before it."""
    with conn.cursor() as cursor, cursor.copy(_statement(table, columns)) as copy:
        for part in (_HEADER, rows, _TRAILER):
            copy.write(part)


def encode(columns: Columns, fields: Mapping[str, PgType]) -> bytes:
    """Write the bytes of a binary COPY of `columns`, of which there is at least one."""
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
            target[...] = to_wire(values, kind)
    return _HEADER + rows.tobytes() + _TRAILER


def _put_arrays(target: Array, values: Array) -> None:
    for name, number in (("dimensions", 1), ("nulls", 0), ("oid", PgType.FLOAT8.oid), ("lower", 1)):
        target[name] = number
    target["length"] = values.shape[1]
    target["items"]["size"] = 8
    target["items"]["value"] = values


def _statement(table: sql.Identifier, columns: Iterable[str]) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        table, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
