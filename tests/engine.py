"""A real container engine for whoever needs one, and projects in it that leave nothing behind."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import yaml
from docker.errors import APIError, ImageNotFound, NotFound

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.docker.find import FoundEngine, client, find_engine
from tests import program

if TYPE_CHECKING:
    import docker

POSTGRES_IMAGE = "postgres:16-alpine"
OTHER_MAJOR_IMAGE = "postgres:18-alpine"
PYTHON_IMAGE = "python:3.11-slim"
PROJECT_LABEL = "io.sportsplat.project"
REQUIRED = bool(os.environ.get("SPORTSPLAT_REQUIRE_DOCKER"))
"""Whether a missing engine fails the tests that need one; else it skips them, and the summary says so."""
_PULLED_WITHIN_S = 300.0
_REMOVED_WITHIN_S = 30.0


@dataclass(frozen=True)
class DockerProject:
    """A project whose database is in Docker, under a name that nothing else has; `folder` is its folder."""

    engine: docker.DockerClient
    endpoint: str
    name: str
    folder: Path

    @property
    def container(self) -> str:
        """The name of the database's container."""
        return f"{self.name}-postgres"

    @property
    def variables(self) -> dict[str, str]:
        """What the program's environment needs so that it finds the engine."""
        return {"DOCKER_HOST": self.endpoint}

    def configure(self, **infra: Any) -> None:
        """Write `config/settings.yaml`: the Docker backend, this project's name, and `infra`."""
        path = self.folder / "config" / "settings.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"infra": {"backend": "docker", "project": self.name, **infra}}))

    def run(self, *words: str, timeout_s: float = 120, **variables: str) -> program.Ran:
        """Run `sportsplat WORDS` in the project."""
        return program.run(self.folder, *words, timeout_s=timeout_s, **(self.variables | variables))

    def containers(self) -> list[Any]:
        """Return the containers of this project, those that do not run too."""
        return list(self.engine.containers.list(all=True, ignore_removed=True, filters=self._label))

    def networks(self) -> list[Any]:
        """Return the networks of this project."""
        return list(self.engine.networks.list(filters=self._label))

    def volumes(self) -> list[Any]:
        """Return the volumes of this project."""
        return list(self.engine.volumes.list(filters=self._label))

    def leftovers(self) -> list[str]:
        """Return what the engine holds of this project, like `volume NAME`."""
        return [
            *(f"container {found.name}" for found in self.containers()),
            *(f"network {found.name}" for found in self.networks()),
            *(f"volume {found.name}" for found in self.volumes()),
        ]

    def remove(self) -> None:
        """Remove it all; once more while a program that was killed has a request under way."""
        deadline = time.monotonic() + _REMOVED_WITHIN_S
        while self.leftovers():
            for found in self.containers():
                _gone(found.remove, force=True, v=True)
            for found in [*self.networks(), *self.volumes()]:
                _gone(found.remove)
            assert time.monotonic() < deadline, f"still there: {self.leftovers()}"

    @property
    def _label(self) -> dict[str, Any]:
        return {"label": f"{PROJECT_LABEL}={self.name}"}


@pytest.fixture(scope="session")
def found_engine() -> FoundEngine:
    """The engine of whoever runs the tests, where it is and what it is; else skipped, or failed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DOCKER_HOST", raising=False)
        if program.DEVELOPERS_DOCKER_HOST:
            patch.setenv("DOCKER_HOST", program.DEVELOPERS_DOCKER_HOST)
        try:
            return find_engine()
        except EnvironmentUnavailable as none:
            without_engine(f"{none}; {none.cause}")


@pytest.fixture(scope="session")
def engine(found_engine: FoundEngine) -> Iterator[docker.DockerClient]:
    """A client of that engine, which holds the images that the tests use."""
    made = client(found_engine, _PULLED_WITHIN_S)
    try:
        for image in (POSTGRES_IMAGE, OTHER_MAJOR_IMAGE, PYTHON_IMAGE):
            _provide(made, image)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def api_image(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image of the API with this checkout's code: built once, by the test process that comes first."""
    with (tmp_path_factory.getbasetemp().parent / "api-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return build_api_image(engine, Path(__file__).resolve().parents[1])


def build_api_image(engine: docker.DockerClient, root: Path) -> str:
    """Build the image from a checkout, under the name by which `up --stack` finds it; once for each code."""
    from sportsplat.infra.api.image import DOCKERFILE, read_context

    context = read_context(root)
    if not engine.images.list(name=context.tag):
        engine.images.build(
            path=str(root),
            dockerfile=DOCKERFILE,
            tag=context.tag,
            labels=context.labels,
            rm=True,
            forcerm=True,
        )
    return context.tag


@pytest.fixture
def docker_project(
    engine: docker.DockerClient, found_engine: FoundEngine, tmp_path: Path
) -> Iterator[DockerProject]:
    """A new project in a folder of its own; whatever the engine holds of it is removed at the end."""
    project = DockerProject(
        engine, found_engine.endpoint, f"test-{secrets.token_hex(5)}", tmp_path / "project"
    )
    project.configure()
    try:
        yield project
    finally:
        project.remove()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs an engine, so that `-m 'not docker'` leaves it out."""
    for item in items:
        if "found_engine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.docker)


def _provide(client: docker.DockerClient, image: str) -> None:
    try:
        client.images.get(image)
    except ImageNotFound:
        try:
            client.images.pull(image)
        except APIError as error:
            without_engine(f"no image {image} ({error.explanation}): run tests/docker/build-images")


def without_engine(why: str) -> NoReturn:
    """Skip a test that lacks its engine, or fail it where that is required."""
    if REQUIRED:
        pytest.fail(why)
    pytest.skip(why)


def _gone(remove: Any, **options: Any) -> None:
    try:
        remove(**options)
    except NotFound:
        pass
    except APIError as error:
        # In use by what goes next, or already being removed: the next round sees.
        if error.status_code != 409 and "has active endpoints" not in str(error):
            raise
