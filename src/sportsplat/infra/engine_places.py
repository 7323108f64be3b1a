"""Where a container engine may listen on this machine, in the order in which the places are tried."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sportsplat.infra.environment import LOOPBACK

DOCKER_SOCKET = "/var/run/docker.sock"
PODMAN_SOCKET = "/run/podman/podman.sock"
_DEFAULT = "default"
_TCP = frozenset({"tcp", "http", "https"})


@dataclass(frozen=True)
class Place:
    """An endpoint to try and who names it.

    `only`: the user asked for exactly this one, so no other is tried after it. `missing`: why the place
    cannot even be tried (a context that does not exist).
    """

    endpoint: str
    origin: str
    only: bool = False
    missing: str | None = None


def places(remembered: str | None = None) -> Iterator[Place]:
    """Yield the places to try in turn; what a variable names is the only one.

    remembered: the endpoint that this project used before, which comes before all that no variable names.
    """
    named = os.environ.get("DOCKER_HOST")
    context = os.environ.get("DOCKER_CONTEXT")
    if named:
        yield Place(named, "DOCKER_HOST", only=True)
        return
    if context:
        yield replace(_context(context), only=True)
        return
    if remembered is not None:
        yield Place(remembered, "used by this project before")
    current = _entry(_configuration() / "config.json", "currentContext")
    others = [Place(f"unix://{path}", origin) for path, origin in _sockets()]
    if isinstance(current, str) and current not in ("", _DEFAULT):
        others.insert(0, _context(current))
    yield from (place for place in others if place.endpoint != remembered)


def is_remote(endpoint: str) -> bool:
    """Whether an endpoint lies on another machine: SSH, or TCP on an address that is not loopback."""
    scheme, separator, rest = endpoint.partition("://")
    return scheme == "ssh" or (bool(separator) and scheme in _TCP and _host(rest) not in LOOPBACK)


def tcp_address(endpoint: str) -> tuple[str, int]:
    """Return host and port of a `tcp://` endpoint; raises ValueError when it names no port."""
    rest = endpoint.partition("://")[2].split("/", 1)[0]
    return _host(rest), int(rest.rpartition(":")[2])


def _host(rest: str) -> str:
    host, colon, _ = rest.split("/", 1)[0].rpartition(":")
    return (host if colon else rest).strip("[]")


def _configuration() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _context(name: str) -> Place:
    """Return the place of a Docker context, which ends the search when it is on another machine.

    The SDK reads these files too, at the price of importing it (0.13 s).
    """
    import hashlib

    origin = f"docker context {name}"
    if name == _DEFAULT:
        return Place(f"unix://{DOCKER_SOCKET}", origin)
    identifier = hashlib.sha256(name.encode()).hexdigest()
    endpoints = _entry(_configuration() / "contexts" / "meta" / identifier / "meta.json", "Endpoints")
    host = endpoints.get("docker", {}).get("Host") if isinstance(endpoints, dict) else None
    if not isinstance(host, str) or not host:
        return Place(name, origin, missing=f"there is no context of that name in {_configuration()}")
    return Place(host, origin, only=is_remote(host))


def _entry(path: Path, key: str) -> object:
    """Return one entry of a JSON object in a file; None where any of them is not there."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found.get(key) if isinstance(found, dict) else None


def _sockets() -> Iterator[tuple[Path | str, str]]:
    """Yield the sockets that engines make, each with its engine's name."""
    home = Path.home()
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    configuration = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    colima = os.environ.get("COLIMA_HOME")
    yield DOCKER_SOCKET, "default socket"
    yield home / ".docker" / "run" / "docker.sock", "Docker Desktop's socket"
    yield runtime / "docker.sock", "rootless Docker's socket"
    for folder in [Path(colima)] if colima else [home / ".colima", configuration / "colima"]:
        yield folder / "default" / "docker.sock", "Colima's socket"
    yield home / ".rd" / "docker.sock", "Rancher Desktop's socket"
    yield home / ".orbstack" / "run" / "docker.sock", "OrbStack's socket"
    yield runtime / "podman" / "podman.sock", "Podman's socket"
    yield PODMAN_SOCKET, "Podman's socket (root)"
    yield data / "containers" / "podman" / "machine" / "podman.sock", "Podman machine's socket"
    if sys.platform == "darwin":
        temporary = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 (where Podman puts it)
        yield temporary / "podman" / "podman-machine-default-api.sock", "Podman machine's socket"
