"""A service in a container, said once: the Docker backend runs it, `compose.yaml` is rendered from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

SECRETS_DIR = "/run/secrets"
"""Where a service finds its secrets, each in a file of its own."""


@dataclass(frozen=True)
class Mount:
    """A named volume or a path of the host, at `target` inside the container."""

    kind: Literal["volume", "bind"]
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Published:
    """A port of the container, reachable on one address of the host."""

    container_port: int
    host_port: str
    address: str = "127.0.0.1"


@dataclass(frozen=True)
class HealthCheck:
    """A command inside the container whose exit code tells whether it serves. Times in seconds."""

    command: tuple[str, ...]
    interval_s: float = 2.0
    timeout_s: float = 3.0
    retries: int = 30
    start_period_s: float = 30.0


@dataclass(frozen=True)
class Service:
    """One container. Values are final text, or `${VARIABLE:-default}` where `compose.yaml` leaves a choice.

    `secrets`: name in SECRETS_DIR to the file on the host. `memory`: like `512m`. `networks`: the private
    network is the only one; in it `name` is the service's host name.
    """

    name: str
    image: str
    health: HealthCheck
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    published: Published | None = None
    restart: str = "unless-stopped"
    memory: str = "1g"
    shared_memory: str = "64m"
    cpus: str = "2.0"
    stop_grace_s: int = 60
    depends_on: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Return a hash of all that makes one container differ from another; secrets' values do not."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
