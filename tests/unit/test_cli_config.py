"""`sportsplat config`, as its user and as a script sees it."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from sportsplat.cli.main import app
from sportsplat.config.load import setting_keys
from sportsplat.paths import asset_dir

CANARY = "c4n4ry-config"


def ask(capsys: pytest.CaptureFixture[str], *words: str, expect: int = 0) -> Any:
    with pytest.raises(SystemExit) as left:
        app(["config", *words, "--json"])
    envelope = json.loads(capsys.readouterr().out)
    assert left.value.code == expect, envelope
    assert envelope["command"] == f"config {words[0]}"
    return envelope["data"] if expect == 0 else envelope["error"]


def say(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as left:
        app(["config", *words])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_show_gives_value_and_origin_of_every_key(
    capsys: pytest.CaptureFixture[str], project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project_dir / "config").mkdir()
    (project_dir / "config" / "settings.yaml").write_text("risk:\n  max_stake: 0.02\n")
    (project_dir / ".env").write_text(f"POSTGRES_PASSWORD={CANARY}\n")
    monkeypatch.setenv("SPORTSPLAT_API__PORT", "8123")
    data = ask(capsys, "show")
    assert data["project_dir"] == str(project_dir)
    assert tuple(data["settings"]) == setting_keys().all
    assert data["settings"]["risk.max_stake"] == {
        "value": 0.02,
        "layer": "settings.yaml",
        "origin": "config/settings.yaml:2",
    }
    assert data["settings"]["infra.password"] == {"value": "***", "layer": ".env", "origin": ".env:1"}
    assert data["settings"]["api.port"]["origin"] == "SPORTSPLAT_API__PORT"
    assert data["settings"]["features.rolling_windows"]["value"] == [5, 10]
    human = say(capsys, "show")
    assert "config/settings.yaml:2" in human
    assert CANARY not in human


def test_show_narrows_to_a_section_or_a_key(capsys: pytest.CaptureFixture[str], project_dir: Path) -> None:
    assert list(ask(capsys, "show", "api")["settings"]) == ["api.host", "api.port", "api.password"]
    assert list(ask(capsys, "show", "api.port")["settings"]) == ["api.port"]


@pytest.mark.parametrize(
    ("command", "key", "likely"),
    [("show", "api.prt", "api.port"), ("explain", "max_stak", "risk.max_stake"), ("show", "rsk", "risk")],
)
def test_a_mistyped_key_gets_a_suggestion(
    capsys: pytest.CaptureFixture[str], project_dir: Path, command: str, key: str, likely: str
) -> None:
    error = ask(capsys, command, key, expect=2)
    assert error["code"] == "UNKNOWN_KEY"
    assert f"did you mean {likely}?" in error["message"]


def test_explain_of_a_section_says_so(capsys: pytest.CaptureFixture[str], project_dir: Path) -> None:
    assert ask(capsys, "explain", "risk", expect=2)["fix"] == "sportsplat config show risk"


def test_explain_lists_each_layers_value(
    capsys: pytest.CaptureFixture[str], project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project_dir / ".env").write_text("POSTGRES_PORT=5001\n")
    monkeypatch.setenv("SPORTSPLAT_INFRA__PORT", "5002")
    data = ask(capsys, "explain", "infra.port")
    assert data["variables"] == ["SPORTSPLAT_INFRA__PORT", "POSTGRES_PORT"]
    assert [(said["layer"], said["value"], said["holds"]) for said in data["layers"]] == [
        ("default", "auto", False),
        (".env", 5001, False),
        ("environment", 5002, True),
    ]
    assert (data["value"], data["origin"]) == (5002, "SPORTSPLAT_INFRA__PORT")
    assert "overridden" in say(capsys, "explain", "infra.port")


def test_explain_masks_a_secret_in_every_layer(
    capsys: pytest.CaptureFixture[str], project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project_dir / ".env").write_text(f"POSTGRES_PASSWORD={CANARY}1\n")
    monkeypatch.setenv("POSTGRES_PASSWORD", f"{CANARY}2")
    data = ask(capsys, "explain", "infra.password")
    assert [said["value"] for said in data["layers"]] == [None, "***", "***"]


def test_init_then_check_in_an_empty_folder(capsys: pytest.CaptureFixture[str], project_dir: Path) -> None:
    data = ask(capsys, "init")
    assert data["kept"] == []
    assert {"config/settings.yaml", "config/leagues.yaml", ".env"} <= set(data["written"])
    assert stat.S_IMODE((project_dir / ".env").stat().st_mode) == 0o600
    checked = ask(capsys, "check")
    assert checked["files"] == ["config/settings.yaml", "config/leagues.yaml", ".env"]
    assert checked["warnings"] == []


def test_init_keeps_what_exists(capsys: pytest.CaptureFixture[str], project_dir: Path) -> None:
    (project_dir / ".env").write_text("POSTGRES_PASSWORD=mine\n")
    assert ".env" in ask(capsys, "init")["kept"]
    assert (project_dir / ".env").read_text() == "POSTGRES_PASSWORD=mine\n"
    again = ask(capsys, "init")
    assert again["written"] == []


def test_init_into_a_folder_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], project_dir: Path
) -> None:
    (project_dir / "config").write_text("a file where the folder should be")
    error = ask(capsys, "init", expect=4)
    assert error["code"] == "NOT_WRITABLE"


def test_check_warns_of_a_dotenv_that_others_can_read(
    capsys: pytest.CaptureFixture[str], project_dir: Path
) -> None:
    (project_dir / ".env").write_text("")
    (project_dir / ".env").chmod(0o644)
    assert "chmod 600 .env" in ask(capsys, "check")["warnings"][0]


def test_check_reports_a_wrong_league_too(capsys: pytest.CaptureFixture[str], project_dir: Path) -> None:
    (project_dir / "config").mkdir()
    (project_dir / "config" / "leagues.yaml").write_text("epl: {name: x}\n")
    assert ask(capsys, "check", expect=3)["code"] == "INVALID_LEAGUE"


def test_the_schema_describes_every_key_and_nothing_else(
    capsys: pytest.CaptureFixture[str], project_dir: Path
) -> None:
    schema = ask(capsys, "schema")
    described = {
        f"{section}.{name}"
        for section, where in schema["properties"].items()
        for name, entry in schema["$defs"][where["$ref"].rpartition("/")[2]]["properties"].items()
        if entry["description"]
    }
    assert described == set(setting_keys().all)
    assert json.loads(say(capsys, "schema")) == schema


def test_the_example_env_names_only_variables_that_exist(project_dir: Path) -> None:
    """Every commented assignment of .env.example, uncommented, must be accepted."""
    from sportsplat.config.load import load_settings

    example = (asset_dir("config") / ".env.example").read_text().splitlines()
    lines = [
        line.removeprefix("# ")
        for line in example
        if "=" in line and line.startswith("# ") and " =" not in line
    ]
    assignments = [line for line in lines if line.split("=")[0].replace("_", "").isupper()]
    assert len(assignments) >= 6
    (project_dir / "config").mkdir()
    (project_dir / "config" / "settings.dev.yaml").touch()
    (project_dir / ".env").write_text("\n".join(assignments))
    load_settings(project_dir=project_dir, environ={})


def test_the_page_lists_every_key_with_its_default(project_dir: Path) -> None:
    from sportsplat.config.load import resolve
    from sportsplat.jobs.configuration import to_public

    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z_]+\.[a-z_0-9]+)` \| (.*?) \|", page, flags=re.MULTILINE))
    resolved = resolve(environ={})
    defaults = {key: to_public(resolved.value(key)) for key in setting_keys().all}
    assert rows == {key: "" if value is None else f"`{value}`" for key, value in defaults.items()}


def test_config_check_tells_all_of_settings_and_leagues_at_once(
    capsys: pytest.CaptureFixture[str], project_dir: Path
) -> None:
    folder = project_dir / "config"
    folder.mkdir()
    (folder / "settings.yaml").write_text("risk: {kely_fraction: 0.3}\nmodels: {cv_folds: 1}\n")
    (folder / "leagues.yaml").write_text("cup:\n  name: A Cup\n  outcomes: [home, away]\n  timezone: UTC\n")
    error = ask(capsys, "check", expect=3)
    assert error["code"] == "UNKNOWN_SETTING"
    for key in (
        "kely_fraction",
        "cv_folds",
        "cup.sport",
        "cup.duration_minutes",
        "cup.season_matches",
        "cup.elo",
    ):
        assert key in error["message"]


def test_config_check_names_a_league_without_days_of_seasons(
    capsys: pytest.CaptureFixture[str], project_dir: Path
) -> None:
    shipped = (Path(__file__).parents[2] / "config/leagues.yaml").read_text()
    folder = project_dir / "config"
    folder.mkdir()
    (folder / "teams").symlink_to(Path(__file__).parents[2] / "config/teams")
    leagues = folder / "leagues.yaml"
    leagues.write_text(shipped)
    ask(capsys, "check")
    entry = (
        "cup:\n  name: A Cup\n  sport: soccer\n  outcomes: [home, away]\n  timezone: UTC\n"
        "  duration_minutes: 120\n  season_matches: 38\n"
        "  elo: {k: 20, home_advantage: 60, carry_over: 0.9, mean: 1500, initial: 1500, margin: none}\n"
    )
    leagues.write_text(shipped + "\n" + entry)
    error = ask(capsys, "check", expect=3)
    assert error["code"] == "INVALID_LEAGUE"
    assert "cup.rules.season: is missing" in error["message"]
    assert f"leagues.yaml:{len(shipped.splitlines()) + 2}" in error["cause"]
    leagues.write_text(shipped + "\n" + entry + "  rules: {season: [07-01, next 06-30]}\n")
    ask(capsys, "check")


def test_the_settings_are_those_of_the_folder_that_is_passed(
    tmp_path: Path, project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the current folder nor the variable counts where a job is given a project."""
    from sportsplat.jobs import configuration
    from sportsplat.jobs.doctor import examine

    other = tmp_path / "other"
    (other / "config").mkdir(parents=True)
    (other / "config" / "settings.yaml").write_text("api: {port: 8123}\n")
    (project_dir / "config").mkdir()
    (project_dir / "config" / "leagues.yaml").write_text("broken: [\n")
    monkeypatch.setenv("SPORTSPLAT_PROJECT_DIR", str(project_dir))
    port = configuration.show("api.port", project_dir=other).settings["api.port"]
    assert (port.value, port.origin) == (8123, configuration.explain("api.port", project_dir=other).origin)
    assert configuration.check(project_dir=other).files == ["config/settings.yaml"]
    (row,) = (row for row in examine(project_dir=other).checks if row.name == "settings")
    assert (row.state, row.seen) == ("ok", "valid (config/settings.yaml)")
