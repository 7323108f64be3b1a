"""One `up` in an engine: from whatever is there to a database that answers, and back where that fails."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sportsplat import redact
from sportsplat.errors import ResourceConflict, SportsplatError, TimedOut
from sportsplat.infra import docker_refusals as refusals
from sportsplat.infra import memory, ports, probe
from sportsplat.infra.docker_converge import Converged, converge
from sportsplat.infra.docker_files import write_files
from sportsplat.infra.docker_image import ensure_image
from sportsplat.infra.docker_inside import give_password, marker_inside
from sportsplat.infra.docker_objects import RUN_LABEL, Container, Objects, PortBusyError
from sportsplat.infra.docker_ready import Seen, is_verdict, listens, look
from sportsplat.infra.docker_spec import DockerSpec
from sportsplat.infra.environment import Endpoint, Progress
from sportsplat.infra.postgres_service import DATA_TARGET
from sportsplat.infra.service import Service

_USER_LABEL = "io.sportsplat.user"
_DATABASE_LABEL = "io.sportsplat.database"
_POLL_S = 0.015
_INSPECT_EVERY_S = 0.3
_LOG_LINES = 60
_STOP_S = 60
_PATIENT_RESTARTS = 3
"""A server that was killed comes back by itself, and then recovers; one that falls over and over does not."""


@dataclass(frozen=True)
class Volume:
    """The project's present data: the newest generation of its volume. `labels` None: not made yet."""

    name: str
    generation: int
    labels: Mapping[str, str] | None


def present_volume(spec: DockerSpec, volumes: Mapping[str, Mapping[str, str]]) -> Volume:
    """Return the newest generation among a project's volumes; the first one when there is none."""
    pattern = re.compile(re.escape(spec.volume()) + r"(?:-(\d+))?")
    found = {int(match.group(1) or 1): name for name in volumes if (match := pattern.fullmatch(name))}
    if not found:
        return Volume(spec.volume(), 1, None)
    newest = max(found)
    return Volume(found[newest], newest, volumes[found[newest]])


def volume_facts(spec: DockerSpec) -> dict[str, str]:
    """Return what a new volume is labelled with: for whom its data is made."""
    return {_USER_LABEL: spec.user, _DATABASE_LABEL: spec.database}


class Launch:
    """Brings one project's database up in one engine, before a deadline."""

    def __init__(self, spec: DockerSpec, engine: Objects, actions: list[str]) -> None:
        """Hold what is to be; nothing is touched yet."""
        self.spec = spec
        self.engine = engine
        self.actions = actions
        self._started: Container | None = None
        self.fresh = False
        self.volume = Volume(spec.volume(), 1, None)

    def run(
        self, deadline: float, question: str | None, progress: Progress | None
    ) -> tuple[Endpoint, Seen, Service]:
        """Return where the database answers, what it said, and the service as it runs."""
        started_at = time.monotonic()
        container, service = self.bring_up(progress)
        assert service.published is not None, "a database is always published"  # noqa: S101
        endpoint = self.endpoint(int(service.published.host_port))
        seen = self._wait(endpoint, container, deadline, question, deadline - started_at)
        if self.fresh:
            self.actions.append(f"initialised PostgreSQL {seen.version} with the schema at {seen.marker}")
        return endpoint, seen, service

    def bring_up(self, progress: Progress | None = None) -> tuple[Container, Service]:
        """Return a container that was started, and its service; whether the database answers is not asked."""
        engine, spec = self.engine, self.spec
        self.volume = present_volume(spec, engine.volumes())
        self.fresh = self.volume.labels is None or self.volume.labels.get(RUN_LABEL) == engine.run
        self._refuse_made_for_another()
        with refusals.writing(spec):
            write_files(spec, self._password())
        container = engine.container(spec.container)
        major = ""
        if container is None or self._service(container.host_port).fingerprint() != container.config:
            major = ensure_image(engine, spec.image, self.actions, progress)
        if engine.ensure_network(spec.network):
            self.actions.append(f"created the network {spec.network}")
        if self.volume.labels is None:
            self.fresh = engine.create_volume(self.volume.name, volume_facts(spec))
            self.actions.append(f"created the volume {self.volume.name}")
        converged, service = self._start(container, major)
        if converged.started:
            self._started = converged.container
        return converged.container, service

    def give_password(self, deadline: float) -> list[str]:
        """Make existing data accept the configured password; say what was done."""
        container, _ = self.bring_up()
        while marker_inside(self.engine, container, self.spec) is None:
            self._refuse_ended(container)
            if time.monotonic() >= deadline:
                raise refusals.incomplete(self.volume.name, "its server shows no completion marker")
            time.sleep(_INSPECT_EVERY_S)
        give_password(self.engine, container, self.spec)
        for other in self.engine.containers():
            if other.running and other.id != container.id:
                self.engine.restart(other)
                self.actions.append(f"restarted the container {other.name}, which uses the password")
        return [*self.actions, "gave the data that password"]

    def endpoint(self, port: int) -> Endpoint:
        """Return the endpoint on a port of this machine."""
        spec = self.spec
        return Endpoint(spec.host, port, spec.database, spec.user, spec.password() or "")

    def give_up(self, problem: BaseException) -> list[str]:
        """Leave nothing half-done, and return what was removed.

        What this run made is removed when it is of no use: a volume whose initialisation failed, a container
        that never ran, everything when the user interrupts. A container that was there, or whose volume was,
        is stopped again if this run started it. A database that is only slow is left to go on.
        """
        if isinstance(problem, TimedOut):
            return []
        interrupted = isinstance(problem, KeyboardInterrupt)
        undone = []
        for container in self.engine.containers(of_this_run=True):
            if interrupted or self.fresh or container.status == "created":
                self.engine.remove(container)
                undone.append(f"the container {container.name}")
        if self._started is not None and not undone and not interrupted:
            self.engine.stop(self._started, _STOP_S)
        for name, labels in self.engine.volumes().items():
            if labels.get(RUN_LABEL) == self.engine.run:
                self.engine.remove_volume(name)
                undone.append(f"the volume {name}")
        if undone:
            for identifier, name in self.engine.networks(of_this_run=True).items():
                self.engine.remove_network(identifier)
                undone.append(f"the network {name}")
        return undone

    def _password(self) -> str:
        """Return the configured password, made where there is neither one nor data."""
        password = self.spec.password()
        if password is None and not self.fresh:
            raise refusals.no_password(self.spec, self.volume.name)
        if password is None:
            password = self.spec.make_password()
            self.actions.append("generated a password into .env")
        redact.remember(password)
        return password

    def _refuse_made_for_another(self) -> None:
        labels = self.volume.labels or {}
        user, database = labels.get(_USER_LABEL), labels.get(_DATABASE_LABEL)
        if user not in (None, self.spec.user) or database not in (None, self.spec.database):
            raise refusals.made_for_another(self.spec, self.volume.name, user=user, database=database)

    def _service(self, port: int | None) -> Service:
        wanted = self.spec.port if isinstance(self.spec.port, int) else port
        return self.spec.service(self.volume.name, wanted or 0)

    def _start(self, found: Container | None, major: str) -> tuple[Converged, Service]:
        """Start the container on the first port that is really free, however many others race for it."""

        def check(created: Container) -> None:
            self._refuse_other_major(created, major)

        for port in self._ports(found):
            service = self.spec.service(self.volume.name, port)
            try:
                converged = converge(
                    self.engine,
                    service,
                    name=self.spec.container,
                    network=self.spec.network,
                    actions=self.actions,
                    on_created=check,
                )
            except PortBusyError:
                for mine in self.engine.containers(of_this_run=True):
                    self.engine.remove(mine)
                continue
            return converged, service
        raise self._port_taken(ports.none_left(self.spec.port))

    def _ports(self, found: Container | None) -> Iterator[int]:
        """Yield the ports to try: first the one that the container has, if it may stay there."""
        own = found.host_port if found is not None else None
        holding = found is not None and found.status in ("running", "restarting", "paused")
        if own is not None and holding and self.spec.port in ("auto", own):
            yield own
        remembered = own or memory.recall(self.spec.state_dir).get("port")
        try:
            yield from ports.candidates(self.spec.port, remembered, self.spec.host)
        except ResourceConflict as taken:
            raise self._port_taken(taken) from taken

    def _port_taken(self, taken: ResourceConflict) -> ResourceConflict:
        if self.spec.port == "auto":
            return taken
        return refusals.port_taken(self.spec.port, self.engine.publishes(self.spec.port), taken)

    def _refuse_other_major(self, created: Container, wanted: str) -> None:
        """Raise DataConflict (`WRONG_MAJOR`) before a server is started on data that it cannot read."""
        if self.fresh:
            return
        found = (self.engine.read_file(created, f"{DATA_TARGET}/PG_VERSION") or "").strip()
        wanted = wanted or self.spec.major
        if found and found != wanted:
            raise refusals.wrong_major(self.volume.name, found, self.spec.image, wanted)

    def _wait(
        self,
        endpoint: Endpoint,
        container: Container,
        deadline: float,
        question: str | None,
        timeout_s: float,
    ) -> Seen:
        """Return what the database says once it answers to its real user and carries the marker."""
        inspect_at = time.monotonic() + _INSPECT_EVERY_S
        while True:
            seen = self._look(endpoint, container, question)
            if seen is not None:
                return seen
            now = time.monotonic()
            if now >= inspect_at:
                self._refuse_ended(container)
                inspect_at = now + _INSPECT_EVERY_S
            if now >= deadline:
                raise refusals.timed_out(self._now(container), self._log(container), timeout_s)
            time.sleep(_POLL_S)

    def _look(self, endpoint: Endpoint, container: Container, question: str | None) -> Seen | None:
        if not listens(endpoint.host, endpoint.port):
            return None
        try:
            seen = look(endpoint, question)
        except probe.RefusedError as refused:
            if is_verdict(refused):
                raise self._explained(refused, container) from refused
            return None
        if seen.marker is None:
            raise self._unmarked(container, "its server answers, and it has no completion marker")
        return seen

    def _explained(self, refused: probe.RefusedError, container: Container) -> SportsplatError:
        """Return the error for a server that is up and does not know us: asked from inside, it says why."""
        if marker_inside(self.engine, container, self.spec) is not None:
            return refusals.wrong_password(self.spec, self.volume.name)
        return self._unmarked(container, f"it has no completion marker, and its server says: {refused}")

    def _unmarked(self, container: Container, why: str) -> SportsplatError:
        if not self.fresh:
            return refusals.incomplete(self.volume.name, why)
        return self._ended(self._now(container), container)

    def _refuse_ended(self, container: Container) -> None:
        """Raise when the container ended, or keeps on falling over."""
        now = self._now(container)
        fell = now.restarts - container.restarts
        allowed = 0 if self.fresh else _PATIENT_RESTARTS
        if now.status in ("exited", "dead", "removed") or fell > allowed:
            raise self._ended(now, container)

    def _ended(self, now: Container, container: Container) -> SportsplatError:
        log = self._log(container)
        if not self.fresh and any("exists but is not empty" in line for line in log):
            return refusals.incomplete(self.volume.name, f"initdb says: {refusals.last_words(log)}")
        return refusals.ended(now, log, self.spec)

    def _now(self, container: Container) -> Container:
        return self.engine.container(container.name) or replace(container, status="removed")

    def _log(self, container: Container) -> list[str]:
        return self.engine.log(container, _LOG_LINES) if self.engine.container(container.name) else []


def is_complete(spec: DockerSpec, volume: Volume) -> bool:
    """Whether this project once saw the marker of a volume."""
    return volume.labels is not None and memory.recall(spec.state_dir).get("volume") == volume.name
