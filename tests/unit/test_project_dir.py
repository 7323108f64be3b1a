"""Which folder is the project: the one that is named, this one, or the nearest above; and which never is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import ConfigError
from sportsplat.paths import FoundProject, find_project, find_project_dir, require_project


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder in which everything of a test lies."""
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture
def project(home: Path) -> Path:
    return make_project(home / "work" / "league")


def make_project(folder: Path) -> Path:
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "settings.yaml").write_text("api: {port: 8123}\n")
    return folder


def look(
    monkeypatch: pytest.MonkeyPatch, folder: Path, home: Path, named: Path | None = None, **variables: str
) -> FoundProject:
    monkeypatch.chdir(folder)
    return find_project(named, {"HOME": str(home), **variables})


@pytest.mark.parametrize("inside", ["", "data", "data/raw/2024"])
def test_a_project_is_found_from_every_folder_inside_it(
    monkeypatch: pytest.MonkeyPatch, home: Path, project: Path, inside: str
) -> None:
    (project / inside).mkdir(parents=True, exist_ok=True)
    found = look(monkeypatch, project / inside, home)
    assert (found.folder, found.exists, found.how) == (project, True, "above" if inside else "here")


@pytest.mark.parametrize("mark", [".sportsplat/", "config/settings.yaml", "config/leagues.yaml", ".env"])
def test_each_mark_makes_a_project(monkeypatch: pytest.MonkeyPatch, home: Path, mark: str) -> None:
    folder = home / "p"
    (folder / "sub").mkdir(parents=True)
    path = folder / mark
    path.parent.mkdir(exist_ok=True)
    if mark.endswith("/"):
        path.mkdir()
    else:
        path.write_text("# ours\nexport SPORTSPLAT_INFRA__PASSWORD=abc\n")
    assert look(monkeypatch, folder / "sub", home).folder == folder


def test_the_settings_are_those_of_the_project_found(
    monkeypatch: pytest.MonkeyPatch, home: Path, project: Path
) -> None:
    (project / ".env").write_text("SPORTSPLAT_RISK__MIN_EDGE=0.5\n")
    (project / "data").mkdir()
    monkeypatch.chdir(project / "data")
    settings = load_settings(environ={"HOME": str(home)})
    assert (settings.project_dir, settings.api.port, settings.risk.min_edge) == (project, 8123, 0.5)
    assert settings.state_dir == project / ".sportsplat"


def test_the_nearest_of_two_projects_is_used(
    monkeypatch: pytest.MonkeyPatch, home: Path, project: Path
) -> None:
    inner = make_project(project / "experiments" / "inner")
    (inner / "data").mkdir()
    assert look(monkeypatch, inner / "data", home).folder == inner
    assert look(monkeypatch, project / "experiments", home).folder == project


def test_an_env_file_of_another_program_above_is_not_a_project(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """A DATABASE_URL of a web site must not be taken for ours; in the current folder it is meant."""
    (home / "site" / "sub").mkdir(parents=True)
    (home / "site" / ".env").write_text("DATABASE_URL=postgresql://u@h/d\n")
    assert not look(monkeypatch, home / "site" / "sub", home).exists
    assert look(monkeypatch, home / "site", home).exists


@pytest.mark.parametrize(
    "text", ["", "# SPORTSPLAT_INFRA__PORT=1\n", "SPORTSPLAT_INFRA__PASSWORD=\nX=1\n", "PATH=x\n"]
)
def test_an_env_file_without_a_setting_is_not_a_project(
    monkeypatch: pytest.MonkeyPatch, home: Path, text: str
) -> None:
    (home / ".env").write_text(text)
    assert not look(monkeypatch, home, home).exists


def test_an_env_file_that_cannot_be_read_is_left_to_its_reader(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    (home / ".env").mkdir()
    assert look(monkeypatch, home, home).exists
    (home / "sub").mkdir()
    assert not look(monkeypatch, home / "sub", home).exists


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "DATABASE_URL_FILE",
        "SPORTSPLAT_INFRA__DATABASE_URL",
        "SPORTSPLAT_INFRA__STATE_DIR",
    ],
)
def test_an_environment_that_says_where_the_data_is_makes_this_folder_a_project(
    monkeypatch: pytest.MonkeyPatch, home: Path, name: str
) -> None:
    monkeypatch.chdir(home)
    found = find_project(None, {"HOME": str(home), name: "x"})
    assert (found.folder, found.exists) == (home, True)
    assert not find_project(None, {"HOME": str(home), name: ""}).exists


def test_a_project_above_is_preferred_to_the_environment(
    monkeypatch: pytest.MonkeyPatch, home: Path, project: Path
) -> None:
    (project / "sub").mkdir()
    assert look(monkeypatch, project / "sub", home, DATABASE_URL="x").folder == project


def test_the_home_folder_is_the_last_that_is_searched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    make_project(tmp_path)
    (home / "a" / "b").mkdir(parents=True)
    found = look(monkeypatch, home / "a" / "b", home)
    assert (found.folder, found.exists, found.last) == (home / "a" / "b", False, home)
    assert not look(monkeypatch, home, home).exists
    make_project(home)
    assert look(monkeypatch, home / "a" / "b", home).folder == home


def test_outside_of_the_home_folder_the_search_never_takes_the_root(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    (project / "sub").mkdir()
    assert look(monkeypatch, project / "sub", Path("/nonexistent")).folder == project
    assert look(monkeypatch, project.parent, Path("/nonexistent")).last != Path("/")


def test_a_folder_that_everybody_may_write_to_ends_the_search(
    monkeypatch: pytest.MonkeyPatch, home: Path, project: Path
) -> None:
    (project / "sub").mkdir()
    project.chmod(0o1777)
    assert not look(monkeypatch, project / "sub", home).exists
    assert look(monkeypatch, project, home).exists


def test_another_file_system_ends_the_search(
    monkeypatch: pytest.MonkeyPatch, home: Path, project: Path
) -> None:
    (project / "mounted").mkdir()
    usual = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        found = usual(path, **options)
        if path != project / "mounted":
            return found
        fields = list(found)
        fields[2] = found.st_dev + 1
        return os.stat_result(fields)

    monkeypatch.chdir(project / "mounted")
    monkeypatch.setattr(Path, "stat", stat)
    assert not find_project(None, {"HOME": str(home)}).exists


def test_the_project_of_another_user_is_named_and_not_taken(
    monkeypatch: pytest.MonkeyPatch, home: Path, project: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    (project / "sub").mkdir()
    os.chown(project / "config" / "settings.yaml", 4242, -1)
    found = look(monkeypatch, project / "sub", home)
    assert (found.exists, found.refused) == (False, project)
    with pytest.raises(ConfigError) as refused:
        require_project(found)
    assert f"the project in {project} belongs to another user" in str(refused.value.cause)
    assert f"--project-dir {project}" in str(refused.value.fix)
    os.chown(project / "sub", 4242, -1)
    assert look(monkeypatch, project / "sub", home).folder == project


def test_a_link_to_a_project_leads_to_it(monkeypatch: pytest.MonkeyPatch, home: Path, project: Path) -> None:
    (project / "data").mkdir()
    (home / "link").symlink_to(project)
    (home / "to-data").symlink_to(project / "data")
    assert look(monkeypatch, home / "link" / "data", home).folder == project
    assert look(monkeypatch, home / "to-data", home).folder == project
    assert look(monkeypatch, home, home, named=home / "link").folder == home / "link"


def test_a_linked_folder_belongs_where_it_lies(
    monkeypatch: pytest.MonkeyPatch, home: Path, project: Path
) -> None:
    """As for git: what counts is where the folder is, not the way on which it was entered."""
    (home / "disk").mkdir()
    (project / "linked").symlink_to(home / "disk")
    assert not look(monkeypatch, project / "linked", home).exists


def test_a_named_folder_is_the_project_and_nothing_above_it_is_searched(
    monkeypatch: pytest.MonkeyPatch, home: Path, project: Path
) -> None:
    (project / "sub").mkdir()
    found = look(monkeypatch, home, home, SPORTSPLAT_PROJECT_DIR=str(project))
    assert (found.folder, found.how, found.exists) == (project, "named", True)
    found = look(monkeypatch, home, home, named=project / "sub")
    assert (found.folder, found.exists) == (project / "sub", False)
    other = make_project(home / "other")
    assert look(monkeypatch, home, home, other, SPORTSPLAT_PROJECT_DIR=str(project)).folder == other
    assert look(monkeypatch, home, home, Path("work/league")).folder == project


def test_without_a_project_the_library_uses_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.chdir(home)
    assert find_project_dir(None, {"HOME": str(home)}) == home


def test_what_is_required_is_said(monkeypatch: pytest.MonkeyPatch, home: Path, project: Path) -> None:
    assert require_project(look(monkeypatch, project, home)) == project
    (home / "empty" / "sub").mkdir(parents=True)
    with pytest.raises(ConfigError) as refused:
        require_project(look(monkeypatch, home / "empty" / "sub", home))
    error = refused.value
    assert (error.error_code, error.exit_code) == ("NO_PROJECT", 3)
    assert error.message == "this folder is not in a sportsplat project"
    assert f"in {home / 'empty' / 'sub'} or in the folders above it, up to {home}" in str(error.cause)
    with pytest.raises(ConfigError, match="empty is not a sportsplat project") as refused:
        require_project(look(monkeypatch, project, home, home / "empty"))
    assert refused.value.fix == f"sportsplat up --project-dir {home / 'empty'}   (starts a project there)"
