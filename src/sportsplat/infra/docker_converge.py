"""Making a container be what its service describes: made, started, replaced, or left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sportsplat.infra.docker_container import Container
from sportsplat.infra.docker_objects import Objects
from sportsplat.infra.docker_render import changed
from sportsplat.infra.service import Service

_BROKEN = ("dead", "removing")


@dataclass(frozen=True)
class Converged:
    """A container that runs, and whether this call created or started it."""

    container: Container
    created: bool = False
    started: bool = False


def converge(
    engine: Objects,
    service: Service,
    *,
    name: str,
    network: str,
    actions: list[str],
    on_created: Callable[[Container], None] | None = None,
) -> Converged:
    """Return the service's container, running; add to `actions` what was done.

    The same configuration does nothing, a stopped container starts, a changed setting replaces the container
    and keeps its volumes. `on_created` is called with a container that never ran before it starts. Raises
    PortBusyError when the port is somebody else's; the container is then as it was, or new and not started.
    """
    found = engine.container(name)
    if found is not None and found.status not in _BROKEN and found.config == service.fingerprint():
        if found.status == "created" and on_created is not None:
            on_created(found)
        return _started(engine, found, actions)
    reason = ""
    if found is not None:
        settings = ", ".join(f"`{setting}`" for setting in changed(service, found.labels))
        reason = f" because {settings} changed" if found.status not in _BROKEN else " because it was broken"
        if found.running:
            engine.stop(found, service.stop_grace_s)
        engine.remove(found)
    made = engine.create(service, name, network)
    if on_created is not None:
        on_created(made)
    engine.start(made)
    actions.append(f"{'re' if found else ''}created the container {name}{_port(service)}{reason}")
    return Converged(made, created=True, started=True)


def _started(engine: Objects, found: Container, actions: list[str]) -> Converged:
    if found.running or found.status == "restarting":
        return Converged(found)
    engine.start(found)
    actions.append(f"{'resumed' if found.status == 'paused' else 'started'} the container {found.name}")
    return Converged(found, started=True)


def _port(service: Service) -> str:
    return "" if service.published is None else f" on port {service.published.host_port}"
