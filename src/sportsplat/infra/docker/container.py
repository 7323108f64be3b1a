"""A container at the moment when the engine was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sportsplat.infra.docker.service import CONFIG_LABEL


@dataclass(frozen=True)
class Container:
    """A container at the moment when the engine was asked.

    `host_port`: the first that it publishes. `networks`: their ids; "" for one that it joins when it starts.
    """

    id: str
    name: str
    status: str
    labels: Mapping[str, str]
    restarts: int
    exit_code: int
    out_of_memory: bool
    host_port: int | None
    networks: frozenset[str]

    @property
    def running(self) -> bool:
        """Whether its main process runs."""
        return self.status == "running"

    def is_unbroken_since(self, before: Container) -> bool:
        """Whether it runs, and has run without a restart since it was seen as `before`."""
        return self.running and before.running and (self.id, self.restarts) == (before.id, before.restarts)

    @property
    def holds_port(self) -> bool:
        """Whether the port that it publishes is taken by itself: a paused one keeps it."""
        return self.status in ("running", "paused")

    @property
    def config(self) -> str:
        """The fingerprint of the service from which it was made."""
        return self.labels.get(CONFIG_LABEL, "")

    def description(self) -> str:
        """Say its state in a few words."""
        words = f"container {self.name} is {self.status}"
        if self.status in ("exited", "dead", "restarting"):
            words += f" (exit code {self.exit_code})"
        if self.out_of_memory:
            words += ", ended by its memory limit"
        return words + (f", restarted {self.restarts} times" if self.restarts else "")


def to_container(inspected: Mapping[str, Any]) -> Container:
    """Return a container from the answer of `GET /containers/{id}/json`."""
    state = inspected["State"]
    bindings = (inspected["HostConfig"].get("PortBindings") or {}).values()
    networks = (inspected.get("NetworkSettings") or {}).get("Networks") or {}
    ports = [int(each["HostPort"]) for binding in bindings for each in binding or [] if each.get("HostPort")]
    return Container(
        id=inspected["Id"],
        name=inspected["Name"].lstrip("/"),
        status="restarting" if state.get("Restarting") else state["Status"],
        labels=inspected["Config"].get("Labels") or {},
        restarts=int(inspected.get("RestartCount") or 0),
        exit_code=int(state.get("ExitCode") or 0),
        out_of_memory=bool(state.get("OOMKilled")),
        host_port=ports[0] if ports else None,
        networks=frozenset(str(joined.get("NetworkID") or "") for joined in networks.values()),
    )
