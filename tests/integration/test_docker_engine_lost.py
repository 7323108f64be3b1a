"""An engine that goes away in the midst of `up`: waited for, and named when it stays away."""

from __future__ import annotations

import subprocess
import time

import pytest

from sportsplat.errors import EnvironmentUnavailable
from tests import program
from tests.engine import DockerProject
from tests.engine_proxy import proxied
from tests.in_docker import appeared, in_process

pytestmark = pytest.mark.fault


def test_an_engine_that_goes_away_is_waited_for(docker_project: DockerProject) -> None:
    """Its socket hangs up in the midst of `up` and listens again a second later."""
    with proxied(docker_project.endpoint, docker_project.folder.parent / "engine.sock") as engine:
        away = {"DOCKER_HOST": engine.endpoint}
        with program.start(
            docker_project.folder,
            "up",
            "--json",
            stdout=subprocess.PIPE,
            env=program.environment(**away),
        ) as running:
            appeared(docker_project)
            engine.stop()
            time.sleep(1.0)
            engine.start()
            output, _ = running.communicate(timeout=60)
    data = program.Ran(running.returncode, output, "").data
    assert data["state"] == "running"
    assert "waited for the container engine to come back" in data["actions"]


def test_an_engine_that_stays_away_is_named(
    docker_project: DockerProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(docker_project.endpoint, docker_project.folder.parent / "engine.sock") as engine:
        environment = in_process(docker_project, monkeypatch)
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        engine.stop_after(b"/containers/create")
        with pytest.raises(EnvironmentUnavailable) as lost:
            environment.ensure(3)
    assert lost.value.error_code == "ENGINE_LOST"
    monkeypatch.setenv("DOCKER_HOST", docker_project.endpoint)
    assert environment.ensure(60).endpoint.port
