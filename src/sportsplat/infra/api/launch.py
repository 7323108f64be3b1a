"""Start the API next to its database: first the image, then a container that answers."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import errors
from sportsplat.infra.api import image as api_image
from sportsplat.infra.api.container import REMEMBERED_PORT, ApiSpec, open_engine, readiness
from sportsplat.infra.docker import service
from sportsplat.infra.docker.client import EngineRefusedError, PortBusyError, ProjectEngine
from sportsplat.infra.docker.container import Container
from sportsplat.infra.docker.converge import ContainerStart, converge
from sportsplat.infra.lock import exclusive
from sportsplat.infra.ports import PortRequest
from sportsplat.progress import Progress
from sportsplat.redact import redact

_BUILD_S = 1800.0
"""How long one `up --stack` waits for another that builds the image."""

_POLL_S = 0.05
_INSPECT_EVERY_S = 0.3
_LOG_LINES = 60
_AGAIN = "run `sportsplat up --stack` again"


class ApiLaunch:
    """One `up --stack`. Both steps are safe to repeat; `actions` collects what was done."""

    def __init__(self, spec: ApiSpec) -> None:
        """Find the engine; raises EnvironmentUnavailable (`NO_ENGINE`)."""
        self.spec = spec
        self.actions: list[str] = []
        self._engine: ProjectEngine = open_engine(spec, secrets.token_hex(8))

    def image(self, root: Path | None, progress: Progress | None = None, *, any_code: bool = False) -> str:
        """Return the image to run, pulled or built from the checkout `root` where it has to be.

        any_code: an image with the checkout's libraries is enough. Raises ConfigError (`API_IMAGE_UNSET`),
        EnvironmentUnavailable (`BUILD_FAILED`, `IMAGE_UNAVAILABLE`).
        """
        if self.spec.image is not None:
            return api_image.named(self._engine, self.spec.image, self.actions, progress)
        if root is None:
            raise errors.no_checkout("infra.api_image is not set")
        state = self.spec.database.state
        state.create()
        with exclusive(state.build_lock_file, _BUILD_S):
            return api_image.built(self._engine, root, self.actions, progress, any_code=any_code)

    def tidy(self, root: Path | None, image: str) -> None:
        """Remove what earlier builds of the checkout `root` left, now that `image` serves.

        An engine that will not is left to itself: the API runs.
        """
        if self.spec.image is not None or root is None:
            return
        with suppress(EnvironmentUnavailable):
            removed = api_image.remove_superseded(self._engine, root, image)
            self.actions += [f"removed the image {name}, which was superseded" for name in removed]

    def ensure(self, image: str, checkout: Path | None, timeout_s: float) -> None:
        """Create, start or replace the container, and return once it answers. The database runs already.

        checkout: its code is mounted over the image's. Raises ResourceConflict (`PORT_TAKEN`, `NAME_TAKEN`,
        `LOCK_HELD`), EnvironmentUnavailable (`START_FAILED`, `ENGINE_LOST`), TimedOut (`START_TIMED_OUT`).
        """
        deadline = time.monotonic() + timeout_s
        with self.spec.database.state.locked(timeout_s):
            try:
                converged = self._converge(image, checkout)
                self.spec.database.state.update(**{REMEMBERED_PORT: self.spec.port})
                self._wait(converged, deadline, timeout_s)
            except EngineRefusedError as refused:
                self._undo()
                fix = f"fix what it reports, then {_AGAIN}"
                raise errors.start_refused("the API", refused.words, fix) from refused
            except KeyboardInterrupt:
                self._undo()
                raise

    def _converge(self, image: str, checkout: Path | None) -> ContainerStart:
        spec, engine = self.spec, self._engine
        found = engine.container(spec.container)

        def start(port: int) -> ContainerStart | None:
            self.spec = replace(spec, port=port)
            if found is not None and found.status == "restarting":
                # The engine would try it again in a minute; here it is to run or fail now.
                engine.stop(found, 0)
            service = self.spec.service(image, checkout)
            network = spec.database.network
            try:
                return converge(engine, service, name=spec.container, network=network, actions=self.actions)
            except PortBusyError:
                self._undo()
                return None

        other = spec.port + 1 if spec.port < 65535 else 8000
        request = PortRequest(
            spec.port,
            spec.host,
            own=found.host_port if found is not None and found.holds_port else None,
            container_on=engine.publishes,
            setting="api.port",
            fix=f"SPORTSPLAT_API__PORT={other} sportsplat up --stack (or api.port in config/settings.yaml)",
        )
        return request.start(start)

    def _wait(self, converged: ContainerStart, deadline: float, timeout_s: float) -> None:
        """Return once the API answers from its database; raise when it ended, or at the deadline.

        One that ends right after we started it is stopped, so that the engine does not try it for ever; its
        container stays, for its log.
        """
        started = converged.container
        inspect_at = time.monotonic() + _INSPECT_EVERY_S
        while True:
            seen = readiness(self.spec.host, self.spec.port)
            if seen is not None and seen.serves:
                return
            now = time.monotonic()
            if now >= min(inspect_at, deadline):
                inspect_at = now + _INSPECT_EVERY_S
                found = self._engine.container(started.name)
                if found is None or not found.running or found.restarts > started.restarts:
                    log = self._log(found)
                    if found is not None and converged.started:
                        self._engine.stop(found, service.STOP_S)
                    state = f"container {started.name} was removed" if found is None else found.description()
                    cause = redact(f"{state}; its log ends: {errors.last_lines(log)}")
                    fix = f"fix what it reports, then {_AGAIN}; more: sportsplat logs api"
                    raise errors.start_failed("the API", cause, fix, instead_of="serving")
                if now >= deadline:
                    output = "nothing answers" if seen is None else seen.description()
                    log_end = errors.last_lines(self._log(found))
                    cause = redact(f"{output}; {found.description()}; its log ends: {log_end}")
                    fix = "sportsplat up --stack --timeout 300, or look at `sportsplat logs api`"
                    raise errors.start_timed_out("the API was not ready", timeout_s, cause, fix)
            time.sleep(_POLL_S)

    def _log(self, container: Container | None) -> list[str]:
        return [] if container is None else self._engine.log(container, _LOG_LINES)

    def _undo(self) -> None:
        """Remove the container that this run made, and nothing else."""
        for container in self._engine.containers(run=self._engine.run):
            self._engine.remove(container)
