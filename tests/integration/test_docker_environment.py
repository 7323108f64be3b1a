"""The database in Docker, seen from outside: what `up` makes, finds, replaces and leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.infra.state_folder import name_of
from tests import program
from tests.engine import POSTGRES_IMAGE, DockerProject
from tests.in_docker import HEAD, KEPT, ask, inspected, quiet_port, up, variables


def test_up_makes_a_migrated_database_on_loopback_and_says_what_it_did(docker_project: DockerProject) -> None:
    name = docker_project.name
    data = up(docker_project)

    port = data["services"][0]["port"]
    assert data["actions"] == [
        "generated a password into .env",
        f"created the network {name}",
        f"created the volume {name}-postgres-data",
        f"created the container {name}-postgres on port {port}",
        f"initialised PostgreSQL {data['server_version']} with the schema at {HEAD}",
    ]
    assert (data["backend"], data["state"], data["schema_revision"]) == ("docker", "running", HEAD)
    assert data["endpoint"] == f"postgresql://sportsplat:***@127.0.0.1:{port}/sportsplat"
    assert ask(docker_project, "SELECT count(*) FROM matches") == "0"

    found = inspected(docker_project)
    host = found["HostConfig"]
    assert host["PortBindings"] == {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert (host["Memory"], host["NanoCpus"]) == (2**30, 2 * 10**9)
    assert found["Config"]["Healthcheck"]["Test"][:2] == ["CMD", "pg_isready"]
    assert "postgres" in found["NetworkSettings"]["Networks"][name]["Aliases"]
    mounts = {mount["Destination"]: (mount["Type"], mount["RW"]) for mount in found["Mounts"]}
    assert mounts == {
        "/var/lib/postgresql/data": ("volume", True),
        "/docker-entrypoint-initdb.d": ("bind", False),
        "/run/secrets/postgres_password": ("bind", False),
    }

    assert up(docker_project)["actions"] == []
    status = docker_project.run("status", "--json").data
    assert status == {key: data[key] for key in status if key != "actions"} | {"actions": []}


def test_up_finds_what_is_there_and_replaces_what_changed(docker_project: DockerProject) -> None:
    """One life: stopped by hand, removed by hand, other settings; the rows and the port stay."""
    port = quiet_port()
    docker_project.configure(port=port)
    up(docker_project)
    ask(docker_project, KEPT)
    container = docker_project.container

    docker_project.engine.containers.get(container).stop()
    stopped = docker_project.run("status", "--json").data
    assert (stopped["state"], stopped["endpoint"]) == ("stopped", None)
    assert docker_project.run("url", "--json").error["code"] == "NOT_RUNNING"
    assert up(docker_project)["actions"] == [f"started the container {container}"]

    docker_project.engine.containers.get(container).remove(force=True, v=True)
    assert up(docker_project)["actions"] == [f"created the container {container} on port {port}"]

    docker_project.configure(port=port, memory="512m", cpus=64)
    changed = up(docker_project)
    assert changed["actions"] == [
        f"recreated the container {container} on port {port} because `memory`, `cpus` changed"
    ]
    limits = inspected(docker_project)["HostConfig"]
    assert limits["Memory"] == 512 * 2**20
    assert limits["NanoCpus"] == docker_project.engine.info()["NCPU"] * 10**9

    docker_project.engine.containers.get(container).pause()
    assert docker_project.run("status", "--json").data["state"] == "unhealthy"
    assert up(docker_project)["actions"] == [f"resumed the container {container}"]
    assert ask(docker_project, "SELECT answer FROM kept") == "42"


def test_down_keeps_the_data_and_with_volumes_leaves_nothing(docker_project: DockerProject) -> None:
    up(docker_project)
    ask(docker_project, KEPT)

    down = docker_project.run("down", "--json").data
    assert down["state"] == "stopped"
    assert docker_project.leftovers() == [f"volume {docker_project.name}-postgres-data"]
    assert docker_project.run("down", "--json").data["actions"] == []

    up(docker_project)
    assert ask(docker_project, "SELECT answer FROM kept") == "42"

    gone = docker_project.run("down", "--volumes", "--yes", "--json").data
    assert gone["state"] == "absent"
    assert docker_project.leftovers() == []
    assert not (docker_project.folder / ".sportsplat" / "docker").exists()
    assert docker_project.run("status", "--json").data["state"] == "absent"


def test_data_that_another_container_uses_is_not_deleted(docker_project: DockerProject) -> None:
    name, volume = docker_project.name, f"{docker_project.name}-postgres-data"
    up(docker_project)
    ask(docker_project, KEPT)
    guest = docker_project.engine.containers.create(
        POSTGRES_IMAGE, ["true"], name=f"guest-of-{name}", volumes=[f"{volume}:/data:ro"]
    )
    try:
        refused = docker_project.run("down", "--volumes", "--yes", "--json")
        assert (refused.exit_code, refused.error["code"]) == (5, "VOLUME_IN_USE")
        assert f"guest-of-{name}" in refused.error["cause"]
        assert ask(docker_project, "SELECT answer FROM kept") == "42"
        assert up(docker_project)["actions"] == []
    finally:
        guest.remove(force=True, v=True)

    assert (
        f"deleted the volume {volume}"
        in docker_project.run("down", "--volumes", "--yes", "--json").data["actions"]
    )
    assert docker_project.leftovers() == []


def test_a_network_that_another_container_uses_is_said_to_stay(docker_project: DockerProject) -> None:
    name = docker_project.name
    up(docker_project)
    guest = docker_project.engine.containers.run(
        POSTGRES_IMAGE, ["sleep", "60"], name=f"guest-of-{name}", network=name, detach=True
    )
    try:
        actions = docker_project.run("down", "--json").data["actions"]
        assert actions[-1] == f"left the network {name}, which a container that is not this project's uses"
    finally:
        guest.remove(force=True, v=True)
    assert docker_project.run("down", "--json").data["actions"] == [f"removed the network {name}"]


def test_the_log_is_the_containers_and_can_be_followed(docker_project: DockerProject) -> None:
    assert docker_project.run("logs", "--json").error["code"] == "NOT_RUNNING"
    up(docker_project)

    lines = docker_project.run("logs", "-n", "5", "--json").data["lines"]
    assert len(lines) == 5
    assert any("ready to accept connections" in line for line in lines)

    with program.start(
        docker_project.folder, "logs", "-f", "-n", "1", stdout=-1, env=variables(docker_project)
    ) as following:
        assert following.stdout is not None
        assert following.stdout.readline()
        docker_project.engine.containers.get(docker_project.container).stop()
        assert "shutting down" in following.stdout.read()


def test_a_running_database_needs_no_engine(docker_project: DockerProject) -> None:
    """Once it runs, `up`, `status`, `url` and `psql` ask the database; only what stops it asks the engine."""
    up(docker_project)
    away = replace(docker_project, endpoint=program.NO_ENGINE)

    assert up(away)["actions"] == []
    assert away.run("status", "--json").data["state"] == "running"
    assert ask(away, "SELECT 1") == "1"
    refused = away.run("down", "--json")
    assert (refused.exit_code, refused.error["code"]) == (4, "NO_ENGINE")


def test_a_project_that_was_moved_keeps_its_data(docker_project: DockerProject, tmp_path: Path) -> None:
    """What the container reads lies elsewhere now, so it is made anew, on the same volume."""
    (docker_project.folder / "config" / "settings.yaml").unlink()
    backend = {"SPORTSPLAT_INFRA__BACKEND": "docker"}
    name = name_of(docker_project.folder)
    moved = replace(docker_project, name=name, folder=tmp_path / "elsewhere")
    try:
        assert up(docker_project, **backend)["services"][0]["container"] == f"{name}-postgres"
        docker_project.run("psql", "--", "-c", KEPT, timeout_s=60, **backend)
        docker_project.folder.rename(moved.folder)

        (action,) = up(moved, **backend)["actions"]

        assert action.startswith(f"recreated the container {name}-postgres on port")
        assert action.endswith("because `folders`, `secrets` changed")
        assert ask(moved, "SELECT answer FROM kept") == "42"
    finally:
        moved.remove()


def test_what_is_not_the_projects_is_not_touched(docker_project: DockerProject) -> None:
    name = docker_project.name
    foreign = docker_project.engine.containers.create(
        POSTGRES_IMAGE, ["sleep", "60"], name=f"{name}-postgres"
    )
    try:
        refused = docker_project.run("up", "--json")

        assert (refused.exit_code, refused.error["code"]) == (5, "NAME_TAKEN")
        assert f"{name}-postgres" in refused.error["message"]
        assert docker_project.leftovers() == []
        foreign.reload()
        assert foreign.status == "created"
    finally:
        foreign.remove(force=True, v=True)
    other = docker_project.engine.volumes.create(f"{name}-postgres-data")
    try:
        assert docker_project.run("up", "--json").error["code"] == "NAME_TAKEN"
        assert docker_project.engine.volumes.get(other.name).attrs["Labels"] is None
    finally:
        other.remove()


@pytest.mark.fault
def test_ten_at_once_make_one_database(docker_project: DockerProject) -> None:
    started = [
        program.start(docker_project.folder, "up", "--json", stdout=-1, env=variables(docker_project))
        for _ in range(10)
    ]
    answers = [json.loads(each.communicate(timeout=120)[0]) for each in started]

    assert [each.returncode for each in started] == [0] * 10
    makers = [answer for answer in answers if answer["data"]["actions"]]
    assert len(makers) == 1
    assert len({answer["data"]["endpoint"] for answer in answers}) == 1
    assert len(docker_project.containers()) == 1


def test_data_of_another_backend_stays_and_up_says_how_to_bring_it(docker_project: DockerProject) -> None:
    settings = docker_project.folder / "config" / "settings.yaml"
    docker_project.configure(backend="embedded")
    assert docker_project.run("up", "--json").data["backend"] == "embedded"
    try:
        data = up(docker_project, "--backend", "docker")

        assert data["notes"] == [
            "the data of the embedded backend stays where it is; to bring it here: "
            "sportsplat up --backend embedded && sportsplat db move docker"
        ]
        assert data["schema_revision"] == HEAD
    finally:
        assert settings.exists()
        docker_project.run("down", "--volumes", "--yes")
