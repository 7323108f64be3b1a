"""A service in the words of the Engine API: what `POST /containers/create` takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sportsplat.infra.service import SECRETS_DIR, Mount, Service

PROJECT_LABEL = "io.sportsplat.project"
SERVICE_LABEL = "io.sportsplat.service"
CONFIG_LABEL = "io.sportsplat.config"
DESCRIPTION_LABEL = "io.sportsplat.description"
"""The description itself, so that the next `up` can say which setting changed."""

_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}
_SETTING_OF = {
    "published": "port",
    "shared_memory": "shared memory",
    "health": "health check",
    "mounts": "folders",
    "environment": "variables",
}


def to_engine(
    service: Service, project: str, network: str, *, cpus: float | None = None, image: str | None = None
) -> dict[str, Any]:
    """Return the body that creates the service's container on a private network, where its name is its host.

    cpus: in the place of the service's own limit, for an engine that has fewer. image: an id, where the name
    could mean another image a moment later.
    """
    return {
        "Image": image or service.image,
        "Cmd": list(service.command) or None,
        "Env": [f"{name}={value}" for name, value in service.environment.items()],
        "Labels": labels(service, project),
        "Healthcheck": {
            "Test": ["CMD", *service.health.command],
            "Interval": _nanoseconds(service.health.interval_s),
            "Timeout": _nanoseconds(service.health.timeout_s),
            "Retries": service.health.retries,
            "StartPeriod": _nanoseconds(service.health.start_period_s),
        },
        "StopTimeout": service.stop_grace_s,
        "ExposedPorts": {key: {} for key in _bindings(service)},
        "HostConfig": {
            "NetworkMode": network,
            "Mounts": [*map(_mount, service.mounts), *_secrets(service)],
            "PortBindings": _bindings(service),
            "RestartPolicy": {"Name": service.restart},
            "Memory": byte_size(service.memory),
            "ShmSize": byte_size(service.shared_memory),
            "NanoCpus": _nanoseconds(float(service.cpus) if cpus is None else cpus),
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": [service.name]}}},
    }


def labels(service: Service, project: str) -> dict[str, str]:
    """Return the labels of a service's container."""
    return {
        PROJECT_LABEL: project,
        SERVICE_LABEL: service.name,
        CONFIG_LABEL: service.fingerprint(),
        DESCRIPTION_LABEL: json.dumps(asdict(service), sort_keys=True),
    }


def changed(service: Service, before: Mapping[str, str]) -> list[str]:
    """Return what differs from the container with the labels `before`, in the settings' words."""
    try:
        described = json.loads(before.get(DESCRIPTION_LABEL, ""))
    except ValueError:
        return ["version"]
    now = json.loads(json.dumps(asdict(service)))
    names = [name for name in now if described.get(name) != now[name]]
    return [_SETTING_OF.get(name, name) for name in names] or ["version"]


def byte_size(text: str) -> int:
    """Return the bytes of a size like `512m`: k, m and g are powers of 1024."""
    return int(text[:-1]) * _UNITS[text[-1]]


def _bindings(service: Service) -> dict[str, list[dict[str, str]]]:
    port = service.published
    if port is None:
        return {}
    return {f"{port.container_port}/tcp": [{"HostIp": port.address, "HostPort": port.host_port}]}


def _mount(mount: Mount) -> dict[str, Any]:
    return {
        "Type": mount.kind,
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }


def _secrets(service: Service) -> list[dict[str, Any]]:
    return [
        _mount(Mount("bind", file, f"{SECRETS_DIR}/{name}", read_only=True))
        for name, file in service.secrets.items()
    ]


def _nanoseconds(value: float) -> int:
    """Return billionths: of a second, and for the limit on CPUs of a CPU."""
    return round(value * 1e9)
