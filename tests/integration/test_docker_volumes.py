"""Whose data a volume is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine import DockerProject
from tests.in_docker import KEPT, ask, up

pytestmark = pytest.mark.fault


def test_another_folder_of_the_same_name_does_not_delete_the_data(
    docker_project: DockerProject, tmp_path: Path
) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    other = replace(docker_project, folder=tmp_path / "other")
    other.configure()

    refused = other.run("down", "--volumes", "--yes", "--json")

    assert (refused.exit_code, refused.error["code"]) == (5, "VOLUME_NOT_OURS")
    assert str(docker_project.folder) in refused.error["cause"]
    assert ask(docker_project, "SELECT answer FROM kept") == "42"
    assert docker_project.run("down", "--volumes", "--yes").exit_code == 0
    assert docker_project.leftovers() == []
