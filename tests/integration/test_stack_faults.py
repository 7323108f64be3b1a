"""What keeps the API from coming up, each really done: its code, its exit code, and what is left behind."""

from __future__ import annotations

import io
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import ConfigError, EnvironmentUnavailable
from sportsplat.infra.api.container import api_spec
from sportsplat.infra.api.image import STAGE_LABEL, read_context
from sportsplat.infra.api.launch import ApiLaunch
from sportsplat.infra.docker.find import FoundEngine
from sportsplat.jobs.stack import up
from tests.conftest import ROOT
from tests.engine import POSTGRES_IMAGE, PYTHON_IMAGE, DockerProject, build_api_image
from tests.program import environment, run, start
from tests.stack import Stack, stack_project

if TYPE_CHECKING:
    import docker

EVERYBODY = "0.0.0.0"  # noqa: S104 (what is to be refused)


@pytest.fixture(scope="module")
def stack(
    engine: docker.DockerClient,
    found_engine: FoundEngine,
    api_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """A project whose database is up, and whose API is not."""
    with stack_project(engine, found_engine, tmp_path_factory.mktemp("stack"), api_image) as made:
        assert made.run("up").exit_code == 0
        yield made


def names(stack: Stack) -> list[str]:
    return [container.name for container in stack.containers()]


def test_a_port_of_somebody_else_names_its_holder(stack: Stack) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", stack.port))
        holder.listen()
        refused = stack.run("up", "--stack", "--json")

    assert (refused.exit_code, refused.error["code"]) == (5, "PORT_TAKEN")
    assert str(stack.port) in refused.error["message"]
    assert "process" in refused.error["cause"]
    assert f"SPORTSPLAT_API__PORT={stack.port + 1}" in refused.error["fix"]
    assert names(stack) == [f"{stack.name}-postgres"]


def test_a_port_of_another_container_names_it(stack: Stack) -> None:
    port = stack.run("status", "--json").data["services"][0]["port"]

    refused = stack.run("up", "--stack", "--json", SPORTSPLAT_API__PORT=str(port))

    assert (refused.exit_code, refused.error["code"]) == (5, "PORT_TAKEN")
    assert f"the container {stack.name}-postgres" in refused.error["cause"]


def test_an_image_that_is_nowhere(stack: Stack) -> None:
    refused = stack.run(
        "up", "--stack", "--json", SPORTSPLAT_INFRA__API_IMAGE="localhost:1/nobody/has-this:1"
    )

    assert (refused.exit_code, refused.error["code"]) == (4, "IMAGE_UNAVAILABLE")
    assert "infra.api_image" in refused.error["fix"]


def test_an_image_of_something_else_is_refused_and_leaves_nothing(stack: Stack) -> None:
    refused = stack.run("up", "--stack", "--json", SPORTSPLAT_INFRA__API_IMAGE=PYTHON_IMAGE)

    assert (refused.exit_code, refused.error["code"]) == (4, "START_FAILED")
    assert "sportsplat" in refused.error["cause"]
    assert names(stack) == [f"{stack.name}-postgres"]


def test_leagues_that_the_api_could_not_read_are_refused_before_it_starts(stack: Stack) -> None:
    leagues = stack.folder / "config" / "leagues.yaml"
    leagues.write_text("nba:\n  nmae: a slip of the pen\n")
    try:
        refused = stack.run("up", "--stack", "--json")
        assert (refused.exit_code, refused.error["code"]) == (3, "INVALID_LEAGUE")
        assert "nmae" in refused.error["message"] + refused.error["cause"]
    finally:
        leagues.unlink()


def test_an_api_that_ends_says_its_last_words_and_comes_up_once_mended(stack: Stack, api_image: str) -> None:
    ending = f'FROM {api_image}\nENTRYPOINT ["sh", "-c", "echo a slip of the pen >&2; exit 3"]\n'
    image, _ = stack.engine.images.build(fileobj=io.BytesIO(ending.encode()), rm=True)
    try:
        refused = stack.run("up", "--stack", "--json", SPORTSPLAT_INFRA__API_IMAGE=str(image.id))
        assert (refused.exit_code, refused.error["code"]) == (4, "START_FAILED")
        assert "a slip of the pen" in refused.error["cause"]
        api = stack.run("status", "--json").data["services"][1]
        assert (api["name"], api["state"]) == ("api", "stopped"), "it is not tried again for ever"
        assert "a slip of the pen" in "".join(stack.run("logs", "api", "--json").data["lines"])
    finally:
        remove_api(stack)
        stack.engine.images.remove(str(image.id))
    assert stack.up()["services"][1]["state"] == "running"


def test_an_api_that_never_answers_times_out(stack: Stack, api_image: str) -> None:
    silent = f'FROM {api_image}\nENTRYPOINT ["sh", "-c", "sleep 600"]\n'
    image, _ = stack.engine.images.build(fileobj=io.BytesIO(silent.encode()), rm=True)
    try:
        refused = stack.run(
            "up", "--stack", "--timeout", "3", "--json", SPORTSPLAT_INFRA__API_IMAGE=str(image.id)
        )
        assert (refused.exit_code, refused.error["code"]) == (8, "START_TIMED_OUT")
        assert "nothing answers" in refused.error["cause"]
        assert refused.error["retryable"]
    finally:
        remove_api(stack)
        stack.engine.images.remove(str(image.id))


def test_a_container_of_our_name_that_is_not_ours_is_left_alone(stack: Stack) -> None:
    remove_api(stack)
    foreign = stack.engine.containers.create(POSTGRES_IMAGE, name=f"{stack.name}-api")
    try:
        refused = stack.run("up", "--stack", "--json")
        assert (refused.exit_code, refused.error["code"]) == (5, "NAME_TAKEN")
        foreign.reload()
        assert foreign.status == "created"
    finally:
        foreign.remove()


@pytest.mark.parametrize("words", [("up", "--stack"), ("down", "--stack"), ("logs", "api")], ids=" ".join)
def test_other_backends_have_no_stack(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SPORTSPLAT_INFRA__BACKEND=embedded\n")
    refused = run(tmp_path, *words, "--json")

    assert (refused.exit_code, refused.error["code"]) == (2, "STACK_NEEDS_DOCKER")
    assert "sportsplat serve" in refused.error["fix"]
    assert not (tmp_path / ".sportsplat").exists()


def test_without_an_engine_the_stack_says_where_it_was_looked_for(tmp_path: Path) -> None:
    refused = run(tmp_path, "up", "--stack", "--json")

    assert (refused.exit_code, refused.error["code"]) == (4, "NO_ENGINE")


def test_reload_is_about_the_stack(tmp_path: Path) -> None:
    refused = run(tmp_path, "up", "--reload", "--json")

    assert (refused.exit_code, refused.error["fix"]) == (2, "sportsplat up --stack --reload")


def test_an_api_for_everyone_is_not_published_silently_for_us_alone(docker_project: DockerProject) -> None:
    refused = docker_project.run("up", "--stack", "--json", SPORTSPLAT_API__HOST=EVERYBODY)

    assert (refused.exit_code, refused.error["code"]) == (3, "INVALID_SETTING")
    assert docker_project.leftovers() == []


def test_a_build_that_fails_shows_its_last_lines_and_starts_nothing(
    docker_project: DockerProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "checkout"
    copy_checkout(root)
    (root / "compose" / "Dockerfile").write_text(
        "FROM python:3.11-slim\nRUN echo these were the last words; exit 3\n"
    )
    monkeypatch.setenv("DOCKER_HOST", docker_project.endpoint)
    settings = load_settings(project_dir=docker_project.folder, environ={})

    with pytest.raises(EnvironmentUnavailable) as refused:
        ApiLaunch(api_spec(settings)).image(root)

    assert refused.value.error_code == "BUILD_FAILED"
    assert "these were the last words" in (refused.value.cause or "")
    assert docker_project.leftovers() == []


def test_an_interrupted_start_takes_back_what_it_made(stack: Stack, api_image: str) -> None:
    silent = f'FROM {api_image}\nENTRYPOINT ["sh", "-c", "sleep 600"]\n'
    image, _ = stack.engine.images.build(fileobj=io.BytesIO(silent.encode()), rm=True)
    remove_api(stack)
    try:
        variables = stack.variables | {"SPORTSPLAT_INFRA__API_IMAGE": str(image.id)}
        starting = start(stack.folder, "up", "--stack", env=environment(**variables))
        soon(lambda: f"{stack.name}-api" in names(stack))
        starting.send_signal(signal.SIGINT)

        assert starting.wait(timeout=30) == 130
        assert names(stack) == [f"{stack.name}-postgres"]
    finally:
        remove_api(stack)
        stack.engine.images.remove(str(image.id))


def test_an_interrupted_build_leaves_no_container(docker_project: DockerProject, tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    copy_checkout(root)
    mark = f"sleep 600.{docker_project.name[-5:].translate(str.maketrans('abcdef', '123456'))}"
    (root / "compose" / "Dockerfile").write_text(f"FROM python:3.11-slim\nRUN {mark}\n")
    variables = docker_project.variables | {"PYTHONPATH": str(root / "src")}

    building = start(docker_project.folder, "up", "--stack", env=environment(**variables))
    soon(lambda: built_by(docker_project, mark))
    building.send_signal(signal.SIGINT)

    assert building.wait(timeout=30) == 130
    soon(lambda: not built_by(docker_project, mark))
    assert docker_project.leftovers() == []


def test_a_wheel_needs_to_be_told_the_image(
    docker_project: DockerProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_project.endpoint)
    monkeypatch.setattr("sportsplat.infra.api.image.checkout", lambda: None)
    settings = load_settings(project_dir=docker_project.folder, environ={})

    for reload in (False, True):
        with pytest.raises(ConfigError) as refused:
            up(settings, reload=reload)
        assert refused.value.error_code == "API_IMAGE_UNSET"
        assert "infra.api_image" in (refused.value.fix or "")
    assert docker_project.leftovers() == []


def test_development_serves_a_changed_file(
    engine: docker.DockerClient, found_engine: FoundEngine, api_image: str, tmp_path: Path
) -> None:
    """The checkout is a copy, which the program is run from too: it is what gets mounted and changed."""
    root = tmp_path / "checkout"
    copy_checkout(root)
    code = root / "src/sportsplat/__init__.py"
    with stack_project(engine, found_engine, tmp_path / "project", "") as stack:
        stack.configure()
        done = stack.up("--reload", PYTHONPATH=str(root / "src"))
        assert not [action for action in done["actions"] if action.startswith("built")], (
            "only libraries matter"
        )
        assert stack.get("/health").json()["version"] != "0.0.0+changed"

        code.write_text(code.read_text() + '\n__version__ = "0.0.0+changed"\n')

        soon(lambda: version(stack) == "0.0.0+changed")
        assert stack.up("--reload", PYTHONPATH=str(root / "src"))["actions"] == []


def test_images_of_former_states_of_the_code_go_once_the_new_one_serves(
    engine: docker.DockerClient, found_engine: FoundEngine, api_image: str, tmp_path: Path
) -> None:
    root = tmp_path / "checkout"
    copy_checkout(root)
    former = build_api_image(engine, root)
    assert former == api_image
    code = root / "src/sportsplat/__init__.py"
    code.write_text(code.read_text() + "# one\n")
    first = build_api_image(engine, root)
    engine.images.get(first).tag("a-users-own-name", first.partition(":")[2])
    kept = f"a-users-own-name:{first.partition(':')[2]}"
    code.write_text(code.read_text() + "# two\n")
    left = stages(engine)
    assert left
    with stack_project(engine, found_engine, tmp_path / "project", "") as stack:
        stack.configure()
        try:
            actions = stack.up(PYTHONPATH=str(root / "src"))["actions"]

            second = read_context(root).tag
            assert actions[-1] == f"removed the image {first}, which was superseded"
            assert not engine.images.list(name=first)
            assert engine.images.list(name=kept)
            assert engine.images.list(name=second)
            assert engine.images.list(name=api_image), "that is another checkout's"
            held = left & stages(engine)  # a build that runs beside this test may hold one
            assert len(held) < len(left), "only the newest build's is kept, for the next to begin with"
        finally:
            stack.remove()
            for name in (kept, second):
                engine.images.remove(name)


def stages(engine: docker.DockerClient) -> set[str]:
    """Return the ids of what builds left beside their images."""
    found = engine.images.list(filters={"label": STAGE_LABEL, "dangling": True})
    return {str(image.id) for image in found}


def version(stack: Stack) -> str | None:
    """Return what /health says; None while the server starts anew."""
    try:
        return str(stack.get("/health").json()["version"])
    except httpx.TransportError:
        return None


def remove_api(stack: Stack) -> None:
    for container in stack.containers():
        if container.name == f"{stack.name}-api":
            container.remove(force=True)


def built_by(project: DockerProject, command: str) -> bool:
    """Whether a build runs this command in a container now."""
    return any(command in str(each.attrs["Config"]["Cmd"]) for each in project.engine.containers.list())


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def copy_checkout(target: Path) -> None:
    """Copy what the image is built from, and what tells a checkout."""
    for name in (*read_context(ROOT).files, ".dockerignore"):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def test_a_config_that_only_its_owner_may_read_is_named_before_anything_is_built(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir(mode=0o700)
    (config / "settings.yaml").write_text("infra: {backend: docker}\n")
    (config / "settings.yaml").chmod(0o600)
    ran = run(tmp_path, "up", "--stack", "--json")
    assert (ran.exit_code, ran.error["code"]) == (3, "NOT_READABLE_IN_DOCKER")
    subprocess.run(ran.error["fix"].partition(",")[0], shell=True, check=True)  # noqa: S602 (as a user takes it)
    assert run(tmp_path, "up", "--stack", "--json").error["code"] == "NO_ENGINE"  # and no further
