"""The API's container beside the database of one project: looked at, listened to, started anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import memory, stack
from sportsplat.infra.api_probe import readiness
from sportsplat.infra.api_spec import ApiSpec

if TYPE_CHECKING:
    from sportsplat.infra.docker_objects import Objects

REMEMBERED_PORT = "api_port"
_IDLE = ("exited", "created", "dead")


def status(spec: ApiSpec) -> dict[str, Any] | None:
    """Look without changing anything; None for a project that never had an API in Docker.

    The engine is asked only when the API does not answer.
    """
    port = memory.recall(spec.database.state_dir).get(REMEMBERED_PORT)
    if not isinstance(port, int):
        return None
    service = {"name": stack.NAME, "container": spec.container}
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
    said = "/ready does not answer" if seen is None else seen.described()
    state = "stopped" if found.status in _IDLE else "unhealthy"
    return {**service, "state": state, "reason": f"{found.described()}; {said}"}


def logs(spec: ApiSpec, lines: int, follow: bool) -> Iterator[str]:
    """Yield the last lines of the container's log; raises EnvironmentUnavailable (`NOT_RUNNING`)."""
    engine = open_engine(spec)
    found = engine.container(spec.container)
    if found is None:
        raise EnvironmentUnavailable(
            "the API is not running",
            cause=f"Docker: there is no container {spec.container}",
            fix="sportsplat up --stack",
            code="NOT_RUNNING",
        )
    return engine.follow(found, lines) if follow else iter(engine.log(found, lines))


def open_engine(spec: ApiSpec, run: str = "") -> Objects:
    """Return the project's things in the engine that it uses; `run` marks what is created."""
    from sportsplat.infra.docker_objects import Objects
    from sportsplat.infra.engine import find_engine

    found = find_engine(remembered=memory.recall(spec.database.state_dir).get("engine"))
    return Objects(found, spec.database.project, run)
