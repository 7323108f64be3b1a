"""Projects whose API runs in Docker beside its database, on a port that nobody else has."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from tests.engine import DockerProject

if TYPE_CHECKING:
    import docker

    from sportsplat.infra.docker.find import FoundEngine

CANARY = "canary-3f9a61c07be24d58"


@contextmanager
def stack_project(
    engine: docker.DockerClient, found: FoundEngine, folder: Path, image: str
) -> Iterator[Stack]:
    """Make a project whose API comes from `image`, with a canary as its password; remove it at the end."""
    project = Stack(engine, found.endpoint, f"test-{secrets.token_hex(5)}", folder, free_port())
    project.configure(api_image=image)
    (folder / ".env").write_text(f"POSTGRES_PASSWORD={CANARY}\nSPORTSPLAT_API__PORT={project.port}\n")
    try:
        yield project
    finally:
        project.remove()


@dataclass(frozen=True)
class Stack(DockerProject):
    """A project with an API on `port`."""

    port: int

    @property
    def url(self) -> str:
        """Where the API is to be."""
        return f"http://127.0.0.1:{self.port}"

    def up(self, *words: str, **variables: str) -> dict[str, Any]:
        """Run `up --stack --json` and return its data."""
        return self.run("up", "--stack", "--json", *words, timeout_s=300, **variables).data

    def inspected(self, service: str) -> dict[str, Any]:
        """Return what the engine says of a service's container."""
        attributes = self.engine.containers.get(f"{self.name}-{service}").attrs
        assert isinstance(attributes, dict)
        return attributes

    def get(self, path: str) -> httpx.Response:
        """Ask the API."""
        return httpx.get(self.url + path, timeout=10)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def other_addresses() -> list[str]:
    """Return this machine's IPv4 addresses but those of loopback."""
    found = [entry for entries in psutil.net_if_addrs().values() for entry in entries]
    inet = [entry.address for entry in found if entry.family == socket.AF_INET]
    return [address for address in inet if not address.startswith("127.")]
