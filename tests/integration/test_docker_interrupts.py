"""An `up` on Docker that is interrupted, killed or short of time: the next one makes it whole."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from sportsplat.infra.lock import wait_for
from tests import program
from tests.engine import DockerProject
from tests.in_docker import KEPT, appeared, ask, refused, up, variables

pytestmark = pytest.mark.fault


def test_too_little_time_names_what_it_waited_for_and_goes_on(docker_project: DockerProject) -> None:
    code, error = refused(docker_project, "up", "--timeout", "0.5")
    assert (code, error["code"]) == (8, "START_TIMED_OUT")
    assert "within 0." in error["message"]
    assert f"container {docker_project.container} is running" in error["cause"]
    assert "--timeout" in error["fix"]
    assert up(docker_project)["state"] == "running"


@pytest.mark.parametrize("presses", [1, 2])
def test_an_interrupt_takes_back_what_the_run_had_made(docker_project: DockerProject, presses: int) -> None:
    """Once: all that this run had made is gone. Twice: it leaves at once, and the next `up` finishes that."""
    with program.start(
        docker_project.folder,
        "up",
        "--json",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables(docker_project),
    ) as running:
        appeared(docker_project)
        for _ in range(presses):
            running.send_signal(signal.SIGINT)
            time.sleep(0.02)
        output, _ = running.communicate(timeout=30)

    assert running.returncode == 130
    if presses == 1:
        name = docker_project.name
        assert docker_project.leftovers() == []
        assert program.Ran(130, output, "").error["cause"] == (
            f"removed what this run had made: the container {name}-postgres, "
            f"the volume {name}-postgres-data, the network {name}"
        )
    assert up(docker_project)["state"] == "running"


def test_an_interrupt_keeps_data_that_was_there(docker_project: DockerProject) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    docker_project.run("down")
    with program.start(docker_project.folder, "up", env=variables(docker_project)) as running:
        assert wait_for(docker_project.containers, 60, longest_pause_s=0.005)
        running.send_signal(signal.SIGINT)
        interrupted = running.wait(60)

    assert interrupted in (0, 130)  # it may have been done already
    if interrupted:
        assert docker_project.leftovers() == [f"volume {docker_project.name}-postgres-data"]
    up(docker_project)
    assert ask(docker_project, "SELECT answer FROM kept") == "42"


@pytest.mark.parametrize("moment_s", [0.3, 0.6, 0.9, 1.3, 1.8])
def test_a_killed_up_is_recovered_by_the_next(docker_project: DockerProject, moment_s: float) -> None:
    with program.start(docker_project.folder, "up", env=variables(docker_project)) as running:
        time.sleep(moment_s)
        running.kill()

    assert up(docker_project)["state"] == "running"
    assert docker_project.run("down", "--volumes", "--yes").exit_code == 0
    assert docker_project.leftovers() == []
