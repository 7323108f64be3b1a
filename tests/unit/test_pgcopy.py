"""The two byte formats of COPY, against bytes put together by hand."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportsplat.db.pgcopy import PgType, decode, to_csv

HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
STRUCT_CODE = {
    PgType.INT2: "h",
    PgType.INT4: "i",
    PgType.INT8: "q",
    PgType.FLOAT8: "d",
    PgType.BOOL: "?",
    PgType.DATE: "i",
    PgType.TIMESTAMPTZ: "q",
}
VALUES = {
    PgType.INT2: st.integers(-(2**15), 2**15 - 1),
    PgType.INT4: st.integers(-(2**31), 2**31 - 1),
    PgType.INT8: st.integers(-(2**63), 2**63 - 1),
    PgType.FLOAT8: st.floats(allow_nan=False),
    PgType.BOOL: st.booleans(),
}


def stream(rows: list[list[tuple[PgType, object]]]) -> bytes:
    """Put a COPY stream together with struct, one field after the other."""
    out = HEADER
    for row in rows:
        out += struct.pack(">h", len(row))
        for kind, value in row:
            body = b"" if value is None else struct.pack(">" + STRUCT_CODE[kind], value)
            out += struct.pack(">i", -1 if value is None else len(body)) + body
    return out + TRAILER


@given(
    st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=6).flatmap(
        lambda kinds: st.tuples(st.just(kinds), st.lists(st.tuples(*(VALUES[k] for k in kinds)), max_size=5))
    )
)
def test_numbers_come_back_as_they_were_packed(case: tuple[list[PgType], list[tuple[object, ...]]]) -> None:
    kinds, rows = case
    fields = {f"c{i}": kind for i, kind in enumerate(kinds)}
    columns = decode(stream([list(zip(kinds, row, strict=True)) for row in rows]), fields)
    for i, kind in enumerate(kinds):
        assert columns[f"c{i}"].tolist() == [row[i] for row in rows]
        assert columns[f"c{i}"].dtype == np.dtype(kind.wire).newbyteorder("=")


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))
def test_moments_are_counted_from_the_year_2000(moment: datetime) -> None:
    micros = (moment - datetime(2000, 1, 1)) // (datetime.resolution)
    days = (moment.date() - date(2000, 1, 1)).days
    fields = {"at": PgType.TIMESTAMPTZ, "day": PgType.DATE}
    columns = decode(stream([[(PgType.TIMESTAMPTZ, micros), (PgType.DATE, days)]]), fields)
    assert columns["at"][0] == np.datetime64(moment, "us")
    assert columns["day"][0] == np.datetime64(moment.date(), "s")


def test_minus_infinity_becomes_nat() -> None:
    fields = {"at": PgType.TIMESTAMPTZ, "day": PgType.DATE}
    columns = decode(stream([[(PgType.TIMESTAMPTZ, -(2**63)), (PgType.DATE, -(2**31))]]), fields)
    assert np.isnat(columns["at"]).all()
    assert np.isnat(columns["day"]).all()


@pytest.mark.parametrize("micros", [2**63 - 1, 2**63 - 1 - 946_684_799_999_999])
def test_a_moment_that_numpy_cannot_hold_is_refused(micros: int) -> None:
    with pytest.raises(ValueError, match="infinity or beyond"):
        decode(stream([[(PgType.TIMESTAMPTZ, micros)]]), {"at": PgType.TIMESTAMPTZ})


def test_an_empty_result_has_empty_columns_of_the_right_type() -> None:
    columns = decode(HEADER + TRAILER, {"id": PgType.INT8, "at": PgType.TIMESTAMPTZ})
    assert columns["id"].dtype == np.int64
    assert columns["at"].dtype == np.dtype("datetime64[us]")
    assert len(columns["at"]) == 0


def test_a_null_is_refused_and_never_read_as_a_number() -> None:
    with pytest.raises(ValueError, match="NULL"):
        decode(stream([[(PgType.INT4, None)]]), {"n": PgType.INT4})
    two_nulls_as_wide_as_a_row = stream([[(PgType.INT4, 7), (PgType.INT4, None), (PgType.INT8, 8)]])
    with pytest.raises(ValueError):
        decode(two_nulls_as_wide_as_a_row, {"a": PgType.INT4, "b": PgType.INT8, "c": PgType.INT4})


@pytest.mark.parametrize("broken", [b"", HEADER, TRAILER, HEADER[1:] + TRAILER])
def test_half_a_stream_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="whole binary COPY"):
        decode(broken, {"n": PgType.INT4})


def test_a_wrong_number_of_columns_is_refused() -> None:
    body = stream([[(PgType.INT2, 1), (PgType.INT2, 1)]])
    with pytest.raises(ValueError):
        decode(body, {"n": PgType.INT8})


def test_csv_keeps_an_empty_string_and_null_apart() -> None:
    table = pa.table({"s": pa.array(["", None, 'a"b'])})
    assert to_csv(table).to_pybytes() == b'""\n\n"a""b"\n'


def test_csv_writes_moments_with_their_zone_and_doubles_without_loss() -> None:
    at = pa.array([datetime(2021, 2, 3, 4, 5, 6, 7, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    table = pa.table({"at": at, "x": pa.array([0.1 + 0.2])})
    assert to_csv(table).to_pybytes() == b"2021-02-03 04:05:06.000007Z,0.30000000000000004\n"
