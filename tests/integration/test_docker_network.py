"""The network of a database in Docker: pruned by somebody else, or asked for by a run that fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sportsplat.infra.lock import wait_for
from tests.engine import DockerProject
from tests.engine_proxy import proxied
from tests.in_docker import KEPT, ask, refused, up

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


def test_a_run_that_fails_before_the_engine_has_made_its_network_leaves_none(
    docker_project: DockerProject,
) -> None:
    """The network is asked for first of all; a slow engine made it when the failed run had cleared up."""
    up(docker_project)
    docker_project.run("down")
    (docker_project.folder / ".env").unlink()

    with proxied(docker_project.endpoint, docker_project.folder.parent / "engine.sock") as engine:
        engine.hold(b"/networks/create", 1)
        code, error = refused(docker_project, "up", DOCKER_HOST=engine.endpoint)
        made_later = wait_for(lambda: bool(docker_project.networks()), 2)

    assert (code, error["code"]) == (6, "PASSWORD_MISSING")
    assert not made_later
    assert docker_project.leftovers() == [f"volume {docker_project.name}-postgres-data"]
