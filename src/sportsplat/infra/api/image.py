"""The API's image: built from this checkout when its code is not in an image yet, else used as it is."""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import errors
from sportsplat.infra.docker.client import EngineRefusedError, ProjectEngine
from sportsplat.infra.docker.converge import ensure_image
from sportsplat.paths import asset_dir
from sportsplat.progress import Progress

REPOSITORY = "sportsplat-api"
CODE_LABEL = "io.sportsplat.code"
DEPENDENCIES_LABEL = "io.sportsplat.dependencies"
CHECKOUT_LABEL = "io.sportsplat.checkout"
STAGE_LABEL = "io.sportsplat.stage"
"""On what a build leaves beside its image; the next one begins with it."""

DOCKERFILE = "compose/Dockerfile"
_MAKES_DEPENDENCIES = (DOCKERFILE, "requirements-runtime.lock")
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.DOTALL)
_LAST_LINES = 15


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
        """The labels of an image built from this."""
        return {CODE_LABEL: self.code, DEPENDENCIES_LABEL: self.dependencies, **_of_checkout(self.root)}


def checkout() -> Path | None:
    """Return the repository that this code runs from; None when it was installed from a wheel."""
    root = asset_dir("compose").parent
    return root if all((root / name).is_file() for name in (*_MAKES_DEPENDENCIES, "pyproject.toml")) else None


def named(engine: ProjectEngine, image: str, actions: list[str], progress: Progress | None) -> str:
    """Return the id of the image that the settings name, pulled when it is not there.

    An id, because the name may mean another image tomorrow, and then the container is to be replaced.
    Raises EnvironmentUnavailable (`IMAGE_UNAVAILABLE`).
    """
    try:
        ensure_image(engine, image, actions, progress)
    except EnvironmentUnavailable as error:
        if error.error_code != "IMAGE_UNAVAILABLE":
            raise
        fix = "correct infra.api_image, or unset it so that the image is built from the checkout"
        raise errors.image_unavailable(image, error.cause, fix) from error
    found = engine.image(image)
    return str(found["Id"]) if found is not None else image


def built(
    engine: ProjectEngine,
    root: Path,
    actions: list[str],
    progress: Progress | None,
    *,
    any_code: bool = False,
) -> str:
    """Return the name of an image with the code of the checkout `root`, built when there is none.

    any_code: its libraries are enough, as in development, where the code is mounted over the image's.
    Raises EnvironmentUnavailable (`BUILD_FAILED`) with the last lines of the build output.
    """
    context = read_context(root)
    found = _existing(engine, context, any_code=any_code)
    if found is None:
        _build(engine, context, progress)
        actions.append(f"built the image {context.tag}")
    return found or context.tag


def remove_superseded(engine: ProjectEngine, root: Path, present: str) -> list[str]:
    """Remove the images of earlier states of the checkout `root` that no container uses; return their names.

    present: the image that is used now. What each build left beside its image goes too, but for the newest.
    """
    ours = [tag for tag in engine.tags(_of_checkout(root)) if tag.startswith(f"{REPOSITORY}:")]
    removed = [tag for tag in ours if tag != present and engine.remove_image(tag)]
    for stage in engine.untagged(STAGE_LABEL)[1:]:
        engine.remove_image(stage)
    return removed


def read_context(root: Path) -> Context:
    """Find the files of the build and hash them; some 40 ms."""
    from docker.utils.build import exclude_paths

    files = sorted(exclude_paths(str(root), _ignored(root), dockerfile=DOCKERFILE))
    hashes = {name: _hash_of(root / name) for name in files if (root / name).is_file()}
    libraries = {name: hashes[name] for name in _MAKES_DEPENDENCIES}
    return Context(root, tuple(files), _joined(hashes), _joined(libraries))


def _existing(engine: ProjectEngine, context: Context, *, any_code: bool) -> str | None:
    """Return a fitting image; of several with the same libraries the oldest, which no new build displaces."""
    if any_code:
        alike = engine.tags({DEPENDENCIES_LABEL: context.dependencies})
        return alike[-1] if alike else None
    return context.tag if engine.image(context.tag) is not None else None


def _build(engine: ProjectEngine, context: Context, progress: Progress | None) -> None:
    output: deque[str] = deque(maxlen=_LAST_LINES)
    with TemporaryFile() as archive:
        write_archive(context, archive)
        archive.seek(0)
        try:
            for report in engine.build(archive, DOCKERFILE, context.tag, context.labels):
                words = str(report.get("stream", ""))
                output.extend(line for line in words.splitlines() if line.strip())
                if "error" in report:
                    raise errors.build_failed(str(report["error"]), output)
                _report(words, progress)
        except EngineRefusedError as refused:
            raise errors.build_failed(refused.words, output) from refused


def write_archive(context: Context, archive: IO[bytes]) -> None:
    """Write the files of the build, readable by everybody: the API does not run as who made the checkout."""
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in context.files:
            entry = tar.gettarinfo(context.root / name, name)
            entry.uid = entry.gid = 0
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            if entry.isfile():
                with (context.root / name).open("rb") as file:
                    tar.addfile(entry, file)
            else:
                tar.addfile(entry)


def _report(words: str, progress: Progress | None) -> None:
    step = _STEP.match(words)
    if step is not None and progress is not None:
        instruction = " ".join(step[3].split())[:40]
        progress(int(step[1]) - 1, int(step[2]), f"building the API's image: {instruction}")


def _of_checkout(root: Path) -> dict[str, str]:
    """Return the label that tells one checkout's images from another's, without naming a folder."""
    return {CHECKOUT_LABEL: hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]}


def _ignored(root: Path) -> list[str]:
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _joined(hashes: Mapping[str, str]) -> str:
    text = "\n".join(f"{name} {found}" for name, found in sorted(hashes.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
