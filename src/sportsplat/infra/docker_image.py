"""The image of a container: there, or pulled while somebody watches."""

from __future__ import annotations

import re

from sportsplat.infra.docker_connection import EngineRefusedError
from sportsplat.infra.docker_objects import Objects
from sportsplat.infra.docker_refusals import image_unavailable
from sportsplat.progress import Progress


def ensure_image(engine: Objects, name: str, actions: list[str], progress: Progress | None) -> str:
    """Return the major version of PostgreSQL in an image, pulled when the engine does not have it.

    Empty for an image that does not say. Raises EnvironmentUnavailable (`IMAGE_UNAVAILABLE`).
    """
    found = engine.image(name)
    if found is None:
        _pull(engine, name, progress)
        actions.append(f"pulled the image {name}")
        found = engine.image(name)
        if found is None:
            raise image_unavailable(name, "nothing, and the image is still missing")
    variables = dict(each.partition("=")[::2] for each in found["Config"].get("Env") or [])
    return variables.get("PG_MAJOR") or _major_in(name)


def _pull(engine: Objects, name: str, progress: Progress | None) -> None:
    """Pull an image and report the bytes of its layers."""
    layers: dict[str, tuple[int, int]] = {}
    try:
        for report in engine.pull(name):
            if "error" in report:
                raise image_unavailable(name, report["error"])
            sizes = report.get("progressDetail") or {}
            if progress is not None and report.get("status") == "Downloading" and "total" in sizes:
                layers[report["id"]] = (sizes["current"], sizes["total"])
                done, total = (sum(column) for column in zip(*layers.values(), strict=True))
                progress(done, total, f"pulling {name} (bytes)")
    except EngineRefusedError as refused:
        raise image_unavailable(name, refused.words) from refused


def _major_in(name: str) -> str:
    found = re.search(r":(\d+)[^/]*$", name)
    return found.group(1) if found else ""
