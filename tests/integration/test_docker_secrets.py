"""A canary as the password of a database in Docker: it may sing in `.env` and in its own file alone."""

from __future__ import annotations

import json
import stat
import subprocess

from tests import program
from tests.engine import POSTGRES_IMAGE, DockerProject
from tests.in_docker import up
from tests.proc_watch import command_lines_watched

CANARY = "canary-7Qm2vX9b"


def test_the_password_is_in_its_files_alone(docker_project: DockerProject) -> None:
    env_file = docker_project.folder / ".env"
    env_file.write_text(f"POSTGRES_PASSWORD={CANARY}\n")
    said: list[str] = []
    with command_lines_watched() as lines:
        for words in (
            ("up", "--verbose"),
            ("status", "--json"),
            ("up", "--port", "1", "--json"),
            ("psql", "--", "-c", "SELECT 1"),
            ("up", "--reset-password", "--json"),
            ("logs",),
            ("url",),
        ):
            ran = docker_project.run(*words)
            said += [ran.stdout, ran.stderr]
    assert any("initdb" in line for line in lines), "the watch saw into the container"

    engine = docker_project.engine
    container = engine.containers.get(docker_project.container)
    held = [container.attrs, *(each.attrs for each in docker_project.volumes() + docker_project.networks())]
    said += [json.dumps(held), container.logs().decode(), json.dumps(engine.images.get(POSTGRES_IMAGE).attrs)]
    assert CANARY not in "".join(said)
    assert CANARY not in "".join(lines)

    state = docker_project.folder / ".sportsplat"
    holders = [path for path in state.rglob("*") if path.is_file() and CANARY in path.read_text()]
    assert holders == [state / "docker" / "secrets" / "postgres_password"]
    assert stat.S_IMODE(holders[0].parent.stat().st_mode) == 0o700


def test_a_rotated_password_passes_no_command_line_and_no_log(docker_project: DockerProject) -> None:
    """The new one comes from the environment here, so that the watch knows what to look for."""
    docker_project.configure()
    up(docker_project)
    given = program.environment(**docker_project.variables, POSTGRES_PASSWORD=CANARY)
    with command_lines_watched() as lines:
        rotated = program.start(
            docker_project.folder,
            "db",
            "rotate-password",
            "--verbose",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=given,
        )
        output, _ = rotated.communicate(timeout=60)

    assert rotated.returncode == 0, output
    container = docker_project.engine.containers.get(docker_project.container)
    assert "ALTER ROLE" not in container.logs().decode()
    assert CANARY not in output + "".join(lines) + container.logs().decode()
    assert docker_project.run("up", "--json", POSTGRES_PASSWORD=CANARY).data["actions"] == []
