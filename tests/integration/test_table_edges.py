"""Tables at the edge of what can be stored: one strange row costs itself, a strange file says so."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sportsplat.errors import InputRefused
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.table import ingest_tables
from tests.conftest import Database
from tests.tables import HEADER, MAPPING, Row, price_rows, write_csv

UNPRESSED = b32encode(Random(7).randbytes(625_000)).decode().lower()


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.yaml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


def asked(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(query).fetchall()


def with_cells(rows: Sequence[Row], at: int, **cells: str) -> list[Row]:
    changed = tuple(cells.get(name, cell) for name, cell in zip(HEADER, rows[at], strict=True))
    return [*rows[:at], changed, *rows[at + 1 :]]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"season": "1805"}, "bad-season"),
        ({"book": UNPRESSED}, "long-name"),
        ({"home": UNPRESSED[:4000]}, "long-name"),
        ({"taken": "0001-01-01T00:00:00"}, "bad-date"),
        ({"taken": "9999-12-31T23:59:59"}, "bad-date"),
    ],
    ids=["a season of long ago", "a bookmaker of 1 MB", "a team of 4 kB", "the first moment", "the last"],
)
def test_what_the_database_cannot_keep_costs_its_row(
    context: Context, database: Database, tmp_path: Path, mapping: Path, cells: dict[str, str], code: str
) -> None:
    report = ingest_tables(
        context, [write_csv(tmp_path / "x.csv", with_cells(price_rows(), 7, **cells))], mapping
    )
    assert report.quotes.inserted == 17
    assert asked(database, "SELECT line, code FROM quarantine") == [(9, code)]


@pytest.mark.parametrize(("taken", "kept"), [("19:29:59", True), ("19:30:00", True), ("19:30:01", False)])
def test_a_price_of_the_running_match_is_refused(
    context: Context, database: Database, tmp_path: Path, mapping: Path, taken: str, kept: bool
) -> None:
    rows = with_cells(price_rows(), 7, taken=f"{price_rows()[7][1]}T{taken}")
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", rows)], mapping)
    assert report.quotes.inserted == 17 + kept
    told = asked(database, "SELECT line, code, reason FROM quarantine")
    reason = "taken is '2019-10-02T19:30:01': the match had begun by 2019-10-02 19:30 UTC"
    assert told == ([] if kept else [(9, "in-play", reason)])


def test_words_of_one_match_are_never_those_of_another(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    rows = price_rows()[:2]
    strange = [
        *with_cells(rows[:1], 0, home="Ants", away="Bees\x1fCats"),
        *with_cells(rows[1:], 0, home="Ants\x1fBees", away="Cats"),
    ]
    ingest_tables(context, [write_csv(tmp_path / "x.csv", strange)], mapping)
    assert asked(database, "SELECT count(*) FROM matches") == [(2,)]


def test_a_mapping_may_say_all_of_the_match_itself(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    text = MAPPING
    for name, column, value in (
        ("date", "day", "2019-10-01"), ("kickoff", "start", "2019-10-01T19:30:00"), ("home", "home", "Ants"),
        ("away", "away", "Bees"), ("season", "season", "2019"),
    ):  # fmt: skip
        text = text.replace(f"{name}: {column}\n", f"{name}: {{value: '{value}'}}\n")
    mapping.write_text(text, encoding="utf-8")
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", price_rows()[:6])], mapping)
    assert (report.matches.inserted, report.quotes.inserted) == (1, 6)


def of_columns(rows: Sequence[Row]) -> dict[str, pa.Array]:
    return {name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(HEADER)}


def test_a_parquet_file_whose_text_is_none_is_refused(
    context: Context, tmp_path: Path, mapping: Path
) -> None:
    columns = of_columns(price_rows())
    words = pa.array([*(b"acme",) * 17, b"\xff\xfe"], pa.binary())
    columns["book"] = pa.StringArray.from_buffers(18, *words.buffers()[1:])
    pq.write_table(pa.table(columns), tmp_path / "x.parquet", use_dictionary=False)
    with pytest.raises(InputRefused) as refused:
        ingest_tables(context, [tmp_path / "x.parquet"], mapping)
    assert refused.value.details["report"].refused[0].code == "UNREADABLE_FILE"


def test_a_parquet_file_with_two_columns_of_one_name_is_refused(
    context: Context, tmp_path: Path, mapping: Path
) -> None:
    columns = of_columns(price_rows())
    table = pa.Table.from_arrays([*columns.values(), columns["book"]], names=[*columns, "book"])
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InputRefused) as refused:
        ingest_tables(context, [tmp_path / "x.parquet"], mapping)
    told = refused.value.details["report"].refused[0]
    assert (told.code, told.cause) == ("UNREADABLE_FILE", "Two columns are named 'book'.")


def test_prices_that_were_left_out_on_purpose_are_not_counted_as_lost(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    rows = price_rows()
    told_twice = [*rows[:12], *rows[12:], *((*row[:2], f"{row[1]}T20:00:00", *row[3:]) for row in rows[12:])]
    ingest_tables(context, [write_csv(tmp_path / "x.csv", told_twice)], mapping, seasons=[2020])
    assert asked(database, "SELECT line, code, reason FROM quarantine ORDER BY code") == [
        (
            14,
            "contradicting-duplicate",
            "2 rows contradict each other about Ants - Dogs on 2020-10-05: "
            "kickoff_utc is 2020-10-05 19:30:00+00:00 and 2020-10-05 20:00:00+00:00; none was used.",
        ),
        (
            14,
            "match-not-taken",
            "Ants - Dogs on 2020-10-05 was not taken, nor were its prices: 12.",
        ),
    ]


def test_a_season_of_which_nothing_is_taken_gets_no_partition(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    rows = price_rows()
    wrong = ("2199", *rows[12][1:])
    ingest_tables(context, [write_csv(tmp_path / "x.csv", [*rows, wrong])], mapping)
    assert asked(database, "SELECT to_regclass('quotes_2019')::text, to_regclass('quotes_2199')") == [
        ("quotes_2019", None)
    ]
