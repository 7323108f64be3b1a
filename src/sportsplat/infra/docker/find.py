"""Finding the container engine of this machine, without importing its SDK: one `GET /_ping` per place."""

from __future__ import annotations

import errno
import json
import math
import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sportsplat.infra import errors
from sportsplat.infra.environment import LOOPBACK

if TYPE_CHECKING:
    import docker


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


Kind = Literal["docker", "podman"]
_ANSWER_S = 2.0
_LONGEST_HEAD = 16 * 1024
_REQUEST = b"GET /_ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Attempt:
    """A place that was tried in vain. `remote`: it is on another machine, so it was not even asked."""

    endpoint: str
    origin: str
    why: str
    remote: bool = False

    def __str__(self) -> str:
        """Say all three on one line."""
        return f"{self.endpoint} ({self.origin}): {self.why}"


@dataclass(frozen=True)
class Found:
    """An engine that answers. `server`: what it calls itself, like `Docker/28.2.2 (linux)`."""

    endpoint: str
    origin: str
    kind: Kind
    server: str = ""


class _NoEngineError(Exception):
    """A place where no engine answers; the message says why."""


def find_engine(timeout_s: float = _ANSWER_S, remembered: str | None = None) -> Found:
    """Return the engine to use; see `search` for the order and for `remembered`.

    Raises EnvironmentUnavailable: `ENGINE_REMOTE` when the user's own choice is an engine on another machine,
    `NO_ENGINE` when none answers, with each place that was tried in its cause.
    """
    found, attempts = search(timeout_s, remembered)
    if found is not None:
        return found
    if attempts and attempts[-1].remote:
        last = attempts[-1]
        raise errors.engine_remote(last.endpoint, last.origin, last.why)
    raise errors.no_engine([str(attempt) for attempt in attempts], started_before=remembered is not None)


def search(timeout_s: float = _ANSWER_S, remembered: str | None = None) -> tuple[Found | None, list[Attempt]]:
    """Ask each place in turn; return the first engine that answers, and the places tried before it.

    Order: DOCKER_HOST (then only that one), the current Docker context, the default socket, then the sockets
    of Docker Desktop, rootless Docker, Colima, Rancher Desktop, OrbStack and Podman. remembered: the
    endpoint that this project used before, tried before all that the user did not name by a variable.
    timeout_s: seconds given to each place. Never raises; a few milliseconds when nobody hangs.
    """
    attempts: list[Attempt] = []
    for place in places(remembered):
        if is_remote(place.endpoint):
            why = "this engine is on another machine, where no port of 127.0.0.1 would be published"
            attempts.append(Attempt(place.endpoint, place.origin, why, remote=True))
        else:
            try:
                return _ask(place, timeout_s), attempts
            except _NoEngineError as failed:
                attempts.append(Attempt(place.endpoint, place.origin, str(failed)))
        if place.only:
            break
    return None, attempts


def client(found: Found, timeout_s: float = 60) -> docker.DockerClient:
    """Return the SDK's client of an engine that was found; importing the SDK takes 0.13 s.

    Raises EnvironmentUnavailable (`ENGINE_LOST`) when it no longer answers.
    """
    import docker
    from docker.errors import DockerException

    try:
        _ask(Place(found.endpoint, found.origin), timeout_s)
        made = docker.DockerClient.__new__(docker.DockerClient)
        made.api = _direct(docker.APIClient)(
            base_url=found.endpoint, version="auto", timeout=math.ceil(timeout_s)
        )
        return made
    except (_NoEngineError, DockerException) as error:
        raise errors.engine_lost(found.endpoint, f"{error}; a moment ago it answered") from error


def _direct(api: type[docker.APIClient]) -> type[docker.APIClient]:
    """Return the SDK's client that asks no proxy: the engine is on this machine, whatever ALL_PROXY says."""

    class DirectClient(api):  # type: ignore[misc, valid-type]
        @property
        def trust_env(self) -> bool:
            return False

        @trust_env.setter
        def trust_env(self, wanted: bool) -> None:
            """Ignore what the library sets in its constructor."""

    return DirectClient


def _ask(place: Place, timeout_s: float) -> Found:
    """Return the engine at a place; raises _NoEngineError with the reason why there is none."""
    if place.missing is not None:
        raise _NoEngineError(place.missing)
    try:
        head = _ping(place.endpoint, timeout_s)
    except TimeoutError:
        raise _NoEngineError(f"no answer within {timeout_s:g} s") from None
    except OSError as error:
        raise _NoEngineError(_plain(error, place.endpoint)) from None
    except ValueError as error:
        raise _NoEngineError(f"this is no address of an engine: {error}") from None
    return _recognised(place, head)


def _ping(endpoint: str, timeout_s: float) -> str:
    """Return status line and headers of the answer; `http.client` would take 35 ms to import."""
    deadline = time.monotonic() + timeout_s
    with connect(endpoint, timeout_s) as connection:
        connection.sendall(_REQUEST)
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < _LONGEST_HEAD:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            more = connection.recv(4096)
            answer += more
            if not more or not answer.startswith(b"HTTP/"[: len(answer)]):
                break
    return answer.partition(b"\r\n\r\n")[0].decode("latin-1")


def connect(endpoint: str, timeout_s: float) -> socket.socket:
    """Return a connection to an engine; raises OSError, and ValueError for what is no endpoint."""
    scheme, _, rest = endpoint.partition("://")
    if scheme in ("tcp", "http"):
        return socket.create_connection(tcp_address(endpoint), timeout_s)
    if scheme != "unix":
        raise ValueError(f"{endpoint!r} is neither unix:// nor tcp://")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect(rest)
    except BaseException:
        connection.close()
        raise
    return connection


def _recognised(place: Place, head: str) -> Found:
    """Tell an engine by its headers: Docker and Podman name their API's version in each answer."""
    status, *lines = head.split("\r\n")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    if not head:
        raise _NoEngineError("it hung up without an answer")
    if not status.startswith("HTTP/"):
        raise _NoEngineError(f"something answers there, but not like an engine: {status[:60]!r}")
    code = status.split(" ")[1:2]
    if code != ["200"]:
        raise _NoEngineError(f"it answers, but is not ready: {status[:60]}")
    if "api-version" not in headers:
        raise _NoEngineError("a web server answers there, but not like an engine")
    server = headers.get("server", "")
    podman = "libpod-api-version" in headers or server.lower().startswith("libpod")
    return Found(place.endpoint, place.origin, "podman" if podman else "docker", server)


_PLAIN = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "there is no such file",
    errno.ECONNREFUSED: "nobody listens there",
    errno.ENOTSOCK: "it is not a socket",
    errno.ECONNRESET: "it hung up without an answer",
    errno.EPIPE: "it hung up without an answer",
}


def _plain(error: OSError, endpoint: str) -> str:
    """Say in plain words why a connection failed."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"permission denied: {_owner(endpoint)}"
    if (
        error.errno is None
    ):  # Python's own refusal, before any call: a path longer than the kernel's 107 bytes
        return f"this is no address of an engine: {error}"
    return _PLAIN.get(error.errno, str(error))


def _owner(endpoint: str) -> str:
    """Say to whom a socket belongs, and the command that lets this user in where there is one."""
    import grp
    import pwd

    try:
        info = Path(endpoint.removeprefix("unix://")).stat()
        group = grp.getgrgid(info.st_gid).gr_name
        user = pwd.getpwuid(os.geteuid()).pw_name
    except (OSError, KeyError):
        return "its folder is closed to this user"
    if info.st_mode & 0o060 and info.st_gid != 0:
        return f"it is open to the group {group}, and {user} is not in it (sudo usermod -aG {group} {user})"
    return f"it belongs to user {info.st_uid}"
