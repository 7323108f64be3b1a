"""Generated secrets go into the user's `.env` without disturbing it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sportsplat.config.variables import dotenv_variables
from sportsplat.infra.env_values import read_value, write_value


def test_a_new_file_is_private(tmp_path: Path) -> None:
    write_value(tmp_path / ".env", "POSTGRES_PASSWORD", "abc-1_2")

    assert read_value(tmp_path / ".env", "POSTGRES_PASSWORD") == "abc-1_2"
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_other_lines_stay_as_they_are(tmp_path: Path) -> None:
    before = "# mine\nGEMINI_API_KEY='x # y'\n\nexport POSTGRES_PASSWORD=old\nPOSTGRES_PASSWORD_FILE=/run/x\n"
    (tmp_path / ".env").write_text(before)
    (tmp_path / ".env").chmod(0o644)

    write_value(tmp_path / ".env", "POSTGRES_PASSWORD", "new")

    expected = "# mine\nGEMINI_API_KEY='x # y'\n\nPOSTGRES_PASSWORD_FILE=/run/x\nPOSTGRES_PASSWORD=new\n"
    assert (tmp_path / ".env").read_text() == expected
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / ".env"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to(tmp_path / "real")

    write_value(tmp_path / ".env", "B", "2")

    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=1\nB=2\n"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("K=v", "v"),
        ("export K = v ", "v"),
        ("K='a b'", "a b"),
        ('K="a # b"', "a # b"),
        ("K=v # why", "v"),
        ("K=first\nK=last", "last"),
        ("K=", None),
        ("# K=v", None),
        ("OTHERK=v", None),
        ('K="v" # why', "v"),
        ("K='v'\t# why", "v"),
        ("K=v\t# why", "v"),
        ("\ufeffK=v\r\n", "v"),
        ('K="a\\"b"', 'a"b'),
        ("K='it\\'s'", "it's"),
        ("'K'=v", "v"),
        ("K=v\nK=", "v"),
    ],
)
def test_reading(tmp_path: Path, line: str, value: str | None) -> None:
    (tmp_path / ".env").write_text(line + "\n")

    assert read_value(tmp_path / ".env", "K") == value


@pytest.mark.parametrize(
    "line",
    [
        'P="alpha9" # local only',
        "P='a'\t# b",
        "'P'=a",
        "export P=a",
        '\ufeffP="a\nb"',
        "sportsplat_P=x",
        'P="a\\"b"',
    ],
)
def test_a_written_value_is_the_one_that_settings_read(tmp_path: Path, line: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{line}\r\nUSER=bob # me\r\n", newline="")
    write_value(file, "P", "new", instead_of=("SPORTSPLAT_P",))
    assert file.read_bytes() == b"USER=bob # me\r\nP=new\r\n"
    assert [(v.name, v.value) for v in dotenv_variables(file)] == [("USER", "bob"), ("P", "new")]


def test_a_file_that_root_writes_stays_its_owners(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a file away")
    file = tmp_path / ".env"
    file.write_text("A=1\n")
    os.chown(file, 12345, 12346)
    write_value(file, "B", "2")
    found = file.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (12345, 12346, 0o600)


def test_an_absent_file_has_no_values(tmp_path: Path) -> None:
    assert read_value(tmp_path / ".env", "K") is None
