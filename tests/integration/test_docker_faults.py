"""What breaks a database in Docker, and that it costs no data: each test really breaks it."""

from __future__ import annotations

import os
import signal

import pytest

from tests.engine import OTHER_MAJOR_IMAGE, DockerProject
from tests.in_docker import KEPT, ask, inspected, refused, up

pytestmark = pytest.mark.fault


def test_data_of_another_major_is_seen_before_a_server_starts(docker_project: DockerProject) -> None:
    docker_project.configure(image=OTHER_MAJOR_IMAGE)
    assert up(docker_project)["server_version"].startswith("18")
    ask(docker_project, KEPT)
    docker_project.configure()

    code, error = refused(docker_project, "up")

    assert (code, error["code"]) == (6, "WRONG_MAJOR")
    assert "PostgreSQL 18" in error["message"]
    docker_project.configure(image=OTHER_MAJOR_IMAGE)
    assert up(docker_project)["actions"] == [], "the server that serves is left alone"
    assert ask(docker_project, "SELECT answer FROM kept") == "42"

    docker_project.run("down")
    docker_project.configure()
    assert refused(docker_project, "up")[1]["code"] == "WRONG_MAJOR"
    assert docker_project.containers() == []


def test_another_database_or_user_than_the_data_has_is_named(docker_project: DockerProject) -> None:
    up(docker_project)
    docker_project.configure(database="other")
    assert refused(docker_project, "up")[1]["fix"] == "set infra.database: sportsplat"
    docker_project.configure(user="other")
    assert refused(docker_project, "up")[1]["fix"] == "set infra.user: sportsplat"
    docker_project.configure()
    assert up(docker_project)["actions"] == []


def test_an_image_that_cannot_be_had_offers_the_embedded_server(docker_project: DockerProject) -> None:
    docker_project.configure(image="127.0.0.1:9/nowhere/postgres:16")
    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (4, "IMAGE_UNAVAILABLE")
    assert "the engine says: " in error["cause"]
    assert "127.0.0.1:9" in error["cause"]
    assert "--backend embedded" in error["fix"]
    assert docker_project.leftovers() == []


def test_a_server_that_cannot_start_says_why(docker_project: DockerProject) -> None:
    docker_project.configure(memory="1m")
    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (3, "INVALID_SETTING")
    docker_project.configure(image="python:3.11-slim")
    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (4, "START_FAILED")
    assert docker_project.leftovers() == []


def test_a_killed_server_comes_back_with_its_data(docker_project: DockerProject) -> None:
    up(docker_project)
    ask(docker_project, KEPT)

    docker_project.engine.containers.get(docker_project.container).kill()
    assert docker_project.run("status", "--json").data["state"] == "stopped"
    assert up(docker_project)["actions"][0] == f"started the container {docker_project.container}"
    assert ask(docker_project, "SELECT answer FROM kept") == "42"

    os.kill(inspected(docker_project)["State"]["Pid"], signal.SIGKILL)
    assert up(docker_project)["state"] == "running"
    assert ask(docker_project, "SELECT answer FROM kept") == "42"
