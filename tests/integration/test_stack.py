"""The database and the API in Docker, seen from outside: `up --stack`, what it made, and `down`."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sportsplat import __version__
from sportsplat.infra.docker.find import FoundEngine
from tests.stack import CANARY, Stack, free_port, other_addresses, stack_project

if TYPE_CHECKING:
    import docker


@pytest.fixture(scope="module")
def stack(
    engine: docker.DockerClient,
    found_engine: FoundEngine,
    api_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """A project that the tests of this module share."""
    with stack_project(engine, found_engine, tmp_path_factory.mktemp("stack"), api_image) as made:
        yield made


@pytest.fixture
def running(stack: Stack) -> Stack:
    """The same with both services up."""
    stack.up()
    return stack


def within(seconds: float, url: str) -> httpx.Response:
    """Ask until the answer is 200."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = httpx.get(url, timeout=10)
            if answer.status_code == 200 or time.monotonic() > deadline:
                return answer
        except httpx.TransportError:
            assert time.monotonic() < deadline, url
        time.sleep(0.1)


def inside(stack: Stack, service: str, *command: str) -> str:
    code, output = stack.engine.containers.get(f"{stack.name}-{service}").exec_run(list(command))
    assert isinstance(output, bytes)
    assert code == 0, output
    return output.decode().strip()


def test_up_makes_both_from_nothing_and_the_api_answers(stack: Stack) -> None:
    stack.run("down", "--volumes", "--yes")
    data = stack.up()

    postgres, api = data["services"]
    assert data["actions"][-1] == f"created the container {stack.name}-api on port {stack.port}"
    assert f"created the network {stack.name}" in data["actions"]
    assert (postgres["name"], postgres["state"]) == ("postgres", "running")
    assert api == {
        "name": "api",
        "container": f"{stack.name}-api",
        "state": "running",
        "url": stack.url,
        "ready": True,
        "missing": {"model": "none promoted: sportsplat train LEAGUE"},
    }
    assert stack.get("/health").json()["version"] == __version__
    checks = {check["name"]: check["ok"] for check in stack.get("/ready").json()["checks"]}
    assert checks == {"database": True, "schema": True, "model": False}
    assert stack.get("/ready").status_code == 200
    assert stack.get("/v1/leagues").json() == {"leagues": []}

    assert stack.up()["actions"] == []
    assert stack.run("status", "--json").data["services"] == [postgres, api]


def test_it_answers_on_loopback_only(running: Stack) -> None:
    data = running.run("status", "--json").data
    ports = [running.port, data["services"][0]["port"]]
    addresses = other_addresses()

    assert addresses, "an engine gives this machine at least the address of its bridge"
    for address in addresses:
        for port in ports:
            with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
                socket.create_connection((address, port), timeout=3)


def test_in_the_private_network_each_has_its_services_name(running: Stack) -> None:
    ask = "import socket; socket.create_connection(('postgres', 5432), 5); print(socket.gethostbyname('api'))"
    own = running.inspected("api")["NetworkSettings"]["Networks"]

    assert list(own) == [running.name]
    assert inside(running, "api", "python", "-c", ask) == own[running.name]["IPAddress"]


def test_the_api_is_nobody_of_note_and_has_limits(running: Stack) -> None:
    found = running.inspected("api")
    host = found["HostConfig"]

    assert inside(running, "api", "id", "-u") not in ("", "0")
    assert (host["Memory"], host["NanoCpus"]) == (512 * 2**20, 10**9)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["PortBindings"] == {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(running.port)}]}
    assert all(not mount["RW"] for mount in found["Mounts"])


def test_its_own_health_check_says_healthy(running: Stack) -> None:
    deadline = time.monotonic() + 30
    while (health := running.inspected("api")["State"]["Health"])["Status"] == "starting":
        assert time.monotonic() < deadline, health
        time.sleep(0.2)
    assert health["Status"] == "healthy", health


def test_the_password_is_nowhere_to_be_seen(running: Stack) -> None:
    image = running.engine.images.get(running.inspected("api")["Image"])
    said = [running.run(*words) for words in (["status"], ["up", "--stack"], ["logs", "api"], ["logs"])]

    assert CANARY in (running.folder / ".env").read_text(), "the search has something to find"
    for seen in (
        running.inspected("api"),
        running.inspected("postgres"),
        image.history(),
        image.attrs,
        running.engine.api.logs(f"{running.name}-api"),
        [ran.stdout + ran.stderr for ran in said],
    ):
        assert CANARY not in str(seen)
    own = inside(running, "api", "cat", "/run/secrets/api_password")
    assert len(own) >= 24
    assert own != CANARY
    assert inside(running, "api", "ls", "/run/secrets") == "api_password"


def test_the_api_logs_in_as_a_role_of_its_own(running: Stack) -> None:
    assert running.get("/v1/leagues").status_code == 200
    ask = (
        "SELECT DISTINCT usename || ' ' || usesuper FROM pg_stat_activity JOIN pg_user USING (usename)"
        " WHERE client_addr IS NOT NULL AND application_name = 'sportsplat' AND pid <> pg_backend_pid()"
    )
    seen = running.run("psql", "--", "--tuples-only", "--no-align", "-c", ask).stdout.split("\n")

    assert "sportsplat_api false" in seen
    assert not [line for line in seen if line.endswith("true")]
    assert running.up()["actions"] == []


def test_the_api_survives_a_restart_of_its_database(running: Stack) -> None:
    began = running.inspected("api")["State"]["StartedAt"]
    assert running.get("/v1/leagues").status_code == 200

    running.engine.containers.get(f"{running.name}-postgres").restart()

    assert within(60, f"{running.url}/v1/leagues").json() == {"leagues": []}
    state = running.inspected("api")
    assert (state["State"]["StartedAt"], state["RestartCount"]) == (began, 0)


def test_an_api_without_its_database_is_unhealthy_until_up_brings_it_back(running: Stack) -> None:
    running.engine.containers.get(f"{running.name}-postgres").stop()

    postgres, api = running.run("status", "--json").data["services"]
    assert (postgres["state"], api["state"]) == ("stopped", "unhealthy")
    assert f"container {running.name}-api is running; /ready" in api["reason"]

    data = running.up()
    assert data["actions"] == [f"started the container {running.name}-postgres"]
    assert [service["state"] for service in data["services"]] == ["running", "running"]


def test_up_mends_what_was_stopped_removed_or_changed_and_nothing_else(running: Stack) -> None:
    database = running.inspected("postgres")["Id"]
    api = running.engine.containers.get(f"{running.name}-api")

    api.stop(timeout=5)
    state = running.run("status", "--json").data["services"][1]
    assert (state["name"], state["state"]) == ("api", "stopped")
    assert running.run("up", "--json").data["actions"] == [], "the database alone is not the API's business"
    assert running.up()["actions"] == [f"started the container {api.name}"]

    api.remove(force=True)
    assert running.up()["actions"] == [f"created the container {api.name} on port {running.port}"]

    other = free_port()
    moved = running.up(SPORTSPLAT_API__PORT=str(other))
    assert moved["actions"] == [f"recreated the container {api.name} on port {other} because `port` changed"]
    assert httpx.get(f"http://127.0.0.1:{other}/health").status_code == 200

    assert running.up()["services"][1]["url"] == running.url
    assert running.inspected("postgres")["Id"] == database


def test_a_new_password_reaches_the_api(running: Stack) -> None:
    try:
        done = running.run("db", "rotate-password", "--json").data
        assert done["actions"][-1].startswith(f"restarted the container {running.name}-api")
        assert within(30, f"{running.url}/v1/leagues").json() == {"leagues": []}
    finally:
        secret = f"POSTGRES_PASSWORD={CANARY}\nSPORTSPLAT_API__PORT={running.port}\n"
        (running.folder / ".env").write_text(secret)
        assert running.run("up", "--reset-password").exit_code == 0


def test_several_at_once_make_one_stack(stack: Stack) -> None:
    stack.run("down")
    started = [program(stack) for _ in range(3)]
    ended = [process.wait(timeout=120) for process in started]

    assert ended == [0, 0, 0]
    assert sorted(each.name for each in stack.containers()) == [f"{stack.name}-api", f"{stack.name}-postgres"]
    assert stack.get("/health").status_code == 200


def program(stack: Stack) -> Any:
    from tests.program import environment, start

    return start(stack.folder, "up", "--stack", env=environment(**stack.variables))


def test_logs_are_of_the_service_that_is_named(running: Stack) -> None:
    lines = running.run("logs", "api", "--json").data["lines"]
    assert any("/docs" in line for line in lines), lines

    refused = running.run("logs", "dashboard", "--json")
    assert (refused.exit_code, refused.error["code"]) == (2, "USAGE")
    assert "api" in refused.error["cause"]


def test_down_stops_both_and_says_so_and_volumes_go_only_when_asked(running: Stack) -> None:
    down = running.run("down", "--json").data

    assert (down["state"], down["actions"]) == (
        "stopped",
        [
            f"stopped and removed the container {running.name}-api",
            f"stopped and removed the container {running.name}-postgres",
            f"removed the network {running.name}",
        ],
    )
    assert running.leftovers() == [f"volume {running.name}-postgres-data"]
    status = running.run("status", "--json").data
    assert [(each["name"], each["state"]) for each in status["services"]] == [
        ("postgres", "stopped"),
        ("api", "absent"),
    ]
    gone = running.run("logs", "api", "--json")
    assert (gone.exit_code, gone.error["code"]) == (4, "NOT_RUNNING")

    assert running.up()["state"] == "running"
    assert running.run("down", "--stack", "--volumes", "--yes", "--json").data["state"] == "absent"
    assert running.leftovers() == []
    assert [each["name"] for each in running.run("status", "--json").data["services"]] == ["postgres"]


def test_a_paused_api_is_resumed_like_the_database(running: Stack) -> None:
    running.engine.containers.get(f"{running.name}-api").pause()
    assert running.run("status", "--json").data["services"][1]["state"] == "unhealthy"
    assert running.up()["actions"] == [f"resumed the container {running.name}-api"]
    assert running.get("/health").status_code == 200
