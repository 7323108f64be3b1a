"""An engine is found wherever it listens, and where none does, each place says in plain words why not."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.docker import find as engine
from sportsplat.infra.docker import find as engine_places
from sportsplat.infra.docker.find import FoundEngine, find_engine, search
from tests.engine_sockets import DOCKER, PODMAN, answering, saying

UNPRIVILEGED = 65534


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder with a short name: the kernel allows 107 bytes for a socket's path."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home without any engine of this machine, and without a DOCKER_HOST."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "COLIMA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr(engine_places, "DOCKER_SOCKET", str(tmp_path / "var" / "docker.sock"))
    monkeypatch.setattr(engine_places, "PODMAN_SOCKET", str(tmp_path / "var" / "podman.sock"))
    return tmp_path


def write_context(home: Path, name: str, host: str, *, current: bool = True) -> None:
    """Write what `docker context create` and `docker context use` write."""
    folder = home / ".docker" / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    if current:
        (home / ".docker" / "config.json").write_text(json.dumps({"auths": {}, "currentContext": name}))


def why_none(
    served: AbstractContextManager[str], monkeypatch: pytest.MonkeyPatch, timeout_s: float = 10
) -> str:
    """Return why nothing was found behind DOCKER_HOST."""
    with served as endpoint:
        monkeypatch.setenv("DOCKER_HOST", endpoint)
        found, attempts = search(timeout_s=timeout_s)
    assert found is None
    assert [attempt.origin for attempt in attempts] == ["DOCKER_HOST"]
    return attempts[0].why


@pytest.mark.parametrize(
    ("place", "origin"),
    [
        ("var/docker.sock", "default socket"),
        (".docker/run/docker.sock", "Docker Desktop's socket"),
        ("run/docker.sock", "rootless Docker's socket"),
        (".colima/default/docker.sock", "Colima's socket"),
        (".config/colima/default/docker.sock", "Colima's socket"),
        (".rd/docker.sock", "Rancher Desktop's socket"),
        (".orbstack/run/docker.sock", "OrbStack's socket"),
        (".local/share/containers/podman/machine/podman.sock", "Podman machine's socket"),
    ],
)
def test_docker_is_found_at_each_place_where_it_is_put(home: Path, place: str, origin: str) -> None:
    with answering(home / place, DOCKER) as endpoint:
        assert find_engine() == FoundEngine(endpoint, origin, "docker", "Docker/20.10.24 (linux)")


@pytest.mark.parametrize("place", ["run/podman/podman.sock", "var/podman.sock"])
def test_podman_is_found_and_known_as_podman(home: Path, place: str) -> None:
    with answering(home / place, PODMAN) as endpoint:
        found = find_engine()

    assert (found.endpoint, found.kind, found.server) == (endpoint, "podman", "Libpod/4.3.1 (linux)")


def test_colima_is_found_where_colima_home_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLIMA_HOME", str(home / "elsewhere"))
    with answering(home / "elsewhere" / "default" / "docker.sock", DOCKER) as endpoint:
        assert find_engine().endpoint == endpoint


def test_docker_host_is_the_only_place_tried(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{home}/none.sock")
    with answering(home / "var" / "docker.sock", DOCKER), pytest.raises(EnvironmentUnavailable) as refused:
        find_engine()

    assert refused.value.error_code == "NO_ENGINE"
    assert refused.value.exit_code == 4
    assert refused.value.details["attempts"] == [
        f"unix://{home}/none.sock (DOCKER_HOST): there is no such file"
    ]


def test_the_current_context_comes_before_the_default_socket(home: Path) -> None:
    write_context(home, "mine", f"unix://{home}/mine.sock")
    with answering(home / "var" / "docker.sock", DOCKER) as usual:
        with answering(home / "mine.sock", DOCKER) as mine:
            assert find_engine().endpoint == mine
        found, attempts = search()

    assert found is not None
    assert found.endpoint == usual
    assert [(attempt.origin, attempt.why) for attempt in attempts] == [
        ("docker context mine", "nothing listens there")
    ]


def test_a_context_named_by_a_variable_is_the_only_place_tried(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_context(home, "mine", f"unix://{home}/mine.sock", current=False)
    with answering(home / "var" / "docker.sock", DOCKER):
        monkeypatch.setenv("DOCKER_CONTEXT", "mine")
        mine = search()
        monkeypatch.setenv("DOCKER_CONTEXT", "nobodys")
        unknown = search()

    assert (mine[0], [attempt.why for attempt in mine[1]]) == (None, ["there is no such file"])
    assert unknown[0] is None
    assert [attempt.why for attempt in unknown[1]] == [
        f"there is no context of that name in {home / '.docker'}"
    ]


@pytest.mark.parametrize("broken", ["{half", '{"currentContext": 3}', '{"currentContext": "default"}'])
def test_a_configuration_without_a_context_is_passed_over(home: Path, broken: str) -> None:
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(broken)
    with answering(home / "var" / "docker.sock", DOCKER) as endpoint:
        assert search()[1] == []
        assert find_engine().endpoint == endpoint


def test_a_configuration_that_the_sdk_cannot_read_is_named(home: Path) -> None:
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text("[]")
    with answering(home / "var" / "docker.sock", DOCKER):
        found, attempts = search()
    assert (found, attempts[0].why) == (
        None,
        f"{home / '.docker' / 'config.json'} is not a valid configuration",
    )


def test_the_engine_of_this_project_comes_before_all_but_a_named_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(home / "var" / "docker.sock", DOCKER) as usual, answering(home / "b", PODMAN) as before:
        assert find_engine(remembered=before).endpoint == before
        monkeypatch.setenv("DOCKER_HOST", usual)
        assert find_engine(remembered=before).endpoint == usual


def test_the_engine_of_this_project_is_used_although_the_user_turned_elsewhere_since(home: Path) -> None:
    write_context(home, "far", "ssh://me@db.example")
    with answering(home / "b", DOCKER) as before:
        assert find_engine(remembered=before).endpoint == before


def test_the_default_context_named_by_a_variable_is_the_default_socket(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_context(home, "mine", f"unix://{home}/mine.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    with answering(home / "var" / "docker.sock", DOCKER) as usual:
        assert find_engine().endpoint == usual
    with answering(home / ".colima" / "default" / "docker.sock", DOCKER):
        assert search()[0] is None


def test_no_engine_lists_every_place_and_offers_the_embedded_server(home: Path) -> None:
    with pytest.raises(EnvironmentUnavailable) as refused:
        find_engine()

    cause = (refused.value.cause or "").splitlines()
    engine_addresses = [place.endpoint for place in engine_places.engine_addresses()]
    assert len(engine_addresses) >= 9
    assert len(cause) == 1 + len(engine_addresses)
    assert all(place in line for place, line in zip(engine_addresses, cause[1:], strict=True))
    assert "--backend embedded" in (refused.value.fix or "")


def test_a_project_whose_data_is_in_docker_is_told_to_start_the_engine(home: Path) -> None:
    """The embedded server would be empty: it is not offered as if it were the same."""
    with pytest.raises(EnvironmentUnavailable) as refused:
        find_engine(remembered=f"unix://{home}/gone.sock")

    assert refused.value.error_code == "NO_ENGINE"
    assert (refused.value.fix or "").startswith("start the engine")


@pytest.mark.parametrize(
    "host", ["ssh://me@db.example", "tcp://10.1.2.3:2376", "https://[2001:db8::1]:2376", "tcp://docker:2375"]
)
def test_an_engine_elsewhere_is_refused_and_not_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)

    with pytest.raises(EnvironmentUnavailable) as refused:
        find_engine()

    assert (refused.value.error_code, refused.value.exit_code) == ("ENGINE_REMOTE", 4)
    assert "DATABASE_URL" in (refused.value.fix or "")


def test_a_current_context_elsewhere_is_not_replaced_by_an_engine_here(home: Path) -> None:
    write_context(home, "far", "ssh://me@db.example")
    with answering(home / "var" / "docker.sock", DOCKER), pytest.raises(EnvironmentUnavailable) as refused:
        find_engine()

    assert refused.value.error_code == "ENGINE_REMOTE"
    assert "docker context far" in (refused.value.cause or "")


def test_tcp_on_this_machine_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{unused.getsockname()[1]}")
        _, attempts = search()

    assert [(attempt.why, attempt.remote) for attempt in attempts] == [("nothing listens there", False)]


@pytest.mark.parametrize(
    "host", ["nonsense", "tcp://127.0.0.1", "npipe:////./pipe/docker", "unix://" + "x" * 200]
)
def test_what_is_no_address_is_said_to_be_none(
    home: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)

    found, attempts = search()

    assert found is None
    assert "this is no address of an engine" in attempts[0].why


def test_each_way_to_fail_has_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/file")
    assert search()[1][0].why in ("nothing listens there", "it is not a socket")

    assert why_none(saying(tmp_path / "a", None), monkeypatch, 0.3) == "no answer within 0.3 s"
    assert "not like an engine: SSH-2.0-" in why_none(saying(tmp_path / "b", b"SSH-2.0-x\r\n"), monkeypatch)
    assert "not like an engine" in why_none(saying(tmp_path / "c", b"\x00\xff" * 90000), monkeypatch)
    begun = saying(tmp_path / "d", b"HTTP/1.1 200 OK\r\n")
    assert why_none(begun, monkeypatch, 0.3) == "no answer within 0.3 s"
    nginx = {"Server": "nginx"}
    assert why_none(answering(tmp_path / "e", nginx), monkeypatch).startswith("a web server answers")
    starting = why_none(answering(tmp_path / "f", DOCKER, status=503), monkeypatch)
    assert starting == "it answers, but is not ready: 503 Service Unavailable"


def test_who_hangs_up_and_who_left_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with saying(tmp_path / "left", b""):
        pass
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/left")
    assert search()[1][0].why == "nothing listens there"

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "mute"))
        listener.listen()
        accept = "server.accept()[0].close(); "
        script = f"import socket; server = socket.socket(fileno={listener.fileno()}); " + 2 * accept
        with subprocess.Popen([sys.executable, "-c", script], pass_fds=[listener.fileno()]) as server:
            monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/mute")
            assert search()[1][0].why == "it hung up without an answer"
            server.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_closed_socket_names_its_group_and_the_command_that_lets_one_in(tmp_path: Path) -> None:
    """As on a fresh installation of Docker, where the user is not in the group yet."""
    tmp_path.chmod(0o755)
    path = tmp_path / "d.sock"
    with answering(path, DOCKER) as endpoint:
        path.chmod(0o660)
        os.chown(path, 0, 1)  # the group daemon, on every Unix
        script = (
            "import os, grp, pwd, docker, docker.constants, docker.utils, requests; "
            "from sportsplat.infra.docker.find import search; os.setgroups([]); "
            f"os.setegid({UNPRIVILEGED}); os.seteuid({UNPRIVILEGED}); print(search()[1][0].why)"
        )
        environment = {"DOCKER_HOST": endpoint}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert "permission denied: it is open to the group daemon, and nobody is not in it" in done.stdout
    assert "sudo usermod -aG daemon nobody" in done.stdout


def test_an_engine_that_left_since_is_lost(tmp_path: Path) -> None:
    found = FoundEngine(f"unix://{tmp_path}/gone.sock", "default socket", "docker")

    with pytest.raises(EnvironmentUnavailable) as refused:
        engine.client(found)

    assert (refused.value.error_code, refused.value.exit_code) == ("ENGINE_LOST", 4)
