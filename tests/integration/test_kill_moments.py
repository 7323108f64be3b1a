"""Killed at any moment: the client while it brings a database up in Docker, the embedded server at work.

What is there before and after is compared: containers, networks, volumes, processes, temporary files, rows.
The engine is a second one, so that all it holds is ours. SPORTSPLAT_TEST_KILLS=20 kills a client that often.
More kills: of the embedded server's client in `test_up_faults.py`, of a server in Docker in
`test_docker_kills.py`.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from sportsplat.db.schema.revisions import head
from sportsplat.paths import asset_dir
from tests import program
from tests.engine import DockerProject
from tests.second_engine import SecondEngine
from tests.writer import TABLE, Writer

pytestmark = pytest.mark.fault

HEAD = head(asset_dir("migrations"))
MOMENTS = int(os.environ.get("SPORTSPLAT_TEST_KILLS", "5"))
KILLS = 10
WRITE_S = (0.02, 0.3)
"""The shortest and the longest time for which rows are written before the server is killed."""


@pytest.fixture(scope="module")
def cold_up_s(loaded_engine: SecondEngine, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds of an undisturbed cold `up` in Docker on this machine, now."""
    loaded_engine.start()
    with closing(loaded_engine.client()) as asking:
        folder = tmp_path_factory.mktemp("undisturbed")
        made = DockerProject(asking, loaded_engine.endpoint, f"test-{secrets.token_hex(5)}", folder)
        made.configure()
        began = time.monotonic()
        try:
            assert made.run("up").exit_code == 0
            return time.monotonic() - began
        finally:
            made.remove()


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_client_killed_at_any_moment_leaves_nothing_that_the_next_up_cannot_use(
    second_engine: SecondEngine, second_project: DockerProject, cold_up_s: float, moment: int
) -> None:
    """Odd moments kill the client alone, even ones all that it started too."""
    temporary = second_project.folder.parent / "tmp"
    temporary.mkdir()
    variables = second_project.variables | {"TMPDIR": str(temporary)}
    client = program.start(second_project.folder, "up", env=program.environment(**variables))
    time.sleep(cold_up_s * (moment + 0.5) / MOMENTS)
    kill(client, tree=moment % 2 == 0)

    data = second_project.run("up", "--json", TMPDIR=str(temporary)).data

    name = second_project.name
    assert (data["state"], data["schema_revision"]) == ("running", HEAD)
    assert second_project.run("up", "--json", TMPDIR=str(temporary)).data["actions"] == []
    assert second_engine.holds() == [
        f"container {name}-postgres",
        f"network {name}",
        f"volume {name}-postgres-data",
    ]
    assert second_project.run("down", "--volumes", "--yes", TMPDIR=str(temporary)).exit_code == 0
    assert second_engine.holds() == []
    assert second_engine.runs() == []
    assert processes_of(second_project.folder.parent) == []
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in second_project.folder.iterdir()) == [".env", ".sportsplat", "config"]
    assert {path.name for path in (second_project.folder / ".sportsplat").iterdir()} <= {".gitignore", "lock"}


def kill(client: subprocess.Popen[str], *, tree: bool) -> None:
    """Kill the client, with every process that it started and that is still its child if `tree`."""
    victims = psutil.Process(client.pid).children(recursive=True) if tree and client.poll() is None else []
    client.kill()
    for process in victims:
        if process.is_running():
            process.kill()
    client.wait()


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of all live processes that name a folder or work in it."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join([*process.cmdline(), process.cwd()])
        except psutil.Error:
            continue
        if str(folder) in words:
            found.append(words)
    return found


Run = Callable[..., program.Ran]


def acknowledged(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT n FROM acknowledged ORDER BY n").fetchall()
    return [row[0] for row in rows]


def lose_no_row(run: Run, kill_server: Callable[[int], None]) -> int:
    """Kill a server that is written to, again and again; return how many rows were committed.

    run: a command of the project. kill_server: is told which kill it is.
    """
    assert run("up").exit_code == 0
    assert run("psql", "--", "-qc", TABLE).exit_code == 0
    writer = Writer()
    for number in range(KILLS):
        url = run("url", "--reveal", "--json").data["url"]
        with writer.at_work(url):
            time.sleep(WRITE_S[0] + (WRITE_S[1] - WRITE_S[0]) * number / KILLS)
            kill_server(number)

        assert run("up", "--json").data["state"] == "running"
        there = acknowledged(run("url", "--reveal", "--json").data["url"])
        lost = set(writer.committed) - set(there)
        assert lost == set()
        # The one under way when the server died may be there or not; more there cannot be.
        assert len(there) - len(writer.committed) <= number + 1
    return len(writer.committed)


def test_an_embedded_server_killed_while_it_is_written_to_loses_no_row(tmp_path: Path) -> None:
    """Even kills are of the main process alone, odd ones of all its processes at once."""
    state = tmp_path / ".sportsplat"

    def run(*words: str) -> program.Ran:
        return program.run(tmp_path, *words, TMPDIR=str(tmp_path))

    def kill_server(number: int) -> None:
        for process in program.servers(state) if number % 2 else program.main_servers(state):
            with suppress(psutil.NoSuchProcess):  # a worker may end by itself
                process.kill()

    try:
        assert lose_no_row(run, kill_server) > 100
    finally:
        assert run("down", "--volumes", "--yes").exit_code == 0
    assert program.servers(state) == []
    assert processes_of(tmp_path) == []
