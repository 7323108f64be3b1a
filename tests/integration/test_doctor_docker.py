"""What `doctor` says of a project whose database is in Docker."""

from __future__ import annotations

from tests.doctor import rows_of, states
from tests.engine import POSTGRES_IMAGE, DockerProject


def test_a_project_in_docker_is_healthy_from_before_its_first_up_to_after(
    docker_project: DockerProject,
) -> None:
    before = docker_project.run("doctor", "--json")
    assert docker_project.leftovers() == []
    assert docker_project.run("up").exit_code == 0
    during = docker_project.run("doctor", "--json")
    assert docker_project.run("down").exit_code == 0
    after = docker_project.run("doctor", "--json")

    assert [ran.exit_code for ran in (before, during, after)] == [0, 0, 0]
    new, running, down = rows_of(before), rows_of(during), rows_of(after)
    assert [found["database"]["state"] for found in (new, running, down)] == ["skipped", "ok", "warn"]
    needed = ("backend", "engine", "image", "secrets_folder", "database", "port", "server_version", "schema")
    assert {name: running[name]["state"] for name in needed} == dict.fromkeys(needed, "ok")
    assert running["image"]["seen"].startswith(f"{POSTGRES_IMAGE} is here")
    assert running["port"]["seen"].endswith("our database listens on it")
    assert states(running)["engine_disk"] in ("ok", "warn", "skipped")


def test_an_image_that_is_not_here_is_noted_with_the_command_that_gets_it(
    docker_project: DockerProject,
) -> None:
    docker_project.configure(image="postgres:16-nowhere")

    row = rows_of(docker_project.run("doctor", "--json"))["image"]

    assert (row["state"], row["fix"]) == ("warn", "docker pull postgres:16-nowhere")


def test_an_engine_that_is_gone_fails_and_its_data_is_not_replaced(docker_project: DockerProject) -> None:
    """Nothing offers an empty database elsewhere as if it were this one."""
    assert docker_project.run("up").exit_code == 0
    assert docker_project.run("down").exit_code == 0

    ran = docker_project.run("doctor", "--json", DOCKER_HOST="unix:///nonexistent/docker.sock")

    found = rows_of(ran)
    assert ran.exit_code == 10
    assert {found[name]["state"] for name in ("engine", "database")} == {"fail"}
    for name in ("engine", "database"):
        assert found[name]["fix"].startswith("start the engine that holds this project's data")
