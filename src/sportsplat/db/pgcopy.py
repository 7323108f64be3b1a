"""NumPy columns into a table by binary COPY: one structured dtype describes a whole row.

Format: https://www.postgresql.org/docs/16/sql-copy.html, "Binary Format".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from sportsplat.db.pgwire import Array, Columns, PgType, to_wire

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
