"""`compose.yaml` and `up --stack` make the same containers: both are really brought up, and inspected."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sportsplat.infra.docker.find import FoundEngine
from sportsplat.infra.docker.service import SERVICE_LABEL
from sportsplat.paths import asset_dir
from tests.conftest import ROOT
from tests.stack import CANARY, free_port, stack_project

if TYPE_CHECKING:
    import docker

SERVICES = ("postgres", "api")
Inspect = Callable[[str], dict[str, Any]]


def compose_command() -> list[str]:
    """Return what speaks Compose here; skipped where nothing does, failed where CI must have it."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    message = "neither `docker compose` nor docker-compose is installed"
    if os.environ.get("SPORTSPLAT_REQUIRE_DOCKER"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def composed(engine: docker.DockerClient, found: FoundEngine, folder: Path, image: str) -> Iterator[Inspect]:
    """Bring the committed file up as docs/docker.md says, and yield a look at its containers."""
    project = f"test-{secrets.token_hex(5)}"
    secret = folder / "postgres_password"
    secret.write_text(CANARY)
    secret.chmod(0o444)
    own = folder / "api_password"
    own.write_text(f"{CANARY}-of-the-api\n")
    own.chmod(0o444)
    port = free_port()
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DOCKER_HOST": found.endpoint,
        "POSTGRES_PASSWORD_FILE": str(secret),
        "SPORTSPLAT_API__PASSWORD_FILE": str(own),
        "POSTGRES_PORT": str(free_port()),
        "SPORTSPLAT_API__PORT": str(port),
        "SPORTSPLAT_INFRA__API_IMAGE": image,
    }
    words = [*compose_command(), "-p", project, "-f", str(asset_dir("compose") / "compose.yaml")]

    def run(*more: str) -> None:
        done = subprocess.run(
            [*words, *more], env=variables, capture_output=True, text=True, check=False, timeout=180
        )
        assert done.returncode == 0, done.stderr

    def inspect(service: str) -> dict[str, Any]:
        labels = [f"com.docker.compose.project={project}", f"{SERVICE_LABEL}={service}"]
        (container,) = engine.containers.list(all=True, filters={"label": labels})
        return dict(container.attrs)

    try:
        run("up", "-d")
        transport = httpx.HTTPTransport(retries=10)
        with httpx.Client(transport=transport, timeout=60) as client:
            wait_for_leagues(client, f"http://127.0.0.1:{port}/v1/leagues")
        yield inspect
    finally:
        run("down", "--volumes", "--remove-orphans")


def wait_for_leagues(client: httpx.Client, url: str) -> None:
    import time

    deadline = time.monotonic() + 60
    while True:
        try:
            answer = client.get(url)
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"nobody answers at {url}"
            time.sleep(0.2)
        else:
            assert answer.json() == {"leagues": []}
            return


def essence(found: dict[str, Any], service: str) -> dict[str, Any]:
    """Return what makes a container what it is; names, ports and paths of the host are each way's own."""
    config, host = found["Config"], found["HostConfig"]
    (network,) = found["NetworkSettings"]["Networks"].values()
    return {
        "variables": sorted(config["Env"]),
        "command": config["Cmd"],
        "user": config["User"],
        "service": config["Labels"][SERVICE_LABEL],
        "health": config["Healthcheck"],
        "stop": config["StopTimeout"],
        "folders": sorted((each["Type"], each["Destination"], each["RW"]) for each in found["Mounts"]),
        "ports": {
            key: [binding["HostIp"] for binding in bindings] for key, bindings in host["PortBindings"].items()
        },
        "restart": host["RestartPolicy"]["Name"],
        "limits": (host["Memory"], host["NanoCpus"], host["ShmSize"]),
        "privileges": (host["Privileged"], host["CapAdd"], host["PidMode"]),
        "known as": service in network["Aliases"],
    }


@pytest.fixture(scope="module")
def both(
    engine: docker.DockerClient,
    found_engine: FoundEngine,
    api_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Inspect, Inspect]]:
    """The two ways side by side, both up."""
    with (
        stack_project(engine, found_engine, tmp_path_factory.mktemp("stack"), api_image) as stack,
        composed(engine, found_engine, tmp_path_factory.mktemp("compose"), api_image) as inspect,
    ):
        stack.up()
        yield stack.inspected, inspect


@pytest.mark.parametrize("service", SERVICES)
def test_both_ways_make_the_same_container(both: tuple[Inspect, Inspect], service: str) -> None:
    ours, composes = (essence(inspect(service), service) for inspect in both)

    assert ours["known as"]
    assert json.dumps(ours, indent=1, sort_keys=True) == json.dumps(composes, indent=1, sort_keys=True)


def test_compose_keeps_the_password_out_of_sight_too(both: tuple[Inspect, Inspect]) -> None:
    _, composes = both
    for service in SERVICES:
        assert CANARY not in str(composes(service))


def test_the_overlay_for_development_is_understood() -> None:
    folder = asset_dir("compose")
    files = ["-f", str(folder / "compose.yaml"), "-f", str(folder / "compose.dev.yaml")]
    done = subprocess.run(
        [*compose_command(), *files, "config"], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert done.returncode == 0, done.stderr
    for target in ("/checkout/src", "/checkout/migrations", "/app/config", "--reload"):
        assert target in done.stdout
