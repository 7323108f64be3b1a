"""Temporary tables on the way in: columns go to a staging table by COPY, one statement takes them from there.

A staging table lives as long as its session and is emptied at the end of each transaction, so nothing of it
is ever logged, backed up or seen by another session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg import sql

from sportsplat.db.pgcopy import write_columns

if TYPE_CHECKING:
    import pyarrow as pa


class Tally(NamedTuple):
    """What became of the rows of one table: written anew, changed in place, or found as they are."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return the sum, field by field."""
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))


class Stage(NamedTuple):
    """A staging table: its columns with their SQL types, in order, and which of them identify a row."""

    name: str
    columns: Mapping[str, str]


def fill(conn: psycopg.Connection[Any], stage: Stage, values: Mapping[str, Sequence[Any] | pa.Array]) -> int:
    """Replace what the staging table holds by equally long columns; return the number of rows.

    The planner is told about them (`ANALYZE`), since without figures it would join row by row.
    """
    table = sql.Identifier("pg_temp", stage.name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in stage.columns.items()
    )
    create = sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS")
    conn.execute(create.format(sql.Identifier(stage.name), columns))
    conn.execute(sql.SQL("TRUNCATE {}").format(table))
    rows = write_columns(conn, table, {name: to_arrow(values[name], stage.columns[name]) for name in values})
    conn.execute(sql.SQL("ANALYZE {}").format(table))
    return rows


def to_arrow(values: Sequence[Any] | pa.Array, kind: str) -> pa.Array:
    """Make an Arrow array for a column of SQL type `kind`; aware datetimes are converted to UTC.

    Raises TypeError or ArrowInvalid for a value that the type cannot hold.
    """
    import pyarrow as pa

    if isinstance(values, pa.Array):
        return values
    types = {
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "double precision": pa.float64(),
        "boolean": pa.bool_(),
        "text": pa.string(),
        "jsonb": pa.string(),
        "date": pa.date32(),
        "timestamptz": pa.timestamp("us", "UTC"),
    }
    return pa.array(values, types[kind])


def take(conn: psycopg.Connection[Any], statement: str, params: Mapping[str, Any], staged: int) -> Tally:
    """Run an upsert that returns, in one row, how many rows it inserted and how many it changed."""
    row = conn.execute(statement.encode(), params).fetchone()
    inserted, updated = row if row is not None else (0, 0)
    return Tally(inserted, updated, staged - inserted - updated)
