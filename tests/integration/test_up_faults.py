"""`up` killed at any moment, and many at once: the next one finds its way by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sportsplat.infra.embedded import EmbeddedEnvironment, embedded_environment
from sportsplat.settings import load_settings
from tests.program import Ran, run, servers, start

pytestmark = pytest.mark.fault

MOMENTS = 10


def environment_of(project: Path) -> EmbeddedEnvironment:
    return embedded_environment(load_settings(project_dir=project, environ={}))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    environment_of(tmp_path).remove()
    assert servers(tmp_path / ".sportsplat") == []


@pytest.fixture(scope="module")
def cold_up_s(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds of an undisturbed cold `up` on this machine, now."""
    folder = tmp_path_factory.mktemp("undisturbed")
    started = time.monotonic()
    try:
        assert run(folder, "up").exit_code == 0
        return time.monotonic() - started
    finally:
        environment_of(folder).remove()


def kill(client: subprocess.Popen[str], *, tree: bool) -> None:
    """Kill the client, with every process that it started and that is still its child if `tree`."""
    victims = psutil.Process(client.pid).children(recursive=True) if tree else []
    for process in [psutil.Process(client.pid), *victims]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    client.wait()


def main_servers(project: Path) -> list[psutil.Process]:
    found = servers(project / ".sportsplat")
    return [process for process in found if process.ppid() not in {other.pid for other in found}]


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_an_up_killed_at_any_moment_is_recovered_by_the_next(
    project: Path, cold_up_s: float, moment: int
) -> None:
    """Odd moments kill the client alone, whose children then go on without it; even ones the whole tree."""
    client = start(project, "up")
    time.sleep(cold_up_s * (0.25 + 0.75 * moment / MOMENTS))
    kill(client, tree=moment % 2 == 0)

    data = run(project, "up", "--json").data

    assert data["state"] == "running"
    assert data["schema_revision"] == data["schema_head"]
    assert environment_of(project).ask("SELECT count(*) FROM matches") == ["0"]
    assert list((project / ".sportsplat").glob("unfinished-*")) == []
    assert len(main_servers(project)) == 1

    assert environment_of(project).stop() == ["stopped PostgreSQL"]
    assert servers(project / ".sportsplat") == []
    assert not environment_of(project).spec.socket_dir.exists()
    kept = {path.name for path in (project / ".sportsplat").iterdir()}
    assert kept == {".gitignore", "lock", "log", "pgdata-16", "state.json"}


def test_ten_at_once_make_one_server(project: Path) -> None:
    clients = [start(project, "up", "--json", stdout=subprocess.PIPE) for _ in range(10)]
    outputs = [client.communicate()[0] for client in clients]

    ran = [Ran(client.returncode, out, "") for client, out in zip(clients, outputs, strict=True)]
    assert [one.exit_code for one in ran] == [0] * 10
    assert len({one.data["endpoint"] for one in ran}) == 1
    actions = [action.split()[0] for one in ran for action in one.data["actions"]]
    assert sorted(actions) == ["generated", "initialised", "started"]
    assert len(main_servers(project)) == 1


def test_a_killed_server_is_started_again_with_its_data(project: Path) -> None:
    pid = run(project, "up", "--json").data["services"][0]["pid"]
    insert = "INSERT INTO leagues VALUES ('x', 'X', 'soccer', '{home,away}', 'UTC') RETURNING code"
    environment_of(project).ask(insert)
    os.kill(pid, signal.SIGKILL)
    assert run(project, "status", "--json").data["state"] == "stopped"

    assert [action.split()[0] for action in run(project, "up", "--json").data["actions"]] == ["started"]
    assert environment_of(project).ask("SELECT code FROM leagues") == ["x"]


def test_an_up_killed_while_it_waits_for_the_lock_holds_nobody_up(project: Path) -> None:
    first = start(project, "up")
    waiting = start(project, "up")
    time.sleep(0.5)
    kill(waiting, tree=True)

    assert first.wait() == 0
    assert run(project, "up", "--json").data["actions"] == []
