"""Workbooks as tables of text, and workbooks that are none, damaged, or meant to hurt."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.reading import workbook as workbook_zip
from sportsplat.sources.reading.csv import Table
from sportsplat.sources.reading.workbook import read_sheet
from sportsplat.sources.table.open import open_table
from tests.workbooks import hand_made, workbook


def read(payload: Payload, *required: str) -> Table:
    return read_sheet(payload, required=required, format_name="a test")


def refusal(payload: Payload) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        read(payload)
    assert payload.name in refused.value.message
    assert refused.value.cause
    assert refused.value.fix
    return refused.value


def zipped(files: dict[str, bytes]) -> Payload:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return Payload.of("made.xlsx", packed.getvalue())


def test_cells_become_the_text_that_a_csv_file_would_have() -> None:
    row = [
        1030,
        189.5,
        0.1 + 0.2,
        "Boston\xa0",
        " a\n b ",
        True,
        date(2020, 2, 29),
        datetime(2020, 1, 2, 3, 4),
        None,
    ]
    table = read(workbook("t.xlsx", [list("ABCDEFGHI"), row]), "A")
    assert table.rows == [
        ["1030", "189.5", "0.3", "Boston", "a b", "TRUE", "2020-02-29", "2020-01-02T03:04:00", ""]
    ]


def test_a_row_is_told_by_the_row_of_the_sheet_and_its_cells() -> None:
    table = read(workbook("t.xlsx", [["A", "B"], [1, 2], [], [3, None]]))
    assert [index for index, _ in table.filled()] == [0, 2]
    rejected = table.reject(2, "bad", "no good")
    assert (rejected.line, rejected.raw) == (4, "3")
    assert table.reject(0, "bad", "no good").raw == "1\t2"


def test_the_first_sheet_that_holds_something_is_read() -> None:
    assert read(workbook("t.xlsx", [], [["A"], [1]], [["A"], [2]])).rows == [["1"]]


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(InputRefused) as refused:
        read(workbook("t.xlsx", [["A", "B"], [1, 2]]), "A", "Date")
    assert refused.value.error_code == "NOT_THIS_FORMAT"
    assert refused.value.details["missing"] == ["Date"]


@pytest.mark.parametrize("rows", [[], [["A"]], [["A"], [None]]])
def test_a_workbook_without_rows_is_empty(rows: list[list[str | None]]) -> None:
    assert refusal(workbook("t.xlsx", rows)).error_code == "EMPTY_FILE"


def test_what_is_no_workbook_is_told_by_what_it_is() -> None:
    ole = workbook_zip.OLE_MAGIC
    kinds = {
        "NOT_THIS_FORMAT": Payload.of("t.xlsx", b"Date,Rot\n1,2\n"),
        "EMPTY_FILE": Payload.of("t.xlsx", b""),
        "OLD_WORKBOOK": Payload.of("t.xls", ole + b"\0" * 600),
        "ENCRYPTED_WORKBOOK": Payload.of(
            "t.xlsx", ole + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
        ),
        "NO_WORKBOOK": zipped({"games.csv": b"a,b"}),
    }
    assert {refusal(payload).error_code for payload in kinds.values()} == set(kinds)
    assert refusal(zipped({})).error_code == "NO_WORKBOOK"
    assert "--convert-to xlsx" in str(refusal(kinds["OLD_WORKBOOK"]).fix)
    assert "games.csv" in str(refusal(kinds["NO_WORKBOOK"]).cause)


def test_a_zip_whose_parts_want_a_password_is_refused_as_that() -> None:
    data = bytearray(workbook("t.xlsx", [["A"], [1]]).data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(signature, place + 1)
    assert refusal(Payload.of("t.xlsx", bytes(data))).error_code == "ENCRYPTED_WORKBOOK"


@pytest.mark.parametrize("kept", [4, 40, 1000, -22, -1])
def test_a_truncated_workbook_is_damaged(kept: int) -> None:
    data = workbook("t.xlsx", [["A"], *([n] for n in range(200))]).data
    assert refusal(Payload.of("t.xlsx", data[:kept])).error_code == "CORRUPT_WORKBOOK"


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zeros = hand_made("", {"xl/sharedStrings.xml": b" " * (40 << 20)})
    assert len(zeros.data) < 60_000
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("something was unpacked"))
    refused = refusal(zeros)
    assert refused.error_code == "WORKBOOK_BOMB"
    assert "sharedStrings.xml unpacks from " in str(refused.cause)
    assert " to 41,943,040 bytes" in str(refused.cause)


def test_parts_that_are_small_alone_and_too_much_together_are_refused() -> None:
    part = b" " * (1 << 20)
    assert refusal(
        hand_made("", {f"xl/worksheets/sheet{n}.xml": part for n in range(2, 260)})
    ).error_code == ("WORKBOOK_BOMB")
    crowd = {f"xl/{n}.bin": b"" for n in range(workbook_zip.MAX_PARTS)}
    assert refusal(hand_made("", crowd)).error_code == "WORKBOOK_BOMB"


def test_a_directory_that_tells_less_than_is_packed_gets_no_more_unpacked() -> None:
    """40 MB declared as 100 bytes in both places where a zip tells a size: reading stops at 100."""
    data = bytearray(hand_made("", {"xl/sharedStrings.xml": b" " * (40 << 20)}).data)
    real = struct.pack("<I", 40 << 20)
    assert data.count(real) == 2
    lying = Payload.of("t.xlsx", bytes(data.replace(real, struct.pack("<I", 100))))
    assert refusal(lying).error_code == "CORRUPT_WORKBOOK"


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        "<row r='1'><c r='A1'><v>1</v></c><c r='XFD1048576'><v>1</v></c></row>",
        '<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>',
        '<row><c r="XFD1"><v>1</v></c></row>' + "<row/>" * 3000,
        "<row>" + "<c><v>1</v></c>" * 5000 + "</row>" + "<row><c><v>1</v></c></row>" * 5000,
    ],
)
def test_a_few_cells_that_span_a_huge_sheet_are_refused(cells: str) -> None:
    """A reader lays a sheet out as a full rectangle: two cells in far corners are 17 billion."""
    refused = refusal(hand_made(cells))
    assert refused.error_code == "WORKBOOK_BOMB"
    assert "at most 20,000,000 cells are read" in str(refused.cause)


def test_a_long_text_repeated_in_every_cell_is_refused() -> None:
    """One shared text of 2 MB and 600 cells that name it: 60 kB of file, 1.2 GB of text."""
    noise = random.Random(1).randbytes(1 << 20).hex().encode()
    strings = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>%s</t></si></sst>'
    )
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 601))
    refused = refusal(hand_made(rows, {"xl/sharedStrings.xml": strings % noise}))
    assert (refused.error_code, "600 cells" in str(refused.cause)) == ("WORKBOOK_BOMB", True)


def test_a_sheet_that_is_no_xml_is_damaged(tmp_path: Path) -> None:
    broken = hand_made('<row r="1"><c r="A1"><v>1</w></c>')
    assert refusal(broken).error_code == "CORRUPT_WORKBOOK"
    (tmp_path / "x.xlsx").write_bytes(broken.data)
    with pytest.raises(InputRefused) as as_table:
        open_table(tmp_path / "x.xlsx")
    assert as_table.value.error_code == "CORRUPT_WORKBOOK"


def test_mutated_workbooks_are_read_or_refused_and_nothing_else() -> None:
    whole = workbook("t.xlsx", [["A", "B"], *([n, f"x{n}"] for n in range(30))]).data
    dice = random.Random(7)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            read(Payload("t.xlsx", bytes(data[: dice.choice([len(data), dice.randrange(len(data))])]), ""))
        except InputRefused as refused:
            assert refused.fix  # noqa: PT017 - most are refused, some are still whole
