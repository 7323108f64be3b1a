"""A database in Docker that is paused, or whose new settings the engine refuses."""

from __future__ import annotations

import time

import pytest

from tests.engine import DockerProject
from tests.in_docker import ask, inspected, refused, up

pytestmark = pytest.mark.fault


def test_psql_on_a_paused_database_says_so_and_up_resumes_it(docker_project: DockerProject) -> None:
    up(docker_project)
    docker_project.engine.containers.get(docker_project.container).pause()
    began = time.monotonic()
    ran = docker_project.run("psql", "--", "-c", "SELECT 1", timeout_s=60)
    assert ran.exit_code == 4
    assert "DATABASE_UNREACHABLE" in ran.stderr
    assert f"container {docker_project.container} is paused" in ran.stderr
    assert "sportsplat up" in ran.stderr
    assert time.monotonic() - began < 30
    assert up(docker_project)["actions"] == [f"resumed the container {docker_project.container}"]
    assert ask(docker_project, "SELECT 1") == "1"


def test_what_the_engine_refuses_of_new_settings_leaves_the_old_container(
    docker_project: DockerProject,
) -> None:
    up(docker_project)
    before = inspected(docker_project)["Id"]
    code, error = refused(docker_project, "up", SPORTSPLAT_INFRA__CPUS="0.001")
    assert (code, error["code"]) == (4, "START_FAILED"), error
    code, error = refused(docker_project, "up", SPORTSPLAT_INFRA__MEMORY="1k")
    assert (code, error["code"]) == (3, "INVALID_SETTING")
    assert inspected(docker_project)["Id"] == before
    assert ask(docker_project, "SELECT 1") == "1"
    left = docker_project.engine.containers.list(all=True, filters={"name": docker_project.name})
    assert [container.name for container in left] == [docker_project.container]
    assert up(docker_project)["actions"] == []
