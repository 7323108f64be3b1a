"""Query results as NumPy columns: the server gathers each column into one array, which arrives in one piece.

COPY sends a message for every row, and the client pays for each of them; an array of a hundred thousand
values is one message. Its binary form is a head of 20 bytes, then size and value of each element: one
structured dtype. The server can send arrays of up to a gigabyte, 89 million moments.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from sportsplat.db.pgwire import Array, Columns, PgType, to_native

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
