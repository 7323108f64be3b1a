"""A database in Docker that runs out of disk: for its data, or for its project folder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.infra.docker.client import FOLDER_LABEL
from tests.engine import POSTGRES_IMAGE, PROJECT_LABEL, DockerProject
from tests.in_docker import KEPT, ask, refused, up
from tests.integration.test_backup_faults import mounted

pytestmark = pytest.mark.fault


def small_volume(project: DockerProject, size: str) -> None:
    """Make the project's volume on a disk of its own."""
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={size}"}
    name = f"{project.name}-postgres-data"
    labels = {PROJECT_LABEL: project.name, FOLDER_LABEL: str(project.folder / ".sportsplat")}
    project.engine.volumes.create(name, driver_opts=options, labels=labels)


def test_a_disk_that_is_full_while_it_initialises_is_named(docker_project: DockerProject) -> None:
    small_volume(docker_project, "20m")
    (docker_project.folder / ".env").write_text("POSTGRES_PASSWORD=chosen-by-hand\n")

    code, error = refused(docker_project, "up")

    assert (code, error["code"]) == (4, "DISK_FULL")
    assert "No space left on device" in error["cause"]
    docker_project.run("down", "--volumes", "--yes")
    assert up(docker_project)["state"] == "running"


def test_a_disk_that_is_full_later_is_named_and_costs_no_row(docker_project: DockerProject) -> None:
    """The server ends when it cannot write its log, and comes back when there is room again."""
    small_volume(docker_project, "120m")
    (docker_project.folder / ".env").write_text("POSTGRES_PASSWORD=chosen-by-hand\n")
    up(docker_project)
    ask(docker_project, KEPT)
    data = "/var/lib/postgresql/data"
    # Another container keeps that disk mounted while the server is down.
    keeper = docker_project.engine.containers.run(
        POSTGRES_IMAGE,
        ["sleep", "300"],
        name=f"{docker_project.name}-keeper",
        labels={PROJECT_LABEL: docker_project.name},
        network_mode="none",
        detach=True,
        volumes={f"{docker_project.name}-postgres-data": {"bind": data, "mode": "rw"}},
    )
    try:
        keeper.exec_run(["sh", "-c", f"head -c 200m /dev/zero > {data}/ballast"])
        write = "SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000000)) FROM generate_series(1, 60)"
        assert "closed the connection" in docker_project.run("psql", "--", "-c", write).stderr

        code, error = refused(docker_project, "up")
        assert (code, error["code"]) == (4, "DISK_FULL"), error

        keeper.exec_run(["rm", f"{data}/ballast"])
        up(docker_project)
        assert ask(docker_project, "SELECT answer FROM kept") == "42"
    finally:
        keeper.remove(force=True, v=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_data_can_be_deleted_from_a_full_disk(docker_project: DockerProject, tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=2m") as folder:
        project = replace(docker_project, folder=folder)
        project.configure()
        up(project)
        with pytest.raises(OSError, match="No space left"):
            (folder / "fill").write_bytes(bytes(4_000_000))

        down = project.run("down", "--volumes", "--yes", "--json").data

        assert down["state"] == "absent"
        assert project.leftovers() == []
        assert not (folder / ".sportsplat" / "state.json").exists()
