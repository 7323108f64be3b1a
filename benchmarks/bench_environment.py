"""A cold `up` on Docker beside Compose bringing up the very same service, and what comes after it.

Both find the image there and nothing else: each makes a network, a volume and a container, the container
initialises PostgreSQL and its schema, and the clock stops when the database answers. Compose runs this
checkout's `compose.yaml`, in turn with ours. It is timed twice in each run: until our own readiness query
finds the completion marker, which is the fairer floor, and until the engine calls the container healthy: that
waits for the first health check, 2 s after the start, and is what `depends_on: service_healthy` waits for.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import BenchRow, paired, timed
from sportsplat.infra import query
from sportsplat.infra.docker.find import client, search
from sportsplat.infra.docker.readiness import probe
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.passwords import new_password
from sportsplat.paths import asset_dir

REPEATS = 7
COLD_GOAL_RATIO, WARM_GOAL_S, STATUS_GOAL_S = 1.0, 0.5, 0.3
IMAGE = "postgres:16-alpine"
POLL_S = 0.015  # as ours
PATIENCE_S = 120.0
SPORTSPLAT = str(Path(sys.executable).with_name("sportsplat"))
NAMES = ("up (cold, Docker)", "up --json (warm, Docker)", "status --json (running, Docker)")


def rows() -> list[BenchRow]:
    """Time whole processes in a project of their own, all of which is removed again."""
    found, _ = search()
    if found is None:
        return skipped("no container engine answers here")
    engine = client(found)
    with ExitStack() as stack:
        stack.callback(engine.close)
        if not engine.images.list(name=IMAGE):
            return skipped(f"the engine has no image {IMAGE}")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sportsplat-bench-")))
        ours = stack.enter_context(ours_in(folder, found.endpoint))
        compose = compose_command()
        if compose is None:
            cold = [BenchRow(NAMES[0], cold_alone(ours), note="no Compose here to compare with")]
        else:
            cold = cold_rows(ours, stack.enter_context(composed(compose, engine, folder, found.endpoint)))
        return [*cold, *warm_rows(ours)]


def skipped(why: str) -> list[BenchRow]:
    """Name what could not be measured."""
    return [BenchRow(f"sportsplat {name}", None, note=f"skipped: {why}") for name in NAMES]


@dataclass(frozen=True)
class Ours:
    """Our program in a project on Docker."""

    folder: Path
    environment: dict[str, str]

    def run(self, *words: str) -> None:
        """Run `sportsplat WORDS` to its end."""
        finish([SPORTSPLAT, *words], self.folder, self.environment)

    def remove(self) -> None:
        """Remove all that `up` makes but `.env`."""
        self.run("down", "--volumes", "--yes")


@contextmanager
def ours_in(folder: Path, endpoint: str) -> Iterator[Ours]:
    """Our side of the comparison; removed at the end."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SPORTSPLAT_", "POSTGRES_"))
    }
    kept.pop("DATABASE_URL", None)
    own = {
        "DOCKER_HOST": endpoint,
        "NO_COLOR": "1",
        "SPORTSPLAT_INFRA__BACKEND": "docker",
        "SPORTSPLAT_INFRA__PROJECT": f"bench-{secrets.token_hex(4)}",
        "SPORTSPLAT_INFRA__IMAGE": IMAGE,
    }
    ours = Ours(folder, kept | own)
    try:
        yield ours
    finally:
        ours.remove()


@dataclass(frozen=True)
class Composed:
    """The same service under Compose."""

    command: Sequence[str]
    engine: Any
    name: str
    endpoint: Endpoint
    environment: dict[str, str]

    def up(self) -> tuple[float, float]:
        """Bring the database up; return the seconds until it answers with its marker, and until healthy."""
        began = time.perf_counter()
        self._run("up", "-d", "postgres")
        wait(self._answers)
        answered = time.perf_counter() - began
        wait(self._is_healthy)
        return answered, time.perf_counter() - began

    def own_start(self) -> None:
        """What Compose costs before it does anything."""
        self._run("version")

    def remove(self) -> None:
        """Remove all that it made."""
        self._run("down", "--volumes", "--timeout", "10")

    def _run(self, *words: str) -> None:
        file = asset_dir("compose") / "compose.yaml"
        finish([*self.command, "-p", self.name, "-f", str(file), *words], file.parent, self.environment)

    def _answers(self) -> bool:
        try:
            return probe(self.endpoint).marker is not None
        except query.RefusedError:
            return False

    def _is_healthy(self) -> bool:
        label = {"label": [f"com.docker.compose.project={self.name}"]}
        (found,) = self.engine.api.containers(filters=label)
        return "(healthy)" in found["Status"]


@contextmanager
def composed(command: Sequence[str], engine: Any, folder: Path, endpoint: str) -> Iterator[Composed]:
    """Compose's side of the comparison; removed at the end."""
    password = new_password()
    secret = folder / "postgres_password"
    secret.write_text(password)
    port = free_port()
    own = {"DOCKER_HOST": endpoint, "POSTGRES_PORT": str(port), "POSTGRES_PASSWORD_FILE": str(secret)}
    name = f"bench-compose-{secrets.token_hex(4)}"
    where = Endpoint("127.0.0.1", port, "sportsplat", "sportsplat", password)
    made = Composed(command, engine, name, where, os.environ | own)
    try:
        yield made
    finally:
        made.remove()


def cold_rows(ours: Ours, compose: Composed) -> list[BenchRow]:
    """Time both from nothing, in turn, after one warm-up of each."""
    runs: list[tuple[float, float, float]] = []
    for number in range(REPEATS + 1):
        mine = cold(ours)
        try:
            answered, healthy = compose.up()
        finally:
            compose.remove()
        if number:
            runs.append((mine, answered, healthy))
    ours_s, answered_s, healthy_s = (statistics.median(column) for column in zip(*runs, strict=True))
    by_pair = statistics.median(mine / answered for mine, answered, _ in runs)
    start_s, _ = paired(compose.own_start, lambda: None, repeats=3)
    name = f"sportsplat {NAMES[0]}"
    note = f"pair by pair {by_pair:.2f}; {version(compose.command)}, its own start {start_s:.2f} s"
    return [
        BenchRow(
            name, ours_s, answered_s, COLD_GOAL_RATIO, f"floor: Compose, then our readiness query; {note}"
        ),
        BenchRow(name, ours_s, healthy_s, COLD_GOAL_RATIO, "floor: Compose until healthy, same runs"),
    ]


def cold(ours: Ours) -> float:
    """Seconds of one cold `up`, all of which is removed again."""
    try:
        return timed(lambda: ours.run("up"))
    finally:
        ours.remove()


def cold_alone(ours: Ours) -> float:
    """Median seconds of a cold `up` where there is nothing to compare it with."""
    cold(ours)
    return statistics.median(cold(ours) for _ in range(REPEATS))


def warm_rows(ours: Ours) -> list[BenchRow]:
    """Time what scripts call again and again on a database that runs."""
    ours.run("up")
    python_s, _ = paired(
        lambda: finish([sys.executable, "-c", "pass"], ours.folder, ours.environment), lambda: None
    )
    note = f"bare interpreter {python_s * 1000:.0f} ms"
    measured = []
    for name, words, goal_s in (
        (NAMES[1], ("up", "--json"), WARM_GOAL_S),
        (NAMES[2], ("status", "--json"), STATUS_GOAL_S),
    ):
        seconds, _ = paired(lambda words=words: ours.run(*words), lambda: None)  # type: ignore[misc]
        measured.append(BenchRow(f"sportsplat {name}", seconds, note=note, goal_s=goal_s))
    return measured


def compose_command() -> list[str] | None:
    """Return how Compose is called here: the engine's plugin, or the program of its own."""
    plugin = ["docker", "compose"]
    if (
        shutil.which("docker")
        and subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode == 0
    ):
        return plugin
    return ["docker-compose"] if shutil.which("docker-compose") else None


def version(compose: Sequence[str]) -> str:
    """Return the name and version of a Compose."""
    said = subprocess.run([*compose, "version", "--short"], capture_output=True, text=True, check=True)
    return f"Compose {said.stdout.strip()}"


def finish(command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
    """Run a command to its end; raises RuntimeError with its words when it fails."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {done.stdout}{done.stderr}")


def wait(question: Callable[[], bool]) -> None:
    """Ask until the answer is yes; raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE_S
    while not question():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"Compose's database was not up within {PATIENCE_S:g} s")
        time.sleep(POLL_S)


def free_port() -> int:
    """Return a port of loopback that nobody holds now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
