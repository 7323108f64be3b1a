"""Temporary tables on the way in: columns go to a staging table by COPY, one statement takes them from there.

A staging table is seen by its session alone and is never logged. It holds numbers only: text is a code, a
position from 1 in an array that goes with the statement; what is missing is NaN, `-infinity` or -1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from sportsplat.db.pgcopy import write_columns
from sportsplat.db.pgwire import Array, Columns, PgType


class Tally(NamedTuple):
    """What became of the rows of one table: written anew, changed in place, or found as they are."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return the sum, field by field."""
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))


class Stage(NamedTuple):
    """A staging table: its columns, and those that statements join on."""

    name: str
    columns: Mapping[str, PgType]
    joined_on: tuple[str, ...]


def tune(conn: psycopg.Connection[Any]) -> None:
    """Fit the planner to staging, until this transaction ends: small samples, hashing rather than sorting.

    Without figures about a staging table it would join row by row; exact figures cost more than the join.
    """
    for setting in ("default_statistics_target = 10", "enable_mergejoin = off", "work_mem = '64MB'"):
        conn.execute(f"SET LOCAL {setting}".encode())


def fill(conn: psycopg.Connection[Any], stage: Stage, values: Columns) -> int:
    """Replace what the staging table holds by equally long columns; return the number of rows."""
    table = sql.Identifier("pg_temp", stage.name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind.sql))
        for name, kind in stage.columns.items()
    )
    conn.execute(
        sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({})").format(sql.Identifier(stage.name), columns)
    )
    conn.execute(sql.SQL("TRUNCATE {}").format(table))
    rows = write_columns(conn, table, values, stage.columns)
    joined = sql.SQL(", ").join(map(sql.Identifier, stage.joined_on))
    conn.execute(sql.SQL("ANALYZE {} ({})").format(table, joined))
    return rows


def take(conn: psycopg.Connection[Any], statement: str, params: Mapping[str, Any], staged: int) -> Tally:
    """Run an upsert that returns, in one row, how many rows it inserted and how many it changed."""
    row = conn.execute(statement.encode(), params, prepare=False).fetchone()  # a plan fits one file only
    inserted, updated = row if row is not None else (0, 0)
    return Tally(inserted, updated, staged - inserted - updated)


def codes(values: Sequence[str]) -> tuple[Array, list[str]]:
    """Return the position (from 1) of each value in a list of the distinct ones, and that list."""
    import pyarrow as pa

    encoded = pa.array(values, pa.string()).dictionary_encode()
    return encoded.indices.to_numpy() + 1, encoded.dictionary.to_pylist()


def moments(values: Sequence[datetime | None]) -> Array:
    """Return aware datetimes as microseconds since 1970 UTC, the least integer for None."""
    import pyarrow as pa

    return _filled(pa.array(values, pa.timestamp("us", "UTC")).view(pa.int64()), np.iinfo(np.int64).min)


def days(values: Sequence[date]) -> Array:
    """Return days since 1970."""
    import pyarrow as pa

    return _filled(pa.array(values, pa.date32()).view(pa.int32()), 0)


def numbers(values: Sequence[float | None]) -> Array:
    """Return float64, NaN for None."""
    import pyarrow as pa

    return _filled(pa.array(values, pa.float64()), np.nan)


def counts(values: Sequence[int | None]) -> Array:
    """Return int64, -1 for None."""
    import pyarrow as pa

    return _filled(pa.array(values, pa.int64()), -1)


def _filled(values: Any, missing: float) -> Array:
    filled: Array = values.fill_null(missing).to_numpy(zero_copy_only=False)
    return filled
