"""Options common to all commands: before the command, before a sub-command and after it, with one meaning."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sportsplat.cli.main import app

Call = Callable[..., tuple[int, str, str]]
SETTINGS = "risk: {{min_edge: {}}}\n"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command line in this process: exit code, stdout, stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            app(list(words))
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return run


@pytest.fixture
def project(project_dir: Path) -> Path:
    config = project_dir / "config"
    config.mkdir()
    for name, edge in (("settings", 0.1), ("settings.a", 0.2), ("settings.b", 0.3)):
        (config / f"{name}.yaml").write_text(SETTINGS.format(edge))
    return project_dir


def edge(out: str) -> float:
    held = json.loads(out)["data"]["settings"]["risk.min_edge"]["value"]
    assert isinstance(held, float)
    return held


@pytest.mark.parametrize("place", [0, 1, 2])
def test_json_and_profile_may_stand_in_every_place(call: Call, project: Path, place: int) -> None:
    words = ["config", "show", "risk.min_edge"]
    code, out, err = call(*words[:place], "--json", "--profile", "a", *words[place:])
    assert (code, err, edge(out)) == (0, "", 0.2)
    assert json.loads(out)["command"] == "config show"


def test_of_two_the_inner_one_is_used(call: Call, project: Path) -> None:
    words = ("--profile", "a", "--json", "config", "--profile=b", "show", "risk.min_edge")
    assert edge(call(*words)[1]) == 0.3
    assert edge(call(*words, "--profile", "a")[1]) == 0.2


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "stauts"),
        ("--json", "config", "chek"),
        ("config", "--json", "explain"),
        ("--json", "up", "--backend", "podman"),
        ("--json",),
        ("--json", "--nope"),
        ("--nope", "status", "--json"),
    ],
)
def test_an_error_is_json_wherever_json_stands(call: Call, words: tuple[str, ...]) -> None:
    code, out, err = call(*words)
    assert (code, err) == (2, "")
    assert json.loads(out)["error"]["code"] == "USAGE"


def test_json_that_is_passed_on_is_not_ours(call: Call, project_dir: Path) -> None:
    code, out, err = call("psql", "--", "--json")
    assert (code, out) == (3, "")
    assert err.startswith("error[NO_PROJECT]")


@pytest.mark.parametrize("words", [("--verbose", "status"), ("status", "--verbose")])
def test_verbose_shows_the_traceback_from_both_places(
    call: Call, project_dir: Path, words: tuple[str, ...]
) -> None:
    assert "Traceback" in call(*words)[2]


@pytest.mark.parametrize("words", [("--quiet", "config", "show"), ("config", "show", "--quiet")])
def test_quiet_has_the_same_meaning_in_both_places(call: Call, project: Path, words: tuple[str, ...]) -> None:
    assert call(*words, "--verbose")[2] == ""


def test_verbose_names_the_project(call: Call, project: Path) -> None:
    code, out, err = call("--verbose", "config", "show", "risk.min_edge", "--json")
    assert (code, err) == (0, f"project: {project}\n")
    assert json.loads(out)["data"]["project_dir"] == str(project)


def test_a_group_that_lists_when_named_alone_takes_them_too(call: Call, project: Path) -> None:
    assert json.loads(call("leagues", "--json")[1])["command"] == "leagues list"
    assert json.loads(call("--json", "leagues")[1])["command"] == "leagues list"
    assert json.loads(call("leagues", "--profile", "a", "--json", "list")[1])["command"] == "leagues list"
    added = json.loads(call("leagues", "--json", "add", "primera", "--sport", "soccer")[1])
    assert (added["command"], added["ok"]) == ("leagues add", True)
    assert "Commands" in call("leagues", "--json", "--help")[1]


def test_project_dir_may_stand_in_both_places_and_holds_for_one_command(
    call: Call, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (
        ("--project-dir", "project", "config", "show"),
        ("config", "show", "--project-dir=project"),
        ("--project-dir", "nowhere", "config", "show", "--project-dir", "project"),
    ):
        code, out, _ = call(*words, "risk.min_edge", "--json")
        assert (code, edge(out)) == (0, 0.1)
    assert "SPORTSPLAT_PROJECT_DIR" not in os.environ
    assert edge(call("config", "show", "risk.min_edge", "--json")[1]) != 0.1


@pytest.mark.parametrize("name", ["nowhere", "file"])
@pytest.mark.parametrize("words", [("status",), ("up",), ("config", "check")])
def test_a_named_folder_that_does_not_exist_is_named(
    call: Call, project_dir: Path, words: tuple[str, ...], name: str
) -> None:
    (project_dir / "file").write_text("")
    code, out, _ = call("--json", "--project-dir", name, *words)
    error = json.loads(out)["error"]
    assert (code, error["code"]) == (3, "INVALID_SETTING")
    what = "does not exist" if name == "nowhere" else "is not a folder"
    assert error["message"] == f"the project folder {project_dir / name} {what}"
    assert "--project-dir" in error["cause"]
    assert not (project_dir / "nowhere").exists()


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_has_a_short_option(call: Call, flag: str) -> None:
    assert call(flag)[1].startswith("sportsplat ")
