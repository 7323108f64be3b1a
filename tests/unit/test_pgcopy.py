"""The bytes that go to PostgreSQL and those that come from it, against bytes put together by hand."""

from __future__ import annotations

import struct
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportsplat.db.binary import PgType, decode, encode

HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
PACKED = {
    PgType.INT2: ("h", np.int16),
    PgType.INT4: ("i", np.int32),
    PgType.INT8: ("q", np.int64),
    PgType.FLOAT8: ("d", np.float64),
    PgType.BOOL: ("?", np.bool_),
    PgType.DATE: ("i", np.int64),
    PgType.TIMESTAMPTZ: ("q", np.int64),
}
VALUES: dict[PgType, st.SearchStrategy[Any]] = {
    PgType.INT2: st.integers(-(2**15), 2**15 - 1),
    PgType.INT4: st.integers(-(2**31), 2**31 - 1),
    PgType.INT8: st.integers(-(2**63), 2**63 - 1),
    PgType.FLOAT8: st.floats(allow_nan=False),
    PgType.BOOL: st.booleans(),
}
MOMENTS = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))


def tuples(*rows: list[tuple[PgType, Any]]) -> bytes:
    """Put a COPY stream together with struct, one field after the other."""
    out = HEADER
    for row in rows:
        out += struct.pack(">h", len(row))
        for kind, value in row:
            body = struct.pack(">" + PACKED[kind][0], value)
            out += struct.pack(">i", len(body)) + body
    return out + TRAILER


def array(kind: PgType, values: list[Any], *, oid: int | None = None) -> bytes:
    """Put a binary array together with struct; None is NULL."""
    out = struct.pack(">5i", 1, int(None in values), oid or kind.oid, len(values), 1)
    for value in values:
        body = b"" if value is None else struct.pack(">" + PACKED[kind][0], value)
        out += struct.pack(">i", -1 if value is None else len(body)) + body
    return out


@given(
    st.sampled_from(list(VALUES)).flatmap(lambda k: st.tuples(st.just(k), st.lists(VALUES[k], min_size=1)))
)
def test_an_array_of_numbers_comes_back_as_it_was_packed(case: tuple[PgType, list[Any]]) -> None:
    kind, values = case
    decoded = decode(array(kind, values), kind)
    assert decoded.tolist() == values
    assert decoded.dtype == PACKED[kind][1]


@given(
    st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=6).flatmap(
        lambda kinds: st.tuples(
            st.just(kinds), st.lists(st.tuples(*(VALUES[k] for k in kinds)), min_size=1, max_size=5)
        )
    )
)
def test_rows_are_encoded_as_struct_packs_them(case: tuple[list[PgType], list[tuple[Any, ...]]]) -> None:
    kinds, rows = case
    fields = {f"c{i}": kind for i, kind in enumerate(kinds)}
    columns: dict[str, Any] = {
        f"c{i}": np.array([row[i] for row in rows], PACKED[kind][1]) for i, kind in enumerate(kinds)
    }
    assert encode(columns, fields) == tuples(*(list(zip(kinds, row, strict=True)) for row in rows))


@given(MOMENTS)
def test_moments_are_counted_from_the_year_2000(moment: datetime) -> None:
    micros = (moment - datetime(2000, 1, 1)) // datetime.resolution
    days = (moment.date() - date(2000, 1, 1)).days
    at = decode(array(PgType.TIMESTAMPTZ, [micros]), PgType.TIMESTAMPTZ)
    day = decode(array(PgType.DATE, [days]), PgType.DATE)
    assert at[0] == np.datetime64(moment, "us")
    assert day[0] == np.datetime64(moment.date(), "s")
    assert encode({"at": at, "day": day}, {"at": PgType.TIMESTAMPTZ, "day": PgType.DATE}) == tuples(
        [(PgType.TIMESTAMPTZ, micros), (PgType.DATE, days)]
    )


@pytest.mark.parametrize(("kind", "least"), [(PgType.TIMESTAMPTZ, -(2**63)), (PgType.DATE, -(2**31))])
def test_minus_infinity_is_nat_both_ways(kind: PgType, least: int) -> None:
    decoded = decode(array(kind, [least]), kind)
    assert np.isnat(decoded).all()
    assert encode({"at": decoded}, {"at": kind}) == tuples([(kind, least)])


@pytest.mark.parametrize("micros", [2**63 - 1, 2**63 - 946_684_799_999_999])
def test_a_moment_that_numpy_cannot_hold_is_refused(micros: int) -> None:
    with pytest.raises(ValueError, match="infinity, or beyond"):
        decode(array(PgType.TIMESTAMPTZ, [micros]), PgType.TIMESTAMPTZ)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (PgType.INT2, 2**15),
        (PgType.INT4, -(2**31) - 1),
        (PgType.DATE, 2**40),
        (PgType.TIMESTAMPTZ, -(2**63) + 1),
    ],
)
def test_what_the_type_cannot_hold_is_refused(kind: PgType, value: int) -> None:
    with pytest.raises(ValueError, match="beyond"):
        encode({"n": np.array([value])}, {"n": kind})


def test_no_rows_are_an_empty_column_of_the_right_type() -> None:
    assert decode(None, PgType.INT8).dtype == np.int64
    assert decode(None, PgType.TIMESTAMPTZ).dtype == np.dtype("datetime64[us]")
    assert len(decode(None, PgType.DATE)) == 0


def test_a_null_is_refused_and_never_read_as_a_number() -> None:
    with pytest.raises(ValueError, match="column home_score is NULL somewhere"):
        decode(array(PgType.INT4, [1, None, 3]), PgType.INT4, "home_score")


def test_another_type_of_the_same_width_is_refused() -> None:
    with pytest.raises(ValueError, match="not bigint"):
        decode(array(PgType.FLOAT8, [1.0]), PgType.INT8)


def test_an_array_in_a_column_is_written_with_its_own_head() -> None:
    shares = np.array([[0.25, 0.75], [0.5, 0.5]])
    body = struct.pack(">5i", 1, 0, 701, 2, 1) + struct.pack(">idid", 8, 0.25, 8, 0.75)
    second = struct.pack(">5i", 1, 0, 701, 2, 1) + struct.pack(">idid", 8, 0.5, 8, 0.5)
    rows = b"".join(struct.pack(">hi", 1, len(row)) + row for row in (body, second))
    assert encode({"p": shares}, {"p": PgType.FLOAT8_ARRAY}) == HEADER + rows + TRAILER
