"""The PostgreSQL in a container: through the SDK's engine, which is not asked while the database answers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from sportsplat.errors import EnvironmentUnavailable, SportsplatError
from sportsplat.infra import disk, errors, identity, programs, query
from sportsplat.infra.docker.find import search
from sportsplat.infra.docker.spec import DockerSpec, docker_spec
from sportsplat.infra.docker.status import PASSWORD_CHANGES, UP, StatusReader
from sportsplat.infra.environment import Backend, Endpoint, EnvironmentStatus, StartResult
from sportsplat.infra.lock import wait_for
from sportsplat.infra.passwords import new_password
from sportsplat.progress import Progress

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.infra.docker.client import ProjectEngine
    from sportsplat.infra.docker.launch import Launch

T = TypeVar("T")

_ANSWER_S = 5.0
_LOCK_S = 60.0
_START_S = 60.0
_STOP_S = 60


def docker_environment(settings: Settings) -> DockerEnvironment:
    """Return the Docker environment of these settings; raises InvalidSetting for what it cannot be."""
    return DockerEnvironment(docker_spec(settings))


class DockerEnvironment:
    """The protocol `Environment` over a container, a volume and a private network of this project."""

    backend: Backend = "docker"

    def __init__(self, spec: DockerSpec) -> None:
        """Hold what the database is to be; nothing is touched yet."""
        self.spec = spec
        self._run = os.urandom(8).hex()

    @property
    def _reader(self) -> StatusReader:
        return StatusReader(self.spec, self._engine)

    def ensure(
        self, timeout_s: float, *, question: str | None = None, progress: Progress | None = None
    ) -> StartResult:
        """Create, start or replace what is missing or differs; return once the database answers.

        Raises DataConflict (`WRONG_PASSWORD`, `PASSWORD_MISSING`, `INCOMPLETE_DATA`, `WRONG_MAJOR`,
        `DATABASE_MISSING`), ResourceConflict (`PORT_TAKEN`, `NAME_TAKEN`, `LOCK_HELD`), TimedOut and
        EnvironmentUnavailable (`NO_ENGINE`, `ENGINE_LOST`, `IMAGE_UNAVAILABLE`, `START_FAILED`, `DISK_FULL`).
        None of them costs data: a failed run takes back what it made itself, and nothing else.
        """
        deadline = time.monotonic() + timeout_s
        ensured = self._reader.unchanged(question)
        if ensured is not None:
            return ensured
        with self._locked(timeout_s):
            return self._reader.unchanged(question) or self._launch(deadline, question, progress)

    def status(self, question: str | None = None) -> EnvironmentStatus:
        """Ask the database where it was last; only when it does not answer ask the engine why."""
        return self._reader.status(question)

    def endpoint(self) -> Endpoint:
        """Return where the running database is, once it is seen to be this project's."""
        port = self._reader.port
        if port is not None and self._reader.answers():
            return self._reader.endpoint(port)
        status = self._reader.status_by_engine()
        if status.endpoint is None:
            raise errors.not_running(f"Docker: {status.state}")
        return status.endpoint

    def direct_endpoint(self) -> Endpoint:
        """Return `endpoint()`: no pooler stands before a server of ours."""
        return self.endpoint()

    def ask(self, sql: str) -> list[str]:
        """Return the first column of a query, through the driver."""
        endpoint = self.endpoint()
        try:
            return query.ask(endpoint, sql, timeout_s=_ANSWER_S)
        except query.RefusedError as refused:
            if refused.wrong_password:
                raise self.spec.wrong_password(str(self._reader.remembered.get("volume"))) from refused
            found = self._engine().container(self.spec.container)
            if found is not None and found.status == "paused":
                raise errors.unreachable(endpoint.url(), found.description(), "sportsplat up") from refused
            raise errors.unreachable(endpoint.url(), str(refused), "sportsplat logs") from refused

    def stop(self) -> list[str]:
        """Remove the project's containers and network; its volumes stay."""
        with self._locked(_LOCK_S):
            return self._take_down(self._engine())

    def remove(self) -> list[str]:
        """Remove the project's containers, network and volumes of all generations; `.env` stays.

        Raises ResourceConflict, before anything is touched, when a container that is not this project's uses
        one of the volumes (`VOLUME_IN_USE`), or they are another folder's (`VOLUME_NOT_OURS`); DataConflict
        (`DATA_MISSING`) when the volume holds other data than this project used.
        """
        from sportsplat.infra.docker.spec import remove_files
        from sportsplat.infra.docker.volume import forget_complete

        with self._locked(_LOCK_S):
            engine = self._engine()
            ours = {container.name for container in engine.containers()}
            for name in engine.volumes():
                self._refuse_unknown_data(engine, name)
                if others := set(engine.users(name)) - ours:
                    raise errors.volume_in_use(name, others)
            actions = self._take_down(engine)
            for name in engine.volumes():
                with suppress(OSError):  # on a full disk deleting makes room; all is forgotten below
                    forget_complete(self.spec, name)
                if not engine.remove_volume(name):
                    raise errors.volume_in_use(name, engine.users(name))
                actions.append(f"deleted the volume {name}")
            remove_files(self.spec)
            self.spec.state.clear()
        return actions

    def _refuse_unknown_data(self, engine: ProjectEngine, volume: str) -> None:
        """Raise DataConflict (`DATA_MISSING`) when the volume used last holds another cluster than then."""
        from sportsplat.infra.docker.project import cluster_of

        remembered = self._reader.remembered
        known = remembered.get("docker_cluster")
        if known is None or volume != remembered.get("volume"):
            return
        found = cluster_of(self.spec, engine, volume)
        if found is not None:
            identity.refuse_other_cluster(known, found, f"the volume {volume}", self.spec.state_dir)

    def set_aside(self) -> list[str]:
        """Start a new generation of the volume next to an incomplete one; complete data is not touched."""
        from sportsplat.infra.docker.volume import make_volume, present_volume

        with self._locked(_LOCK_S):
            engine = self._engine()
            volume = present_volume(self.spec, engine)
            if not volume.exists or volume.is_complete(self.spec):
                return []
            found = engine.container(self.spec.container)
            if found is not None:
                engine.remove(found)
            new = self.spec.volume(volume.generation + 1)
            make_volume(self.spec, engine, new)
        return [f"left the incomplete data in the volume {volume.name}", f"created the volume {new}"]

    def forget_former_data(self) -> list[str]:
        """Forget which engine, volume and cluster held this project's data; all of it stays where it is."""
        with self._locked(_LOCK_S):
            held = self._reader.remembered.get("volume")
            identity.forget_cluster(self.spec.state_dir, self.backend)
        return [f"forgot the data that was in the volume {held}"]

    def reset_password(self) -> list[str]:
        """Make the data accept the configured password, or a new one where there is none."""
        if self.spec.password() is not None:
            return self._set_password()
        return self.rotate_password()

    def rotate_password(self) -> list[str]:
        """Give the data a new password over the container's own socket, which asks for none.

        `.env` first, then the data: killed between the two, the next rotation mends it. Raises what `ensure`
        raises, EnvironmentUnavailable (`NOT_RUNNING`) when there is no data, `ROTATION_FAILED`, and
        ConfigError (`PASSWORD_NOT_OURS`) when the data has the environment's already.
        """
        if self.spec.password_is_ours():
            return self._set_password(new=True)
        if self.status().state == "running":
            raise self.spec.not_rotated()
        return [f"kept the password, which is from {self.spec.password_origin()}", *self._set_password()]

    def _set_password(self, *, new: bool = False) -> list[str]:
        from sportsplat.infra.docker.launch import Launch
        from sportsplat.infra.docker.volume import present_volume

        with self._locked(_LOCK_S):
            launch = Launch(self.spec, self._engine(), [])
            if not present_volume(self.spec, launch.engine).exists:
                raise errors.not_running("Docker: absent")
            with self.spec.writing():
                self.spec.state.update(**{PASSWORD_CHANGES: True})
                if new:
                    self.spec.write_password(new_password())
                    self.spec = launch.spec = replace(self.spec, configured_password=None)
                    launch.actions.append("wrote a new password into .env")
            self._guarded(launch, lambda: launch.change_password(time.monotonic() + _START_S))
        return launch.actions

    def psql(self) -> str:
        """Return the wheel's `psql`, else the system's."""
        return programs.psql()

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        """Yield lines of the container's log, from the engine."""
        engine = self._engine()
        found = engine.container(self.spec.container)
        if found is None:
            raise errors.not_running("Docker: absent")
        return engine.follow(found, lines) if follow else iter(engine.log(found, lines))

    def _launch(self, deadline: float, question: str | None, progress: Progress | None) -> StartResult:
        """Bring it up; when the engine goes away meanwhile, wait for it and go on from what is there then.

        An engine that goes down ends an initialisation half-way: what this run had made is then made anew.
        """
        from sportsplat.infra.docker.launch import Launch
        from sportsplat.infra.docker.project import open_project

        actions: list[str] = []
        was_lost = False
        while True:
            launch = Launch(self.spec, open_project(self.spec, self._run), actions)
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
    ) -> StartResult:
        done = self._guarded(launch, lambda: launch.run(deadline, question, progress))
        with self.spec.writing():
            self.spec.state.update(
                backend=self.backend,
                project=self.spec.project,
                folder=str(self.spec.state_dir),
                engine=launch.engine.found.endpoint,
                engine_id=launch.engine.engine_id(),
                docker_cluster=done.seen.cluster,
                port=done.endpoint.port,
                volume=done.volume,
                config=done.service.fingerprint(),
            )
        return StartResult(done.endpoint, launch.actions, self._reader.running(done.endpoint.port, done.seen))

    def _guarded(self, launch: Launch, work: Callable[[], T]) -> T:
        """Do the work of a launch; when it fails, take back what it had made."""
        from sportsplat.infra.docker.client import EngineRefusedError

        try:
            return work()
        except KeyboardInterrupt as interrupt:
            undone = self._undo(launch, interrupt)
            words = f"removed what this run had made: {', '.join(undone)}" if undone else ""
            raise KeyboardInterrupt(words) from None
        except EngineRefusedError as refused:
            self._undo(launch, refused)
            raise _start_refused(refused.words) from refused
        except SportsplatError as error:
            if error.error_code != "ENGINE_LOST":
                self._undo(launch, error)
            raise

    @staticmethod
    def _undo(launch: Launch, problem: BaseException) -> list[str]:
        """Take back what is of no use, as far as the engine lets us: the next run finishes it."""
        try:
            return launch.undo(problem)
        except EnvironmentUnavailable:
            return []

    def _engine(self) -> ProjectEngine:
        """Return this project's things in its engine, seen to be this folder's."""
        from sportsplat.infra.docker.project import open_project, refuse_other_folder

        engine = open_project(self.spec, self._run)
        refuse_other_folder(self.spec, engine)
        return engine

    def _engine_came_back(self, deadline: float) -> bool:
        """Wait for the engine until the deadline; return whether it answers again."""
        remembered = self._reader.remembered.get("engine")
        left_s = deadline - time.monotonic()
        return bool(wait_for(lambda: search(remembered=remembered)[0], left_s, longest_pause_s=0.2))

    def _take_down(self, engine: ProjectEngine) -> list[str]:
        actions = []
        for container in engine.containers():
            if container.status in UP:
                engine.stop(container, _STOP_S)
            engine.remove(container)
            actions.append(f"stopped and removed the container {container.name}")
        for identifier, name in engine.networks().items():
            removed = engine.remove_network(identifier)
            actions.append(
                f"removed the network {name}"
                if removed
                else f"left the network {name}, which a container that is not this project's uses"
            )
        return actions

    @contextmanager
    def _locked(self, timeout_s: float) -> Iterator[None]:
        """Hold the project's lock; the state folder is made first where it is missing."""
        with ExitStack() as stack:
            with self.spec.writing():
                stack.enter_context(self.spec.state.locked(timeout_s))
            yield


def _start_refused(words: str) -> EnvironmentUnavailable:
    if disk.is_full(words):
        return errors.engine_disk_full(f"the engine says: {words}")
    fix = "fix what it reports (infra.memory, infra.cpus, infra.image), then run `sportsplat up` again"
    return errors.start_refused("the database", words, fix)
