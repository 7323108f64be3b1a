"""A canary as every password and key that there is: nobody may hear it sing, wherever the database lives.

One life of a project in each place, with every command that touches a secret and with errors of all kinds.
Whatever was said, shown, written and stored is searched for every secret that there was, for those that the
program made itself too.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from sportsplat.infra.backup.dump import pg_restore
from tests import program
from tests.canary import Life, words_of
from tests.canary_lives import (
    change_password,
    err,
    live,
    serve,
    settle_embedded,
    settle_in_docker,
    settle_outside,
)
from tests.engine import POSTGRES_IMAGE
from tests.proc_watch import command_lines_watched

pytestmark = pytest.mark.slow
PLACES = ("embedded", pytest.param("docker", marks=pytest.mark.docker), "external")
DATA_TARGET = "/var/lib/postgresql/data"


@pytest.fixture(scope="module", params=PLACES)
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """Live the whole life once in each place; the database runs on at the end."""
    made = Life(request.param, tmp_path_factory.mktemp(f"canary-{request.param}"))
    for name in ("project", "home", "tmpdir", "xdg_cache_home"):
        (made.root / name).mkdir()
    made.variables["GEMINI_API_KEY"] = made.canary("Key")
    settle = {"embedded": settle_embedded, "docker": settle_in_docker, "external": settle_outside}
    settle[request.param](made, request)
    try:
        with command_lines_watched() as made.lines:
            live(made)
            err(made)
            serve(made)
            if made.place != "external":
                change_password(made)
        yield made
    finally:
        program.run(made.folder, "down", "--volumes", "--yes", timeout_s=120, **made.environment())
        if made.docker is not None:
            made.docker.remove()


def test_nothing_that_is_said_holds_a_secret(life: Life) -> None:
    assert life.finds(life.said) == []


def test_no_command_line_holds_a_secret(life: Life) -> None:
    """Of no process: ours, psql, pg_dump, the server, whatever runs inside the container."""
    for name in {"embedded": "initdb", "docker": "initdb", "external": "pg_restore"}[life.place], "psql":
        assert any(name in line for line in life.lines), f"the watch saw no {name}"
    assert life.finds({line[:200]: line for line in life.lines}) == []


def test_no_file_holds_a_secret_but_those_that_are_for_it(life: Life) -> None:
    """Searched: the project, its data, its log, its backup and report, home, cache and temporary files."""
    state = life.folder / ".sportsplat"
    mounted = {state / "docker" / "secrets" / "postgres_password"} if life.docker is not None else set()
    assert life.files() - life.ours <= mounted
    archive = subprocess.run(
        [str(pg_restore()), "--file=-", str(life.folder / "a.dump")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "COPY public.pipeline_runs" in archive.stdout
    assert life.finds({"the database": archive.stdout}) == []


@pytest.mark.parametrize("life", [pytest.param("docker", marks=pytest.mark.docker)], indirect=True)
def test_the_engine_shows_no_secret(life: Life) -> None:
    project = life.docker
    assert project is not None
    engine = project.engine
    container = engine.containers.get(project.container)
    things = [container, engine.images.get(POSTGRES_IMAGE), *project.volumes(), *project.networks()]
    shown = {f"inspect {number}": json.dumps(thing.attrs) for number, thing in enumerate(things)}
    shown["history"] = json.dumps(engine.images.get(POSTGRES_IMAGE).history())
    shown["log"] = container.logs().decode(errors="replace")
    shown["processes"] = json.dumps(container.top())
    shown["variables"] = str(container.exec_run("env"))
    assert "POSTGRES_PASSWORD_FILE" in shown["inspect 0"]
    assert life.finds(shown) == []
    words = [f"--regexp={word}" for secret in life.known.values() for word in words_of(secret)]
    code, output = container.exec_run(
        ["grep", "-rlaF", *words, DATA_TARGET, "/tmp", "/docker-entrypoint-initdb.d"]
    )
    assert (code, output) == (1, b"")
