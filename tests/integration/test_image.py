"""The image of the API: whose it is, what a change of code builds again, and that no secret gets into it."""

from __future__ import annotations

import gzip
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pytest

from sportsplat.infra.api.image import DOCKERFILE, read_context
from sportsplat.infra.docker.service import api_service
from tests.conftest import ROOT
from tests.engine import build_api_image

if TYPE_CHECKING:
    import docker

CANARY = "canary-7d1f0b6e2c9a4483"


@dataclass(frozen=True)
class Built:
    """An image, and the checkout that it was built from."""

    root: Path
    tag: str


@pytest.fixture(scope="module")
def rebuilt(
    engine: docker.DockerClient, api_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    """The image after a change of code, built in a checkout and an environment with secrets."""
    root = tmp_path_factory.mktemp("checkout")
    _copy(ROOT, root)
    with (root / "src/sportsplat/__init__.py").open("a") as code:
        code.write(f"CHANGED = {secrets.token_hex(8)!r}\n")
    for name in (".env", "config/.env", "compose/.env.local", "src/sportsplat/.env", "postgres_password"):
        (root / name).write_text(f"POSTGRES_PASSWORD={CANARY}\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("POSTGRES_PASSWORD", "DATABASE_URL", "SPORTSPLAT_INTELLIGENCE__GEMINI_API_KEY"):
            patch.setenv(name, CANARY)
        tag = build_api_image(engine, root)
    yield Built(root, tag)
    engine.images.remove(tag)
    engine.images.remove(_stage(engine, root, "wheel").id)


def _copy(source: Path, target: Path) -> None:
    for name in read_context(source).files:
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def test_the_program_runs_in_it_as_nobody_of_note(engine: docker.DockerClient, api_image: str) -> None:
    said = _run(engine, api_image, "id -u; id -g; sportsplat --version; pwd; touch mine && ls")

    assert said.split("\n") == ["10001", "10001", "sportsplat 0.1.0", "/app", "mine", ""]


def test_its_user_changes_nothing_of_the_program(engine: docker.DockerClient, api_image: str) -> None:
    assert _run(engine, api_image, "find /opt /usr /etc -writable -not -type l 2>/dev/null || true") == ""


def test_what_development_needs_is_not_in_it(engine: docker.DockerClient, api_image: str) -> None:
    said = _run(engine, api_image, "ls /opt/sportsplat/lib/python3*/site-packages; ls /opt/sportsplat/bin")

    assert not {"pytest", "mypy", "ruff", "hatchling", "pip", "tests"} & set(said.split())


def test_its_health_is_that_of_the_service(engine: docker.DockerClient, api_image: str) -> None:
    config = engine.images.get(api_image).attrs["Config"]
    service = api_service(image=api_image, database="d", host_port="1", secret_file="s", config_dir=None)

    assert config["Healthcheck"]["Test"] == ["CMD", *service.health.command]
    assert list(config["ExposedPorts"]) == ["8000/tcp"]


def test_a_change_of_code_reuses_the_libraries(
    engine: docker.DockerClient, api_image: str, rebuilt: Built
) -> None:
    libraries = _stage(engine, rebuilt.root, "libraries")
    before, after, shared = (
        _layers(engine.images.get(tag)) for tag in (api_image, rebuilt.tag, libraries.id)
    )

    assert before[: len(shared)] == after[: len(shared)] == shared
    assert before != after
    assert "CHANGED" in _run(engine, rebuilt.tag, "python -c 'import sportsplat; print(dir(sportsplat))'")


def test_no_secret_gets_into_any_layer(engine: docker.DockerClient, rebuilt: Built, tmp_path: Path) -> None:
    image = engine.images.get(rebuilt.tag)
    saved = tmp_path / "image.tar"
    with saved.open("wb") as file:
        file.writelines(image.save(chunk_size=1 << 20))

    assert CANARY not in str(image.history())
    assert CANARY not in str(image.attrs)
    assert not _holds(saved, CANARY)
    assert _holds(saved, "org.opencontainers.image.title"), "the search finds what is there"


def _run(engine: docker.DockerClient, image: str, command: str) -> str:
    said = engine.containers.run(image, ["sh", "-c", command], remove=True, network_disabled=True)
    return str(said, "utf-8")


def _stage(engine: docker.DockerClient, root: Path, name: str) -> Any:
    """Return one stage of a build; nothing is built when it was."""
    return engine.images.build(path=str(root), dockerfile=DOCKERFILE, target=name, rm=True)[0]


def _layers(image: Any) -> list[str]:
    return list(image.attrs["RootFS"]["Layers"])


def _holds(archive: Path, text: str) -> bool:
    """Whether a file of a saved image holds a text; layers may be compressed."""
    with tarfile.open(archive) as files:
        streams = (files.extractfile(member) for member in files if member.isfile())
        return any(_occurs(cast(BinaryIO, stream), text.encode()) for stream in streams)


def _occurs(stream: BinaryIO, wanted: bytes) -> bool:
    compressed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    tail = b""
    with gzip.open(stream) if compressed else stream as source:
        while chunk := source.read(1 << 22):
            if wanted in tail + chunk:
                return True
            tail = chunk[-len(wanted) :]
    return False
