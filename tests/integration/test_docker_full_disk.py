"""A database in Docker whose project folder is on a disk that is full."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine import DockerProject
from tests.integration.test_backup_faults import mounted
from tests.integration.test_docker_environment import up

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk"),
]


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
