"""A container and its image made what a service describes, with as little change as possible."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import errors
from sportsplat.infra.docker.client import EngineRefusedError, ProjectEngine
from sportsplat.infra.docker.container import Container
from sportsplat.infra.docker.service import Service, changed
from sportsplat.progress import Progress

_BROKEN = ("dead", "removing")


@dataclass(frozen=True)
class ContainerStart:
    """A container that runs, and whether this call created or started it."""

    container: Container
    created: bool = False
    started: bool = False


_ASIDE, _TRIED = "-replaced", "-tried"


def converge(
    engine: ProjectEngine,
    service: Service,
    *,
    name: str,
    network: str,
    actions: list[str],
    before_start: Callable[[Container], None] | None = None,
) -> ContainerStart:
    """Return the service's container, running; add to `actions` what was done.

    The same configuration does nothing, a stopped container starts, a changed setting or a lost network
    replaces the container and keeps its volumes. `before_start` is called with a container that does not
    run, before it does. Raises PortBusyError when the port is somebody else's, EngineRefusedError when the
    engine says no; an old container is then as it was.
    """
    for left in (engine.container(f"{name}{ending}") for ending in (_ASIDE, _TRIED)):
        if left is not None:  # a killed run's
            engine.remove(left)
    found = engine.container(name)
    reason = "" if found is None else _reason_to_replace(engine, service, found, network)
    if found is not None and not reason:
        if found.status in ("created", "exited") and before_start is not None:
            before_start(found)
        return _started(engine, found, actions)
    with _set_aside(engine, service, found, name, network):
        made = engine.create(service, name, network)
        if before_start is not None:
            before_start(made)
        engine.start(made)
    actions.append(f"{'re' if found else ''}created the container {name}{_port(service)}{reason}")
    return ContainerStart(made, created=True, started=True)


@contextmanager
def _set_aside(
    engine: ProjectEngine, service: Service, found: Container | None, name: str, network: str
) -> Iterator[None]:
    """Keep the old container, stopped and under another name, until the new one runs; else put it back."""
    if found is not None and found.status in _BROKEN:
        engine.remove(found)
        found = None
    if found is None:
        yield
        return
    # What the engine refuses to make, it refuses while the old one still serves.
    engine.remove(engine.create(service, f"{name}{_TRIED}", network))
    ran = found.status in ("running", "restarting", "paused")
    if found.status == "paused":
        engine.start(found)
    if ran:
        engine.stop(found, service.stop_grace_s)
    engine.rename(found, f"{name}{_ASIDE}")
    try:
        yield
    except BaseException:
        with suppress(EnvironmentUnavailable, EngineRefusedError):
            new = engine.container(name)
            if new is not None:
                engine.remove(new)
            engine.rename(found, name)
            if ran:
                engine.start(replace(found, status="exited"))
        raise
    engine.remove(found)


def _reason_to_replace(engine: ProjectEngine, service: Service, found: Container, network: str) -> str:
    """Return why a container has to be replaced, as the end of a sentence; empty when it may stay."""
    if found.status in _BROKEN:
        return " because it was broken"
    if found.config != service.fingerprint():
        settings = ", ".join(f"`{setting}`" for setting in changed(service, found.labels))
        return f" because {settings} changed"
    present = {identifier for identifier, name in engine.networks().items() if name == network}
    # The engine starts no container whose network was removed, and publishes no port of one without any.
    return "" if found.networks & (present | {""}) else " because its network was removed"


def _started(engine: ProjectEngine, found: Container, actions: list[str]) -> ContainerStart:
    if found.running or found.status == "restarting":
        return ContainerStart(found)
    engine.start(found)
    actions.append(f"{'resumed' if found.status == 'paused' else 'started'} the container {found.name}")
    return ContainerStart(found, started=True)


def _port(service: Service) -> str:
    return "" if service.published is None else f" on port {service.published.host_port}"


def ensure_image(engine: ProjectEngine, name: str, actions: list[str], progress: Progress | None) -> str:
    """Return the major version of PostgreSQL in an image, pulled when the engine does not have it.

    Empty for an image that does not say. Raises EnvironmentUnavailable (`IMAGE_UNAVAILABLE`).
    """
    found = engine.image(name)
    if found is None:
        _pull(engine, name, progress)
        actions.append(f"pulled the image {name}")
        found = engine.image(name)
        if found is None:
            raise _unavailable(name, "nothing, and the image is still missing")
    variables = dict(each.partition("=")[::2] for each in found["Config"].get("Env") or [])
    return variables.get("PG_MAJOR") or _major_in(name)


def _pull(engine: ProjectEngine, name: str, progress: Progress | None) -> None:
    """Pull an image and report the bytes of its layers."""
    layers: dict[str, tuple[int, int]] = {}
    try:
        for report in engine.pull(name):
            if "error" in report:
                raise _unavailable(name, report["error"])
            sizes = report.get("progressDetail") or {}
            if progress is not None and report.get("status") == "Downloading" and "total" in sizes:
                layers[report["id"]] = (sizes["current"], sizes["total"])
                done, total = (sum(column) for column in zip(*layers.values(), strict=True))
                progress(done, total, f"pulling {name} (bytes)")
    except EngineRefusedError as refused:
        raise _unavailable(name, refused.words) from refused


def _unavailable(name: str, words: str) -> EnvironmentUnavailable:
    fix = (
        f"try `docker pull {name}`, set infra.image to one that you have, or do without: "
        "sportsplat up --backend embedded"
    )
    return errors.image_unavailable(name, f"the engine says: {words}", fix)


def _major_in(name: str) -> str:
    found = re.search(r":(\d+)[^/]*$", name)
    return found.group(1) if found else ""
