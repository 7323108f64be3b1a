"""The init script in a real container, started by hand: `docker run` with the folder mounted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from sportsplat.db.connection import connect
from sportsplat.db.schema.catalogue import live
from sportsplat.db.schema.migrate import current
from sportsplat.db.schema.rendered import INIT_FILE
from sportsplat.infra.environment import Endpoint
from tests.engine import POSTGRES_IMAGE
from tests.integration.test_init_script import COMMITTED, HEAD, SCRIPT, marker
from tests.program import run

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

pytestmark = pytest.mark.docker
LABEL = "io.sportsplat.test"
PASSWORD = "of-a-test-alone"
ASK = ("psql", "-XAtU", "someone", "-d", "games", "-c")
SLEEPERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
Start = Callable[[Path], "Container"]


@pytest.fixture
def start(engine: docker.DockerClient) -> Iterator[Start]:
    """Start the image with a folder of init scripts; removed with its volume at the end."""
    made: list[Container] = []

    def start_one(folder: Path) -> Container:
        container = engine.containers.run(
            POSTGRES_IMAGE,
            detach=True,
            environment={"POSTGRES_USER": "someone", "POSTGRES_DB": "games", "POSTGRES_PASSWORD": PASSWORD},
            volumes={str(folder): {"bind": "/docker-entrypoint-initdb.d", "mode": "ro"}},
            ports={"5432/tcp": ("127.0.0.1", 0)},
            labels={LABEL: "init-script"},
        )
        made.append(container)
        return container

    yield start_one
    for container in made:
        container.remove(force=True, v=True)


def endpoint(container: Container) -> Endpoint:
    container.reload()
    port = container.attrs["NetworkSettings"]["Ports"]["5432/tcp"][0]["HostPort"]
    return Endpoint("127.0.0.1", int(port), "games", "someone", PASSWORD)


def answering(container: Container, timeout_s: float = 60) -> Endpoint:
    """Wait until the server answers over TCP, which it does not while it initialises."""
    end = time.monotonic() + timeout_s
    while True:
        found = endpoint(container)
        try:
            psycopg.connect(found.dsn(), connect_timeout=5).close()
            return found
        except psycopg.OperationalError:
            assert time.monotonic() < end, container.logs().decode()
            time.sleep(0.1)


def exit_code(container: Container) -> int:
    return int(container.wait(timeout=60)["StatusCode"])


def test_a_new_container_is_at_head_and_up_finds_nothing_to_do(start: Start, project_dir: Path) -> None:
    server = answering(start(COMMITTED.parent))
    with connect(server.dsn()) as conn:
        assert (current(conn), marker(conn)) == (HEAD, HEAD)
    url = server.url(reveal=True)
    up = run(project_dir, "up", "--backend", "external", "--json", DATABASE_URL=url).data
    assert up["actions"] == []
    assert (up["state"], up["schema_revision"], up["schema_head"]) == ("running", HEAD, HEAD)
    assert run(project_dir, "db", "check", "--json", DATABASE_URL=url).data["schema_revision"] == HEAD


@pytest.mark.fault
@pytest.mark.parametrize("before", ["-- Running upgrade 0006 -> 0007", "COMMIT;"])
def test_a_script_that_fails_stops_the_container_and_leaves_no_marker(
    start: Start, tmp_path: Path, before: str
) -> None:
    """The official image starts such a directory the next time as if it were whole: the marker tells."""
    folder = tmp_path / "init"
    folder.mkdir()
    head_of_it, found, rest = SCRIPT.rpartition(before)
    assert found
    (folder / INIT_FILE).write_text(f"{head_of_it}SELECT 1 / 0;\n{found}{rest}", encoding="utf-8")
    container = start(folder)
    assert exit_code(container) != 0
    assert b"division by zero" in container.logs(tail=5)

    container.start()
    server = answering(container)
    with connect(server.dsn(), autocommit=True) as conn:
        assert live(conn) == {}
        assert marker(conn) is None


@pytest.mark.fault
def test_a_container_killed_while_the_script_runs_leaves_no_marker(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "init"
    folder.mkdir()
    waits = SCRIPT.replace("COMMIT;", "SELECT pg_sleep(600);\nCOMMIT;")
    (folder / INIT_FILE).write_text(waits, encoding="utf-8")
    container = start(folder)
    end = time.monotonic() + 60
    while container.exec_run([*ASK, SLEEPERS]).output != b"1\n":
        assert time.monotonic() < end
        time.sleep(0.1)
    container.kill()
    container.wait(timeout=60)
    container.start()
    server = answering(container)
    with connect(server.dsn(), autocommit=True) as conn:
        assert live(conn) == {}
        assert marker(conn) is None
