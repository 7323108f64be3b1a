"""Payloads from files and folders, and the list of sources."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from sportsplat.errors import InputRefused, NotFound
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import SOURCES, get_source
from sportsplat.sources.base import Payload, Source, decode_text
from tests.payloads import read_paths

FILES_ONLY = {
    "fivethirtyeight-checking-our-work",
    "fivethirtyeight-nfl",
    "fivethirtyeight-soccer-spi",
    "kaggle-nba-betting",
    "kaggle-nba-games",
    "kaggle-nba-team-stats",
    "sportsbookreview",
    "table",
}
"""Nothing is fetched: the user has the files."""


def test_a_file_is_read_with_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "E0.csv"
    path.write_bytes(b"Div\n")
    (payload,) = read_paths([path])
    assert payload == Payload(str(path), b"Div\n", hashlib.sha256(b"Div\n").hexdigest())


def test_a_packed_file_gives_the_same_bytes_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "E0.csv.gz"
    path.write_bytes(gzip.compress(b"Div\n"))
    (payload,) = read_paths([path])
    assert (payload.data, payload.sha256) == (b"Div\n", hashlib.sha256(b"Div\n").hexdigest())


def test_a_folder_is_read_deeply_and_in_order(tmp_path: Path) -> None:
    for name in ("b/E0.csv", "a/E1.csv.gz", "a/E0.CSV", "a/readme.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"Div\n")
    names = [Path(payload.name).relative_to(tmp_path).as_posix() for payload in read_paths([tmp_path])]
    assert names == ["a/E0.CSV", "a/E1.csv.gz", "b/E0.csv"]


def test_a_folder_is_searched_for_the_files_that_the_source_reads(tmp_path: Path) -> None:
    for name in ("season.XLSX", "season.xls", "games.csv", "games.csv.gz"):
        (tmp_path / name).write_bytes(gzip.compress(b"x") if name.endswith("gz") else b"x")
    found = {
        name: [Path(payload.name).name for payload in read_paths([tmp_path], get_source(name).suffixes)]
        for name in ("sportsbookreview", "kaggle-nba-betting")
    }
    assert found == {
        "sportsbookreview": ["season.XLSX", "season.xls"],
        "kaggle-nba-betting": ["games.csv", "games.csv.gz"],
    }


def test_a_folder_without_a_workbook_is_refused_by_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "games.csv").write_bytes(b"x")
    with pytest.raises(InputRefused) as refused:
        read_paths([tmp_path], get_source("sportsbookreview").suffixes)
    assert (refused.value.error_code, "*.xlsx" in str(refused.value.cause)) == ("EMPTY_FOLDER", True)


def test_what_programs_put_below_a_folder_is_passed_over(tmp_path: Path) -> None:
    foreign = (".venv/lib/x.csv", "env/pyvenv.cfg", "env/lib/y.csv", ".git/z.csv", "node_modules/a/b.csv")
    for name in (*foreign, "data/E0.csv", "data/._E0.csv", "~$E1.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"Div\n")
    found = [Path(payload.name).relative_to(tmp_path).as_posix() for payload in read_paths([tmp_path])]
    assert found == ["data/E0.csv"]
    assert len(read_paths([tmp_path / ".venv"])) == 1, "named itself, a hidden folder is read"


def test_a_pattern_that_the_shell_left_as_it_is_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "2021").mkdir()
    (tmp_path / "2021" / "E0.csv").write_bytes(b"Div\n")
    with pytest.raises(InputRefused, match="no file matches the pattern") as nothing:
        read_paths([tmp_path / "*" / "E9.csv"])
    assert (nothing.value.error_code, nothing.value.fix) == ("NO_SUCH_FILE", f"ls -l {tmp_path}")
    with pytest.raises(InputRefused, match="the shell did not expand it") as quoted:
        read_paths([tmp_path / "*" / "E0.csv"])
    assert quoted.value.fix == f"leave out the quotes: {tmp_path}/*/E0.csv"


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "E0.csv"
    path.write_bytes(b"Div\n")
    assert len(read_paths([path, tmp_path, path])) == 1


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none.csv", "NO_SUCH_FILE"), (tmp_path, "EMPTY_FOLDER")):
        with pytest.raises(InputRefused) as refused:
            read_paths([path])
        assert refused.value.error_code == code
        assert str(path) in refused.value.message


@pytest.mark.parametrize("damage", [slice(0, 20), slice(0, -4)])
def test_a_damaged_packed_file_is_refused(tmp_path: Path, damage: slice) -> None:
    path = tmp_path / "E0.csv.gz"
    path.write_bytes(gzip.compress(b"Div,Date\n" * 100)[damage])
    with pytest.raises(InputRefused) as refused:
        read_paths([path])
    assert refused.value.error_code == "CORRUPT_GZIP"


def test_a_flipped_byte_in_a_packed_file_is_noticed(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"Div,Date\n" * 100))
    packed[-6] ^= 0xFF  # in the checksum
    path = tmp_path / "E0.csv.gz"
    path.write_bytes(packed)
    with pytest.raises(InputRefused, match="damaged gzip"):
        read_paths([path])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfDiv", "Div"),
        ("Málaga".encode(), "Málaga"),
        (b"M\xe1laga\xa0", "Málaga\xa0"),
        (b"\x81", "\x81"),
    ],
)
def test_text_is_utf8_or_windows_1252(data: bytes, text: str) -> None:
    assert decode_text(Payload.of("x", data)) == text


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_says_what_it_is(name: str) -> None:
    source = get_source(name, load_leagues())
    assert isinstance(source, Source)
    assert source.can_fetch == (name not in FILES_ONLY)
    assert source.name == name
    assert source.title
    assert source.licence
    assert source.gives
    assert source.leagues


@pytest.mark.parametrize("name", ["football-data", "nflverse", "fivethirtyeight-nba", "simulate"])
def test_a_source_with_a_public_site_can_be_fetched(name: str) -> None:
    assert get_source(name).can_fetch


def test_a_mistyped_source_gets_a_suggestion() -> None:
    with pytest.raises(NotFound, match="did you mean 'nflverse'") as unknown:
        get_source("nflvers")
    assert unknown.value.exit_code == 2
