"""Temporary tables on the way in: columns go to a staging table by COPY, one statement takes them from there.

A staging table is seen by its session alone and is never logged. It holds numbers only: text is a code, a
position from 1 in an array that goes with the statement; what is missing is NaN, `-infinity` or -1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import psycopg
from psycopg import sql

from sportsplat.db.binary import Array, Columns, PgType, write_columns
from sportsplat.db.write.import_run import Staged

if TYPE_CHECKING:
    from sportsplat.db.write.import_run import ImportRun
    from sportsplat.domain import MatchRecord


Value = TypeVar("Value")
_MOMENT_0 = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_0 = date(1970, 1, 1).toordinal()


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

    Without figures about a staging table, or about rows that this very transaction wrote, it would join row
    by row; exact figures cost more than the join.
    """
    for setting in (
        "default_statistics_target = 10",
        "enable_mergejoin = off",
        "enable_nestloop = off",
        "work_mem = '64MB'",
    ):
        conn.execute(f"SET LOCAL {setting}".encode())


def fill(conn: psycopg.Connection[Any], stage: Stage, values: Columns) -> int:
    """Replace what the staging table holds by equally long columns; return the number of rows.

    It is gone when the transaction ends: the next one may be another client's, behind a pooler.
    """
    table = sql.Identifier("pg_temp", stage.name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind.sql))
        for name, kind in stage.columns.items()
    )
    create = "CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DROP"
    conn.execute(sql.SQL(create).format(sql.Identifier(stage.name), columns))
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
    places, distinct = _factorised(values)
    return places + 1, [str(value) for value in distinct]


def moments(values: Sequence[datetime | None]) -> Array:
    """Return aware datetimes as microseconds since 1970 UTC, the least integer for None."""
    places, distinct = _factorised(values)
    return np.array([_microseconds(value) for value in distinct], dtype=np.int64)[places]


def days(values: Sequence[date]) -> Array:
    """Return days since 1970."""
    places, distinct = _factorised(values)
    return np.array([value.toordinal() - _DAY_0 for value in distinct], dtype=np.int64)[places]


def numbers(values: Sequence[float | None]) -> Array:
    """Return float64, NaN for None."""
    return np.array(values, dtype=np.float64)


def counts(values: Sequence[int | None]) -> Array:
    """Return int64, -1 for None; a count is below 2**53."""
    return np.nan_to_num(np.array(values, dtype=np.float64), nan=-1).astype(np.int64)


def _factorised(values: Sequence[Value]) -> tuple[Array, list[Value]]:
    """Return each value's place among the distinct ones, and these: files repeat moments and names a lot."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(places.__getitem__, values), dtype=np.int64, count=len(values)), list(places)


def _microseconds(moment: datetime | None) -> int:
    return int(np.iinfo(np.int64).min) if moment is None else (moment - _MOMENT_0) // _MICROSECOND


_STAGE = Stage(
    "staged_matches",
    {
        "position": PgType.INT4,
        "season": PgType.INT4,
        "match_date": PgType.DATE,
        "kickoff_utc": PgType.TIMESTAMPTZ,
        "precision": PgType.INT4,
        "home_id": PgType.INT8,
        "away_id": PgType.INT8,
        "number": PgType.INT2,
        "neutral": PgType.BOOL,
        "stage": PgType.INT4,
        "status": PgType.INT4,
        "home_score": PgType.INT4,
        "away_score": PgType.INT4,
        "known_at": PgType.TIMESTAMPTZ,
        "new_id": PgType.INT8,
    },
    joined_on=("position", "match_date", "home_id", "away_id"),
)

PLAIN = """
SELECT position, season, match_date, kickoff_utc, home_id, away_id, number, neutral,
       (%(precision)s::text[])[precision] AS precision, (%(stage)s::text[])[stage] AS stage,
       (%(status)s::text[])[status] AS status, nullif(home_score, -1) AS home_score,
       nullif(away_score, -1) AS away_score, nullif(known_at, '-infinity') AS known_at, new_id
  FROM staged_matches
"""
"""The staged rows with words for codes and NULL for what is missing."""


def stage_matches(
    run: ImportRun, records: Sequence[MatchRecord], teams: Mapping[str, int], reserved: Array | None = None
) -> ImportRun:
    """Fill `staged_matches`; return the run with what statements on it need.

    reserved: the id that each match is to have if it is new (None: the next one).
    """
    values = dict(zip(records[0]._fields, zip(*records, strict=True), strict=True))
    coded = {name: codes(values[name]) for name in ("precision", "stage", "status")}
    columns: Columns = {
        "position": np.arange(len(records)),
        "season": counts(values["season"]),
        "match_date": days(values["match_date"]),
        "kickoff_utc": moments(values["kickoff_utc"]),
        "home_id": counts([teams[name] for name in values["home"]]),
        "away_id": counts([teams[name] for name in values["away"]]),
        "number": counts(values["number"]),
        "neutral": np.array(values["neutral"], dtype=np.bool_),
        "home_score": counts(values["home_score"]),
        "away_score": counts(values["away_score"]),
        "known_at": moments(values["known_at"]),
        "new_id": np.zeros(len(records), dtype=np.int64) if reserved is None else reserved,
        **{name: positions for name, (positions, _) in coded.items()},
    }
    fill(run.conn, _STAGE, columns)
    dates = values["match_date"]
    words = {name: texts for name, (_, texts) in coded.items()}
    return replace(run, staged=Staged(words, min(dates), max(dates), reserved is not None))
