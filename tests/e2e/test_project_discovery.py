"""The installed program finds its project as git does, and says so where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.program import run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose database was never started."""
    made = tmp_path / "project"
    (made / "data" / "raw").mkdir(parents=True)
    (made / "config").mkdir()
    (made / "config" / "settings.yaml").write_text("api: {port: 8123}\ninfra: {backend: embedded}\n")
    return made


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "down",
        "psql",
        "train epl",
        "predict",
        "ingest football-data --league epl --season 2023",
        "data quality epl",
        "runs",
        "serve",
        "db migrate",
        "db move docker",
    ],
)
def test_a_command_that_uses_a_project_says_that_there_is_none(tmp_path: Path, words: str) -> None:
    done = run(tmp_path, *words.split(), "--json")
    assert (done.exit_code, done.error["code"]) == (3, "NO_PROJECT")
    assert done.error["message"] == "this folder is not in a sportsplat project"
    assert str(tmp_path) in done.error["cause"]
    assert done.error["fix"].startswith("sportsplat up ")
    assert "--project-dir" in done.error["fix"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", ["sources", "leagues", "config schema", "config show", "config check", "--version"]
)
def test_what_needs_no_project_works_everywhere(tmp_path: Path, words: str) -> None:
    assert run(tmp_path, *words.split()).exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_mapping_is_proposed_without_a_project(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("date,home,away,hg,ag\n2024-01-01,Arsenal,Chelsea,1,0\n")
    words = ("ingest", "table", "t.csv", "--suggest", "--league", "epl", "--json")
    assert run(tmp_path, *words).envelope["ok"]


def test_doctor_and_the_init_script_need_no_project(tmp_path: Path) -> None:
    checks = run(tmp_path, "doctor", "--json").envelope
    assert checks["data"] or checks["error"]["code"] == "UNHEALTHY"
    assert run(tmp_path, "db", "render-init", "--json").exit_code == 0


def test_the_project_is_found_from_below_and_named(project: Path) -> None:
    for folder in (project, project / "data", project / "data" / "raw"):
        status = run(folder, "status", "--json").data
        assert (status["project_dir"], status["state"]) == (str(project), "absent")
    shown = run(project / "data", "--verbose", "status")
    assert shown.stdout.split()[:2] == ["project", str(project)]
    assert f"project: {project}\n" in shown.stderr


def test_leagues_and_init_use_the_project_above(project: Path) -> None:
    added = run(project / "data", "leagues", "add", "primera", "--sport", "soccer")
    assert added.exit_code == 0
    assert added.stderr == f"project: {project}\n"
    assert "primera:" in (project / "config" / "leagues.yaml").read_text()
    assert run(project / "data", "--quiet", "config", "init").stderr == ""
    assert (project / ".env").is_file()
    assert sorted(path.name for path in (project / "data").iterdir()) == ["raw"]


@pytest.mark.parametrize("words", ["leagues add primera --sport soccer", "config init"])
def test_without_a_project_one_is_started_here(tmp_path: Path, words: str) -> None:
    assert run(tmp_path, *words.split()).exit_code == 0
    assert (tmp_path / "config" / "leagues.yaml").is_file()
    (tmp_path / "sub").mkdir()
    assert run(tmp_path / "sub", "status", "--json").data["project_dir"] == str(tmp_path)


def test_a_project_inside_another_is_started_by_naming_it(project: Path) -> None:
    inner = project / "data"
    assert run(inner, "config", "init", "--project-dir", ".").exit_code == 0
    assert run(inner / "raw", "status", "--json").data["project_dir"] == str(inner)


def test_a_project_in_a_new_folder_is_made_by_init(tmp_path: Path) -> None:
    assert run(tmp_path, "--project-dir", "new", "config", "init").exit_code == 0
    assert run(tmp_path / "new", "status", "--json").data["project_dir"] == str(tmp_path / "new")


def test_a_named_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for done in (
        run(tmp_path, "--project-dir", "empty", "--json", "status"),
        run(tmp_path, "status", "--json", SPORTSPLAT_PROJECT_DIR="empty"),
    ):
        assert (done.exit_code, done.error["code"]) == (3, "NO_PROJECT")
        assert done.error["message"] == f"{tmp_path / 'empty'} is not a sportsplat project"


def test_relative_paths_are_those_of_the_current_folder(project: Path) -> None:
    raw = project / "data" / "raw"
    (raw / "t.csv").write_text("date,home,away,hg,ag\n2024-01-01,Arsenal,Chelsea,1,0\n")
    words = ("ingest", "table", "t.csv", "--suggest", "--league", "epl")
    assert run(raw, *words).exit_code == 0
    missing = run(project, *words, "--json")
    assert missing.error["code"] == "NO_SUCH_FILE"


def test_the_leagues_of_a_named_project_hold_for_its_sources(project: Path, tmp_path: Path) -> None:
    run(project, "leagues", "add", "primera", "--sport", "soccer")
    listed = run(tmp_path, "sources", "--project-dir", "project", "--json").data["sources"]
    assert "primera" in next(row["leagues"] for row in listed if row["name"] == "table")


def test_up_in_a_folder_below_starts_the_database_of_the_project(project: Path) -> None:
    try:
        up = run(project / "data" / "raw", "up", "--json")
        assert up.data["project_dir"] == str(project)
        assert up.stderr.startswith(f"project: {project}\n")
        assert (project / ".sportsplat").is_dir()
        assert list((project / "data" / "raw").iterdir()) == []
        elsewhere = project.parent
        assert run(elsewhere, "--project-dir", "project", "url").exit_code == 0
        assert run(project / "data", "psql", "--", "-c", "SELECT 1").exit_code == 0
    finally:
        assert run(project / "data", "down", "--volumes", "--yes").exit_code == 0
    assert run(project / "data", "status", "--json").data["state"] == "absent"


def test_the_home_folder_bounds_the_search(project: Path) -> None:
    home = project / "data"
    done = run(home / "raw", "status", "--json", HOME=str(home))
    assert done.error["code"] == "NO_PROJECT"
    assert f"up to {home}" in done.error["cause"]


def test_text_of_the_error(tmp_path: Path) -> None:
    done = run(tmp_path, "status")
    assert done.stdout == ""
    first, cause, fix = done.stderr.splitlines()
    assert first == "error[NO_PROJECT]: this folder is not in a sportsplat project"
    assert cause.startswith("  cause: there is no config/settings.yaml, .sportsplat/")
    assert fix.startswith("  fix:   sportsplat up   (starts a project here)")
    assert json.loads(run(tmp_path, "--json", "status").stdout)["ok"] is False


def test_next_commands_repeat_the_folder_that_was_named(tmp_path: Path) -> None:
    """Copied from the output, they must work in the folder in which the command was typed."""
    assert run(tmp_path, "--project-dir", "my league", "config", "init").exit_code == 0
    status = run(tmp_path, "status", "--project-dir", "my league")
    assert "next: sportsplat --project-dir 'my league' up\n" in status.stdout
    refused = run(tmp_path, "--project-dir", "my league", "data", "matches", "eppl", "--json")
    assert refused.error["fix"].startswith("sportsplat --project-dir 'my league' ")
    assert "next: sportsplat up\n" in run(tmp_path / "my league", "status").stdout
