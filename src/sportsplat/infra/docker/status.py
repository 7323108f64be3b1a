"""Status of a database in Docker: it is queried where it was last, and the engine only if it does not
answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sportsplat import redact
from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import identity, query
from sportsplat.infra.docker.readiness import ProbeResult, probe
from sportsplat.infra.docker.spec import DockerSpec
from sportsplat.infra.environment import Endpoint, EnvironmentStatus, StartResult, State

if TYPE_CHECKING:
    from sportsplat.infra.docker.client import ProjectEngine
    from sportsplat.infra.docker.container import Container

UP = ("running", "restarting", "paused")
PASSWORD_CHANGES = "password_changes"  # noqa: S105 (the name of a fact)
"""Remembered while `.env` may have a new password that the data does not know yet."""


class StatusReader:
    """Reads the state of a database in Docker; changes nothing."""

    def __init__(self, spec: DockerSpec, engine: Callable[[], ProjectEngine]) -> None:
        """`engine`: connects to the engine, which costs more than the whole rest."""
        self.spec = spec
        self._engine = engine

    @property
    def remembered(self) -> dict[str, Any]:
        """What the last `up` of this backend left in the project's memory."""
        return identity.of_docker(self.spec.state_dir, self.spec.project)

    @property
    def port(self) -> int | None:
        """The port at which the database was last."""
        port = self.remembered.get("port")
        return port if isinstance(port, int) else None

    def unchanged(self, question: str | None) -> StartResult | None:
        """Return the database when it answers as the last `up` left it, and that is what is wanted now."""
        remembered, port = self.remembered, self.port
        volume = remembered.get("volume")
        if port is None or not isinstance(volume, str) or self.spec.port not in ("auto", port):
            return None
        if self.spec.password() is None or remembered.get(PASSWORD_CHANGES):
            return None
        if not self._is_recorded():
            return None
        if self.spec.service(volume, port).fingerprint() != remembered.get("config"):
            return None
        seen = self._ask(port, question)
        if seen is None or seen.marker is None or not self._is_known(seen):
            return None
        return StartResult(self.endpoint(port), [], self.running(port, seen))

    def status(self, question: str | None) -> EnvironmentStatus:
        """Return the state, by the engine when the database does not answer."""
        port = self.port
        if port is not None and self._may_be_used():
            seen = self._ask(port, question)
            if seen is not None and seen.marker is not None and self._is_known(seen):
                return self.running(port, seen)
        return self.status_by_engine(question)

    def answers(self) -> bool:
        """Whether this project's database answers where it was; one that refuses us says so when asked."""
        port = self.port
        if port is None or not self._may_be_used():
            return False
        try:
            return self._is_known(probe(self.endpoint(port)))
        except query.RefusedError as refused:
            return refused.sqlstate is not None

    def _is_recorded(self) -> bool:
        """Whether the last `up` was in this folder, and remembered which engine and cluster it found."""
        remembered = self.remembered
        here = remembered.get(identity.FOLDER) == str(self.spec.state_dir)
        return here and "engine_id" in remembered and "docker_cluster" in remembered

    def _may_be_used(self) -> bool:
        """Whether the database that was used last may be: of an earlier version's memory the labels decide.

        Raises ResourceConflict (`VOLUME_NOT_OURS`).
        """
        if identity.FOLDER not in self.remembered:
            with suppress(EnvironmentUnavailable):
                self._engine()
        return True

    def status_by_engine(self, question: str | None = None) -> EnvironmentStatus:
        """Return the state of the container and its volume, and of the database if it answers."""
        from sportsplat.infra.docker.volume import present_volume, removed_volume

        engine = self._engine()
        volume = present_volume(self.spec, engine)
        found = engine.container(self.spec.container)
        if (lost := removed_volume(self.spec, engine)) is not None:
            gone = {"volume": lost, "lost": f"the volume {lost}, which held this project's data, is gone"}
            return EnvironmentStatus("docker", "absent", services=[self._service("absent") | gone])
        if found is None and not volume.exists:
            return EnvironmentStatus("docker", "absent", services=[self._service("absent")])
        complete = volume.is_complete(self.spec)
        if found is None or found.host_port is None or found.status not in UP:
            state: State = "stopped" if complete else "incomplete"
            why = found.description() if found is not None else "there is no container"
            service = self._service(state) | {"volume": volume.name, "reason": why}
            return EnvironmentStatus("docker", state, services=[service])
        seen = self._ask(found.host_port, question) if found.running else None
        if seen is not None and self._is_of(found, seen, volume.name) and seen.marker is not None:
            return self.running(found.host_port, seen)
        state = "unhealthy" if complete else "incomplete"
        facts = {"volume": volume.name, "port": found.host_port, "reason": found.description()}
        endpoint = self.endpoint(found.host_port)
        return EnvironmentStatus("docker", state, endpoint, services=[self._service(state) | facts])

    def running(self, port: int, seen: ProbeResult) -> EnvironmentStatus:
        """Return the status of a database with this probe result."""
        service = self._service("running") | {"volume": self.remembered.get("volume"), "port": port}
        return EnvironmentStatus(
            "docker", "running", self.endpoint(port), seen.version, [service], seen.answer
        )

    def endpoint(self, port: int) -> Endpoint:
        """Return the endpoint on a port of this machine."""
        password = self.spec.password() or ""
        redact.remember(password)
        return Endpoint(self.spec.host, port, self.spec.database, self.spec.user, password)

    def _ask(self, port: int, question: str | None) -> ProbeResult | None:
        """Ask the database on a port as its owner; None where none answers, or one that refuses the owner."""
        try:
            return probe(self.endpoint(port), question)
        except query.RefusedError:
            return None

    def _is_known(self, seen: ProbeResult) -> bool:
        """Whether it is the database of this project, and not one that has its port by now."""
        return self.remembered.get("docker_cluster") in (None, seen.cluster)

    def _is_of(self, container: Container, seen: ProbeResult, volume: str) -> bool:
        """Whether the answer on the container's port is its own: a container that restarts loses its port.

        Raises DataConflict (`DATA_MISSING`) when it is, and another cluster than this project's.
        """
        if self._is_known(seen):
            return True
        now = self._engine().container(container.name)
        if now is None or not now.is_unbroken_since(container):
            return False
        known, where = self.remembered.get("docker_cluster"), f"the volume {volume}"
        identity.refuse_other_cluster(known, seen.cluster, where, self.spec.state_dir)
        return True

    def _service(self, state: State) -> dict[str, Any]:
        return {
            "name": "postgres",
            "state": state,
            "container": self.spec.container,
            "image": self.spec.image,
        }
