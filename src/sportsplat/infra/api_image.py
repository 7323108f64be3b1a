"""The API's image: built from this checkout when its code is not in an image yet, else used as it is."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from sportsplat.errors import ConfigError, EnvironmentUnavailable
from sportsplat.redact import redact
from sportsplat.settings import asset_dir

if TYPE_CHECKING:
    import docker

REPOSITORY = "sportsplat-api"
CODE_LABEL = "io.sportsplat.code"
DEPENDENCIES_LABEL = "io.sportsplat.dependencies"
_DOCKERFILE = "compose/Dockerfile"
_MAKES_DEPENDENCIES = (_DOCKERFILE, "requirements-runtime.lock")
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_LAST_LINES = 15

Report = Callable[[float | None, float | None, str | None], None]
"""Is told what is done, of how much, and a few words: `(3, 12, "building the image: RUN pip …")`."""


@dataclass(frozen=True)
class Context:
    """What the engine is given to build from: the files that `.dockerignore` lets through, and their hashes.

    `code` changes with any of them; `dependencies` only with what decides which libraries are installed.
    """

    root: Path
    files: tuple[str, ...]
    code: str
    dependencies: str

    @property
    def tag(self) -> str:
        """The name of the image with exactly this code."""
        return f"{REPOSITORY}:{self.code}"

    @property
    def labels(self) -> dict[str, str]:
        """What an image built from this says of itself."""
        return {CODE_LABEL: self.code, DEPENDENCIES_LABEL: self.dependencies}


def checkout() -> Path | None:
    """Return the repository that this code runs from; None when it was installed from a wheel."""
    root = asset_dir("compose").parent
    return root if all((root / name).is_file() for name in (*_MAKES_DEPENDENCIES, "pyproject.toml")) else None


def required_checkout() -> Path:
    """Return the repository; raises ConfigError (`API_IMAGE_UNSET`) when there is none to build from."""
    root = checkout()
    if root is None:
        raise ConfigError(
            "there is no image of the API, and no checkout of sportsplat to build one from",
            cause="infra.api_image is not set, and sportsplat was installed from a wheel",
            fix="set infra.api_image (SPORTSPLAT_INFRA__API_IMAGE) to an image of this version, or run from "
            "a clone of the repository; without Docker: sportsplat serve",
            code="API_IMAGE_UNSET",
        )
    return root


def read_context(root: Path) -> Context:
    """Find the files of the build and hash them; some 20 ms."""
    from docker.utils.build import exclude_paths

    files = sorted(exclude_paths(str(root), _ignored(root), dockerfile=_DOCKERFILE))
    hashes = {name: _hash_of(root / name) for name in files if (root / name).is_file()}
    return Context(root, tuple(files), _joined(hashes), _joined({n: hashes[n] for n in _MAKES_DEPENDENCIES}))


def existing(client: docker.DockerClient, context: Context, *, any_code: bool = False) -> str | None:
    """Return an image that holds this code; with `any_code`, one with its dependencies does.

    (In development the code is mounted over the image's, so only the libraries matter.)
    """
    from docker.errors import ImageNotFound

    try:
        client.images.get(context.tag)
        return context.tag
    except ImageNotFound:
        pass
    if not any_code:
        return None
    label = {"label": f"{DEPENDENCIES_LABEL}={context.dependencies}"}
    tags = [tag for image in client.images.list(filters=label) for tag in image.tags]
    return min(tags, default=None)


def build(client: docker.DockerClient, context: Context, report: Report) -> str:
    """Build the image and return its tag.

    Raises EnvironmentUnavailable (`BUILD_FAILED`) with the last lines that the build said.
    """
    from docker.errors import APIError

    said: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        for entry in _building(client, context):
            said.extend(_words(entry))
            if "error" in entry:
                raise _failed(str(entry["error"]), said)
            step = _STEP.match(str(entry.get("stream", "")))
            if step:
                report(int(step[1]) - 1, int(step[2]), f"building the API's image: {step[3][:60].strip()}")
    except APIError as error:
        raise _failed(str(error.explanation or error), said) from error
    return context.tag


def _building(client: docker.DockerClient, context: Context) -> Iterator[Mapping[str, Any]]:
    from docker.utils.build import create_archive

    with TemporaryFile() as archive:
        create_archive(root=str(context.root), files=list(context.files), fileobj=archive)
        archive.seek(0)
        yield from client.api.build(
            fileobj=archive,
            custom_context=True,
            dockerfile=_DOCKERFILE,
            tag=context.tag,
            labels=context.labels,
            rm=True,
            forcerm=True,
            decode=True,
            use_config_proxy=True,
        )


def _words(entry: Mapping[str, Any]) -> list[str]:
    return [line for line in str(entry.get("stream", "")).splitlines() if line.strip()]


def _failed(why: str, said: deque[str]) -> EnvironmentUnavailable:
    return EnvironmentUnavailable(
        "the API's image could not be built",
        cause=redact("\n".join([why, *(f"  {line}" for line in said)])),
        fix="mend what the build names, or set infra.api_image to an image that is there; then run the command "
        "again",
        code="BUILD_FAILED",
    )


def _ignored(root: Path) -> list[str]:
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _joined(hashes: Mapping[str, str]) -> str:
    text = "\n".join(f"{name} {found}" for name, found in sorted(hashes.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
