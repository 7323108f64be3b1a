"""An engine that is stopped, killed, started again or full, while `up` runs and while the database does.

The engine is a second one, so that all it holds is ours: what is left behind is counted exactly.
SPORTSPLAT_TEST_KILLS=20 ends it in each way at each moment.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from sportsplat.db.schema.revisions import head
from sportsplat.paths import asset_dir
from tests import program
from tests.engine import DockerProject
from tests.in_docker import ask, up, variables
from tests.second_engine import SecondEngine

pytestmark = pytest.mark.fault

HEAD = head(asset_dir("migrations"))
AWAY_S = 0.3
LEAVE_ROOM_MB = 20

Moment = Callable[[DockerProject], bool]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def has_network(project: DockerProject) -> bool:
    return bool(project.networks())


def has_container(project: DockerProject) -> bool:
    return bool(project.containers())


def initialises(project: DockerProject) -> bool:
    return said(project, b"creating subdirectories")


def bootstraps(project: DockerProject) -> bool:
    return said(project, b"running bootstrap script")


def runs_the_scripts(project: DockerProject) -> bool:
    return said(project, b"running /docker-entrypoint-initdb.d")


def serves(project: DockerProject) -> bool:
    return said(project, b"PostgreSQL init process complete")


def said(project: DockerProject, words: bytes) -> bool:
    return any(words in container.logs() for container in project.containers())


MOMENTS: list[Moment] = [has_network, has_container, initialises, bootstraps, runs_the_scripts, serves]
ENDS: list[tuple[str, Moment]] = [
    ("kill", has_network),
    ("crash", has_container),
    ("crash", initialises),
    ("stop", runs_the_scripts),
    ("kill", serves),
]
if int(os.environ.get("SPORTSPLAT_TEST_KILLS", "0")) >= 20:
    ENDS = [(how, moment) for how in ("stop", "kill", "crash") for moment in MOMENTS]


def at(moment: Moment, project: DockerProject) -> None:
    """Wait until a moment has come."""
    deadline = time.monotonic() + 60
    while not moment(project):
        assert time.monotonic() < deadline, f"{moment.__name__} never came"
        time.sleep(0.002)


def whole(project: DockerProject) -> list[str]:
    """What an engine holds that has one whole project and nothing else."""
    name = project.name
    return [f"container {name}-postgres", f"network {name}", f"volume {name}-postgres-data"]


@pytest.mark.parametrize(("how", "moment"), ENDS)
def test_an_engine_that_restarts_in_the_midst_of_up(
    second_engine: SecondEngine, second_project: DockerProject, how: str, moment: Moment
) -> None:
    """`up` waits for it and goes on, or says that it is lost; the next one then finds its way."""
    with program.start(
        second_project.folder, "up", "--json", stdout=subprocess.PIPE, env=variables(second_project)
    ) as running:
        at(moment, second_project)
        getattr(second_engine, how)()
        time.sleep(AWAY_S)
        second_engine.start()
        output, _ = running.communicate(timeout=120)

    ran = program.Ran(running.returncode, output, "")
    if ran.exit_code != 0:
        assert (ran.exit_code, ran.error["code"]) == (4, "ENGINE_LOST"), str(ran)
    data = up(second_project)
    assert (data["state"], data["schema_revision"]) == ("running", HEAD)
    assert ask(second_project, "SELECT count(*) FROM matches") == "0"
    assert up(second_project)["actions"] == []
    assert second_engine.holds() == whole(second_project)
    assert second_project.run("down", "--volumes", "--yes").exit_code == 0
    assert second_engine.holds() == []


@pytest.mark.parametrize("moment", [initialises, bootstraps])
def test_an_engine_that_stays_away_is_named_and_the_next_up_goes_on(
    second_engine: SecondEngine, second_project: DockerProject, moment: Moment
) -> None:
    """What is left half-made is seen for what it is, however far it came: some of it even starts."""
    with program.start(
        second_project.folder,
        "up",
        "--json",
        "--timeout",
        "15",
        stdout=subprocess.PIPE,
        env=variables(second_project),
    ) as running:
        at(moment, second_project)
        second_engine.crash()
        output, _ = running.communicate(timeout=90)
    ran = program.Ran(running.returncode, output, "")
    assert (ran.exit_code, ran.error["code"]) == (4, "ENGINE_LOST")
    assert second_engine.endpoint in ran.error["message"]

    again = second_project.run("up", "--json")
    assert (again.exit_code, again.error["code"]) == (4, "NO_ENGINE")
    second_engine.start()
    assert recovered(second_project)["state"] == "running"
    assert second_engine.holds()[:2] == whole(second_project)[:2]


def recovered(project: DockerProject) -> dict[str, Any]:
    """Return what `up` says; where it names incomplete data, what it says with the flag that it offers."""
    ran = project.run("up", "--json")
    if ran.exit_code == 6:
        assert ran.error["code"] == "INCOMPLETE_DATA"
        assert "--reinit" in ran.error["fix"]
        return up(project, "--reinit")
    return ran.data


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_engine_that_goes_away_under_a_running_database_costs_no_row(
    second_engine: SecondEngine, second_project: DockerProject, how: str
) -> None:
    # The usual port might be somebody else's while the engine is away.
    second_project.configure(port=free_port())
    up(second_project)
    ask(second_project, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")

    getattr(second_engine, how)()

    for command in ("status", "url", "db current", "models list", "features epl", "down"):
        ran = second_project.run(*command.split(), "--json")
        assert (ran.exit_code, ran.error["code"]) == (4, "NO_ENGINE"), command
        assert second_engine.endpoint in ran.error["cause"]
        assert ran.error["fix"].startswith("start the engine that holds this project's data")

    second_engine.start()
    if how == "stop":  # one that was killed need not start what it had run
        at(lambda _: second_project.run("status", "--json").data["state"] == "running", second_project)
    assert up(second_project)["state"] == "running"
    assert ask(second_project, "SELECT sum(n) FROM kept") == "500500"
    assert second_project.run("models", "list", "--json").exit_code == 0
    assert second_engine.holds() == whole(second_project)


def test_a_full_disk_of_the_engine_is_named_and_the_volume_of_this_run_is_gone(
    second_engine: SecondEngine, second_project: DockerProject
) -> None:
    """Full while the database is initialised; with room again the same command goes through."""
    ballast = second_engine.fill(leaving_mb=LEAVE_ROOM_MB)
    try:
        ran = second_project.run("up", "--json")
        assert (ran.exit_code, ran.error["code"]) == (4, "DISK_FULL")
        assert "its log ends" in ran.error["cause"]
        assert second_engine.holds() == []
    finally:
        ballast.unlink()

    assert up(second_project)["state"] == "running"
    assert second_engine.holds() == whole(second_project)


def test_a_disk_of_the_engine_that_is_full_to_the_brim_is_named(
    second_engine: SecondEngine, second_project: DockerProject
) -> None:
    """Not even the container can be made: the engine itself says so."""
    ballast = second_engine.fill(leaving_mb=0)
    try:
        ran = second_project.run("up", "--json")
        assert (ran.exit_code, ran.error["code"]) == (4, "DISK_FULL")
        assert second_engine.holds() == []
    finally:
        ballast.unlink()

    assert up(second_project)["state"] == "running"
