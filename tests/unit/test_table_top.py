"""What stands above a table, and which sheet holds one: told, with the way to a file that can be read."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from sportsplat.errors import InputRefused
from sportsplat.sources.table.open import (
    choose_sheet,
    header_place,
    open_table,
    refuse_rows_above,
    refuse_torn,
)
from sportsplat.sources.table.suggest.columns import sample
from sportsplat.sources.table.suggest.suggest import suggest_for
from tests.suggestions import LEAGUES
from tests.workbooks import workbook

HEADER = ["date", "home", "away", "1", "X", "2"]
GAME = ["2019-08-10", "Acton", "Barnes", "2.1", "3.4", "3.3"]
NOTE = [["note"], ["read me"]]
PLACES = {
    "at the top": ([HEADER, GAME], 0),
    "below a title": ([["Games of 2019"], HEADER, GAME], 1),
    "below a title and its date": ([["Games", "of 2019"], [], HEADER, GAME], 2),
    "below blank rows": ([[""] * 6, [], HEADER, GAME], 2),
    "of two columns below a title": ([["Games"], ["date", "home"], ["2019-08-10", "Acton"]], 1),
    "of one column": ([["date"], ["2019-08-10"]], 0),
    "short, above longer rows": ([["date", "home"], GAME, GAME], None),
    "none": ([[], []], None),
}


@pytest.mark.parametrize(("rows", "place"), PLACES.values(), ids=PLACES)
def test_the_header_is_the_first_row_that_is_as_full_as_the_table(
    rows: Sequence[Sequence[str]], place: int | None
) -> None:
    assert header_place(rows) == place


def written(path: Path, lines: Sequence[str]) -> Path:
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_title_above_the_header_is_told_with_the_line_of_the_header(tmp_path: Path, delimiter: str) -> None:
    lines = ["Games of 2019", "", delimiter.join(HEADER), delimiter.join(GAME)]
    path = written(tmp_path / "x.csv", lines)
    with pytest.raises(InputRefused, match="no header; the header seems to stand in line 3") as refused:
        refuse_rows_above(open_table(path))
    assert refused.value.error_code == "NO_HEADER"
    assert "'Games of 2019'" in str(refused.value.cause)
    assert refused.value.fix == f"tail -n +3 {path} > table.csv"


@pytest.mark.parametrize(("name", "fix"), [("x.csv", "tail -n +3 "), ("x.csv.gz", "delete the 2 lines")])
def test_blank_lines_above_the_header_are_no_empty_file(tmp_path: Path, name: str, fix: str) -> None:
    path = written(tmp_path / name, ["", ",,", ",".join(HEADER), ",".join(GAME)])
    with pytest.raises(InputRefused, match="is blank; the header seems to stand in line 3") as refused:
        open_table(path)
    assert (refused.value.error_code, str(refused.value.fix)[: len(fix)]) == ("NO_HEADER", fix)


def test_a_header_in_place_is_no_title_however_short_it_is(tmp_path: Path) -> None:
    refuse_rows_above(open_table(written(tmp_path / "x.csv", ["date,home", *[",".join(GAME)] * 3])))
    refuse_rows_above(open_table(written(tmp_path / "y.csv", ["note", "one", "two"])))


def test_rows_of_another_width_than_the_header_are_told_as_such(tmp_path: Path) -> None:
    table = open_table(written(tmp_path / "x.csv", ["date,home", "", *[",".join(GAME)] * 3]))
    with pytest.raises(InputRefused, match="no row of") as refused:
        refuse_torn(table)
    assert refused.value.cause == "line 1 has 2 cells, line 3 has 6"
    refuse_torn(open_table(written(tmp_path / "y.csv", ["date,home"])))


def book(path: Path, *sheets: Sequence[Sequence[object]]) -> Path:
    path.write_bytes(workbook("x.xlsx", *sheets).data)
    return path


@pytest.mark.parametrize(("sheets", "place"), [((NOTE, [HEADER, GAME]), 1), (([HEADER, GAME], NOTE), 0)])
def test_of_several_sheets_the_one_with_a_table_is_proposed(
    tmp_path: Path, sheets: Sequence[Sequence[Sequence[object]]], place: int
) -> None:
    path = book(tmp_path / "x.xlsx", *sheets)
    beside = choose_sheet(path)
    names = ["Sheet1", "Sheet2"]
    assert beside.fields == {"sheet": names[place]}
    assert repr(names[1 - place]) in beside.notes[0]
    table = open_table(path, sheet=names[place])
    found = suggest_for(sample(table), LEAGUES, LEAGUES["epl"], beside)
    assert (found.mapping["sheet"], found.mapping["date"]) == (names[place], "date")
    assert not any(check.startswith("sheet") for check in found.checks)


def test_which_of_several_tables_is_asked(tmp_path: Path) -> None:
    beside = choose_sheet(book(tmp_path / "x.xlsx", NOTE, [HEADER, GAME], [HEADER, GAME]))
    assert beside.fields == {"sheet": "Sheet2"}
    assert "'Sheet3' may belong to it as well" in beside.checks[0]


def test_a_workbook_of_one_sheet_needs_no_word_about_it(tmp_path: Path) -> None:
    assert choose_sheet(book(tmp_path / "x.xlsx", [HEADER, GAME])).fields == {}


def test_a_chart_before_the_sheet_is_passed_over(tmp_path: Path) -> None:
    made = Workbook()
    made.remove(made.worksheets[0])
    made.create_chartsheet("Chart")
    cells = made.create_sheet("Games")
    for row in (HEADER, GAME):
        cells.append(row)
    made.save(tmp_path / "x.xlsx")
    beside = choose_sheet(tmp_path / "x.xlsx")
    assert open_table(tmp_path / "x.xlsx", sheet=beside.fields.get("sheet")).header[:2] == ["date", "home"]


def test_a_sheet_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = book(tmp_path / "x.xlsx", NOTE, [HEADER, GAME])
    with pytest.raises(InputRefused) as refused:
        open_table(path, sheet="Games")
    assert (refused.value.error_code, refused.value.cause) == ("NO_SUCH_SHEET", "its sheets: Sheet1, Sheet2")


def test_blank_rows_above_the_header_of_a_sheet_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="the header seems to stand in row 3") as refused:
        open_table(book(tmp_path / "x.xlsx", [[None], [None], HEADER, GAME]))
    assert refused.value.fix == "delete the 2 rows above it"
