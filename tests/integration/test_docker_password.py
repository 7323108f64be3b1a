"""Passwords of a database in Docker that are wrong, lost or made anew: named and mended, and no row lost."""

from __future__ import annotations

import pytest

from sportsplat.errors import DataConflict
from sportsplat.infra.lock import wait_for
from tests import program
from tests.engine import DockerProject
from tests.in_docker import KEPT, ask, in_process, refused, up, variables

pytestmark = pytest.mark.fault


def test_a_wrong_password_is_named_and_mended_with_the_data(docker_project: DockerProject) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    env_file = docker_project.folder / ".env"
    right = program.variables_of(env_file)["POSTGRES_PASSWORD"]
    env_file.write_text("# mine\nPOSTGRES_PASSWORD=wrong-one\n")

    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (6, "WRONG_PASSWORD")
    assert error["fix"].endswith("sportsplat db rotate-password")
    assert "wrong-one" not in str(error)

    rotated = docker_project.run("db", "rotate-password", "--json")
    assert rotated.data["actions"][0] == "wrote a new password into .env"
    new = program.variables_of(env_file)["POSTGRES_PASSWORD"]
    assert new not in (right, "wrong-one")
    assert new not in rotated.stdout + rotated.stderr
    assert env_file.read_text().startswith("# mine\n")
    assert ask(docker_project, "SELECT answer FROM kept") == "42"
    assert new not in docker_project.run("logs").stdout


def test_a_lost_password_is_not_replaced_behind_the_users_back(docker_project: DockerProject) -> None:
    up(docker_project)
    env_file = docker_project.folder / ".env"
    env_file.unlink()
    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (6, "PASSWORD_MISSING")
    assert not env_file.exists()

    docker_project.engine.containers.get(docker_project.container).stop()
    assert docker_project.run("db", "rotate-password").exit_code == 0
    assert up(docker_project)["actions"] == []


def test_a_password_of_the_environment_stays_and_the_data_is_given_it(docker_project: DockerProject) -> None:
    up(docker_project)
    before = (docker_project.folder / ".env").read_text()
    given = {"POSTGRES_PASSWORD": "given-one"}
    assert refused(docker_project, "up", **given)[1]["code"] == "WRONG_PASSWORD"

    rotated = docker_project.run("db", "rotate-password", "--json", timeout_s=60, **given).data

    assert rotated["actions"][0] == "kept the password, which is from the environment (POSTGRES_PASSWORD)"
    assert (docker_project.folder / ".env").read_text() == before
    assert up(docker_project, **given)["actions"] == []
    assert refused(docker_project, "up")[1]["code"] == "WRONG_PASSWORD"
    assert docker_project.run("up", "--reset-password").exit_code == 0
    assert up(docker_project)["actions"] == []


def test_a_second_run_of_one_program_never_takes_back_what_the_first_completed(
    docker_project: DockerProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both carry the label of one run; but the first one's volume was seen complete."""
    environment = in_process(docker_project, monkeypatch)
    environment.ensure(60)
    ask(docker_project, KEPT)
    env_file = docker_project.folder / ".env"
    right = env_file.read_text()
    env_file.write_text("POSTGRES_PASSWORD=wrong-one\n")

    with pytest.raises(DataConflict) as wrong:
        environment.ensure(60)

    assert wrong.value.error_code == "WRONG_PASSWORD"
    env_file.write_text(right)
    assert environment.ensure(60).endpoint.port
    assert ask(docker_project, "SELECT answer FROM kept") == "42"


def test_a_rotation_killed_half_way_is_finished_by_the_next_up(docker_project: DockerProject) -> None:
    """Killed when `.env` has the new password already, and the data most likely not yet."""
    up(docker_project)
    ask(docker_project, KEPT)
    env_file = docker_project.folder / ".env"
    before = env_file.read_text()
    with program.start(
        docker_project.folder, "db", "rotate-password", env=variables(docker_project)
    ) as rotating:
        assert wait_for(lambda: env_file.read_text() != before, 60, longest_pause_s=0.005)
        rotating.kill()

    assert up(docker_project)["actions"] in ([], ["gave the data that password"])
    assert ask(docker_project, "SELECT answer FROM kept") == "42"


def test_a_rotation_without_data_changes_nothing(docker_project: DockerProject) -> None:
    code, error = refused(docker_project, "db", "rotate-password")
    assert (code, error["code"]) == (4, "NOT_RUNNING")
    assert not (docker_project.folder / ".env").exists()
