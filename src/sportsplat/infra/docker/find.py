"""Finding the container engine of this machine: one `GET /_ping` of the SDK per place."""

from __future__ import annotations

import errno
import json
import math
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sportsplat.infra import errors
from sportsplat.infra.environment import LOOPBACK

if TYPE_CHECKING:
    import docker
    from requests import RequestException, Response


DOCKER_SOCKET = "/var/run/docker.sock"
PODMAN_SOCKET = "/run/podman/podman.sock"
_DEFAULT = "default"
_TCP = frozenset({"tcp", "http", "https"})


@dataclass(frozen=True)
class EngineAddress:
    """An endpoint to try and who names it.

    `only`: the user asked for exactly this one, so no other is tried after it. `missing`: why the place
    cannot even be tried (a context that does not exist).
    """

    endpoint: str
    origin: str
    only: bool = False
    missing: str | None = None


def engine_addresses(remembered: str | None = None) -> Iterator[EngineAddress]:
    """Yield the places to try in turn; what a variable names is the only one.

    remembered: the endpoint that this project used before, which comes before all that no variable names.
    """
    named = os.environ.get("DOCKER_HOST")
    context = os.environ.get("DOCKER_CONTEXT")
    if named:
        yield EngineAddress(named, "DOCKER_HOST", only=True)
        return
    if context:
        yield replace(_context(context), only=True)
        return
    if remembered is not None:
        yield EngineAddress(remembered, "used by this project before")
    current = _entry(_configuration() / "config.json", "currentContext")
    others = [EngineAddress(f"unix://{path}", origin) for path, origin in _sockets()]
    if isinstance(current, str) and current not in ("", _DEFAULT):
        others.insert(0, _context(current))
    yield from (place for place in others if place.endpoint != remembered)


def is_remote(endpoint: str) -> bool:
    """Whether an endpoint lies on another machine: SSH, or TCP on an address that is not loopback."""
    scheme, separator, rest = endpoint.partition("://")
    return scheme == "ssh" or (bool(separator) and scheme in _TCP and _host(rest) not in LOOPBACK)


def _host(rest: str) -> str:
    host, colon, _ = rest.split("/", 1)[0].rpartition(":")
    return (host if colon else rest).strip("[]")


def _configuration() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _context(name: str) -> EngineAddress:
    """Return the place of a Docker context, which ends the search when it is on another machine.

    The SDK reads these files too, at the price of importing it (0.13 s).
    """
    import hashlib

    origin = f"docker context {name}"
    if name == _DEFAULT:
        return EngineAddress(f"unix://{DOCKER_SOCKET}", origin)
    identifier = hashlib.sha256(name.encode()).hexdigest()
    endpoints = _entry(_configuration() / "contexts" / "meta" / identifier / "meta.json", "Endpoints")
    host = endpoints.get("docker", {}).get("Host") if isinstance(endpoints, dict) else None
    if not isinstance(host, str) or not host:
        return EngineAddress(name, origin, missing=f"there is no context of that name in {_configuration()}")
    return EngineAddress(host, origin, only=is_remote(host))


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


@dataclass(frozen=True)
class FailedAttempt:
    """A place that was tried in vain. `remote`: it is on another machine, so it was not even asked."""

    endpoint: str
    origin: str
    why: str
    remote: bool = False

    def __str__(self) -> str:
        """Say all three on one line."""
        return f"{self.endpoint} ({self.origin}): {self.why}"


@dataclass(frozen=True)
class FoundEngine:
    """An engine that answers. `server`: what it calls itself, like `Docker/28.2.2 (linux)`."""

    endpoint: str
    origin: str
    kind: Kind
    server: str = ""


class _NoEngineError(Exception):
    """A place where no engine answers; the message says why."""


def find_engine(timeout_s: float = _ANSWER_S, remembered: str | None = None) -> FoundEngine:
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


def search(
    timeout_s: float = _ANSWER_S, remembered: str | None = None
) -> tuple[FoundEngine | None, list[FailedAttempt]]:
    """Ask each place in turn; return the first engine that answers, and the places tried before it.

    Order: DOCKER_HOST (then only that one), the current Docker context, the default socket, then the sockets
    of Docker Desktop, rootless Docker, Colima, Rancher Desktop, OrbStack and Podman. remembered: the
    endpoint that this project used before, tried before all that the user did not name by a variable.
    timeout_s: seconds given to each place. Never raises; a few milliseconds when no place hangs.
    """
    attempts: list[FailedAttempt] = []
    for place in engine_addresses(remembered):
        if is_remote(place.endpoint):
            why = "this engine is on another machine, where no port of 127.0.0.1 would be published"
            attempts.append(FailedAttempt(place.endpoint, place.origin, why, remote=True))
        else:
            try:
                return _ask(place, timeout_s), attempts
            except _NoEngineError as failed:
                attempts.append(FailedAttempt(place.endpoint, place.origin, str(failed)))
        if place.only:
            break
    return None, attempts


def client(found: FoundEngine, timeout_s: float = 60) -> docker.DockerClient:
    """Return the SDK's client of an engine that was found; importing the SDK takes 0.13 s.

    Raises EnvironmentUnavailable (`ENGINE_LOST`) when it no longer answers.
    """
    import docker
    from docker.errors import DockerException

    try:
        made = docker.DockerClient.__new__(docker.DockerClient)
        made.api = _api(found.endpoint, "auto", timeout_s)
        return made
    except (DockerException, OSError) as error:
        raise errors.engine_lost(found.endpoint, f"{error}; a moment ago it answered") from error


def _ask(place: EngineAddress, timeout_s: float) -> FoundEngine:
    """Return the engine at a place; raises _NoEngineError with the reason why there is none."""
    from docker.constants import MINIMUM_DOCKER_API_VERSION
    from docker.errors import DockerException, InvalidConfigFile
    from requests import RequestException, Timeout

    if place.missing is not None:
        raise _NoEngineError(place.missing)
    try:
        api = _api(place.endpoint, MINIMUM_DOCKER_API_VERSION, timeout_s)
        with api, api.get(f"{api.base_url}/_ping", timeout=timeout_s) as answer:
            return _recognised(place, answer)
    except (Timeout, TimeoutError):
        raise _NoEngineError(f"no answer within {timeout_s:g} s") from None
    except RequestException as error:
        raise _NoEngineError(_no_http(error)) from None
    except (AttributeError, TypeError, InvalidConfigFile):  # of the SDK, when it reads the file
        raise _NoEngineError(f"{_configuration() / 'config.json'} is not a valid configuration") from None
    except (DockerException, ValueError) as error:
        raise _NoEngineError(f"this is no address of an engine: {error}") from None
    except OSError as error:
        raise _NoEngineError(_plain(error, place.endpoint)) from None


def _connect(endpoint: str, timeout_s: float) -> None:
    """Connect once: the SDK leaves a socket open that it cannot connect, and hides the reason."""
    from docker.utils import parse_host

    scheme, _, rest = str(parse_host(endpoint)).partition("://")
    if scheme == "http+unix":
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(rest)
    else:
        host, _, port = rest.partition("/")[0].rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout_s).close()


def _api(endpoint: str, version: str, timeout_s: float) -> docker.APIClient:
    """Return the SDK's client that asks no proxy: the engine is on this machine, whatever ALL_PROXY says.

    Raises OSError where nothing listens, DockerException and ValueError for what is no endpoint.
    """
    import docker

    _connect(endpoint, timeout_s)

    class DirectClient(docker.APIClient):
        @property
        def trust_env(self) -> bool:
            return False

        @trust_env.setter
        def trust_env(self, wanted: bool) -> None:
            """Ignore what the library sets in its constructor."""

    return DirectClient(base_url=endpoint, version=version, timeout=math.ceil(timeout_s))


def _recognised(place: EngineAddress, answer: Response) -> FoundEngine:
    """Recognise an engine by the headers: Docker and Podman name their API's version in each answer."""
    if answer.status_code != 200:
        raise _NoEngineError(f"it answers, but is not ready: {answer.status_code} {answer.reason}")
    if "api-version" not in answer.headers:
        raise _NoEngineError("a web server answers there, but not like an engine")
    server = answer.headers.get("server", "")
    podman = "libpod-api-version" in answer.headers or server.lower().startswith("libpod")
    return FoundEngine(place.endpoint, place.origin, "podman" if podman else "docker", server)


def _no_http(error: RequestException) -> str:
    """Say what came instead of an answer: the innermost of the errors that the libraries wrapped."""
    reason: BaseException = error
    while (inner := reason.__cause__ or reason.__context__) is not None:
        reason = inner
    if isinstance(reason, OSError):
        return "it hung up without an answer"
    return f"something answers there, but not like an engine: {reason}"


_PLAIN = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "there is no such file",
    errno.ECONNREFUSED: "nothing listens there",
    errno.ENOTSOCK: "it is not a socket",
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
