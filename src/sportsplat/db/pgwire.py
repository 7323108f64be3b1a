"""PostgreSQL's fixed-width types as NumPy sees them: how values look on the wire, and how they are turned.

What is missing has a value of its own, so that every value has the same width: NaN for numbers, `-infinity`
(which is NaT here) for moments and days.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

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
