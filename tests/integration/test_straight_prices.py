"""Prices of seasons that nobody knows yet go straight into their partitions; what comes of it is the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sportsplat.db import binary as pgcopy
from sportsplat.db.schema.migrate import check
from sportsplat.db.write import straight_quotes as straight_prices
from sportsplat.db.write.straight_quotes import NotStraightError, StraightPrices
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest import table as ingest_table
from sportsplat.jobs.ingest.table import ingest_tables
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS
from tests.tables import MAPPING, Row, price_rows, write_csv

QUOTES = """
SELECT m.match_date, h.name, a.name, q.bookmaker, q.market, q.outcome, q.line, q.is_closing, q.decimal_odds,
       q.quoted_at, q.known_at, q.season
  FROM quotes q JOIN matches m ON m.id = q.match_id
  JOIN teams h ON h.id = m.home_id JOIN teams a ON a.id = m.away_id
 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
"""
BEFORE_ALL = datetime(2019, 9, 1, tzinfo=UTC)
"""A day on which every match was to come: a price without a moment is known from when it was read."""
WAITING = "SELECT line, code, reason FROM quarantine ORDER BY line, code"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.yaml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


@pytest.fixture
def straight(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each attempt that was begun straight came to its end so."""
    ends: list[bool] = []

    class Watched(StraightPrices):
        def __init__(self, *told: Any) -> None:
            ends.append(False)
            super().__init__(*told)

        def settle(self, *told: Any, **more: Any) -> Any:
            settled = super().settle(*told, **more)
            ends[-1] = True
            return settled

    monkeypatch.setattr(ingest_table, "StraightPrices", Watched)
    return ends


def asked(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(query).fetchall()


def forget(database: Database) -> None:
    with database.connect() as conn:
        conn.execute("TRUNCATE leagues, pipeline_runs CASCADE")
        for (name,) in conn.execute("SELECT inhrelid::regclass::text FROM pg_inherits").fetchall():
            conn.execute(f"DROP TABLE IF EXISTS {name}".encode())


def plain(rows: list[Row]) -> list[Row]:
    return rows


def shuffled(rows: list[Row]) -> list[Row]:
    return [*rows[1::2], *rows[::2]]


def of_a_match_of_one_team(rows: list[Row]) -> list[Row]:
    return [*rows, *((*row[:3], "Eels", "Eels", *row[5:]) for row in rows[:2])]


def with_an_impossible_offer_in_two_places(rows: list[Row]) -> list[Row]:
    far = [(*rows[0][:5], "far", *rows[0][6:9], price, *rows[0][10:]) for price in ("1.01", "1.02")]
    return [far[0], *rows, (*far[1][:7], "away", *far[1][8:])]


def with_another_spelling(rows: list[Row]) -> list[Row]:
    return [*rows[:3], *((*row[:3], f" {row[3]} ", *row[4:]) for row in rows[3:])]


@pytest.mark.parametrize(
    "change",
    [
        plain,
        shuffled,
        of_a_match_of_one_team,
        with_an_impossible_offer_in_two_places,
        with_another_spelling,
    ],
)
@pytest.mark.parametrize("as_of", [None, BEFORE_ALL])
def test_straight_or_staged_the_same_is_stored_and_refused(
    context: Context, database: Database, tmp_path: Path, mapping: Path, straight: list[bool],
    monkeypatch: pytest.MonkeyPatch, change: Callable[[list[Row]], list[Row]], as_of: datetime | None,
) -> None:  # fmt: skip
    monkeypatch.setattr("sportsplat.sources.table.blocks.BLOCK_BYTES", 300)
    path = write_csv(tmp_path / "x.csv", change(price_rows()))
    report = ingest_tables(context, [path], mapping, as_of=as_of)
    assert straight == [True]
    known = asked(database, "SELECT DISTINCT known_at FROM quotes WHERE quoted_at IS NULL")
    assert (known == [(BEFORE_ALL,)]) is (as_of is not None)
    found, waiting = asked(database, QUOTES), asked(database, WAITING)
    assert check(database.dsn, MIGRATIONS) == []
    forget(database)

    def refuse(*_: Any) -> None:
        raise NotStraightError

    monkeypatch.setattr(ingest_table, "StraightPrices", refuse)
    staged = ingest_tables(context, [path], mapping, as_of=as_of)
    assert found == asked(database, QUOTES)
    assert waiting == asked(database, WAITING)
    speed = {"seconds": 0, "rows_per_second": 0}
    assert report.to_dict() | speed == staged.to_dict() | speed


def test_prices_of_a_match_that_is_refused_go_with_it(
    context: Context, database: Database, tmp_path: Path, mapping: Path, straight: list[bool]
) -> None:
    """That a game of the NBA has a winner is asked when the file is read, and its prices are stored."""
    scored = "home_score: points\naway_score: {value: 95}\n"
    plain = MAPPING.replace("line: points\n", "").replace("league: sim", "league: nba")
    mapping.write_text(plain + scored, encoding="utf-8")
    names = {"Ants": "Hawks", "Bees": "Heat", "Cats": "Bulls", "Dogs": "Knicks"}
    told = [
        (
            *(cell.replace("2020-10-05", "2020-12-25") for cell in row[:3]),  # a day of that NBA season
            names[row[3]],
            names[row[4]],
            *row[5:8],
            "95" if row[1] == "2019-10-02" else "97",
            *row[9:],
        )
        for row in price_rows()
        if row[6] == "h2h"
    ]
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", told)], mapping)
    assert straight == [True]
    assert report.quotes.inserted == 8
    assert report.matches.inserted == 2
    assert [row[1] for row in asked(database, WAITING)] == ["impossible-tie", "match-not-taken"]
    assert len(asked(database, QUOTES)) == 8


def test_new_matches_get_ids_after_those_that_were_reserved(
    context: Context, database: Database, tmp_path: Path, mapping: Path, straight: list[bool]
) -> None:
    rows = price_rows()
    later = [("2023", "2023-10-01", "2023-10-01T19:30:00", *row[3:11], "") for row in rows[:6]]
    ingest_tables(context, [write_csv(tmp_path / "x.csv", rows)], mapping)
    ingest_tables(context, [write_csv(tmp_path / "y.csv", later)], mapping)
    assert straight == [True, True]
    ids = [match for (match,) in asked(database, "SELECT id FROM matches ORDER BY match_date")]
    assert ids == sorted(ids)
    assert len(set(ids)) == 4


def test_what_is_stored_already_is_compared(
    context: Context, database: Database, tmp_path: Path, mapping: Path, straight: list[bool]
) -> None:
    """Matches of the season are there, or quotes; then the file is read once more."""
    rows = price_rows()
    ingest_tables(context, [write_csv(tmp_path / "x.csv", rows[:6])], mapping)
    report = ingest_tables(context, [write_csv(tmp_path / "y.csv", rows)], mapping)
    assert straight == [True, False]
    assert report.quotes == (12, 0, 6)
    assert asked(database, "SELECT count(*) FROM matches") == [(3,)]


def test_a_match_that_is_stored_under_another_season_is_met(
    context: Context, database: Database, tmp_path: Path, mapping: Path, straight: list[bool]
) -> None:
    """Nothing of the season 2019 is stored, and yet the match is: its id is not the reserved one."""
    rows = price_rows()[:6]
    ingest_tables(context, [write_csv(tmp_path / "x.csv", [("2010", *row[1:]) for row in rows])], mapping)
    ingest_tables(context, [write_csv(tmp_path / "y.csv", rows)], mapping)
    assert straight == [True, False]
    assert asked(database, "SELECT count(*), min(season), max(season) FROM matches") == [(1, 2019, 2019)]
    assert asked(database, "SELECT count(*), min(season), max(season) FROM quotes") == [(6, 2019, 2019)]


def test_rows_that_stand_twice_are_settled_by_reading_again(
    context: Context, database: Database, tmp_path: Path, mapping: Path, straight: list[bool]
) -> None:
    rows = price_rows()
    contrary = (*rows[1][:9], "2.15", *rows[1][10:])
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", [*rows, rows[0], contrary])], mapping)
    assert straight == [False]
    assert report.quotes == (17, 0, 1)
    assert [row[:2] for row in asked(database, WAITING)] == [(3, "contradicting-duplicate")]


def test_a_file_that_breaks_off_leaves_no_partition(
    context: Context, database: Database, tmp_path: Path, mapping: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = pgcopy.write_rows

    def fail(*told: Any) -> None:
        sent(*told)
        raise KeyboardInterrupt

    monkeypatch.setattr(straight_prices, "write_rows", fail)
    with pytest.raises(KeyboardInterrupt):
        ingest_tables(context, [write_csv(tmp_path / "x.csv", price_rows())], mapping)
    assert asked(database, "SELECT count(*) FROM matches") == [(0,)]
    assert asked(database, "SELECT to_regclass('quotes_2019')") == [(None,)]
