"""Podman serves the Docker backend through its socket: the same commands, the same answers."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import yaml

from sportsplat.infra.docker import find as engine_places
from sportsplat.infra.docker.find import FoundEngine, client, search
from tests.engine import POSTGRES_IMAGE
from tests.program import Ran, run

if TYPE_CHECKING:
    import docker

_STARTS_WITHIN_S = 20.0
_LOADED_WITHIN_S = 120.0


@pytest.fixture(scope="module")
def podman(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FoundEngine]:
    """A Podman of these tests alone, where a user's own would listen, that has the image."""
    if shutil.which("podman") is None:
        pytest.skip("podman is not installed")
    folder = tmp_path_factory.mktemp("podman")
    socket = folder / "podman" / "podman.sock"
    socket.parent.mkdir()
    own = {"root": "store", "runroot": "run", "tmpdir": "tmp", "network-config-dir": "networks"}
    options = [f"--{option}={folder / place}" for option, place in own.items()]
    serve = ["podman", *options, "system", "service", "--time=0", f"unix://{socket}"]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        try:
            found = _answering(folder)
            _load(engine, found)
            yield found
        finally:
            service.terminate()
            service.wait(timeout=10)
            _clear(folder)


@pytest.fixture
def project(podman: FoundEngine, tmp_path: Path) -> Iterator[Path]:
    """A project whose database is to be in Podman."""
    infra = {"backend": "docker", "project": f"test-{secrets.token_hex(5)}"}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.yaml").write_text(yaml.safe_dump({"infra": infra}))
    try:
        yield tmp_path
    finally:
        run(tmp_path, "down", "--volumes", "--yes", DOCKER_HOST=podman.endpoint)


def test_a_database_in_podman_goes_through_its_whole_life(project: Path, podman: FoundEngine) -> None:
    def ask(*words: str, **variables: str) -> Ran:
        ran = run(project, *words, timeout_s=120, DOCKER_HOST=podman.endpoint, **variables)
        assert ran.exit_code == 0, ran
        return ran

    up = ask("up", "--json").data
    ask("psql", "--", "-c", "CREATE TABLE kept AS SELECT 42 AS answer")
    again = ask("up", "--json").data
    changed = ask("up", "--json", SPORTSPLAT_INFRA__MEMORY="600m").data
    ask("db", "rotate-password")
    ask("down")
    ask("up")
    kept = ask("psql", "--", "-Atc", "SELECT answer FROM kept")
    healthy = ask("doctor", "--json").data
    ask("down", "--volumes", "--yes")

    assert (up["backend"], up["state"], up["schema_revision"]) == ("docker", "running", up["schema_head"])
    assert again["actions"] == []
    assert any("memory" in action for action in changed["actions"])
    assert kept.stdout == "42\n"
    assert healthy["healthy"]
    assert _left_in(podman) == []


def test_podman_is_found_and_known_as_podman(podman: FoundEngine) -> None:
    assert (podman.kind, podman.origin) == ("podman", "Podman's socket")
    assert podman.server.startswith("Libpod/")


def _answering(home: Path) -> FoundEngine:
    """Wait until Podman is found as the engine of a user who has no other."""
    deadline = time.monotonic() + _STARTS_WITHIN_S
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DOCKER_HOST")
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_RUNTIME_DIR", str(home))
        patch.setattr(engine_places, "DOCKER_SOCKET", f"{home}/none")
        while time.monotonic() < deadline:
            found, attempts = search()
            if found is not None:
                return found
            time.sleep(0.1)
    raise AssertionError(f"podman does not serve: {attempts}")


def _clear(folder: Path) -> None:
    """End the watchers that outlive each command in a container by minutes, and unmount what is left."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "conmon" and str(folder) in " ".join(process.info["cmdline"] or []):
            process.kill()
    subprocess.run(["umount", str(folder / "store" / "overlay")], capture_output=True, check=False)


def _load(engine: docker.DockerClient, podman: FoundEngine) -> None:
    """Give Podman the image that the other engine has, under the name that pulling it would give."""
    into = client(podman, _LOADED_WITHIN_S)
    try:
        (image,) = into.images.load(b"".join(engine.images.get(POSTGRES_IMAGE).save(named=True)))
        image.tag("docker.io/library/postgres", POSTGRES_IMAGE.partition(":")[2])
    finally:
        into.close()


def _left_in(podman: FoundEngine) -> list[str]:
    """Return the containers and volumes that Podman holds, whoever made them."""
    asked = client(podman)
    try:
        containers, volumes = asked.containers.list(all=True), asked.volumes.list()
        return [*(str(one.name) for one in containers), *(str(one.name) for one in volumes)]
    finally:
        asked.close()
