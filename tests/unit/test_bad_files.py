"""Files as they arrive: packed, cut, re-encoded, renamed, somebody else's. Each is read right or named."""

from __future__ import annotations

import gzip
import logging
import os
import stat
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sportsplat.cleaning.rules import apply_rules
from sportsplat.domain import Batch
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from sportsplat.sources import text as unpack
from sportsplat.sources.base import Payload
from sportsplat.sources.fivethirtyeight.nba import FiveThirtyEightNba
from sportsplat.sources.fivethirtyeight.soccer import SoccerSpi
from sportsplat.sources.football_data.source import FootballData
from sportsplat.sources.kaggle_nba.betting import KaggleNbaBetting
from sportsplat.sources.odds_api import OddsApi
from sportsplat.sources.reading.files import find_files, read_file
from sportsplat.sources.reading.header import likely_names
from tests.payloads import read_paths
from tests.source_seeds import NBA_BETTING, SEEDS, SPI, Seed

LEAGUES = load_leagues()
HEADER = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,Referee,B365H,B365D,B365A"
ROWS = (
    "E0,14/08/21,Acton,Barnes,2,1,H,Poll,1.9,3.4,4",
    "E0,21/08/21,Málaga,Acton,0,0,D,Poll,2.1,3.2,3.5",
    "E0,28/08/21,Barnes,Málaga,1,3,A,Poll,2.6,3.1,2.7",
)
TEXT = "\n".join((HEADER, *ROWS, ""))


def parse(data: bytes | str, name: str = "E0.csv") -> Batch:
    packed = data if isinstance(data, bytes) else data.encode()
    return FootballData().parse(Payload.of(name, packed), None, LEAGUES)


def refusal(data: bytes | str) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        parse(data)
    assert "E0.csv" in refused.value.message
    assert refused.value.fix
    return refused.value


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_every_encoding_gives_the_same_batch(encoding: str) -> None:
    assert parse(TEXT.encode(encoding)).matches == parse(TEXT).matches


def test_one_byte_that_is_no_utf8_costs_its_own_line_its_letters() -> None:
    """The whole file would otherwise be read as Windows-1252, and Málaga be another club."""
    batch = parse(TEXT.encode().replace(b"Poll", b"P\xf6ll", 1))
    assert [match.home for match in batch.matches] == ["Acton", "Málaga", "Barnes"]


def test_utf16_that_breaks_off_within_a_letter_is_refused() -> None:
    error = refusal(TEXT.encode("utf-16")[:-1])
    assert error.error_code == "NOT_TEXT"
    assert "truncated" in str(error.cause)


def test_a_zero_byte_costs_its_row_and_is_told_by_line() -> None:
    batch = parse(TEXT.replace("Málaga,Acton", "Mála\0ga,Acton"))
    (row,) = batch.rejected
    assert (row.line, row.code, len(batch.matches), batch.rows_read) == (3, "nul-byte", 2, 3)


@pytest.mark.parametrize(
    ("header", "encoding"), [(HEADER, "utf-8"), (f" {HEADER},,\r", "utf-8"), (HEADER, "utf-8-sig")]
)
def test_a_header_that_stands_between_the_rows_again_is_named_as_what_it_is(
    header: str, encoding: str
) -> None:
    batch = parse("\n".join((HEADER, ROWS[0], header, *ROWS[1:], "")).encode(encoding))
    (row,) = batch.rejected
    assert (row.line, row.code, len(batch.matches), batch.rows_read) == (3, "repeated-header", 3, 4)
    assert row.raw == header.strip("\r")


@pytest.mark.parametrize(
    ("name", "seed"), [(name, seed) for name, seeds in SEEDS.items() for seed in seeds if seed.lines]
)
def test_every_source_of_lines_tells_a_repeated_header_and_reads_the_rest(name: str, seed: Seed) -> None:
    def read(data: bytes) -> list[Batch]:
        return get_source(name).batches(Payload.of(seed.name, data), None, LEAGUES)

    header, *rows = seed.data.splitlines(keepends=True)
    twice = read(b"".join((header, *rows[: seed.rows_per_match], header, *rows[seed.rows_per_match :])))
    once = read(seed.data)
    assert [batch.matches for batch in twice] == [batch.matches for batch in once]
    codes = Counter(row.code for batch in twice for row in batch.rejected)
    codes.subtract(row.code for batch in once for row in batch.rejected)
    assert +codes == {"repeated-header": 1}
    assert sum(batch.rows_read for batch in twice) == sum(batch.rows_read for batch in once) + 1


def test_headers_alone_are_no_rows() -> None:
    assert refusal(f"{HEADER}\n{HEADER}\n").error_code == "EMPTY_FILE"


@pytest.mark.parametrize(
    "data", [TEXT.encode() + bytes(1000), bytes(100), TEXT.replace("Div", "D\0v").encode()]
)
def test_a_file_mostly_of_zeros_or_with_one_in_its_header_is_refused(data: bytes) -> None:
    assert refusal(data).error_code == "NOT_TEXT"


@pytest.mark.parametrize("filler", ["x", '"', ",", "1,", "ж"])
def test_a_line_of_ten_million_letters_costs_itself_alone(filler: str) -> None:
    long = f"E0,04/09/21,{filler * (10_000_000 // len(filler))}"
    batch = parse("\n".join((HEADER, ROWS[0], long, *ROWS[1:], "")))
    (row,) = batch.rejected
    assert (row.line, row.code, len(batch.matches)) == (3, "too-long", 3)
    assert len(row.raw) < 5_000


def test_a_cell_of_two_thousand_letters_is_no_name() -> None:
    batch = parse(TEXT.replace("Málaga,Acton", "M" * 2000 + ",Acton"))
    (row,) = batch.rejected
    assert (row.line, row.code) == (3, "too-long")
    assert "cell 3 has 2,000 characters" in row.reason


def test_a_cut_gzip_says_that_it_is_cut() -> None:
    error = refusal(gzip.compress(TEXT.encode())[:-9])
    assert error.error_code == "CORRUPT_GZIP"
    assert "end-of-stream" in str(error.cause)


def test_gzip_of_several_members_and_with_padding_is_whole() -> None:
    first, second = TEXT[:100].encode(), TEXT[100:].encode()
    assert parse(gzip.compress(first) + gzip.compress(second) + bytes(512)) == parse(TEXT)


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "ALWAYS_BYTES", 100_000)
    bomb = gzip.compress(bytes(3_000_000))
    error = refusal(bomb)
    assert error.error_code == "TOO_LARGE"
    assert f"{len(bomb):,} bytes packed" in str(error.cause)
    monkeypatch.setattr(unpack, "LARGEST_BYTES", 1_000)
    assert refusal(gzip.compress(os.urandom(2_000))).error_code == "TOO_LARGE"


def test_what_fits_the_limit_exactly_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "LARGEST_BYTES", len(TEXT.encode()))
    assert len(parse(gzip.compress(TEXT.encode())).matches) == 3


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<!DOCTYPE html><html><head><title>503 &amp; gone\n</title>", "503 & gone"),
        ("\ufeff\n <HTML><body><h1>Not here</h1></body>", "Not here"),
        ("<br />\n<b>Warning</b>: mysql_connect()", "Warning : mysql_connect()"),
    ],
)
def test_a_web_page_is_refused_by_its_title(page: str, said: str) -> None:
    error = refusal(page)
    assert error.error_code == "NOT_DATA"
    assert said in str(error.cause)


@pytest.mark.parametrize(
    ("data", "code", "kind"),
    [
        (b"%PDF-1.7\n", "NOT_TEXT", "a PDF document"),
        (b"PK\x03\x04...E0.csv", "NOT_TEXT", "a zip archive"),
        (b"PK\x03\x04...xl/workbook.xml", "NOT_TEXT", "an Excel workbook"),
        (b"PAR1...", "NOT_TEXT", "a Parquet file"),
        (gzip.compress(gzip.compress(b"Div", mtime=0), mtime=0), "NOT_TEXT", "a gzip file within"),
        (b' {"events": []}', "NOT_CSV", "JSON"),
        (b"[1, 2]", "NOT_CSV", "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid x\n", "NOT_CSV", "a pointer"),
    ],
)
def test_another_kind_of_file_is_named(data: bytes, code: str, kind: str) -> None:
    error = refusal(data)
    assert error.error_code == code
    assert kind in error.message


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    error = refusal(TEXT.replace("FTHG", "Crowd"))
    assert error.error_code == "MISSING_COLUMN"
    assert "no column FTHG" in error.message
    assert "Date,HomeTeam,AwayTeam,Crowd" in str(error.cause)


@pytest.mark.parametrize("name", ["Home-Team", "home_team", "HomeTeem", "HOMETEEM", "Hometeam."])
def test_a_renamed_column_is_suggested(name: str) -> None:
    error = refusal(TEXT.replace("HomeTeam", name))
    assert error.error_code == "MISSING_COLUMN"
    assert f"rename {name!r} in line 1 to 'HomeTeam'" in str(error.fix)


def test_a_name_is_suggested_once_and_never_one_that_is_needed() -> None:
    header = ["home_team", "AwayTeam", "HTHG"]
    assert likely_names(["HomeTeam", "HomeTeams", "FTHG"], header, ["AwayTeam"]) == {"HomeTeam": "home_team"}


@pytest.mark.parametrize(("separator", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_other_separators_are_named(separator: str, word: str) -> None:
    error = refusal(TEXT.replace(",", separator))
    assert (error.error_code, word in error.message) == ("WRONG_SEPARATOR", True)


def test_a_file_without_its_header_line_is_told_so() -> None:
    error = refusal("\n".join(ROWS))
    assert (error.error_code, "no header line" in error.message) == ("NOT_THIS_FORMAT", True)


def test_a_required_column_twice_with_different_content_is_refused_by_line() -> None:
    error = refusal(TEXT.replace("Referee", "FTHG"))
    assert error.error_code == "DUPLICATE_COLUMN"
    assert str(error.cause) == "column 5 says '2' and column 8 'Poll' in line 2"


def test_of_any_other_column_the_first_counts_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    text = "\n".join((f"{HEADER},B365H,HomeTeam", *(f"{row},9.9,{row.split(',')[2]}" for row in ROWS)))
    with caplog.at_level(logging.WARNING, "sportsplat"):
        assert parse(text).quotes == parse(TEXT).quotes
    (record,) = caplog.records
    assert "B365H (column 9 says '1.9' and column 12 '9.9' in line 2)" in record.getMessage()


def test_the_nearer_layout_is_told_of_a_file_with_two(tmp_path: Path) -> None:
    header = "game_id,_iscopy,year_id,date_game,is_playoffs,team_id,fran_id,pts,opp_fran,opp_pts,game_result"
    with pytest.raises(InputRefused) as refused:
        FiveThirtyEightNba().parse(Payload.of("x.csv", f"{header},forecast\n".encode()), None, LEAGUES)
    assert refused.value.error_code == "MISSING_COLUMN"
    assert "no column game_location" in refused.value.message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_blank_first_line_is_no_empty_file(encoding: str) -> None:
    payload = Payload.of("x.csv", "\ndate,season\n2020-01-01,2020\n".encode(encoding))
    with pytest.raises(InputRefused) as refused:
        FiveThirtyEightNba().parse(payload, None, LEAGUES)
    assert refused.value.error_code == "NOT_THIS_FORMAT"


def code_of(path: Path) -> str:
    with pytest.raises(InputRefused) as refused:
        read_paths([path])
    assert path.name in refused.value.message
    assert refused.value.fix
    return refused.value.error_code


def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "E0.csv")
    assert code_of(tmp_path / "E0.csv") == "NOT_A_FILE"
    with pytest.raises(InputRefused, match="is a pipe"):
        read_paths([tmp_path])


def test_an_endless_device_is_refused_at_once() -> None:
    assert code_of(Path("/dev/zero")) == "NOT_A_FILE"


def test_links_in_a_circle_and_into_nothing_are_refused_also_within_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("a.csv")
    assert code_of(tmp_path / "a.csv") == "UNREADABLE_FILE"
    with pytest.raises(InputRefused, match=r"a\.csv cannot be read"):
        read_paths([tmp_path])
    (tmp_path / "a.csv").unlink()
    (tmp_path / "b.csv").symlink_to("nowhere")
    assert code_of(tmp_path / "b.csv") == "NO_SUCH_FILE"
    with pytest.raises(InputRefused, match=r"b\.csv cannot be read"):
        read_paths([tmp_path])


def test_a_link_to_the_folder_above_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "E0.csv").write_text(TEXT)
    (tmp_path / "up").symlink_to(tmp_path)
    assert find_files([tmp_path]) == [tmp_path / "E0.csv"]


def test_a_name_below_a_file_and_one_that_is_too_long_are_refused(tmp_path: Path) -> None:
    (tmp_path / "E0.csv").write_text(TEXT)
    assert code_of(tmp_path / "E0.csv" / "x.csv") == "UNREADABLE_FILE"
    assert code_of(tmp_path / ("x" * 300)) == "UNREADABLE_FILE"


def test_a_name_that_is_no_utf8_is_refused_in_letters_that_can_be_printed(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xe1laga.csv"))
    path.write_text(TEXT)
    with pytest.raises(InputRefused, match=r"M\\xe1laga\.csv is not UTF-8") as refused:
        read_file(path)
    assert refused.value.error_code == "BAD_FILE_NAME"
    refused.value.message.encode()


def test_a_file_larger_than_can_be_read_is_refused_by_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sportsplat.sources.reading.files.LARGEST_BYTES", 10)
    (tmp_path / "E0.csv").write_text("x" * 11)
    assert code_of(tmp_path / "E0.csv") == "TOO_LARGE"


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder of somebody who may not read everything: root is nobody for the time of the test."""
    with TemporaryDirectory() as folder:
        was = os.geteuid()
        if was == 0:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(was)


def test_a_path_without_permission_is_refused(nobodys_folder: Path) -> None:
    folder = nobodys_folder / "kept"
    folder.mkdir()
    (folder / "E0.csv").write_text(TEXT)
    (folder / "E0.csv").chmod(0)
    assert code_of(folder / "E0.csv") == "UNREADABLE_FILE"
    folder.chmod(0)
    assert code_of(folder / "E0.csv") == "UNREADABLE_FILE"
    assert code_of(folder) == "UNREADABLE_FOLDER"
    with pytest.raises(InputRefused, match="kept cannot be listed"):
        read_paths([nobodys_folder])
    folder.chmod(stat.S_IRWXU)


def test_what_the_checksum_of_gzip_does_not_cover_is_still_noticed() -> None:
    """A member without its last eight bytes has all its text and no proof of it."""
    engine = zlib.compressobj(wbits=31)
    whole = engine.compress(TEXT.encode()) + engine.flush()
    assert refusal(whole[:-8]).error_code == "CORRUPT_GZIP"


def test_a_damaged_line_of_a_file_with_several_leagues_is_told_once_by_itself() -> None:
    header, *rows = SPI.splitlines()
    spoilt = [row.replace("Burnley", "Burn\0ley") for row in rows[:2]]
    payload = Payload.of("spi_matches.csv", "\n".join([header, *spoilt, *rows[2:], ""]).encode())
    batches = SoccerSpi().split(payload, LEAGUES)
    rejected = [row for batch in batches for row in batch.rejected]
    assert [(row.line, row.code) for row in rejected if row.code == "nul-byte"] == [
        (2, "nul-byte"),
        (3, "nul-byte"),
    ]
    assert sum(batch.rows_read for batch in batches) == len(rows)


def test_half_a_surrogate_pair_in_json_is_no_name() -> None:
    (spoilt,) = SEEDS["odds-api"]
    data = spoilt.data.replace(b'"home_team": "Atlanta Hawks"', b'"home_team": "Atlanta \\ud800Hawks"')
    batch = OddsApi().parse(Payload.of(spoilt.name, data), None, LEAGUES)
    assert [row.code for row in batch.rejected] == ["missing-team"]
    assert len(batch.matches) == 1


@pytest.mark.parametrize("season", ["0", "1", "9999"])
def test_a_season_beyond_the_calendar_falls_to_the_rule_of_seasons(season: str) -> None:
    text = NBA_BETTING.replace("2008,2007-10-30,True,False,por", f"{season},2007-10-30,True,False,por")
    batch = KaggleNbaBetting().parse(Payload.of("nba.csv", text.encode()), None, LEAGUES)
    kept = apply_rules(batch, LEAGUES["nba"], datetime(9999, 1, 1, tzinfo=UTC))
    assert [row.code for row in kept.rejected] == ["outside-season"]
    assert len(kept.matches) == 2
