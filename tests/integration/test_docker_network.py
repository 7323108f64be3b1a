"""A database in Docker whose network somebody removed, as `docker network prune` does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine import DockerProject
from tests.in_docker import KEPT, ask, up

pytestmark = pytest.mark.fault


def while_stopped(project: DockerProject) -> None:
    project.containers()[0].stop(timeout=10)
    project.networks()[0].remove()


def while_running(project: DockerProject) -> None:
    network = project.networks()[0]
    network.disconnect(project.container, force=True)
    network.remove()


@pytest.mark.parametrize("remove", [while_stopped, while_running])
def test_a_container_without_its_network_is_replaced_and_keeps_its_data(
    docker_project: DockerProject, remove: Callable[[DockerProject], None]
) -> None:
    port = up(docker_project)["services"][0]["port"]
    ask(docker_project, KEPT)
    remove(docker_project)

    again = up(docker_project, "--timeout", "30")

    name = docker_project.container
    assert (
        f"recreated the container {name} on port {port} because its network was removed" in again["actions"]
    )
    assert ask(docker_project, "SELECT answer FROM kept") == "42"
    assert up(docker_project)["actions"] == []
