"""The schedule: whatever the paths are called, cron and systemd run exactly what is meant."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sportsplat.errors import ConfigError, EnvironmentUnavailable, NotFound, UsageError
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.jobs.schedule import (
    Daily,
    Schedule,
    cron_line,
    own_program,
    schedule,
    service_unit,
    timer_unit,
)
from sportsplat.leagues import load_leagues
from sportsplat.settings import load_settings

CRON = re.compile(r"(?P<minute>[0-5]?\d) (?P<hour>1?\d|2[0-3]) \* \* \* (?P<command>.+)")
FOLDERS = [
    "plain",
    "with blank",
    "50% of it",
    'it\'s "mine"',
    "cost $HOME",
    "back\\slash",
    "a;b & c",
    "#x",
    "ünï",
]


def nowhere() -> Endpoint:
    raise EnvironmentUnavailable("no database")


def made(folder: Path, *leagues: str, **options: Any) -> Schedule:
    folder.mkdir(exist_ok=True)
    settings = load_settings(project_dir=folder, environ={})
    return schedule(Context(settings, load_leagues(folder), nowhere), leagues, **options)


def command_of(line: str) -> str:
    """Return what cron hands to the shell: `\\%` is a percent sign, a bare one would end the command."""
    found = CRON.fullmatch(line)
    assert found, line
    command = found["command"]
    assert not re.search(r"(?<!\\)%", command)
    return command.replace("\\%", "%")


def program(folder: Path) -> Path:
    """A program that says with which words it was called, and where; it fails where it is told to."""
    path = folder / "bin 100%" / "sportsplat"
    path.parent.mkdir(parents=True)
    path.write_text('#!/bin/sh\nprintf "%s|" "$PWD" "$@"; echo\ncase " $* " in *" fail "*) exit 9;; esac\n')
    path.chmod(0o755)
    return path


def daily(folder: Path, *codes: str) -> Daily:
    words = [str(program(folder))]
    return Daily(
        7,
        5,
        folder,
        folder / "my log",
        [*words, "sync", *codes],
        [[*words, "predict", code] for code in codes],
    )


@pytest.mark.parametrize("name", FOLDERS)
def test_cron_runs_sync_and_then_every_prediction_in_the_project_s_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    line = cron_line(daily(folder, "nba", "fail", "epl"))
    subprocess.run(["sh", "-c", command_of(line)], cwd="/", check=False)
    log = (folder / "my log").read_text().splitlines()
    assert log == [f"{folder}|sync|nba|fail|epl|"]  # a sync that fails forecasts nothing


def test_one_league_that_cannot_be_forecast_keeps_no_other_from_it(tmp_path: Path) -> None:
    day = daily(tmp_path, "nba", "epl")
    day.predictions[0].append("fail")
    subprocess.run(["sh", "-c", command_of(cron_line(day))], cwd="/", check=False)
    assert [line.split("|")[1:-1] for line in (tmp_path / "my log").read_text().splitlines()] == [
        ["sync", "nba", "epl"],
        ["predict", "nba", "fail"],
        ["predict", "epl"],
    ]


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
def test_systemd_takes_the_units(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    day = daily(folder, "nba", "epl")
    units = tmp_path / "units"
    units.mkdir()
    (units / "sportsplat-sync.service").write_text(service_unit(day))
    (units / "sportsplat-sync.timer").write_text(timer_unit(day))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(units.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "sportsplat" in line]
    assert ours == []


def test_systemd_is_given_what_it_expands_doubled(tmp_path: Path) -> None:
    folder = tmp_path / "50% $HOME"
    folder.mkdir()
    unit = service_unit(daily(folder, "nba"))
    words = f'"{tmp_path}/50%% $$HOME/bin 100%%/sportsplat"'
    start = '/bin/sh -c "exec \\"$$0\\" \\"$$@\\""'  # in the name of a program nothing is expanded
    assert f"ExecStart={start} {words} sync nba\n" in unit
    assert f"ExecStart=-{start} {words} predict nba\n" in unit
    assert f"WorkingDirectory={tmp_path}/50%% $HOME\n" in unit
    assert f"StandardOutput=append:{tmp_path}/50%% $HOME/my log\n" in unit


def test_the_time_of_day_is_that_of_both(tmp_path: Path) -> None:
    data = made(tmp_path, "nba", at="6:30")
    assert data["cron"] is not None
    assert data["timer"] is not None
    assert data["cron"].startswith("30 6 * * * ")
    assert "OnCalendar=*-*-* 06:30:00\n" in data["timer"]
    assert data["at"] == "06:30"


@pytest.mark.parametrize(
    ("kind", "cron", "systemd"), [("cron", True, False), ("systemd", False, True), ("both", True, True)]
)
def test_only_what_is_asked_for_is_written(tmp_path: Path, kind: str, cron: bool, systemd: bool) -> None:
    data = made(tmp_path, "nba", kind=kind)
    assert (data["cron"] is not None, data["service"] is not None, data["timer"] is not None) == (
        cron,
        systemd,
        systemd,
    )
    assert ("crontab -e" in data["text"], "[Timer]" in data["text"]) == (cron, systemd)


def test_the_words_are_those_of_this_program_with_absolute_paths(tmp_path: Path) -> None:
    data = made(tmp_path, "nba", "epl", "nba", days=3, profile="dev")
    assert data["leagues"] == ["nba", "epl"]
    ours = own_program()
    assert Path(ours[0]).is_absolute()
    assert data["commands"] == [
        [*ours, "sync", "nba", "epl", "--days", "3", "--quiet", "--profile", "dev"],
        [*ours, "predict", "nba", "--days", "3", "--quiet", "--profile", "dev"],
        [*ours, "predict", "epl", "--days", "3", "--quiet", "--profile", "dev"],
    ]
    assert data["cron"] is not None
    assert shlex.split(command_of(data["cron"]))[:2] == ["cd", str(tmp_path)]
    assert Path(data["log"]).parent.is_dir()


@pytest.mark.parametrize("at", ["24:00", "7", "07:60", "soon", "-1:00", "07:00:00"])
def test_what_is_no_time_of_day_is_refused(tmp_path: Path, at: str) -> None:
    with pytest.raises(UsageError) as refused:
        made(tmp_path, "nba", at=at)
    assert refused.value.error_code == "BAD_TIME"


def test_a_path_that_no_line_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        made(tmp_path / "two\nlines", "nba")
    assert refused.value.error_code == "BAD_PATH"


def test_unknown_leagues_and_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        made(tmp_path, "nbaa")
    with pytest.raises(UsageError, match="no kind"):
        made(tmp_path, "nba", kind="launchd")


def test_without_leagues_and_a_database_they_have_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Say which leagues") as refused:
        made(tmp_path)
    assert refused.value.fix == "sportsplat schedule nba"
