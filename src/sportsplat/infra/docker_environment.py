"""The PostgreSQL in a container: through the SDK's engine, which is not asked while the database answers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sportsplat import redact
from sportsplat.errors import EnvironmentUnavailable, SportsplatError
from sportsplat.infra import docker_refusals as refusals
from sportsplat.infra import memory, probe
from sportsplat.infra.docker_ready import Seen, listens, look
from sportsplat.infra.docker_spec import DockerSpec, docker_spec
from sportsplat.infra.engine import find_engine, search
from sportsplat.infra.environment import Backend, Endpoint, Ensured, EnvironmentStatus, Progress, State
from sportsplat.infra.lock import exclusive
from sportsplat.infra.password import new_password
from sportsplat.infra.wait import wait_for

if TYPE_CHECKING:
    from sportsplat.infra.docker_launch import Launch
    from sportsplat.infra.docker_objects import Objects
    from sportsplat.settings import Settings

_ANSWER_S = 5.0
_LOCK_S = 60.0
_START_S = 60.0
_STOP_S = 60
_UP = ("running", "restarting", "paused")


def docker_environment(settings: Settings) -> DockerEnvironment:
    """Return the Docker environment of these settings; raises InvalidSetting for what it cannot be."""
    return DockerEnvironment(docker_spec(settings))


class DockerEnvironment:
    """The protocol `Environment` over a container, a volume and a private network of this project."""

    backend: Backend = "docker"

    def __init__(self, spec: DockerSpec) -> None:
        """Hold what the database is to be; nothing is touched yet."""
        self.spec = spec
        self._run = secrets.token_hex(8)

    def ensure(
        self, timeout_s: float, *, question: str | None = None, progress: Progress | None = None
    ) -> Ensured:
        """Create, start or replace what is missing or differs; return once the database answers.

        Raises DataConflict (`WRONG_PASSWORD`, `PASSWORD_MISSING`, `INCOMPLETE_DATA`, `WRONG_MAJOR`,
        `DATABASE_MISSING`), ResourceConflict (`PORT_TAKEN`, `NAME_TAKEN`, `LOCK_HELD`), TimedOut and
        EnvironmentUnavailable (`NO_ENGINE`, `ENGINE_LOST`, `IMAGE_UNAVAILABLE`, `START_FAILED`, `DISK_FULL`).
        None of them costs data: a failed run takes back what it made itself, and nothing else.
        """
        deadline = time.monotonic() + timeout_s
        ensured = self._as_it_was(question)
        if ensured is not None:
            return ensured
        with self._locked(timeout_s):
            return self._as_it_was(question) or self._launch(deadline, question, progress)

    def status(self, question: str | None = None) -> EnvironmentStatus:
        """Ask the database where it was last; only when it does not answer ask the engine why."""
        port = self._remembered_port()
        seen = self._seen(port, question) if port is not None else None
        if seen is not None and port is not None and seen.marker is not None:
            return self._running(port, seen)
        return self._status_by_engine(question)

    def endpoint(self) -> Endpoint:
        """Return where the running database is: that its port answers is enough."""
        port = self._remembered_port()
        if port is None or not listens(self.spec.host, port):
            status = self._status_by_engine(None)
            if status.endpoint is None:
                raise refusals.not_running(status.state)
            return status.endpoint
        return self._endpoint(port)

    def ask(self, sql: str) -> list[str]:
        """Return the first column of a query, through the wheel's psql."""
        endpoint = self.endpoint()
        try:
            return probe.ask(endpoint, sql, timeout_s=_ANSWER_S)
        except probe.RefusedError as refused:
            if refused.wrong_password:
                raise refusals.wrong_password(self.spec, self.spec.project) from refused
            raise probe.unreachable(endpoint, str(refused), "sportsplat logs") from refused

    def stop(self) -> list[str]:
        """Remove the project's containers and network; its volumes stay."""
        with self._locked(_LOCK_S):
            return self._take_down(self._engine())

    def remove(self) -> list[str]:
        """Remove the project's containers, network and volumes of all generations; `.env` stays."""
        from sportsplat.infra.docker_files import remove_files

        with self._locked(_LOCK_S):
            engine = self._engine()
            actions = self._take_down(engine)
            for name in engine.volumes():
                engine.remove_volume(name)
                actions.append(f"deleted the volume {name}")
            remove_files(self.spec)
            memory.forget(self.spec.state_dir)
        return actions

    def set_aside(self) -> list[str]:
        """Begin a new generation of the volume beside an incomplete one; complete data is left alone."""
        from sportsplat.infra.docker_launch import is_complete, present_volume, volume_facts

        with self._locked(_LOCK_S):
            engine = self._engine()
            volume = present_volume(self.spec, engine.volumes())
            if volume.labels is None or is_complete(self.spec, volume):
                return []
            found = engine.container(self.spec.container)
            if found is not None:
                engine.remove(found)
            new = self.spec.volume(volume.generation + 1)
            engine.create_volume(new, volume_facts(self.spec))
        return [f"left the incomplete data in the volume {volume.name}", f"created the volume {new}"]

    def reset_password(self) -> list[str]:
        """Make the data accept the configured password, or a new one where there is none."""
        if self.spec.password() is not None:
            return self._give_password()
        return self.rotate_password()

    def rotate_password(self) -> list[str]:
        """Give the data a new password over the container's own socket, which asks for none.

        `.env` first, then the data: killed between the two, the next rotation mends it. Raises what `ensure`
        raises, and EnvironmentUnavailable (`NOT_RUNNING`) when there is no data, `ROTATION_FAILED`.
        """
        if self.spec.password_is_ours():
            return self._give_password(new=True)
        return [f"kept the password, which is from {self.spec.password_origin()}", *self._give_password()]

    def _give_password(self, *, new: bool = False) -> list[str]:
        from sportsplat.infra.docker_launch import Launch, present_volume

        with self._locked(_LOCK_S):
            engine = self._engine()
            if present_volume(self.spec, engine.volumes()).labels is None:
                raise refusals.not_running("absent")
            actions = []
            if new:
                with refusals.writing(self.spec):
                    self.spec.write_password(new_password())
                self.spec = replace(self.spec, configured_password=None)
                actions.append("wrote a new password into .env")
            return Launch(self.spec, engine, actions).give_password(time.monotonic() + _START_S)

    def psql(self) -> str:
        """Return the wheel's `psql`."""
        return str(probe.psql())

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        """Yield lines of the container's log, from the engine."""
        engine = self._engine()
        found = engine.container(self.spec.container)
        if found is None:
            raise refusals.not_running("absent")
        return engine.follow(found, lines) if follow else iter(engine.log(found, lines))

    def _launch(self, deadline: float, question: str | None, progress: Progress | None) -> Ensured:
        """Bring it up; when the engine goes away meanwhile, wait for it and go on from what is there then.

        An engine that goes down ends an initialisation half-way: what this run had made is then made anew.
        """
        from sportsplat.infra.docker_launch import Launch

        actions: list[str] = []
        was_lost = False
        while True:
            launch = Launch(self.spec, self._engine(), actions)
            try:
                return self._bring_up(launch, deadline, question, progress)
            except EnvironmentUnavailable as error:
                if error.error_code == "ENGINE_LOST" and self._engine_came_back(deadline):
                    actions.append("waited for the container engine to come back")
                    was_lost = True
                elif was_lost and error.error_code == "START_FAILED" and launch.fresh:
                    was_lost = False
                else:
                    raise

    def _bring_up(
        self, launch: Launch, deadline: float, question: str | None, progress: Progress | None
    ) -> Ensured:
        from sportsplat.infra.docker_objects import EngineRefusedError

        try:
            endpoint, seen, service = launch.run(deadline, question, progress)
        except KeyboardInterrupt as interrupt:
            undone = launch.give_up(interrupt)
            raise KeyboardInterrupt(
                f"removed what this run had made: {', '.join(undone)}"
                if undone
                else "nothing was left to undo"
            ) from None
        except EngineRefusedError as refused:
            launch.give_up(refused)
            raise refusals.engine_refused(str(refused)) from refused
        except SportsplatError as error:
            if error.error_code != "ENGINE_LOST":
                launch.give_up(error)
            raise
        with refusals.writing(self.spec):
            memory.remember(
                self.spec.state_dir,
                backend=self.backend,
                project=self.spec.project,
                engine=launch.engine.found.endpoint,
                port=endpoint.port,
                volume=launch.volume.name,
                config=service.fingerprint(),
            )
        return Ensured(endpoint, launch.actions, self._running(endpoint.port, seen))

    def _as_it_was(self, question: str | None) -> Ensured | None:
        """Return the database when it answers as the last `up` left it, and that is what is wanted now."""
        port, volume = self._remembered_port(), self._remembered.get("volume")
        if (
            port is None
            or volume is None
            or self.spec.password() is None
            or self.spec.port not in ("auto", port)
        ):
            return None
        if self.spec.service(volume, port).fingerprint() != self._remembered.get("config"):
            return None
        seen = self._seen(port, question)
        if seen is None or seen.marker is None:
            return None
        return Ensured(self._endpoint(port), [], self._running(port, seen))

    @property
    def _remembered(self) -> dict[str, Any]:
        remembered = memory.recall(self.spec.state_dir)
        return remembered if remembered.get("backend") == self.backend else {}

    def _remembered_port(self) -> int | None:
        port = self._remembered.get("port")
        return port if isinstance(port, int) else None

    def _seen(self, port: int, question: str | None) -> Seen | None:
        """Return what the database on a port says, None when it does not answer to us."""
        if not listens(self.spec.host, port):
            return None
        try:
            return look(self._endpoint(port), question)
        except probe.RefusedError:
            return None

    def _running(self, port: int, seen: Seen) -> EnvironmentStatus:
        service = self._service("running") | {"volume": self._remembered.get("volume"), "port": port}
        return EnvironmentStatus(
            self.backend, "running", self._endpoint(port), seen.version, [service], seen.answer
        )

    def _service(self, state: State) -> dict[str, Any]:
        return {
            "name": "postgres",
            "state": state,
            "container": self.spec.container,
            "image": self.spec.image,
        }

    def _status_by_engine(self, question: str | None) -> EnvironmentStatus:
        from sportsplat.infra.docker_launch import is_complete, present_volume

        engine = self._engine()
        volume = present_volume(self.spec, engine.volumes())
        found = engine.container(self.spec.container)
        if found is None and volume.labels is None:
            return EnvironmentStatus(self.backend, "absent", services=[self._service("absent")])
        idle: State = "stopped" if is_complete(self.spec, volume) else "incomplete"
        if found is None or found.host_port is None or found.status not in _UP:
            reason = found.described() if found is not None else "there is no container"
            service = self._service(idle) | {"volume": volume.name, "reason": reason}
            return EnvironmentStatus(self.backend, idle, services=[service])
        seen = self._seen(found.host_port, question)
        if seen is not None and seen.marker is not None:
            return self._running(found.host_port, seen)
        state: State = "unhealthy" if is_complete(self.spec, volume) else "incomplete"
        facts = {"volume": volume.name, "port": found.host_port, "reason": found.described()}
        endpoint = self._endpoint(found.host_port)
        return EnvironmentStatus(self.backend, state, endpoint, services=[self._service(state) | facts])

    def _endpoint(self, port: int) -> Endpoint:
        password = self.spec.password() or ""
        redact.remember(password)
        return Endpoint(self.spec.host, port, self.spec.database, self.spec.user, password)

    def _engine(self) -> Objects:
        from sportsplat.infra.docker_objects import Objects

        return Objects(find_engine(remembered=self._remembered.get("engine")), self.spec.project, self._run)

    def _engine_came_back(self, deadline: float) -> bool:
        """Wait for the engine until the deadline; return whether it answers again."""
        remembered = self._remembered.get("engine")
        left_s = deadline - time.monotonic()
        return bool(wait_for(lambda: search(remembered=remembered)[0], left_s, longest_pause_s=0.2))

    def _take_down(self, engine: Objects) -> list[str]:
        actions = []
        for container in engine.containers():
            if container.status in _UP:
                engine.stop(container, _STOP_S)
            engine.remove(container)
            actions.append(f"stopped and removed the container {container.name}")
        for identifier, name in engine.networks().items():
            engine.remove_network(identifier)
            actions.append(f"removed the network {name}")
        return actions

    @contextmanager
    def _locked(self, timeout_s: float) -> Iterator[None]:
        """Hold the project's lock; the state folder is made first where it is missing."""
        folder = self.spec.state_dir
        with ExitStack() as stack:
            with refusals.writing(self.spec):
                folder.mkdir(parents=True, exist_ok=True)
                if not (folder / ".gitignore").exists():
                    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
                stack.enter_context(exclusive(folder / "lock", timeout_s))
            yield
