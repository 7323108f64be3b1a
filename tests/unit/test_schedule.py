"""The schedule: whatever the paths are called, cron and systemd run exactly what is meant."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import ConfigError, EnvironmentUnavailable, NotFound, UsageError
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.schedule import (
    Daily,
    SyncSchedule,
    cron_line,
    own_program,
    schedule,
    service_unit,
    timer_unit,
)
from sportsplat.leagues.league import load_leagues

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


def made(folder: Path, *leagues: str, **options: Any) -> SyncSchedule:
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
        [*words, "up"],
        [*words, "sync", *codes],
        [[*words, "train", code] for code in codes],
        [[*words, "predict", code] for code in codes],
    )


def told(folder: Path, day: Daily, weekday: int = 2) -> tuple[int, str, list[list[str]]]:
    """Run cron's line on a weekday; return its exit code, what cron would mail, and what the log says."""
    date_program = folder / "clock"
    date_program.mkdir()
    (date_program / "date").write_text(f'#!/bin/sh\ncase "$1" in +%u) echo {weekday};; *) echo now;; esac\n')
    (date_program / "date").chmod(0o755)
    path = f"{date_program}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command_of(cron_line(day))],
        cwd="/",
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    log = day.log.read_text().splitlines()
    assert log[0] == "now"  # every run begins with its time
    assert done.stdout == ""
    return done.returncode, done.stderr, [line.split("|")[1:-1] for line in log[1:]]


@pytest.mark.parametrize("name", FOLDERS)
def test_cron_brings_the_database_up_syncs_and_predicts_in_the_project_s_folder(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    day = daily(folder, "nba", "epl")
    assert told(folder, day) == (
        0,
        "",
        [["up"], ["sync", "nba", "epl"], ["predict", "nba"], ["predict", "epl"]],
    )
    assert {line.split("|")[0] for line in day.log.read_text().splitlines()[1:]} == {str(folder)}


def test_on_monday_every_league_is_trained_before_it_is_predicted(tmp_path: Path) -> None:
    _, _, log = told(tmp_path, daily(tmp_path, "nba", "epl"), weekday=1)
    assert log[2:] == [["train", "nba"], ["train", "epl"], ["predict", "nba"], ["predict", "epl"]]


@pytest.mark.parametrize(("failing", "said"), [("up", 1), ("sync", 2)])
def test_without_a_database_or_a_sync_nothing_follows_and_cron_is_told(
    tmp_path: Path, failing: str, said: int
) -> None:
    day = daily(tmp_path, "nba")
    getattr(day, failing).append("fail")
    code, mailed, log = told(tmp_path, day)
    assert (code, len(log)) == (1, said)
    assert mailed == f"sportsplat: the daily run in {tmp_path} failed; {day.log} says why\n"


def test_one_league_that_cannot_be_forecast_keeps_no_other_from_it_and_cron_is_told(tmp_path: Path) -> None:
    day = daily(tmp_path, "nba", "epl")
    day.predictions[0].append("fail")
    code, mailed, log = told(tmp_path, day)
    assert log[1:] == [["sync", "nba", "epl"], ["predict", "nba", "fail"], ["predict", "epl"]]
    assert code == 1
    assert "the daily run" in mailed


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
    (start,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert start.startswith("ExecStart=/bin/sh -c \"date -u '+%%Y-%%m-%%d %%H:%%M:%%S UTC'; ")
    assert f"'{tmp_path}/50%% $$HOME/bin 100%%/sportsplat' sync nba" in start
    assert "exit $$failed" in start
    assert f"WorkingDirectory={tmp_path}/50%% $HOME\n" in unit
    assert f"StandardOutput=append:{tmp_path}/50%% $HOME/my log\n" in unit


def test_the_time_of_day_is_that_of_both(tmp_path: Path) -> None:
    data = made(tmp_path, "nba", at="6:30")
    assert data.cron is not None
    assert data.timer is not None
    assert data.cron.startswith("30 6 * * * ")
    assert "OnCalendar=*-*-* 06:30:00\n" in data.timer
    assert data.at == "06:30"


@pytest.mark.parametrize(
    ("kind", "cron", "systemd"), [("cron", True, False), ("systemd", False, True), ("both", True, True)]
)
def test_only_what_is_asked_for_is_written(tmp_path: Path, kind: str, cron: bool, systemd: bool) -> None:
    data = made(tmp_path, "nba", kind=kind)
    assert (data.cron is not None, data.service is not None, data.timer is not None) == (
        cron,
        systemd,
        systemd,
    )
    assert ("crontab -e" in data.text, "[Timer]" in data.text) == (cron, systemd)


def test_the_words_are_those_of_this_program_with_absolute_paths(tmp_path: Path) -> None:
    data = made(tmp_path, "nba", "epl", "nba", days=3, profile="dev")
    assert data.leagues == ["nba", "epl"]
    ours = own_program()
    assert Path(ours[0]).is_absolute()
    assert data.commands == [
        [*ours, "up", "--quiet", "--profile", "dev"],
        [*ours, "sync", "nba", "epl", "--days", "3", "--quiet", "--profile", "dev"],
        [*ours, "train", "nba", "--quiet", "--profile", "dev"],
        [*ours, "train", "epl", "--quiet", "--profile", "dev"],
        [*ours, "predict", "nba", "--days", "3", "--quiet", "--profile", "dev"],
        [*ours, "predict", "epl", "--days", "3", "--quiet", "--profile", "dev"],
    ]
    assert data.cron is not None
    assert shlex.split(command_of(data.cron))[:2] == ["cd", str(tmp_path)]
    assert Path(data.log).parent.is_dir()


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
    with pytest.raises(UsageError, match="say which leagues") as refused:
        made(tmp_path)
    assert refused.value.fix == "sportsplat schedule nba"
