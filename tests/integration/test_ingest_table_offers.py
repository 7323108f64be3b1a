"""Offers of a table of prices: overrounds are judged wherever their prices stand; venues may be turned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sportsplat.db.write.staging import Tally
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.table import ingest_tables
from sportsplat.sources.table import blocks as table_blocks
from tests.conftest import Database
from tests.tables import MAPPING, price_rows, write_csv

WAITING = "SELECT line, code, reason FROM quarantine ORDER BY line"
PRICES = "SELECT outcome, line, decimal_odds FROM quotes ORDER BY market, line, outcome, decimal_odds"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.yaml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


def price(
    pick: str, odds: float, kind: str = "h2h", points: str = "", book: str = "acme", taken: str = ""
) -> tuple[Any, ...]:
    day = "2019-10-01"
    return ("2019", day, f"{day}T19:30:00", "Ants", "Bees", book, kind, pick, points, odds, "no", taken)


def asked(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(query).fetchall()


@pytest.mark.parametrize("block", [4 << 20, 200])
def test_an_overround_that_cannot_be_is_refused_however_far_apart_its_prices_stand(
    context: Context, database: Database, tmp_path: Path, mapping: Path,
    monkeypatch: pytest.MonkeyPatch, block: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(table_blocks, "BLOCK_BYTES", block)
    rows = [
        price("home", 1.2),
        *(price("over", 1.9, "totals", str(points)) for points in range(100, 110)),
        price("home", 1.9, book="fair"),
        *(price("under", 1.95, "totals", str(points)) for points in range(100, 109)),
        price("under", 4.0, "totals", "109"),
        price("away", 1.25),
        price("away", 1.97, book="fair"),
    ]
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", rows)], mapping)
    waiting = asked(database, WAITING)
    assert [(line, code) for line, code, _ in waiting] == [(n, "bad-overround") for n in (2, 12, 23, 24)]
    assert {reason for _, _, reason in waiting} == {
        f"Ants - Bees on 2019-10-01: acme pre-match {prices}: the implied probabilities sum to {booksum}, "
        "expected 0.95 to 1.6"
        for prices, booksum in (("result: home 1.2, away 1.25", 1.633), ("total: over 1.9, under 4", 0.776))
    }
    assert report.quotes.inserted == len(rows) - 4
    assert report.rows_read == len(rows)


@pytest.mark.parametrize("block", [4 << 20, 200])
def test_what_is_no_whole_offer_has_no_overround(
    context: Context, tmp_path: Path, mapping: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """One side alone, sides of different lines or moments, and one side told twice."""
    monkeypatch.setattr(table_blocks, "BLOCK_BYTES", block)
    rows = [
        price("home", 1.01),
        price("home", 1.01),
        price("over", 1.1, "totals", "100"),
        price("under", 1.1, "totals", "101"),
        price("home", 1.02, book="slow", taken="2019-10-01 08:00"),
        price("away", 1.02, book="slow", taken="2019-10-01 09:00"),
    ]
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", rows)], mapping)
    assert report.quotes == Tally(5, 0, 1)
    assert report.quarantined == 0


def test_prices_of_a_match_that_is_stored_from_the_other_side_are_turned(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    """A final on neutral ground, which two sources tell from different sides."""
    results = tmp_path / "results.yaml"
    results.write_text(
        "league: sim\nrows: matches\ndate: day\nseason: season\nhome: home\naway: away\n"
        "home_score: hs\naway_score: as\nneutral: {value: true}\n",
        encoding="utf-8",
    )
    played = tmp_path / "played.csv"
    played.write_text("season,day,home,away,hs,as\n2019,2019-10-01,Bees,Ants,101,99\n", encoding="utf-8")
    ingest_tables(context, [played], results)
    with database.connect() as conn:  # somebody else's word, which a table does not change
        conn.execute("UPDATE match_claims SET source = 'simulate'")
    scored = "home_score: hs\naway_score: as\n"
    mapping.write_text(MAPPING + scored + "neutral: {value: true}\n", encoding="utf-8")
    table = tmp_path / "x.csv"
    rows = [
        price("home", 1.8),
        price("away", 2.1),
        price("home", 1.9, "spread", "-3.5"),
        price("away", 1.95, "spread", "-3.5"),
        price("over", 1.9, "totals", "200.5"),
    ]
    write_csv(table, rows)
    lines = table.read_text(encoding="utf-8").splitlines()
    told = [lines[0] + ",hs,as", *(f"{line},99,101" for line in lines[1:])]
    table.write_text("\n".join(told) + "\n", encoding="utf-8")
    expected = [("away", None, 1.8), ("home", None, 2.1), ("away", 3.5, 1.9), ("home", 3.5, 1.95),
                ("over", 200.5, 1.9)]  # fmt: skip
    for counted in ((5, 0, 0), (0, 0, 5)):
        report = ingest_tables(context, [table], mapping)
        assert report.quotes == counted
        assert report.quarantined == 0
        assert asked(database, PRICES) == expected
    assert asked(database, "SELECT count(*) FROM matches") == [(1,)]


def test_blocks_come_in_the_order_of_the_key(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    """The rows lie in the new partition as its key has them, from a file in no order."""
    rows = price_rows()
    path = write_csv(tmp_path / "x.csv", rows[::-1])
    ingest_tables(context, [path], mapping)
    key = "match_id, bookmaker, market, outcome, line, is_closing, quoted_at"
    assert asked(database, f"SELECT {key} FROM quotes WHERE season = 2019 ORDER BY ctid") == asked(
        database, f"SELECT {key} FROM quotes WHERE season = 2019 ORDER BY {key}"
    )
