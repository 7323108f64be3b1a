"""The hash of a table: blind to the order and the way in which rows came, and to nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sportsplat.db.connection import Connection
from sportsplat.db.copy.content import TableContent, behind, content, difference, next_values
from tests.backups import fill, held
from tests.conftest import Database

COLUMNS = "flag boolean, big bigint, real double precision, note text, day date, at timestamptz, doc jsonb"
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
ROW = st.tuples(
    st.none() | st.booleans(),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats().map(lambda number: number + 0.0),  # to PostgreSQL, -0 equals 0
    st.none() | TEXTS | st.sampled_from(["", ",", '"', "\\", "(", ")", "\t", "\n", "NULL", "\\N"]),
    st.none() | st.dates(),
    st.none() | st.datetimes(timezones=st.timezones()),
    st.none()
    | st.builds(psycopg.types.json.Jsonb, st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=3)),
)
ROWS = st.lists(ROW, min_size=1, max_size=12)
Rows = list[tuple[Any, ...]]


@pytest.fixture
def sheet(empty_database: Database) -> Iterator[Connection]:
    """A connection to a database with one empty table of many types."""
    with empty_database.connect(autocommit=True) as conn:
        conn.execute(f"CREATE TABLE sheet ({COLUMNS})".encode())
        yield conn


def hash_of(conn: Connection, *batches: Rows) -> TableContent:
    """Return the content of the table when these batches are all that is in it."""
    conn.execute("TRUNCATE sheet")
    for batch in batches:
        places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(batch))
        if batch:
            conn.execute(
                f"INSERT INTO sheet VALUES {places}".encode(), [cell for row in batch for cell in row]
            )
    return content(conn)["sheet"]


PROPERTY = settings(max_examples=60, suppress_health_check=list(HealthCheck))


@PROPERTY
@given(rows=ROWS, data=st.data())
def test_any_order_and_any_batches_give_one_hash(sheet: Connection, rows: Rows, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    assert hash_of(sheet, rows) == hash_of(sheet, shuffled[:cut], shuffled[cut:])


@PROPERTY
@given(rows=ROWS, other=ROW, data=st.data())
def test_any_changed_value_gives_another(
    sheet: Connection, rows: Rows, other: tuple[Any, ...], data: st.DataObject
) -> None:
    before = hash_of(sheet, rows)
    place, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, len(other) - 1))
    changed = [list(row) for row in rows]
    changed[place][column] = other[column]
    kept = [tuple(row) for row in changed]
    sheet.execute("CREATE TEMPORARY TABLE was AS TABLE sheet")
    after = hash_of(sheet, kept)
    same = sheet.execute(
        "SELECT NOT EXISTS ((TABLE sheet EXCEPT ALL TABLE was) UNION ALL (TABLE was EXCEPT ALL TABLE sheet))"
    )
    assert (before == after) == (same.fetchone() == (True,))
    sheet.execute("DROP TABLE was")


@PROPERTY
@given(rows=ROWS)
def test_a_repeated_row_counts(sheet: Connection, rows: Rows) -> None:
    """A sum, unlike an exclusive or, does not cancel twins."""
    once, thrice = hash_of(sheet, rows), hash_of(sheet, rows, rows, rows)
    assert (once.rows, thrice.rows) == (len(rows), 3 * len(rows))
    assert once.hash != thrice.hash


def test_a_value_that_moves_to_another_column_or_row_gives_another(sheet: Connection) -> None:
    def row(big: int | None, note: str | None) -> tuple[Any, ...]:
        return (None, big, None, note, None, None, None)

    seen = [
        hash_of(sheet, [row(1, "a"), row(2, "b")]),
        hash_of(sheet, [row(1, "b"), row(2, "a")]),
        hash_of(sheet, [row(1, None), row(2, "b")]),
        hash_of(sheet, [row(1, ""), row(2, "b")]),
        hash_of(sheet, [row(None, "1"), row(2, "b")]),
    ]
    assert len({found.hash for found in seen}) == len(seen)


def test_neither_the_session_nor_the_order_of_columns_matters(database: Database) -> None:
    with database.connect() as conn:
        fill(conn, 40)
    expected, _ = held(database.endpoint)
    with database.connect(autocommit=True) as conn:
        for setting in (
            "DateStyle TO 'SQL, DMY'",
            "TimeZone TO 'Asia/Kathmandu'",
            "IntervalStyle TO 'sql_standard'",
            "extra_float_digits TO 0",
            "bytea_output TO 'escape'",
            "search_path TO pg_catalog",
        ):
            conn.execute(f"SET {setting}".encode())
        assert content(conn) == expected
        assert conn.execute("SHOW TimeZone").fetchone() == ("Asia/Kathmandu",)
        mirrored = (
            "SELECT recorded_at, known_at, stats, is_home, source, run_id, team_id, match_id"
            " FROM public.team_match_stats"
        )
        conn.execute(f"CREATE TABLE public.mirrored AS {mirrored}".encode())
        assert content(conn)["mirrored"] == expected["team_match_stats"]


def test_the_sequences_are_told_by_what_they_give_next(database: Database) -> None:
    with database.connect() as conn:
        assert next_values(conn)["teams_id_seq"] == 1
        conn.execute("INSERT INTO leagues VALUES ('x', 'X', 'soccer', '{home,away}', 'UTC')")
        conn.execute("INSERT INTO teams (league, name) VALUES ('x', 'A'), ('x', 'B')")
        assert next_values(conn)["teams_id_seq"] == 3


def test_differences_are_said_by_name_and_number() -> None:
    wanted = {"a": TableContent(1, "0"), "b": TableContent(2000, "0"), "c": TableContent(3, "0")}
    found = {"b": TableContent(1999, "1"), "c": TableContent(3, "1"), "d": TableContent(0, "0")}
    assert difference(wanted, wanted) == []
    assert difference(wanted, found) == [
        "a is missing",
        "b has 1,999 rows instead of 2,000",
        "c has 3 rows with other values",
        "d is not expected",
    ]


def test_a_sequence_may_be_ahead_and_never_behind() -> None:
    assert behind({"s": 5}, {"s": 5, "t": 1}) == []
    assert behind({"s": 5}, {"s": 9}) == []
    assert behind({"s": 5}, {"s": 4}) == ["sequence s goes on at 4 instead of 5"]
    assert behind({"s": 5}, {}) == ["sequence s goes on at nothing instead of 5"]
