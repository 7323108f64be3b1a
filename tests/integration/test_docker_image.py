"""The image of the database: pulled from a real registry when the engine lacks it, and only then."""

from __future__ import annotations

import docker
import pytest

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.docker.client import ProjectEngine
from sportsplat.infra.docker.converge import ensure_image
from sportsplat.infra.docker.find import FoundEngine
from tests.image_registry import registry


def test_a_missing_image_is_pulled_while_somebody_watches(
    engine: docker.DockerClient, found_engine: FoundEngine
) -> None:
    told: list[tuple[float | None, float | None, str | None]] = []

    def progress(
        completed: float | None = None, total: float | None = None, description: str | None = None
    ) -> None:
        told.append((completed, total, description))

    objects, actions = ProjectEngine(found_engine, "league", "run", "/nowhere"), list[str]()
    with registry(["PG_MAJOR=16"]) as name:
        assert ensure_image(objects, name, actions, progress) == "16"
    pulled = engine.images.get(name)
    try:
        assert actions == [f"pulled the image {name}"]
        done, totals, words = zip(*told, strict=True)
        assert list(done) == sorted(done)
        assert len(set(totals)) == 1
        assert set(words) == {f"pulling {name} (bytes)"}
        assert 0 < done[-1] <= totals[0]
        # The registry is gone by now: what is here is not asked for again.
        assert ensure_image(objects, name, actions, progress) == "16"
        assert len(actions) == 1
    finally:
        engine.images.remove(str(pulled.id), force=True)

    with pytest.raises(EnvironmentUnavailable) as gone:
        ensure_image(objects, name, actions, None)
    assert gone.value.error_code == "IMAGE_UNAVAILABLE"
