"""The program as a process: pipes that close, Ctrl-C, terminals."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import PROGRAM, environment

SLEEPER = """
import time, typer
from sportsplat.cli.command import Answer, command

app = typer.Typer()

@command(app, "sleep")
def sleep(ctx) -> Answer:
    print("asleep", flush=True)
    time.sleep(60)
    return Answer()

app()
"""


def test_a_reader_that_leaves_early_is_no_error(project_dir: Path) -> None:
    """`sportsplat config schema | head -1`: no traceback, no complaint."""
    program = subprocess.Popen(
        [PROGRAM, "config", "schema"],
        cwd=project_dir,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    program.stdout.close()
    _, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, b"")


def test_help_into_a_closed_pipe_is_silent(project_dir: Path) -> None:
    program = subprocess.Popen(
        [PROGRAM, "--help"],
        cwd=project_dir,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    program.stdout.close()
    assert program.communicate(timeout=60)[1] == b""


@pytest.mark.parametrize(
    "words", [["config", "show"], ["config", "show", "--json"], ["--help"]], ids=" ".join
)
def test_a_full_disk_is_told_on_stderr(project_dir: Path, words: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, *words],
            cwd=project_dir,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 4
    assert done.stderr.startswith("error[OUTPUT_FAILED]")
    assert "Traceback" not in done.stderr


HANGS_AT_EXIT = """
import atexit, sys, time
from sportsplat.__main__ import main

def hang():
    print("ending", flush=True)
    time.sleep(60)

atexit.register(hang)
sys.argv = ["sportsplat", "--version"]
main()
"""


def running(folder: Path, script: str, *words: str) -> subprocess.Popen[str]:
    """Start Python with a script that runs the program."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *words],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_hanging_exit_outlives_ctrl_c_and_is_ended_by_a_request_to_stop(project_dir: Path) -> None:
    """A library's thread that does not end can keep any program from ending."""
    program = running(project_dir, HANGS_AT_EXIT)
    assert program.stdout is not None
    assert program.stdout.readline().startswith("sportsplat ")
    assert program.stdout.readline() == "ending\n"
    program.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(timeout=0.5)
    program.terminate()
    _, err = program.communicate(timeout=30)
    assert (program.returncode, err) == (-signal.SIGTERM, "")


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_ctrl_c_ends_with_130_and_no_traceback(project_dir: Path, flags: list[str]) -> None:
    program = running(project_dir, SLEEPER, *flags)
    assert program.stdout is not None
    assert program.stdout.readline() == "asleep\n"
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=30)
    assert program.returncode == 130
    assert "Traceback" not in err
    if flags:
        assert json.loads(out)["error"]["code"] == "INTERRUPTED"
    else:
        assert err.startswith("error[INTERRUPTED]")


@pytest.mark.parametrize(
    ("words", "variables", "coloured"),
    [
        ([], {}, True),
        (["--no-color"], {}, False),
        ([], {"NO_COLOR": "1"}, False),
        (["--json"], {}, False),
    ],
)
def test_colour_on_a_terminal(
    project_dir: Path, words: list[str], variables: dict[str, str], coloured: bool
) -> None:
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [PROGRAM, "config", "show", *words],
        cwd=project_dir,
        env={key: value for key, value in environment().items() if key != "NO_COLOR"}
        | {"TERM": "xterm-256color"}
        | variables,
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    assert program.wait(timeout=60) == 0
    assert b"risk.max_stake" in seen
    assert (b"\x1b[" in seen) is coloured


def test_python_dash_m_is_the_same_program(project_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sportsplat", "--version"],
        cwd=project_dir,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("sportsplat ")


@pytest.mark.parametrize("words", ["status", "status --json", "--version", "--help"])
def test_a_closed_stdout_is_named_before_anything_is_done(project_dir: Path, words: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"exec {PROGRAM} {words} >&-"],
        cwd=project_dir,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert done.stderr.startswith("error[OUTPUT_FAILED]: standard output is closed")


def test_a_closed_stderr_or_stdin_costs_nothing(project_dir: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"exec {PROGRAM} config show --json <&- 2>&-"],
        cwd=project_dir,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["ok"]


@pytest.mark.parametrize("words", [["status"], ["leagues"], ["ingest", "table", "x.csv"]])
def test_a_working_folder_that_was_deleted_is_named(project_dir: Path, words: list[str]) -> None:
    done = subprocess.run(
        ["bash", "-c", 'rmdir "$PWD"; exec "$0" "$@" --json', PROGRAM, *words],
        cwd=project_dir,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["code"] == "FOLDER_GONE"
