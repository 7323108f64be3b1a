"""One `up` in an engine: from whatever is there to a database that answers, and back where that fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sportsplat import redact
from sportsplat.errors import ResourceConflict, TimedOut
from sportsplat.infra import docker_refusals as refusals
from sportsplat.infra import memory, ports
from sportsplat.infra.docker_ahead import NetworkAhead
from sportsplat.infra.docker_container import Container
from sportsplat.infra.docker_converge import converge
from sportsplat.infra.docker_files import write_files
from sportsplat.infra.docker_image import ensure_image
from sportsplat.infra.docker_inside import give_password
from sportsplat.infra.docker_look import PASSWORD_CHANGES, UP
from sportsplat.infra.docker_objects import Objects, PortBusyError
from sportsplat.infra.docker_ready import Seen
from sportsplat.infra.docker_spec import DockerSpec
from sportsplat.infra.docker_volume import (
    DATABASE_LABEL,
    USER_LABEL,
    Volume,
    finish_taking_back,
    make_volume,
    present_volume,
    take_back,
    was_removed,
)
from sportsplat.infra.docker_watch import Watch
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.postgres_service import DATA_TARGET
from sportsplat.infra.service import Service
from sportsplat.progress import Progress

_STOP_S = 60
_GONE = ": the one that held this project's data is gone (sportsplat db backups lists copies)"


@dataclass(frozen=True)
class Launched:
    """A database that answers: where, what it said, and as which service it runs."""

    endpoint: Endpoint
    seen: Seen
    service: Service
    volume: str


class Launch:
    """Brings one project's database up in one engine."""

    def __init__(self, spec: DockerSpec, engine: Objects, actions: list[str]) -> None:
        """Hold what is to be; nothing is touched yet. What is done is added to `actions`."""
        self.spec = spec
        self.engine = engine
        self.actions = actions
        self.fresh = False
        self._volume = Volume(spec.volume(), 1, None)
        self._started: Container | None = None

    def run(self, deadline: float, question: str | None, progress: Progress | None) -> Launched:
        """Return the database once it answers; raises what `DockerEnvironment.ensure` does."""
        given_s = deadline - time.monotonic()
        ahead = NetworkAhead(self.engine.found, self.spec.network, self.engine.marks())
        try:
            watch, service, endpoint = self._bring_up(progress, ahead)
        except BaseException:
            ahead.wait()  # else the engine might make it after this run has cleared up
            raise
        if memory.recall(self.spec.state_dir).get(PASSWORD_CHANGES):
            self._give_password(watch, deadline)
        seen = watch.until_ready(endpoint, deadline, given_s, question)
        if self.fresh:
            self.actions.append(f"initialised PostgreSQL {seen.version} with the schema at {seen.marker}")
        return Launched(endpoint, seen, service, self._volume.name)

    def change_password(self, deadline: float) -> None:
        """Make existing data accept the configured password, and whoever uses it learn of it."""
        given_s = deadline - time.monotonic()
        watch, _, endpoint = self._bring_up()
        self._give_password(watch, deadline)
        watch.until_ready(endpoint, deadline, given_s)
        for other in self.engine.containers():
            if other.running and other.id != watch.container.id:
                self.engine.restart(other)
                self.actions.append(f"restarted the container {other.name}, which uses the password")

    def give_up(self, problem: BaseException) -> list[str]:
        """Leave nothing half-done, and return what was removed.

        What this run made is removed when it is of no use: a volume whose initialisation failed, a container
        that never ran, everything when the user interrupts. A container that was there, or whose volume was,
        is stopped again if this run started it. A database that is only slow is left to go on.
        """
        if isinstance(problem, TimedOut):
            return []
        if self.fresh or isinstance(problem, KeyboardInterrupt):
            return take_back(self.spec, self.engine)
        for container in self.engine.containers(run=self.engine.run):
            if container.status == "created":
                self.engine.remove(container)
        if self._started is not None:
            self.engine.stop(self._started, _STOP_S)
        for identifier in self.engine.networks(run=self.engine.run):
            self.engine.remove_network(identifier)
        return []

    def _bring_up(
        self, progress: Progress | None = None, ahead: NetworkAhead | None = None
    ) -> tuple[Watch, Service, Endpoint]:
        """Start the container; whether the database answers is not asked."""
        engine, spec = self.engine, self.spec
        if finish_taking_back(spec, engine):
            self.actions.append("removed what an interrupted command left")
        self._volume = present_volume(spec, engine)
        self.fresh = self._volume.is_fresh(spec, engine.run)
        self._refuse_made_for_another()
        with refusals.writing(spec):
            write_files(spec, self._password())
        found = engine.container(spec.container)
        wanted = spec.service(self._volume.name, self._wanted_port(found))
        major = ""
        if found is None or wanted.fingerprint() != found.config:
            major = ensure_image(engine, spec.image, self.actions, progress)
            if found is not None:  # before a server that serves is replaced by one that cannot
                self._refuse_other_major(found, major)
        if ahead is not None:
            ahead.wait()
        if engine.ensure_network(spec.network):
            self.actions.append(f"created the network {spec.network}")
        if not self._volume.exists:
            lost = was_removed(spec, self._volume)
            self.fresh = make_volume(spec, engine, self._volume.name)
            self.actions.append(f"created the volume {self._volume.name}{_GONE if lost else ''}")
        container, service, port = self._start(found, major)
        endpoint = Endpoint(spec.host, port, spec.database, spec.user, spec.password() or "")
        return Watch(engine, spec, container, self._volume, self.fresh), service, endpoint

    def _give_password(self, watch: Watch, deadline: float) -> None:
        watch.until_marked(deadline)
        give_password(self.engine, watch.container, self.spec)
        memory.remember(self.spec.state_dir, **{PASSWORD_CHANGES: None})
        self.actions.append("gave the data that password")

    def _password(self) -> str:
        """Return the configured password, made where there is neither one nor data."""
        password = self.spec.password()
        if password is None and not self.fresh:
            raise refusals.no_password(self.spec, self._volume.name)
        if password is None:
            password = self.spec.make_password()
            self.actions.append("generated a password into .env")
        redact.remember(password)
        return password

    def _refuse_made_for_another(self) -> None:
        labels = self._volume.labels or {}
        user, database = labels.get(USER_LABEL), labels.get(DATABASE_LABEL)
        if user not in (None, self.spec.user) or database not in (None, self.spec.database):
            raise refusals.made_for_another(self.spec, self._volume.name, user=user, database=database)

    def _wanted_port(self, found: Container | None) -> int:
        if self.spec.port != "auto":
            return self.spec.port
        return (found.host_port if found is not None else None) or 0

    def _start(self, found: Container | None, major: str) -> tuple[Container, Service, int]:
        """Start the container on the first port that is really free, however many others race for it."""

        def check(created: Container) -> None:
            self._refuse_other_major(created, major)

        spec = self.spec
        for port in self._ports(found):
            service = spec.service(self._volume.name, port)
            where = {"name": spec.container, "network": spec.network}
            try:
                converged = converge(self.engine, service, **where, actions=self.actions, on_created=check)
            except PortBusyError:
                for mine in self.engine.containers(run=self.engine.run):
                    self.engine.remove(mine)
                continue
            if converged.started:
                self._started = converged.container
            return converged.container, service, port
        raise self._port_taken(ports.none_left(spec.port))

    def _ports(self, found: Container | None) -> Iterator[int]:
        """Yield the ports to try: first the one that the container has, if it may stay there."""
        own = found.host_port if found is not None else None
        if own is not None and found is not None and found.status in UP and self.spec.port in ("auto", own):
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

    def _refuse_other_major(self, container: Container, wanted: str) -> None:
        """Raise DataConflict (`WRONG_MAJOR`) before a server is started on data that it cannot read."""
        if self.fresh:
            return
        found = (self.engine.read_file(container, f"{DATA_TARGET}/PG_VERSION") or "").strip()
        wanted = wanted or self.spec.major
        if found and found != wanted:
            raise refusals.wrong_major(self._volume.name, found, self.spec.image, wanted)
