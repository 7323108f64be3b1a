"""Waiting for a database in Docker, and telling why it does not come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from sportsplat.errors import DataConflict, EnvironmentUnavailable, SportsplatError, TimedOut
from sportsplat.infra import disk, errors, identity, query
from sportsplat.infra.docker.client import ProjectEngine
from sportsplat.infra.docker.container import Container
from sportsplat.infra.docker.readiness import ProbeResult, is_final, marker_inside, probe
from sportsplat.infra.docker.spec import DockerSpec
from sportsplat.infra.docker.volume import Volume
from sportsplat.infra.environment import Endpoint

_POLL_S = 0.015
_INSPECT_EVERY_S = 0.3
_LOG_LINES = 60
_PATIENT_RESTARTS = 3
"""A server that was killed comes back by itself, and then recovers; one that falls over and over does not."""

_Problem = Callable[[], SportsplatError]


@dataclass(frozen=True)
class StartupWatch:
    """A container that was started. `fresh`: its volume was made by this run, so it initialises itself."""

    engine: ProjectEngine
    spec: DockerSpec
    container: Container
    volume: Volume
    fresh: bool

    def until_ready(
        self, endpoint: Endpoint, deadline: float, given_s: float, question: str | None = None
    ) -> ProbeResult:
        """Return the probe result once the database answers its real user and has the marker.

        deadline: of the monotonic clock. given_s: the seconds that led to it, for the error message.
        Raises DataConflict (`WRONG_PASSWORD`, `INCOMPLETE_DATA`, `DATA_MISSING`),
        EnvironmentUnavailable (`START_FAILED`, `DISK_FULL`), TimedOut.
        """
        inspect_at = time.monotonic() + _INSPECT_EVERY_S
        suspected: Container | None = None
        while True:
            answer = self._probe(endpoint, question)
            if isinstance(answer, ProbeResult):
                return answer
            if answer is not None:
                # The port of a container that restarts may be another server's meanwhile.
                container = self._now()
                if suspected is not None and container.is_unbroken_since(suspected):
                    raise answer()
                suspected = container
            now = time.monotonic()
            if now >= inspect_at:
                self._refuse_ended()
                inspect_at = now + _INSPECT_EVERY_S
            if now >= deadline:
                raise self._timed_out(round(given_s, 1))
            time.sleep(_POLL_S)

    def until_marked(self, deadline: float) -> None:
        """Wait until the server shows its marker inside the container; raises as `until_ready`."""
        while marker_inside(self.engine, self.container, self.spec) is None:
            self._refuse_ended()
            if time.monotonic() >= deadline:
                raise self._incomplete("its server shows no completion marker")
            time.sleep(_INSPECT_EVERY_S)

    def _probe(self, endpoint: Endpoint, question: str | None) -> ProbeResult | _Problem | None:
        """Return the probe result, or what makes the error for an answer that waiting does not change."""
        try:
            seen = probe(endpoint, question)
        except query.RefusedError as refused:
            return partial(self._explained, refused) if is_final(refused) else None
        if seen.marker is None:
            return partial(self._unmarked, "its server answers, and it has no completion marker")
        if not self.fresh and self._known not in (None, seen.cluster):
            return partial(self._other_cluster, seen.cluster)
        return seen

    @property
    def _known(self) -> object:
        return identity.of_docker(self.spec.state_dir, self.spec.project).get("docker_cluster")

    def _other_cluster(self, found: str) -> SportsplatError:
        return identity.other_cluster(
            self._known, found, f"the volume {self.volume.name}", self.spec.state_dir
        )

    def _explained(self, refused: query.RefusedError) -> SportsplatError:
        """Return the error for a server that is up and does not know us: asked from inside, it says why."""
        if marker_inside(self.engine, self.container, self.spec) is not None:
            return self.spec.wrong_password(self.volume.name)
        return self._unmarked(f"it has no completion marker, and its server says: {refused}")

    def _unmarked(self, why: str) -> SportsplatError:
        if self.volume.is_complete(self.spec):
            return identity.data_missing(f"the volume {self.volume.name}", why, self.spec.state_dir)
        return self._ended(self._now()) if self.fresh else self._incomplete(why)

    def _refuse_ended(self) -> None:
        """Raise when the container ended or keeps crashing; start it when it was stopped.

        An engine that was killed stops, once it is back, what it finds running, and leaves it at that.
        """
        now = self._now()
        if now.status == "exited" and now.exit_code == 0:
            self.engine.start(now)
            return
        fell = now.restarts - self.container.restarts
        if now.status in ("exited", "dead", "removed") or fell > (0 if self.fresh else _PATIENT_RESTARTS):
            raise self._ended(now)

    def _ended(self, now: Container) -> SportsplatError:
        """Return the error for a container that ended: most likely data that was never complete, if any."""
        error = self._start_failed(now)
        known = self.fresh or self.volume.is_complete(self.spec)
        if known or now.out_of_memory or error.error_code == "DISK_FULL":
            return error
        return self._incomplete(f"it has no completion marker, and {error.cause}")

    def _start_failed(self, now: Container) -> EnvironmentUnavailable:
        log = self._log()
        cause = f"{now.description()}; its log ends: {errors.last_lines(log)}"
        if disk.is_full("\n".join(log)):
            return errors.engine_disk_full(cause)
        more = (
            f"give it more than infra.memory: {self.spec.memory}"
            if now.out_of_memory
            else "fix what it reports"
        )
        return errors.start_failed("the database server", cause, f"{more}, then run `sportsplat up` again")

    def _timed_out(self, given_s: float) -> TimedOut:
        cause = f"{self._now().description()}; its log ends: {errors.last_lines(self._log())}"
        fix = "sportsplat up --timeout 300 (it goes on starting meanwhile), or look at `sportsplat logs`"
        return errors.start_timed_out("the database did not answer", given_s, cause, fix)

    def _incomplete(self, why: str) -> DataConflict:
        kept = "keeps that volume and starts over in a new one"
        return errors.incomplete(f"the volume {self.volume.name}", why, kept)

    def _now(self) -> Container:
        return self.engine.container(self.container.name) or replace(self.container, status="removed")

    def _log(self) -> list[str]:
        found = self.engine.container(self.container.name)
        return self.engine.log(found, _LOG_LINES) if found is not None else []
