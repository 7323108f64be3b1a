"""A container engine of the tests' own, that they may stop, kill and fill up: the machine's is left alone.

It needs root and an installed `dockerd`; what it holds lies on a disk of its own in memory. It leaves the
firewall alone and has a default bridge of its own: told to do without one, or to take addresses from another
range, Docker removes the machine's `docker0`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.docker.find import FoundEngine, client
from tests.engine import POSTGRES_IMAGE, DockerProject, without_engine

if TYPE_CHECKING:
    import docker

DISK_MB = 600
"""Room for the image twice, while it is unpacked, and for two databases."""
_BRIDGE_ADDRESS = f"10.{128 + os.getpid() % 128}.0.1/24"
_ANSWERS_WITHIN_S = 100.0
_ENDS_WITHIN_S = 4.0


class SecondEngine:
    """One engine in a folder of its own; `start` again after `stop` or `kill` finds what was there."""

    def __init__(self, folder: Path) -> None:
        """`folder`: short, because sockets are made in it; made by `prepare`."""
        self.folder = folder
        self.endpoint = f"unix://{folder / 'engine.sock'}"
        self.data = folder / "data"
        self._bridge = folder.name[-15:]
        self._pid_file = folder / "engine.pid"
        self._containerd_pid_file = folder / "exec" / "containerd" / "containerd.pid"
        self._daemon: subprocess.Popen[bytes] | None = None

    def client(self) -> docker.DockerClient:
        """Return a new client; it serves across restarts of the engine."""
        return client(FoundEngine(self.endpoint, "a test's own", "docker"), 60)

    def prepare(self) -> None:
        """Make the disk and the bridge."""
        self.folder.mkdir(mode=0o700)
        self.data.mkdir()
        size = f"size={DISK_MB}m,mode=711"
        for command in (
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(self.data)],
            ["ip", "link", "add", self._bridge, "type", "bridge"],
            ["ip", "address", "add", _BRIDGE_ADDRESS, "dev", self._bridge],
            ["ip", "link", "set", self._bridge, "up"],
        ):
            subprocess.run(command, check=True, capture_output=True)

    def start(self) -> None:
        """Start it and wait until it answers; nothing to do when it runs."""
        if self._daemon is not None:
            return
        # What a killed one left: an engine would take another process, or a zombie, for its own.
        for left in (self._pid_file, self._containerd_pid_file):
            left.unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [
                    "dockerd",
                    f"--data-root={self.data}",
                    f"--exec-root={self.folder / 'exec'}",
                    f"--host={self.endpoint}",
                    f"--pidfile={self._pid_file}",
                    f"--containerd-namespace={self.folder.name}",
                    f"--containerd-plugins-namespace={self.folder.name}-plugins",
                    f"--bridge={self._bridge}",
                    "--iptables=false",
                    "--ip6tables=false",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_for_answer(self._daemon)

    def stop(self) -> None:
        """End it as an init system does: politely, and by force when it takes too long."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once. What it runs goes on, cut off from its ports, until it is started again.

        It then waits for those that do not heed their stop signal, as scripts of an initialisation do not.
        """
        self._end(signal.SIGKILL)

    def crash(self) -> None:
        """End it at once with everything that it runs, as a machine does that loses its power."""
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGSTOP)  # so that it starts no more
        running = self._processes()
        self._end(signal.SIGKILL)
        for process in running:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def remove(self) -> None:
        """End it with everything that it runs, and remove all that it kept."""
        try:
            self.clear()
        finally:
            self.stop()
            self._sweep()

    def _sweep(self) -> None:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for mounted in reversed(self._mounts()):
            subprocess.run(["umount", "--lazy", mounted], check=False)
        subprocess.run(["ip", "link", "delete", self._bridge], check=False)
        shutil.rmtree(self.folder)

    def clear(self) -> None:
        """Remove its containers, volumes and networks; its images stay."""
        self.start()
        with closing(self.client()) as asking:
            for container in asking.containers.list(all=True):
                container.remove(force=True, v=True)
            for volume in asking.volumes.list():
                volume.remove(force=True)
            asking.networks.prune()

    def fill(self, leaving_mb: int) -> Path:
        """Fill its disk but for so much; return the file to remove when there shall be room again."""
        ballast = self.data / "ballast"
        found = os.statvfs(self.data)
        with ballast.open("wb") as handle:
            os.posix_fallocate(handle.fileno(), 0, found.f_bavail * found.f_frsize - leaving_mb * 2**20)
        return ballast

    def holds(self) -> list[str]:
        """Return all containers, networks and volumes in it, like `volume NAME`, whoever made them."""
        with closing(self.client()) as asking:
            networks = [found.name for found in asking.networks.list()]
            return [
                *(f"container {found.name}" for found in asking.containers.list(all=True)),
                *(f"network {name}" for name in networks if name not in ("bridge", "host", "none")),
                *(f"volume {found.name}" for found in asking.volumes.list()),
            ]

    def runs(self) -> list[str]:
        """Return the command lines of all that it started: what runs in containers, and in front of ports."""
        assert self._daemon is not None
        engine = psutil.Process(self._daemon.pid)
        started = {process.pid: process for process in [*self._processes(), *_children(engine)]}
        lines = [_command_line(process) for process in started.values()]
        return sorted(line for line in lines if line and not line.startswith(("dockerd", "containerd ")))

    def log(self) -> str:
        """Return what the engine itself has said."""
        return (self.folder / "log").read_text(errors="replace")

    def _end(self, how: signal.Signals) -> None:
        daemon, self._daemon = self._daemon, None
        if daemon is None:
            return
        daemon.send_signal(how)
        try:
            daemon.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
        self._wait_for_end_of_containerd()

    def _wait_for_answer(self, daemon: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _ANSWERS_WITHIN_S
        while not self._answers():
            assert daemon.poll() is None, f"the engine did not start: {self.log()[-2000:]}"
            assert time.monotonic() < deadline, f"the engine does not answer: {self.log()[-2000:]}"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with closing(self.client()):
                return True
        except EnvironmentUnavailable:
            return False

    def _wait_for_end_of_containerd(self) -> None:
        """It ends with the engine that started it, a moment later."""
        deadline = time.monotonic() + _ENDS_WITHIN_S
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            containerd = psutil.Process(int(self._containerd_pid_file.read_text()))
            while containerd.status() != psutil.STATUS_ZOMBIE:
                assert time.monotonic() < deadline, "containerd outlives its engine"
                time.sleep(0.01)

    def _processes(self) -> list[psutil.Process]:
        """Return the processes that carry the folder in their command line, and what they started."""
        found = [each for each in psutil.process_iter(["cmdline"]) if self._is_mine(each)]
        return [*found, *(child for each in found for child in _children(each))]

    def _is_mine(self, process: psutil.Process) -> bool:
        return str(self.folder) in " ".join(process.info["cmdline"] or [])

    def _mounts(self) -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        return [path for line in lines if (path := line.split()[4]).startswith(f"{self.folder}/")]


def _command_line(process: psutil.Process) -> str:
    """Return the words of a live process; nothing for one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.fixture(scope="session")
def loaded_engine(engine: docker.DockerClient) -> Iterator[SecondEngine]:
    """A second engine that holds the PostgreSQL image: 6 s, once per test process."""
    missing = [name for name in ("dockerd", "ip") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        without_engine(f"a second engine needs root and {' and '.join(missing or ['dockerd'])}")
    second = SecondEngine(Path(tempfile.gettempdir()) / f"engine-{secrets.token_hex(4)}")
    try:
        second.prepare()
        second.start()
        with closing(second.client()) as asking:
            asking.images.load(engine.images.get(POSTGRES_IMAGE).save(named=True))  # type: ignore[arg-type]
        yield second
    finally:
        second.remove()


@pytest.fixture
def second_engine(loaded_engine: SecondEngine) -> Iterator[SecondEngine]:
    """The second engine, running and empty, whatever the test before did to it."""
    loaded_engine.start()
    yield loaded_engine
    loaded_engine.clear()


@pytest.fixture
def second_project(second_engine: SecondEngine, tmp_path: Path) -> Iterator[DockerProject]:
    """A project in the second engine, in a folder of its own below the test's."""
    with closing(second_engine.client()) as asking:
        name = f"test-{secrets.token_hex(5)}"
        project = DockerProject(asking, second_engine.endpoint, name, tmp_path / "project")
        project.configure()
        yield project
