"""`sportsplat runs` and `quarantine drop`, as a user types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Database
from tests.program import Ran, run
from tests.season_files import IMPOSSIBLE, ROWS, season_file


@pytest.fixture
def project(database: Database, project_dir: Path) -> Project:
    return Project(database, project_dir)


class Project:
    """A project with two files stored, of which one holds a row that waits."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._url = database.endpoint.url(reveal=True)
        self.folder = folder
        self.first = season_file(folder / "2021", ROWS[:1])
        self.second = season_file(folder / "2021", [*ROWS[1:], IMPOSSIBLE], name="more.csv")
        for file in (self.first, self.second):
            self("ingest", "football-data", str(file))

    def __call__(self, *words: str) -> Ran:
        return run(self.folder, *words, DATABASE_URL=self._url, SPORTSPLAT_INFRA__BACKEND="external")


def test_a_run_is_listed_shown_and_taken_back(project: Project) -> None:
    runs = project("runs", "list", "--league", "epl", "--json").data["runs"]
    assert [Path(one["file"]).name for one in runs] == ["more.csv", "E0.csv"]
    assert [one["can_be_undone"] for one in runs] == [True, True]
    number = str(runs[0]["run"])
    assert project("runs", "show", number, "--json").data["counts"]["matches"]["inserted"] == 2
    refused = project("runs", "undo", number, "--json")
    assert (refused.exit_code, refused.error["code"]) == (2, "NEEDS_YES")
    told = project("runs", "undo", number, "--dry-run", "--json").data
    done = project("runs", "undo", number, "--yes", "--json").data
    assert done | {"dry_run": True} == told
    assert (done["removed"]["matches"], done["removed"]["quarantined"]) == (2, 1)
    again = project("runs", "undo", number, "--yes", "--json")
    assert (again.exit_code, again.error["code"]) == (2, "ALREADY_UNDONE")
    assert project("runs", "--file", "more", "--json").data["runs"][0]["status"] == "undone"
    (league,) = [one for one in project("leagues", "--json").data["leagues"] if one["matches"]]
    assert league["matches"] == 1


def test_waiting_rows_are_filtered_summed_up_and_dropped(project: Project) -> None:
    waiting = project("quarantine", "list", "--json").data
    assert [(one["code"], one["rows"]) for one in waiting["reasons"]] == [("impossible-score", 1)]
    run_id = str(waiting["rows"][0]["run_id"])
    for filters, rows in (
        (["--file", "more.csv"], 1),
        (["--file", "E0.csv"], 0),
        (["--reason", "impossible-score", "--league", "epl"], 1),
        (["--reason", "bad-date"], 0),
        (["--run", run_id], 1),
        (["--source", "nflverse"], 0),
    ):
        assert project("quarantine", "list", *filters, "--json").data["waiting"] == rows, filters
    nothing_said = project("quarantine", "drop", "--yes", "--json")
    assert (nothing_said.exit_code, nothing_said.error["code"]) == (2, "WHICH_ROWS")
    asked = project("quarantine", "drop", "--file", "more.csv", "--json")
    assert (asked.exit_code, asked.error["code"]) == (2, "NEEDS_YES")
    assert project("quarantine", "drop", "--file", "E0.csv", "--yes", "--json").data["dropped"] == 0
    dropped = project("quarantine", "drop", "--run", run_id, "--yes", "--json").data
    assert dropped["reasons"] == [{"code": "impossible-score", "rows": 1}]
    assert project("quarantine", "--json").data["waiting"] == 0
    project("ingest", "football-data", str(project.second))
    assert project("quarantine", "--json").data["waiting"] == 1
