"""`sportsplat ingest`, `quarantine`, `sources` and `leagues` as their user runs them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.program import Ran, run, without_rights
from tests.season_files import CORRECTED, IMPOSSIBLE, ROWS, season_file

Sportsplat = Callable[..., Ran]


@pytest.fixture
def sportsplat(database: Database, project_dir: Path) -> Sportsplat:
    """The program, in an empty project that uses this test's database."""
    url = database.endpoint.url(reveal=True)

    def call(*words: str, before: Sequence[str] = ()) -> Ran:
        return run(project_dir, *words, before=before, DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external")

    return call


def cells(text: str, name: str) -> list[str]:
    """Return the other cells of the table row that begins with `name`."""
    rows = [re.split(r" {2,}", line.strip()) for line in text.splitlines()]
    return next(row[1:] for row in rows if row[0] == name)


def test_ingest_answers_with_the_object_of_the_contract(sportsplat: Sportsplat, project_dir: Path) -> None:
    season_file(project_dir / "data" / "2021", [*ROWS, IMPOSSIBLE])
    ran = sportsplat("ingest", "football-data", "data", "--json")
    assert ran.envelope["command"] == "ingest"
    assert set(ran.data) >= {
        "source", "files", "rows_read", "matches", "quotes", "stats", "forecasts", "quarantined",
        "rows_per_second",
    }  # fmt: skip
    assert ran.data["matches"] == {"inserted": 3, "updated": 0, "unchanged": 0}
    assert (ran.data["files"], ran.data["rows_read"], ran.data["quarantined"]) == (1, 4, 1)
    assert ran.stderr == ""


def test_people_get_counts_the_reason_and_the_next_command(sportsplat: Sportsplat, project_dir: Path) -> None:
    season_file(project_dir / "data" / "2021", [*ROWS, IMPOSSIBLE])
    first = sportsplat("ingest", "football-data", "data")
    assert first.exit_code == 0, first
    assert cells(first.stdout, "matches") == ["3", "0", "0"]
    assert cells(first.stdout, "quotes") == ["18", "0", "0"]
    assert "data/2021/E0.csv:5" in first.stdout
    assert "next: sportsplat quarantine list" in first.stdout
    second = sportsplat("ingest", "football-data", "data")
    assert cells(second.stdout, "matches") == ["0", "0", "3"]
    assert "next: sportsplat train epl" in second.stdout


def test_a_missing_file_is_exit_9_and_named(sportsplat: Sportsplat) -> None:
    ran = sportsplat("ingest", "football-data", "nowhere.csv", "--json")
    assert ran.exit_code == 9
    assert ran.error["code"] == "NO_SUCH_FILE"
    assert "nowhere.csv" in ran.error["message"]


def test_a_file_without_permission_is_refused_alone_with_the_systems_reason(
    sportsplat: Sportsplat, project_dir: Path
) -> None:
    kept = season_file(project_dir / "kept")
    kept.chmod(0)
    season_file(project_dir / "2021")
    first, before = str(kept), without_rights()
    alone = sportsplat("ingest", "football-data", first, "--json", before=before)
    assert (alone.exit_code, alone.error["code"]) == (9, "UNREADABLE_FILE")
    assert "Permission denied" in alone.error["cause"]
    both = sportsplat("ingest", "football-data", "2021/E0.csv", first, "--json", before=before)
    assert (both.exit_code, both.error["code"]) == (9, "FILES_REFUSED")
    assert "1 of 2 files were refused; the other 1 is stored" in both.error["message"]
    assert "Permission denied" in both.error["cause"]


def test_an_unknown_source_is_exit_2_with_a_suggestion(sportsplat: Sportsplat) -> None:
    ran = sportsplat("ingest", "nflvers", "games.csv")
    assert ran.exit_code == 2
    assert "did you mean 'nflverse'?" in ran.stderr


def test_one_bad_file_of_two_is_exit_9_and_the_good_one_is_shown(
    sportsplat: Sportsplat, project_dir: Path
) -> None:
    season_file(project_dir / "2021")
    season_file(project_dir / "bad", ["1,2"], header="a,b")
    ran = sportsplat("ingest", "football-data", "2021", "bad")
    assert ran.exit_code == 9
    assert ran.stdout == ""
    assert cells(ran.stderr, "matches") == ["3", "0", "0"]
    assert "1 of 2 files were refused" in ran.stderr
    assert str(Path("bad") / "E0.csv") in ran.stderr


def test_a_dry_run_keeps_nothing(sportsplat: Sportsplat, project_dir: Path) -> None:
    season_file(project_dir / "2021")
    ran = sportsplat(
        "ingest", "football-data", "2021", "--dry-run", "--since", "2020-09-19", "--season", "2020"
    )
    assert ran.exit_code == 0, ran
    assert cells(ran.stdout, "matches") == ["2", "0", "0"]
    assert "nothing was kept" in ran.stdout
    rows = sportsplat("leagues", "--json").data["leagues"]
    assert {row["matches"] for row in rows} == {0}


def test_quarantine_is_listed_shown_and_tried_again(sportsplat: Sportsplat, project_dir: Path) -> None:
    path = season_file(project_dir / "2021", [*ROWS, IMPOSSIBLE])
    sportsplat("ingest", "football-data", "2021")
    listed = sportsplat("quarantine", "list", "--json").data
    (row,) = listed["rows"]
    assert (row["file"], row["line"]) == (str(path), 5)
    assert "2021/E0.csv" in sportsplat("quarantine", "list").stdout
    assert sportsplat("quarantine", "--json").data == listed
    assert IMPOSSIBLE in sportsplat("quarantine", "show", str(row["id"])).stdout
    assert sportsplat("quarantine", "show", "99").exit_code == 2
    season_file(project_dir / "2021", [*ROWS, CORRECTED])
    assert sportsplat("quarantine", "retry", "--json").data["resolved"] == 1
    assert "nothing waits" in sportsplat("quarantine", "list").stdout


def test_sources_and_leagues_answer_people_and_programs(sportsplat: Sportsplat) -> None:
    assert "CC BY 4.0" in sportsplat("sources").stdout
    assert {row["name"] for row in sportsplat("sources", "--json").data["sources"]} >= {"football-data"}
    assert "Premier League" in sportsplat("leagues").stdout


def test_leagues_are_listed_without_a_database(project_dir: Path) -> None:
    ran = run(project_dir, "leagues")
    assert ran.exit_code == 0, ran
    assert "Premier League" in ran.stdout
    assert "nothing stored" not in ran.stdout
    assert "warning: what is stored is not known" in ran.stderr


def test_ingest_without_a_database_says_how_to_get_one(project_dir: Path) -> None:
    season_file(project_dir / "2021")
    (project_dir / ".sportsplat").mkdir()
    ran = run(project_dir, "ingest", "football-data", "2021", "--json")
    assert ran.exit_code == 4
    assert ran.error["fix"] == "sportsplat up"
