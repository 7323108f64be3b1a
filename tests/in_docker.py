"""What tests of a database in Docker share."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from sportsplat.db.schema.revisions import head
from sportsplat.infra.docker.environment import DockerEnvironment
from sportsplat.infra.docker.spec import DockerSpec
from sportsplat.paths import asset_dir
from tests import program
from tests.engine import DockerProject

HEAD = head(asset_dir("migrations"))
KEPT = "CREATE TABLE kept AS SELECT 42 AS answer"


def up(project: DockerProject, *words: str, **variables: str) -> dict[str, Any]:
    """Run `up --json` and return its data."""
    return project.run("up", "--json", *words, timeout_s=120, **variables).data


def ask(project: DockerProject, sql: str) -> str:
    """Run one statement through `sportsplat psql`."""
    ran = project.run("psql", "--", "-XAtqc", sql)
    assert ran.exit_code == 0, ran
    return ran.stdout.strip()


def inspected(project: DockerProject) -> dict[str, Any]:
    """Return what the engine says of the database's container."""
    attributes = project.engine.containers.get(project.container).attrs
    assert isinstance(attributes, dict)
    return attributes


def variables(project: DockerProject) -> dict[str, str]:
    """Return the environment of a program that is started in the project."""
    return program.environment(**project.variables)


def quiet_port() -> int:
    """Return a free port from where the system gives none by itself, so that it stays free a while."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


def refused(project: DockerProject, *words: str, **more: str) -> tuple[int, dict[str, Any]]:
    """Run a command that fails with --json; return its exit code and its error."""
    ran = project.run(*words, "--json", timeout_s=120, **more)
    return ran.exit_code, ran.error


def in_process(project: DockerProject, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> DockerEnvironment:
    """Return the environment of a project in this process, so that a test can stand in its way."""
    monkeypatch.setenv("DOCKER_HOST", project.endpoint)
    state, env_file = project.folder / ".sportsplat", project.folder / ".env"
    return DockerEnvironment(DockerSpec(project.name, state, env_file, **changes))


def appeared(project: DockerProject) -> Any:
    """Return the first of its containers that runs, as soon as there is one."""
    deadline = time.monotonic() + 30
    while not (found := [each for each in project.containers() if each.status == "running"]):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return found[0]


@contextmanager
def port_in_use() -> Iterator[int]:
    """Yield a port on which somebody else listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]
