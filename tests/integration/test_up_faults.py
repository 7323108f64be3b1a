"""`up` killed at any moment, interrupted, and many at once: the next one finds its way by itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from sportsplat.config.load import load_settings
from sportsplat.infra.embedded.environment import EmbeddedEnvironment, embedded_environment
from sportsplat.infra.processes import is_alive
from tests.program import Ran, environment, main_servers, run, start

pytestmark = pytest.mark.fault

ROW = "INSERT INTO leagues VALUES ('x', 'X', 'soccer', '{home,away}', 'UTC') RETURNING code"
ROWS = "SELECT code FROM leagues"


def environment_of(project: Path) -> EmbeddedEnvironment:
    return embedded_environment(load_settings(project_dir=project, environ={}))


@dataclass(frozen=True)
class Scene:
    """A project, with a temporary folder and a cache of its own: what is left in them is ours."""

    project: Path
    temporary: Path
    cache: Path

    @property
    def variables(self) -> dict[str, str]:
        return {"TMPDIR": str(self.temporary), "XDG_CACHE_HOME": str(self.cache)}

    def run(self, *words: str) -> Ran:
        return run(self.project, *words, TMPDIR=str(self.temporary), XDG_CACHE_HOME=str(self.cache))

    def start(self, *words: str, **options: int) -> subprocess.Popen[str]:
        return start(self.project, *words, env=environment(**self.variables), **options)

    @property
    def state(self) -> Path:
        return self.project / ".sportsplat"

    def processes(self) -> list[str]:
        """Return the command lines of all live processes that name the project or work in it."""
        found = []
        for process in psutil.process_iter():
            try:
                words = " ".join([*process.cmdline(), process.cwd()])
            except psutil.Error:
                continue
            if str(self.project) in words and is_alive(process.pid):
                found.append(words)
        return found

    def prepare(self, kind: str, templates: Path) -> None:
        """Bring about what a kind of `up` begins with."""
        if kind == "cold":
            return
        shutil.copytree(templates, self.cache)
        if kind == "copy":
            return
        assert self.run("up").exit_code == 0
        assert environment_of(self.project).ask(ROW) == ["x"]
        if kind == "stopped":
            assert self.run("down").exit_code == 0


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the template of a new database."""
    folder = tmp_path_factory.mktemp("templates")
    made = Scene(folder / "project", folder, folder / "cache")
    made.project.mkdir()
    assert made.run("up").exit_code == 0
    assert made.run("down", "--volumes", "--yes").exit_code == 0
    return made.cache


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with TemporaryDirectory(prefix="sportsplat-") as temporary:  # short: sockets may lie in it
        made = Scene(tmp_path / "project", Path(temporary), tmp_path / "cache")
        made.project.mkdir()
        made.temporary.chmod(0o1777)
        yield made
        assert made.run("down", "--volumes", "--yes").exit_code == 0
    assert made.processes() == []


def kill(client: subprocess.Popen[str], *, tree: bool) -> None:
    """Kill the client, with every process that it started and that is still its child if `tree`."""
    victims = psutil.Process(client.pid).children(recursive=True) if tree else []
    for process in [psutil.Process(client.pid), *victims]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    client.wait()


def assert_whole(scene: Scene, rows: list[str]) -> None:
    """The next `up` finds its way; then nothing of the earlier one is left, and no row is missing."""
    data = scene.run("up", "--json").data
    assert data["state"] == "running"
    assert data["schema_revision"] == data["schema_head"]
    assert environment_of(scene.project).ask(ROWS) == rows
    assert list(scene.state.glob("unfinished-*")) == []
    assert len(main_servers(scene.state)) == 1
    templates = scene.cache / "sportsplat" / "templates"
    assert {path.suffix for path in templates.iterdir()} <= {"", ".pack"}

    assert scene.run("down", "--json").data["actions"] == ["stopped PostgreSQL"]
    assert scene.processes() == []
    assert list(scene.temporary.iterdir()) == []
    kept = {path.name for path in scene.state.iterdir()}
    assert kept == {".gitignore", "lock", "log", "pgdata-16", "state.json"}
    assert {path.name for path in scene.project.iterdir()} == {".env", ".sportsplat"}


def wait_until_it_loads(client: subprocess.Popen[str]) -> None:
    """Wait for the first lines of the program, which hold Ctrl-C back while modules are loaded."""
    status = Path(f"/proc/{client.pid}/status")
    while client.poll() is None:
        blocked = next(line for line in status.read_text().splitlines() if line.startswith("SigBlk"))
        if int(blocked.split()[1], 16) >> (signal.SIGINT - 1) & 1:
            return


KINDS = {"cold": 7, "copy": 7, "running": 3, "stopped": 3}
MOMENTS = [(kind, moment) for kind, moments in KINDS.items() for moment in range(moments)]
LIKELY_S = {"cold": 2.0, "copy": 0.9, "running": 0.4, "stopped": 0.5}


@pytest.mark.parametrize(("kind", "moment"), MOMENTS)
def test_an_up_killed_at_any_moment_is_recovered_by_the_next(
    scene: Scene, templates: Path, kind: str, moment: int
) -> None:
    """Odd moments kill the client alone, whose children then go on without it; even ones the whole tree."""
    scene.prepare(kind, templates)
    client = scene.start("up")
    wait_until_it_loads(client)
    time.sleep(LIKELY_S[kind] * moment / KINDS[kind])
    kill(client, tree=moment % 2 == 0)

    assert_whole(scene, ["x"] if kind in ("running", "stopped") else [])


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("after_s", [0.0, 0.15, 0.3, 0.6])
def test_ctrl_c_says_so_and_leaves_what_the_next_up_can_use(scene: Scene, after_s: float, times: int) -> None:
    """As a terminal does it: the whole process group hears it. Once, and again while the first is handled."""
    client = scene.start(
        "up", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    wait_until_it_loads(client)
    time.sleep(after_s)
    for _ in range(times):
        if client.poll() is None:
            os.killpg(client.pid, signal.SIGINT)
            time.sleep(0.02)
    out, err = client.communicate(timeout=60)

    assert "Traceback" not in err
    ran = Ran(client.returncode, out, err)
    if ran.exit_code != 0:
        assert ran.exit_code == 130, ran
        assert ran.error["code"] == "INTERRUPTED"
    assert_whole(scene, [])


def test_ten_at_once_make_one_server(scene: Scene) -> None:
    clients = [scene.start("up", "--json", stdout=subprocess.PIPE) for _ in range(10)]
    outputs = [client.communicate()[0] for client in clients]

    ran = [Ran(client.returncode, out, "") for client, out in zip(clients, outputs, strict=True)]
    assert [one.exit_code for one in ran] == [0] * 10
    assert len({one.data["endpoint"] for one in ran}) == 1
    actions = [action.split()[0] for one in ran for action in one.data["actions"]]
    assert sorted(actions) == ["generated", "initialised", "started"]
    assert len(main_servers(scene.state)) == 1


def test_a_killed_server_is_started_again_with_its_data(scene: Scene) -> None:
    pid = scene.run("up", "--json").data["services"][0]["pid"]
    environment_of(scene.project).ask(ROW)
    os.kill(pid, signal.SIGKILL)
    assert scene.run("status", "--json").data["state"] == "stopped"

    assert [action.split()[0] for action in scene.run("up", "--json").data["actions"]] == ["started"]
    assert environment_of(scene.project).ask(ROWS) == ["x"]


def test_an_up_killed_while_it_waits_for_the_lock_holds_nobody_up(scene: Scene) -> None:
    first = scene.start("up")
    waiting = scene.start("up")
    time.sleep(0.5)
    kill(waiting, tree=True)

    assert first.wait() == 0
    assert scene.run("up", "--json").data["actions"] == []
