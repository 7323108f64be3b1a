"""One `up` in an engine: from whatever is there to a database that answers, and back where that fails."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sportsplat import redact
from sportsplat.errors import TimedOut
from sportsplat.infra import errors, identity
from sportsplat.infra.docker.client import PortBusyError, ProjectEngine
from sportsplat.infra.docker.container import Container
from sportsplat.infra.docker.converge import converge, ensure_image
from sportsplat.infra.docker.project import cluster_in, refuse_other_folder
from sportsplat.infra.docker.readiness import ProbeResult, set_password
from sportsplat.infra.docker.service import DATA_TARGET, Service
from sportsplat.infra.docker.spec import DockerSpec, write_files
from sportsplat.infra.docker.status import PASSWORD_CHANGES, UP
from sportsplat.infra.docker.volume import (
    DATABASE_LABEL,
    USER_LABEL,
    Volume,
    finish_removal,
    make_volume,
    present_volume,
    record_move,
    remove_unfinished,
    removed_volume,
)
from sportsplat.infra.docker.watch import StartupWatch
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.ports import PortRequest
from sportsplat.progress import Progress

_STOP_S = 60


@dataclass(frozen=True)
class DatabaseStart:
    """A database that answers: its endpoint, the probe's result, and its service."""

    endpoint: Endpoint
    seen: ProbeResult
    service: Service
    volume: str


class Launch:
    """Brings one project's database up in one engine."""

    def __init__(self, spec: DockerSpec, engine: ProjectEngine, actions: list[str]) -> None:
        """Hold what is to be; nothing is touched yet. What is done is added to `actions`."""
        self.spec = spec
        self.engine = engine
        self.actions = actions
        self.fresh = False
        self._volume = Volume(spec.volume(), 1, None)
        self._started: Container | None = None

    def run(self, deadline: float, question: str | None, progress: Progress | None) -> DatabaseStart:
        """Return the database once it answers; raises what `DockerEnvironment.ensure` does."""
        given_s = deadline - time.monotonic()
        watch, service, endpoint = self._bring_up(progress)
        if self.spec.state.read().get(PASSWORD_CHANGES):
            self._set_password(watch, deadline)
        seen = watch.until_ready(endpoint, deadline, given_s, question)
        if self.fresh:
            self.actions.append(f"initialised PostgreSQL {seen.version} with the schema at {seen.marker}")
        return DatabaseStart(endpoint, seen, service, self._volume.name)

    def change_password(self, deadline: float) -> None:
        """Make existing data accept the configured password, and restart the containers that use it."""
        given_s = deadline - time.monotonic()
        watch, _, endpoint = self._bring_up()
        self._set_password(watch, deadline)
        watch.until_ready(endpoint, deadline, given_s)
        for other in self.engine.containers():
            if other.running and other.id != watch.container.id:
                self.engine.restart(other)
                self.actions.append(f"restarted the container {other.name}, which uses the password")

    def undo(self, problem: BaseException) -> list[str]:
        """Leave nothing half-done, and return what was removed.

        What this run made is removed when it is of no use: a volume whose initialisation failed, a container
        that never ran, everything when the user interrupts. A container that was there, or whose volume was,
        is stopped again if this run started it. A database that is only slow is left to go on.
        """
        if isinstance(problem, TimedOut):
            return []
        if self.fresh or isinstance(problem, KeyboardInterrupt):
            return remove_unfinished(self.spec, self.engine)
        for container in self.engine.containers(run=self.engine.run):
            if container.status == "created":
                self.engine.remove(container)
        if self._started is not None:
            self.engine.stop(self._started, _STOP_S)
        for identifier in self.engine.networks(run=self.engine.run):
            self.engine.remove_network(identifier)
        return []

    def _bring_up(self, progress: Progress | None = None) -> tuple[StartupWatch, Service, Endpoint]:
        """Start the container; whether the database answers is not asked."""
        engine, spec = self.engine, self.spec
        self.actions += identity.forget_copied(spec.state_dir, spec.project)
        refuse_other_folder(spec, engine)
        if finish_removal(spec, engine):
            self.actions.append("removed what an interrupted command left")
        if (lost := removed_volume(spec, engine)) is not None:
            raise identity.data_missing(f"the volume {lost}", "the engine has no such volume", spec.state_dir)
        self._volume = present_volume(spec, engine)
        record_move(spec, engine, self._volume)
        self.fresh = self._volume.is_fresh(spec, engine.run)
        self._refuse_made_for_another()
        with spec.writing():
            write_files(spec, self._password())
        found = engine.container(spec.container)
        wanted = spec.service(self._volume.name, self._wanted_port(found))
        major = ""
        if found is None or wanted.fingerprint() != found.config:
            major = ensure_image(engine, spec.image, self.actions, progress)
            if found is not None:  # before a server that serves is replaced by one that cannot
                self._refuse_other_major(found, major)
        if engine.ensure_network(spec.network):
            self.actions.append(f"created the network {spec.network}")
        if not self._volume.exists:
            self.fresh = make_volume(spec, engine, self._volume.name)
            self.actions.append(f"created the volume {self._volume.name}")
        container, service, port = self._start(found, major)
        endpoint = Endpoint(spec.host, port, spec.database, spec.user, spec.password() or "")
        return StartupWatch(engine, spec, container, self._volume, self.fresh), service, endpoint

    def _set_password(self, watch: StartupWatch, deadline: float) -> None:
        watch.until_marked(deadline)
        set_password(self.engine, watch.container, self.spec)
        self.spec.state.update(**{PASSWORD_CHANGES: None})
        self.actions.append("gave the data that password")

    @property
    def _where(self) -> str:
        return f"the volume {self._volume.name}"

    def _password(self) -> str:
        """Return the configured password, made where there is neither one nor data."""
        password = self.spec.password()
        if password is None and not self.fresh:
            reset = "sportsplat db rotate-password"
            raise errors.password_missing(self._where, str(self.spec.env_file), reset)
        if password is None:
            password = self.spec.make_password()
            self.actions.append("generated a password into .env")
        redact.remember(password)
        return password

    def _refuse_made_for_another(self) -> None:
        labels = self._volume.labels or {}
        user, database = labels.get(USER_LABEL), labels.get(DATABASE_LABEL)
        if user is not None and user != self.spec.user:
            raise errors.wrong_user(self._where, user, self.spec.user)
        if database not in (None, self.spec.database):
            raise errors.database_missing(self._where, self.spec.database, database)

    def _wanted_port(self, found: Container | None) -> int:
        if self.spec.port != "auto":
            return self.spec.port
        return (found.host_port if found is not None else None) or 0

    def _start(self, found: Container | None, major: str) -> tuple[Container, Service, int]:
        """Start the container on the first port that is really free, however many others race for it."""
        spec, engine = self.spec, self.engine

        def check(container: Container) -> None:
            self._refuse_other_major(container, major)
            self._refuse_lost(container)

        def start(port: int) -> tuple[Container, Service, int] | None:
            service = spec.service(self._volume.name, port)
            where = {"name": spec.container, "network": spec.network}
            try:
                converged = converge(engine, service, **where, actions=self.actions, before_start=check)
            except PortBusyError:
                for mine in engine.containers(run=engine.run):
                    engine.remove(mine)
                return None
            if converged.started:
                self._started = converged.container
            return converged.container, service, port

        before = found.host_port if found is not None else None
        request = PortRequest(
            spec.port,
            spec.host,
            remembered=before or spec.state.read().get("port"),
            own=before if found is not None and found.status in UP else None,
            container_on=engine.publishes,
        )
        return request.start(start)

    def _refuse_other_major(self, container: Container, wanted: str) -> None:
        """Raise DataConflict (`WRONG_MAJOR`) before a server is started on data that it cannot read."""
        if self.fresh:
            return
        version = self.engine.read_file(container, f"{DATA_TARGET}/PG_VERSION") or b""
        found = version.decode("utf-8", "replace").strip()
        wanted = wanted or self.spec.major
        if found and found != wanted:
            fix = (
                f"set infra.image back to a PostgreSQL {found}, take a backup "
                "(sportsplat db backup FILE), and restore it in a new project"
            )
            raise errors.wrong_major(self._where, found, self.spec.image, wanted, fix)

    def _refuse_lost(self, container: Container) -> None:
        """Raise DataConflict (`DATA_MISSING`) before a server is started where this project's data was.

        An empty volume would be initialised anew by the image itself.
        """
        if self.fresh:
            return
        found = cluster_in(self.engine, container)
        if found is not None:
            self._refuse_other_cluster(found)
        elif self._volume.is_complete(self.spec):
            why = "the volume holds no PostgreSQL data"
            raise identity.data_missing(self._where, why, self.spec.state_dir)

    def _refuse_other_cluster(self, found: str) -> None:
        known = identity.of_docker(self.spec.state_dir, self.spec.project).get("docker_cluster")
        identity.refuse_other_cluster(known, found, self._where, self.spec.state_dir)
