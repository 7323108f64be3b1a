"""Tables as blocks of words: what is damaged is refused, and a line costs no other."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pyarrow.csv as pacsv
import pytest

from sportsplat.domain import Rejected
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.table.mapping import parse_mapping
from sportsplat.sources.table.open import open_table
from sportsplat.sources.table.quotes import QuoteTable
from tests.tables import HEADER, MAPPING, csv_of, price_rows


def rows_of(path: Path) -> tuple[list[tuple[int, str]], list[Rejected]]:
    """Return line and first cell of each row, and the rows that are torn."""
    table = open_table(path)
    ragged: list[Rejected] = []
    rows = [
        (line, cell)
        for block in table.blocks(table.header[:1], ragged)
        for line, cell in zip(block.lines.tolist(), block.columns[table.header[0]].to_pylist(), strict=True)
    ]
    return rows, ragged


@pytest.mark.parametrize("place", [20, 60, 100])
def test_a_packed_file_with_a_wrong_byte_is_refused(tmp_path: Path, place: int) -> None:
    """zlib has errors of its own, which are no OSError."""
    data = bytearray(gzip.compress(csv_of(price_rows()).encode(), mtime=0))
    data[place : place + 8] = b"\xff" * 8
    path = tmp_path / "x.csv.gz"
    path.write_bytes(data)
    with pytest.raises(InputRefused) as caught:
        open_table(path)
    assert caught.value.error_code == "UNREADABLE_FILE"


def test_parquet_with_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pd.DataFrame({"naame": [1]}).to_parquet(path)
    path.write_bytes(path.read_bytes().replace(b"naame", b"na\xe9me"))
    with pytest.raises(InputRefused) as caught:
        open_table(path)
    assert caught.value.error_code == "UNREADABLE_FILE"


REFUSED = {
    "UTF-16 cut short": (b"\xff\xfe\x00", "NOT_TEXT", "UTF-16"),
    "UTF-16 that breaks off": ("a,b\n1,2\n".encode("utf-16")[:-1], "NOT_TEXT", "UTF-16"),
    "a mark alone": (b"\xff\xfe", "EMPTY_FILE", "empty"),
    "another mark alone": (b"\xef\xbb\xbf", "EMPTY_FILE", "empty"),
    "zeros": (bytes(100), "NOT_TEXT", "zero bytes"),
    "a document": (b"%PDF-1.7\n", "NOT_TEXT", "a PDF document"),
    "an endless line": (
        b"a,b\n" + bytes(5 << 20).replace(b"\0", b"x"),
        "UNREADABLE_FILE",
        "longer than 4 MB",
    ),
    "an endless header": (b"a," * 40_000, "NO_HEADER", "no header"),
}


@pytest.mark.parametrize(("data", "code", "told"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_what_is_no_table_is_refused_before_arrow_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, data: bytes, code: str, told: str
) -> None:
    """A file that Arrow refuses when it opens it leaves a thread that can keep the program from ending."""
    monkeypatch.delattr(pacsv, "open_csv")
    path = tmp_path / f"x{suffix}"
    path.write_bytes(gzip.compress(data, mtime=0) if suffix == ".csv.gz" else data)
    with pytest.raises(InputRefused, match=told) as caught:
        open_table(path)
    assert caught.value.error_code == code
    assert "block" not in f"{caught.value} {caught.value.cause}"


@pytest.mark.parametrize("data", [b"a", b"a,b\n", b"a,b\r\n", "a,b".encode("utf-16")])
def test_a_header_without_rows_has_none_and_opens_no_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.delattr(pacsv, "open_csv")
    (tmp_path / "x.csv").write_bytes(data)
    assert rows_of(tmp_path / "x.csv") == ([], [])


def test_only_looking_at_a_table_opens_no_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pacsv, "open_csv")
    (tmp_path / "x.csv").write_text("a,b\n" + "1,2\n" * 9)
    first = open_table(tmp_path / "x.csv").first_rows(5)
    assert first is not None
    assert first.lines.tolist() == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("row", ["1,Köln", '1,"Köln"', '1,"Köln\n2,Köln'])
def test_wide_encodings_are_read(tmp_path: Path, encoding: str, row: str) -> None:
    """Spreadsheets save "Unicode text" so; -le and -be stand without a mark at the beginning."""
    text = f"place,one,two,three\n0,{row},4\n1,Köln,Hertha,4\n"
    (tmp_path / "x.csv").write_bytes(text.encode(encoding))
    (tmp_path / "y.csv").write_text(text, encoding="utf-8")
    rows, ragged = rows_of(tmp_path / "x.csv")
    expected, torn = rows_of(tmp_path / "y.csv")
    assert rows == expected
    assert [one[1:] for one in ragged] == [one[1:] for one in torn]
    assert rows[-1][1] == "1"


COMMAS = ["1,85", "-3,5", "\u22123,5", " 7,25 ", ",5"]
OTHERS = ["Acton, Barnes", "1,2,3", "a1,5", "1.5", "12", "", "1,"]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".xlsx"])
def test_decimal_commas_are_read_in_cells_that_are_numbers_alone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    frame = pd.DataFrame({"a": COMMAS + OTHERS, "b": "x"})
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False, sep=";")
    table = open_table(path, decimal=",")
    cells = [cell for block in table.blocks(["a"], []) for cell in block.columns["a"].to_pylist()]
    expected = [word.replace(",", ".") for word in COMMAS] + OTHERS
    assert [cell.strip() for cell in cells] == [word.strip() for word in expected]
    first = table.first_rows(99)
    assert first is not None
    assert first.columns["a"].to_pylist() == cells
    assert "1,85" in table.raw([2])[2]


QUOTES = [
    ('1,"a', [2]),  # not closed
    ('1,"a\n3,b"', [2, 3]),  # over two lines
    ('1,a""', []),
    ('1,"a ""b"" c"', []),
    ('1,x"y', []),  # within a cell it opens nothing
    ('x"1,"a', [2]),  # two, of which the second opens
    ('x""""1,"a"",b', [2]),
    ('1,"a\n7,c\n3,b"', [2, 4]),
]


@pytest.mark.parametrize(("text", "torn"), QUOTES, ids=[text for text, _ in QUOTES])
@pytest.mark.parametrize("closes_below", [False, True])
def test_a_quote_that_is_not_closed_costs_its_own_line_alone(
    tmp_path: Path, text: str, torn: list[int], closes_below: bool
) -> None:
    """Else it swallows all lines down to the next quote, and one row is told in place of many."""
    below = [*("7,c",) * 3, '8,"d"' if closes_below else "8,d"]
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["one,two", text, *below, ""]))
    rows, ragged = rows_of(path)
    assert [(row.line, row.code) for row in ragged] == [(line, "open-quote") for line in torn]
    lines = len(text.splitlines())
    assert rows[-4:] == [(line, cell) for line, cell in zip(range(lines + 2, lines + 6), "7778", strict=True)]
    assert len(rows) + len(ragged) == lines + 4


def test_quotes_may_be_in_the_header_and_far_apart(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('"one","two"\n' + '"1","a"\n' * 700_000)
    assert not open_table(path).by_line
    path.write_text('"one","two"\n' + '"1","a"\n' * 700_000 + '"1,a\n')
    assert open_table(path).by_line


def test_a_bookmaker_with_a_zero_byte_is_refused_with_its_row(tmp_path: Path) -> None:
    """The database takes no such text, and would refuse the whole file."""
    path = tmp_path / "x.csv"
    rows = [tuple("ac\0me" if cell == "acme" else cell for cell in row) for row in price_rows()]
    path.write_text(csv_of(rows), newline="")
    mapping = parse_mapping(MAPPING, tmp_path / "mapping.yaml").mapping
    reader = QuoteTable(open_table(path), mapping, load_leagues()["sim"])
    list(reader.prices())
    told = reader.batch().rejected
    assert {row.code for row in told} == {"nul-byte"}
    assert len(told) == sum("acme" in row for row in price_rows())
    assert told[0].reason == "book is 'ac\\x00me': a name has no zero byte"
    assert "book" in HEADER
