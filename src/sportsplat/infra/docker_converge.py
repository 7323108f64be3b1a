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

    The same configuration does nothing, a stopped container starts, a changed setting or a lost network
    replaces the container and keeps its volumes. `on_created` is called with a container that never ran
    before it starts. Raises PortBusyError when the port is somebody else's; the container is then as it was,
    or new and not started.
    """
    found = engine.container(name)
    reason = "" if found is None else _unfit(engine, service, found, network)
    if found is not None and not reason:
        if found.status == "created" and on_created is not None:
            on_created(found)
        return _started(engine, found, actions)
    if found is not None:
        if found.running:
            engine.stop(found, service.stop_grace_s)
        engine.remove(found)
    made = engine.create(service, name, network)
    if on_created is not None:
        on_created(made)
    engine.start(made)
    actions.append(f"{'re' if found else ''}created the container {name}{_port(service)}{reason}")
    return Converged(made, created=True, started=True)


def _unfit(engine: Objects, service: Service, found: Container, network: str) -> str:
    """Return why a container has to be replaced, as the end of a sentence; empty when it may stay."""
    if found.status in _BROKEN:
        return " because it was broken"
    if found.config != service.fingerprint():
        settings = ", ".join(f"`{setting}`" for setting in changed(service, found.labels))
        return f" because {settings} changed"
    present = {identifier for identifier, name in engine.networks().items() if name == network}
    # The engine starts no container whose network was removed, and publishes no port of one without any.
    return "" if found.networks & (present | {""}) else " because its network was removed"


def _started(engine: Objects, found: Container, actions: list[str]) -> Converged:
    if found.running or found.status == "restarting":
        return Converged(found)
    engine.start(found)
    actions.append(f"{'resumed' if found.status == 'paused' else 'started'} the container {found.name}")
    return Converged(found, started=True)


def _port(service: Service) -> str:
    return "" if service.published is None else f" on port {service.published.host_port}"
