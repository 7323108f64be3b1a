"""Ports of a database in Docker that somebody else has: named, or replaced where that is allowed."""

from __future__ import annotations

import os
from typing import Any

import pytest

from sportsplat.infra import ports
from tests.engine import POSTGRES_IMAGE, PROJECT_LABEL, DockerProject
from tests.in_docker import in_process, port_in_use, refused, up

pytestmark = pytest.mark.fault


def test_a_taken_port_names_its_holder_and_auto_finds_another(docker_project: DockerProject) -> None:
    with port_in_use() as port:
        code, error = refused(docker_project, "up", "--port", str(port))
        assert (code, error["code"]) == (5, "PORT_TAKEN")
        assert f"process {os.getpid()}" in error["cause"]
        assert docker_project.leftovers() == []

        docker_project.configure(port=port)
        chosen = up(docker_project, "--port", "auto")["services"][0]["port"]
        assert chosen != port
        running = refused(docker_project, "up")[1]
        assert running["code"] == "PORT_TAKEN"
        assert docker_project.run("status", "--json").data["services"][0]["port"] == chosen
    docker_project.configure(port=chosen)
    assert up(docker_project)["actions"] == []


def test_a_port_that_another_container_publishes_names_that_container(docker_project: DockerProject) -> None:
    engine = docker_project.engine
    with port_in_use() as port:
        pass
    labels = {PROJECT_LABEL: docker_project.name}
    network = engine.networks.create(docker_project.name, labels=labels).name
    options: dict[str, Any] = {"network": network, "ports": {"80/tcp": ("127.0.0.1", port)}, "labels": labels}
    holder = engine.containers.run(
        POSTGRES_IMAGE, ["sleep", "60"], detach=True, name=f"{docker_project.name}-x", **options
    )

    code, error = refused(docker_project, "up", "--port", str(port))

    assert (code, error["code"]) == (5, "PORT_TAKEN")
    assert f"the container {holder.name} has it" in error["cause"]


def _always_free(port: int, host: str) -> bool:
    return True


def test_a_port_lost_in_a_race_at_bind_is_replaced(
    docker_project: DockerProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Free when asked for, taken when the engine binds it: once by a process, once by a container."""
    first = in_process(docker_project, monkeypatch)
    with port_in_use() as taken:
        with monkeypatch.context() as race:
            race.setattr(ports, "is_free", _always_free)
            race.setattr(ports, "USUAL", taken)
            ensured = first.ensure(60)

        assert ensured.endpoint.port != taken
        assert [action.split(" on port")[0] for action in ensured.actions][-2:-1] == [
            f"created the container {docker_project.container}"
        ]
        docker_project.configure(port=taken)
        monkeypatch.setattr(ports, "is_free", _always_free)
        assert refused(docker_project, "up")[1]["code"] == "PORT_TAKEN"
    assert len(docker_project.containers()) == 1
