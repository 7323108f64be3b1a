"""Data in Docker that is half initialised, or was: named, left alone, and begun anew beside it."""

from __future__ import annotations

import json
import subprocess

import pytest

from sportsplat.infra.lock import wait_for
from tests import program
from tests.engine import DockerProject
from tests.in_docker import KEPT, appeared, ask, refused, up, variables

pytestmark = pytest.mark.fault


def killed_while_it_initialises(project: DockerProject) -> str:
    """Kill `up` and its container in the midst of initdb; return the volume's name."""
    with program.start(project.folder, "up", env=variables(project)) as running:
        container = appeared(project)
        assert wait_for(lambda: b"creating subdirectories" in container.logs(), 60, longest_pause_s=0.005)
        running.kill()
        container.kill()
    (volume,) = project.volumes()
    return str(volume.name)


def test_half_initialised_data_is_named_left_alone_and_begun_anew_beside_it(
    docker_project: DockerProject,
) -> None:
    old = killed_while_it_initialises(docker_project)
    assert docker_project.run("status", "--json").data["state"] == "incomplete"

    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (6, "INCOMPLETE_DATA")
    assert old in error["message"]
    assert "--reinit" in error["fix"]
    assert docker_project.run("status", "--json").data["state"] == "incomplete"

    anew = up(docker_project, "--reinit")
    assert anew["actions"][:2] == [
        f"left the incomplete data in the volume {old}",
        f"created the volume {old}-2",
    ]
    assert anew["services"][0]["volume"] == f"{old}-2"
    assert sorted(volume.name for volume in docker_project.volumes()) == [old, f"{old}-2"]
    assert up(docker_project)["actions"] == []
    assert refused(docker_project, "up", "--reinit")[1]["code"] == "NOTHING_TO_REINIT"


def test_a_new_volume_of_a_removed_ones_name_is_not_taken_for_complete(docker_project: DockerProject) -> None:
    up(docker_project)
    for container in docker_project.containers():
        container.remove(force=True)
    for volume in docker_project.volumes():
        volume.remove()
    (docker_project.folder / ".sportsplat" / "state.json").unlink()

    old = killed_while_it_initialises(docker_project)

    assert refused(docker_project, "up")[1]["code"] == "INCOMPLETE_DATA"
    assert up(docker_project, "--reinit")["services"][0]["volume"] == f"{old}-2"


def test_data_that_became_whole_after_an_interrupt_was_killed_is_kept(docker_project: DockerProject) -> None:
    """The run that was to take it back is dead, and its server went on: a user may have begun to work."""
    up(docker_project)
    ask(docker_project, KEPT)
    labels = docker_project.volumes()[0].attrs["Labels"]
    state = docker_project.folder / ".sportsplat" / "state.json"
    facts = json.loads(state.read_text())
    facts = {"project": facts["project"], "discarding": labels["io.sportsplat.run"]}
    state.write_text(json.dumps(facts))

    up(docker_project)

    assert ask(docker_project, "SELECT answer FROM kept") == "42"


def test_a_container_killed_under_the_run_that_made_it_leaves_nothing(docker_project: DockerProject) -> None:
    with program.start(
        docker_project.folder, "up", "--json", stdout=subprocess.PIPE, env=variables(docker_project)
    ) as running:
        container = appeared(docker_project)
        assert wait_for(lambda: b"creating subdirectories" in container.logs(), 60, longest_pause_s=0.005)
        container.kill()
        ran = program.Ran(running.wait(60), running.stdout.read() if running.stdout else "", "")

    assert (ran.exit_code, ran.error["code"]) == (4, "START_FAILED")
    assert docker_project.leftovers() == []
    assert up(docker_project)["state"] == "running"
