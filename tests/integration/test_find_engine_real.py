"""The engine of this machine is found and used where Colima, Docker Desktop or a context would put it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sportsplat.infra.docker import find as engine_places
from sportsplat.infra.docker.find import EngineAddress, FoundEngine, client, find_engine
from tests.engine_sockets import relaying

if TYPE_CHECKING:
    import docker


@pytest.fixture
def socket(found_engine: FoundEngine) -> str:
    """The path of the engine's socket."""
    scheme, _, path = found_engine.endpoint.partition("://")
    if scheme != "unix":
        pytest.skip(f"the engine is not on a socket: {found_engine.endpoint}")
    return path


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's home beside which no engine of this machine is seen."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "COLIMA_HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", folder)
        monkeypatch.setenv("XDG_RUNTIME_DIR", f"{folder}/run")
        monkeypatch.setattr(engine_places, "DOCKER_SOCKET", f"{folder}/none")
        monkeypatch.setattr(engine_places, "PODMAN_SOCKET", f"{folder}/none")
        yield Path(folder)


@pytest.mark.parametrize("place", [".colima/default/docker.sock", ".rd/docker.sock"])
def test_the_engine_behind_a_relay_is_found_and_does_its_work(
    engine: docker.DockerClient, socket: str, home: Path, place: str
) -> None:
    """Colima's and Rancher Desktop's sockets are relays into a virtual machine."""
    with relaying(home / place, socket) as endpoint:
        found = find_engine()
        through = client(found)
        try:
            same = through.info()["ID"] == engine.info()["ID"]
        finally:
            through.close()

    assert found.endpoint == endpoint
    assert same


def test_the_engine_behind_a_link_is_found(socket: str, home: Path) -> None:
    """Docker Desktop makes /var/run/docker.sock a link into the user's home."""
    link = home / ".docker" / "run" / "docker.sock"
    link.parent.mkdir(parents=True)
    link.symlink_to(socket)

    assert find_engine().endpoint == f"unix://{link}"


def test_the_context_that_the_docker_program_would_use_is_the_one_found(
    found_engine: FoundEngine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are those that Docker's own SDK writes for `docker context create` and `use`."""
    from docker.context import ContextAPI
    from docker.context.config import write_context_name_to_docker_config

    folder = home / ".docker"
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    ContextAPI.create_context("mine", host=found_engine.endpoint)
    write_context_name_to_docker_config("mine")

    assert next(engine_places.engine_addresses()) == EngineAddress(
        found_engine.endpoint, "docker context mine"
    )
    assert find_engine().origin == "docker context mine"
