"""Kills spread over `up` and over a server at work in Docker: no row lost, nothing left, no flag needed.

SPORTSPLAT_TEST_KILLS=20 kills `up` at that many moments, and the server at half as many.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from sportsplat.infra.environment import Endpoint
from tests import program
from tests.engine import DockerProject
from tests.in_docker import HEAD, KEPT, ask, inspected, quiet_port, up, variables
from tests.writer import TABLE, Writer

pytestmark = pytest.mark.fault

MOMENTS = int(os.environ.get("SPORTSPLAT_TEST_KILLS", "6"))
KINDS = ("cold", "cold", "stopped", "changed")


@pytest.fixture
def project(docker_project: DockerProject) -> Iterator[DockerProject]:
    """A project on a port that nobody else asks for; at the end nothing of it may be left by `down`."""
    docker_project.configure(port=quiet_port())
    yield docker_project
    assert docker_project.run("down", "--volumes", "--yes").exit_code == 0
    assert docker_project.leftovers() == []
    assert processes_in(docker_project) == []


def processes_in(project: DockerProject) -> list[str]:
    """Return the command lines of all processes that work in the project's folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd().startswith(str(project.folder)):
                found.append(" ".join(process.cmdline()))
    return found


def prepare(project: DockerProject, kind: str) -> float:
    """Bring about what a kind of `up` begins with; return the seconds that one took before."""
    began = time.monotonic()
    up(project)
    took_s = time.monotonic() - began
    ask(project, KEPT)
    if kind == "cold":
        project.run("down", "--volumes", "--yes")
        return took_s
    project.run("down")
    if kind == "stopped":
        return took_s / 2
    port = up(project)["services"][0]["port"]
    project.configure(port=port, memory="768m")
    return took_s / 2


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_an_up_killed_at_any_moment_is_recovered_by_the_next(project: DockerProject, moment: int) -> None:
    kind = KINDS[moment % len(KINDS)]
    took_s = prepare(project, kind)
    with program.start(project.folder, "up", env=variables(project)) as client:
        time.sleep(took_s * (moment + 0.5) / MOMENTS)
        client.kill()

    data = up(project)

    assert (data["state"], data["schema_revision"]) == ("running", HEAD)
    assert len(project.containers()) == len(project.networks()) == len(project.volumes()) == 1
    if kind != "cold":
        assert ask(project, "SELECT answer FROM kept") == "42"


def test_a_server_killed_at_work_loses_no_row_that_it_acknowledged(project: DockerProject) -> None:
    up(project)
    secret = program.variables_of(project.folder / ".env")["POSTGRES_PASSWORD"]
    port = up(project)["services"][0]["port"]
    endpoint = Endpoint("127.0.0.1", port, "sportsplat", "sportsplat", secret)
    for moment in range(max(1, MOMENTS // 2)):
        ask(project, f"DROP TABLE IF EXISTS acknowledged; {TABLE}")
        writer = Writer()
        with writer.at_work(endpoint.dsn()):
            time.sleep(0.1 + 0.07 * moment)
            if moment % 2:
                os.kill(inspected(project)["State"]["Pid"], signal.SIGKILL)
            else:
                project.engine.containers.get(project.container).kill()

        assert up(project)["state"] == "running"

        assert writer.committed
        stored = ask(project, "SELECT string_agg(n::text, ' ') FROM acknowledged").split()
        assert set(map(str, writer.committed)) <= set(stored)
