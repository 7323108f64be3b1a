"""A formula whose result is not in the workbook is told, never taken for a blank cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sportsplat.domain import Batch, MatchStatus
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.reading.formulas import with_formulas_as_text
from sportsplat.sources.sportsbookreview.source import SportsbookReview
from sportsplat.sources.table.mapping import parse_mapping
from sportsplat.sources.table.match_rows import read_matches
from sportsplat.sources.table.open import open_table
from sportsplat.sources.table.quotes import QuoteTable
from tests.workbooks import workbook

LEAGUES = load_leagues()
MATCHES = """\
league: epl
rows: matches
date: Date
home: Home
away: Away
home_score: HG
away_score: AG
stats: {shots: [HS, AS]}
quotes: [{bookmaker: Book, odds: {home: H, draw: D, away: A}}]
"""
HEADER = ["Date", "Home", "Away", "HG", "AG", "HS", "AS", "Book", "H", "D", "A"]
PLAYED: list[Any] = ["2024-08-17", "Arsenal", "Wolves", 2, 0, 9, 5, "acme", 1.9, 3.5, 4.2]
QUOTES = """\
league: epl
rows: quotes
date: Date
home: Home
away: Away
bookmaker: Book
outcome: Side
odds: Price
"""


def matches(folder: Path, *rows: list[Any]) -> Batch:
    path = folder / "t.xlsx"
    path.write_bytes(workbook("", [HEADER, *rows]).data)
    return read_matches(open_table(path), parse_mapping(MATCHES, path).mapping, LEAGUES["epl"])


def changed(row: list[Any], column: str, value: Any) -> list[Any]:
    return [value if name == column else cell for name, cell in zip(HEADER, row, strict=True)]


@pytest.mark.parametrize("column", ["Date", "Home", "Away", "HG", "AG"])
@pytest.mark.parametrize("formula", ["=1+1", "=#REF!+1", '=IF(A1<"b",2,3)'])
def test_a_match_with_a_formula_is_refused_with_it(tmp_path: Path, column: str, formula: str) -> None:
    batch = matches(tmp_path, changed(PLAYED, column, formula), changed(PLAYED, "Date", "2024-08-18"))
    assert [match.status for match in batch.matches] == [MatchStatus.FINAL]
    (refused,) = batch.rejected
    assert (refused.line, refused.code) == (2, "formula")
    assert refused.reason.startswith(f"{column} is {formula!r}: a formula without its result")


def test_both_scores_as_formulas_postpone_no_match(tmp_path: Path) -> None:
    batch = matches(tmp_path, changed(changed(PLAYED, "HG", "=1+1"), "AG", "=0"))
    assert (batch.matches, [row.code for row in batch.rejected]) == ([], ["formula"])


@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A", "#REF!"])
def test_an_error_is_no_blank_cell(tmp_path: Path, error: str) -> None:
    batch = matches(tmp_path, changed(changed(PLAYED, "HG", error), "AG", error))
    assert [row.code for row in batch.rejected] == ["formula"]
    assert f"HG is '{error}': an error of a formula" in batch.rejected[0].reason


@pytest.mark.parametrize("column", ["HS", "H", "Book"])
def test_a_formula_beside_a_match_refuses_its_row(tmp_path: Path, column: str) -> None:
    batch = matches(tmp_path, changed(PLAYED, column, "=1+1"), changed(PLAYED, "Date", "2024-08-18"))
    assert len(batch.matches) == 1
    assert [(row.line, row.code) for row in batch.rejected] == [(2, "formula")]
    assert f"{column} is '=1+1'" in batch.rejected[0].reason
    assert '"Home": "Arsenal"' in batch.rejected[0].raw


def test_a_formula_in_a_column_that_is_not_mapped_is_nobody_s_business(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(workbook("", [[*HEADER, "Sum"], [*PLAYED, "=D2+E2"]]).data)
    batch = read_matches(open_table(path), parse_mapping(MATCHES, path).mapping, LEAGUES["epl"])
    assert (len(batch.matches), batch.rejected) == (1, [])


def test_a_name_of_a_csv_file_may_begin_with_the_sign_of_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Date,Home,Away,HG,AG\n2024-08-17,=Equals FC,Wolves,2,0\n")
    text = (
        "{league: epl, rows: matches, date: Date, home: Home, away: Away, home_score: HG, away_score: AG}\n"
    )
    (match,) = read_matches(open_table(path), parse_mapping(text, path).mapping, LEAGUES["epl"]).matches
    assert match.home == "=Equals FC"


def test_a_table_of_prices_refuses_its_rows_alike(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    rows: list[list[Any]] = [
        ["Date", "Home", "Away", "Book", "Side", "Price"],
        ["2024-08-17", "=B9", "Wolves", "acme", "home", 1.9],
        ["2024-08-17", "Arsenal", "Wolves", "=C1", "home", 1.9],
        ["2024-08-17", "Arsenal", "Wolves", "acme", "home", "=1+1"],
        ["2024-08-17", "Arsenal", "Wolves", "acme", "home", 1.9],
    ]
    path.write_bytes(workbook("", rows).data)
    table = QuoteTable(open_table(path), parse_mapping(QUOTES, path).mapping, LEAGUES["epl"])
    assert sum(len(prices.row) for _, prices in table.prices()) == 1
    told = [(row.line, row.code) for row in table.batch().rejected]
    assert told == [(2, "formula"), (3, "formula"), (4, "formula")]


def test_a_game_of_sportsbookreview_with_a_formula_is_refused_by_its_row() -> None:
    rows: list[list[Any]] = [
        ["Date", "Rot", "VH", "Team", "1st", "2nd", "3rd", "4th", "Final", "Open", "Close", "ML", "2H"],
        [1030, 501, "V", "Portland", 26, 23, 28, 20, 97, 184, 189.5, 900, 95],
        [1030, 502, "H", "SanAntonio", 29, 30, 22, 25, "=SUM(E3:H3)", 12.5, 13, -1400, 5],
        [1030, 503, "V", "Utah", 28, 34, 24, 31, 117, 212, 214.5, 105, 105.5],
        [1030, 504, "H", "GoldenState", 30, 21, 21, 24, 96, 1, 1, -125, 2],
    ]
    payload = workbook("nba odds 2007-08.xlsx", rows)
    batch = SportsbookReview().parse(payload, None, LEAGUES)
    assert [(match.home, match.away_score) for match in batch.matches] == [("Warriors", 117)]
    told = {row.line: (row.code, row.reason) for row in batch.rejected}
    assert set(told) == {2, 3}
    assert told[3][0] == "formula"
    assert told[3][1].startswith("Final is '=SUM(E3:H3)': a formula without its result")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('<c r="A2"><f>1+1</f><v>2</v></c>', None),
        ('<c r="A2" t="str"><f>""</f><v></v></c>', None),
        ('<c r="A2" t="n"/>', None),
        ('<c r="A2"><f>1+1</f></c>', '<c r="A2" t="str"><v>=1+1</v></c>'),
        ('<c r="A2" t="n"><f>1&lt;2</f><v /></c>', '<c r="A2" t="str"><v>=1&lt;2</v></c>'),
        ('<x:c r="A2"><x:f>1</x:f><x:v/></x:c>', '<x:c r="A2" t="str"><x:v>=1</x:v></x:c>'),
        ('<c r="A2"><f t="shared" si="0"/><v/></c>', '<c r="A2" t="str"><v>=</v></c>'),
        ('<c r="A2" t="e"><v>#N/A</v></c>', '<c r="A2" t="str"><v>#N/A</v></c>'),
    ],
)
def test_a_cell_keeps_its_result_where_it_has_one(cell: str, written: str | None) -> None:
    sheet = f'<sheetData><row r="1"><c r="A1"/>{cell}<c r="B2"><v>1</v></c></row></sheetData>'
    expected = sheet if written is None else sheet.replace(cell, written)
    assert with_formulas_as_text(sheet.encode()) == expected.encode()
