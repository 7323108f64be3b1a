"""The API's container beside the database of one project: looked at, listened to, restarted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote as quote_word
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sportsplat.errors import ConfigError, EnvironmentUnavailable, InvalidSetting
from sportsplat.infra import api_login, errors
from sportsplat.infra.docker import service as stack
from sportsplat.infra.docker.spec import DockerSpec, docker_spec
from sportsplat.infra.environment import LOOPBACK
from sportsplat.infra.identity import of_docker

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.infra.docker.client import ProjectEngine
    from sportsplat.infra.docker.service import Service


_NEEDED = frozenset({"database", "schema"})


@dataclass(frozen=True)
class Readiness:
    """The answer of `/ready`: each check by name, and the reasons of failed ones."""

    ready: bool
    failed: Mapping[str, str]

    @property
    def serves(self) -> bool:
        """Whether it answers from its database; a league without a model yet is no fault of the stack."""
        return not _NEEDED & set(self.failed)

    def description(self) -> str:
        """Say what it lacks."""
        return "/ready says: " + ("; ".join(f"{name}: {why}" for name, why in self.failed.items()) or "ready")


def readiness(address: str, port: int, timeout_s: float = 2.0) -> Readiness | None:
    """Ask `/ready`; None when nothing answers there, or not like our API."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(address, port, timeout=timeout_s)
    try:
        connection.request("GET", "/ready")
        answer = json.loads(connection.getresponse().read())
        failed = {check["name"]: str(check["detail"]) for check in answer["checks"] if not check["ok"]}
        return Readiness(bool(answer["ready"]), failed)
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


@dataclass(frozen=True)
class ApiSpec:
    """The wanted API. `image` None: built from this checkout. `config_dir` None: the image's own."""

    database: DockerSpec
    host: str
    port: int
    image: str | None
    config_dir: Path | None

    @property
    def container(self) -> str:
        """The container's name."""
        return f"{self.database.project}-{stack.API_NAME}"

    def url(self, port: int) -> str:
        """Return where it answers on a port of this machine."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"

    def service(self, image: str, checkout: Path | None) -> Service:
        """Describe the API from an image; with `checkout`, from the code there."""
        return stack.api_service(
            image=image,
            database=quote(self.database.database, safe=""),
            host_port=str(self.port),
            secret_file=str(api_login.secret_path(self.database.state_dir)),
            config_dir=None if self.config_dir is None else str(self.config_dir),
            checkout=None if checkout is None else str(checkout),
            address=self.host,
        )


def api_spec(settings: Settings) -> ApiSpec:
    """Return the API of these settings. Whatever api.host says, in Docker it is published on loopback."""
    host = settings.api.host if settings.api.host in LOOPBACK - {"localhost"} else "127.0.0.1"
    config = settings.project_dir.resolve() / "config"
    return ApiSpec(
        database=docker_spec(settings),
        host=host,
        port=settings.api.port,
        image=settings.infra.api_image,
        config_dir=config if config.is_dir() else None,
    )


def refuse_unreadable(spec: ApiSpec, checkout: Path | None) -> None:
    """Raise ConfigError (`NOT_READABLE_IN_DOCKER`) for mounted files that the API's user may not read.

    In the container it is neither their owner nor of their group; a umask of 077 makes files that no other
    user may read.
    """
    mounted = [spec.config_dir] if spec.config_dir is not None else []
    if checkout is not None:
        mounted += [checkout / name for name in stack.FROM_CHECKOUT]
    closed = [path for folder in mounted for path in (folder, *folder.rglob("*")) if _is_closed(path)]
    if closed:
        folders = " ".join(quote_word(str(folder)) for folder in mounted)
        more = f" and {len(closed) - 1:,} more" if len(closed) > 1 else ""
        raise ConfigError(
            f"the API in Docker could not read {closed[0]}{more}: only its owner may",
            cause="its user in the container is not you (was your umask 077 when the files were made?)",
            fix=f"chmod -R o+rX {folders}, then: sportsplat up --stack",
            code="NOT_READABLE_IN_DOCKER",
        )


def _is_closed(path: Path) -> bool:
    if path.is_symlink() or not path.exists():
        return False
    mode = path.stat().st_mode
    return not mode & 0o004 or (path.is_dir() and not mode & 0o001)


def refuse_public(settings: Settings) -> None:
    """Raise InvalidSetting where the settings want an API that other machines reach."""
    if settings.api.host not in LOOPBACK:
        raise InvalidSetting(
            f"api.host is {settings.api.host}, and the API in Docker is published on this machine only",
            cause="`up --stack` publishes no port to other machines",
            fix="leave api.host at 127.0.0.1 and put a reverse proxy in front of it",
        )


REMEMBERED_PORT = "api_port"
_IDLE = ("exited", "created", "dead")


def status(spec: ApiSpec) -> dict[str, Any] | None:
    """Look without changing anything; None for a project that never had an API in Docker.

    The engine is asked only when the API does not answer.
    """
    port = of_docker(spec.database.state_dir, spec.database.project).get(REMEMBERED_PORT)
    if not isinstance(port, int):
        return None
    service = {"name": stack.API_NAME, "container": spec.container}
    seen = readiness(spec.host, port)
    if seen is not None and seen.serves:
        missing = {"missing": dict(seen.failed)} if seen.failed else {}
        return {**service, "state": "running", "url": spec.url(port), "ready": seen.ready, **missing}
    try:
        found = open_engine(spec).container(spec.container)
    except EnvironmentUnavailable as unknown:
        return {**service, "state": "unhealthy", "reason": unknown.message}
    if found is None:
        return {**service, "state": "absent"}
    output = "/ready does not answer" if seen is None else seen.description()
    state = "stopped" if found.status in _IDLE else "unhealthy"
    return {**service, "state": state, "reason": f"{found.description()}; {output}"}


def logs(spec: ApiSpec, lines: int, follow: bool) -> Iterator[str]:
    """Yield the last lines of the container's log; raises EnvironmentUnavailable (`NOT_RUNNING`)."""
    engine = open_engine(spec)
    found = engine.container(spec.container)
    if found is None:
        why = f"Docker: there is no container {spec.container}"
        raise errors.not_running(why, what="the API", fix="sportsplat up --stack")
    return engine.follow(found, lines) if follow else iter(engine.log(found, lines))


def open_engine(spec: ApiSpec, run: str = "") -> ProjectEngine:
    """Return the project's things in the engine that it uses; `run` marks what is created.

    Raises what `open_project` and `refuse_other_folder` raise.
    """
    from sportsplat.infra.docker.project import open_project, refuse_other_folder

    engine = open_project(spec.database, run)
    refuse_other_folder(spec.database, engine)
    return engine
