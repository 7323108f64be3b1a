"""`sportsplat db backup` and its kin, as people and scripts see them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.backups import fill
from tests.conftest import Database
from tests.program import Ran, run


@pytest.fixture
def sportsplat(database: Database, tmp_path: Path) -> Program:
    """The program in a project whose database has rows."""
    with database.connect() as conn:
        fill(conn, 30)
    return Program(tmp_path, database.endpoint.url(reveal=True))


class Program:
    """Runs `sportsplat db ...` in a folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self._url = url

    def __call__(self, *words: str) -> Ran:
        return run(self.folder, "db", *words, DATABASE_URL=self._url)


def test_people_read_what_was_done_and_that_nobody_verified_it(sportsplat: Program) -> None:
    made = sportsplat("backup")
    file, summary, then = made.stdout.splitlines()
    assert Path(file).is_file()
    assert summary.startswith("549 rows, ")
    assert summary.endswith(", not verified")
    assert then == f"next: sportsplat db verify {file}"
    assert "not verified" in sportsplat("backups").stdout
    assert "549 rows of 27 tables restored and compared, all equal" in sportsplat("verify", file).stdout
    assert "not verified" not in sportsplat("backups").stdout
    newest = sportsplat("backup", "--json").data["file"]
    assert sportsplat("verify", "--json").data["file"] == newest


def test_scripts_get_the_same_keys_from_backup_verify_and_list(sportsplat: Program) -> None:
    made = sportsplat("backup", "a.dump", "--json").data
    assert set(made) == {
        "file",
        "bytes",
        "created_at",
        "backend",
        "server_version",
        "schema_revision",
        "tables",
        "rows",
        "verified",
        "seconds",
    }
    assert set(sportsplat("verify", "a.dump", "--json").data) == set(made) | {"compared"}
    assert set(sportsplat("restore", "a.dump", "--yes", "--json").data) == set(made) | {"actions"}
    (kept,) = sportsplat("backups", "--json").data["backups"]
    assert set(kept) == set(made) - {"seconds"}
    assert sportsplat("reset", "--yes", "--no-backup", "--json").data["actions"][0].startswith("dropped ")


def test_refusals_have_their_exit_codes(sportsplat: Program) -> None:
    assert sportsplat("backup", "a.dump").exit_code == 0
    again = sportsplat("backup", "a.dump")
    assert (again.exit_code, "error[FILE_EXISTS]" in again.stderr) == (5, True)
    assert sportsplat("backup", "a.dump", "--force").exit_code == 0
    for words, code in (
        (("restore", "a.dump"), "NEEDS_YES"),
        (("reset",), "NEEDS_YES"),
        (("move", "elsewhere"), "USAGE"),
    ):
        ran = sportsplat(*words, "--json")
        assert (ran.exit_code, ran.error["code"]) == (2, code)
    os.truncate(sportsplat.folder / "a.dump", 4000)
    for word in ("verify", "restore"):
        ran = sportsplat(word, "a.dump", "--json")
        assert (ran.exit_code, ran.error["code"]) == (9, "BACKUP_DAMAGED")
        assert "a.dump" in ran.error["message"]


def test_a_damaged_file_is_listed_as_damaged(sportsplat: Program) -> None:
    (sportsplat.folder / "kept").mkdir()
    for _ in range(2):
        assert sportsplat("backup", "kept").exit_code == 0  # a folder: the file gets a name there
        made = sportsplat("backup", "--json").data
    os.truncate(made["file"], 5000)
    listed = sportsplat("backups", "--json").data["backups"]
    assert len(listed) == 2
    assert [Path(entry["file"]).name for entry in listed if "damaged" in entry] == [Path(made["file"]).name]
    assert "damaged" in sportsplat("backups").stdout
    assert len(list((sportsplat.folder / "kept").glob("*.dump"))) == 2


def test_a_state_folder_that_cannot_be_is_named(sportsplat: Program) -> None:
    (sportsplat.folder / ".sportsplat").write_text("")
    ran = sportsplat("backup", "--json")
    assert (ran.exit_code, ran.error["code"]) == (4, "NOT_WRITABLE")


def test_quiet_says_nothing_but_the_answer(sportsplat: Program) -> None:
    assert sportsplat("backup", "--quiet").stderr == ""
