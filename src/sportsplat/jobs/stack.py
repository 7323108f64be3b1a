"""The whole stack in Docker: the database, and the API beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sportsplat.infra.environment import open_environment
from sportsplat.jobs import environment
from sportsplat.progress import Progress

if TYPE_CHECKING:
    from sportsplat.settings import Settings


def up(
    settings: Settings,
    *,
    reload: bool = False,
    reinit: bool = False,
    reset_password: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make the database and the API run; return the CLI's object of `up`, the API among its services.

    reload: serve the code of the checkout that this runs from, and every change of it. The image comes first,
    so that a build that fails leaves nothing half up. Raises UsageError (`STACK_NEEDS_DOCKER`), what
    `environment.up` raises, and what `ApiLaunch` raises.
    """
    from sportsplat.infra.api_image import checkout
    from sportsplat.infra.api_launch import ApiLaunch
    from sportsplat.infra.api_refusals import no_checkout
    from sportsplat.infra.api_spec import api_spec, refuse_public

    _require_docker(settings)
    refuse_public(settings)
    root = checkout()
    if reload and root is None:
        raise no_checkout("--reload serves the code of a checkout")
    api = ApiLaunch(api_spec(settings))
    image = api.image(root, progress, any_code=reload)
    data = environment.up(settings, reinit=reinit, reset_password=reset_password, progress=progress)
    api.actions += data["actions"]
    api.ensure(image, root if reload else None, settings.infra.timeout_s)
    api.tidy(root, image)
    others = [service for service in data["services"] if service["name"] != "api"]
    return data | {
        "actions": api.actions,
        "services": [*others, *environment.api_services(settings)],
    }


def down(settings: Settings, *, volumes: bool = False) -> dict[str, Any]:
    """Stop both; with `volumes` delete the data too. Raises UsageError (`STACK_NEEDS_DOCKER`)."""
    _require_docker(settings)
    return environment.down(settings, volumes=volumes)


def logs(settings: Settings, *, lines: int, follow: bool = False) -> Iterator[str]:
    """Yield lines of the API's log. Raises UsageError (`STACK_NEEDS_DOCKER`)."""
    from sportsplat.infra import api_container
    from sportsplat.infra.api_spec import api_spec

    _require_docker(settings)
    return api_container.logs(api_spec(settings), lines, follow)


def _require_docker(settings: Settings) -> None:
    """Raise UsageError where there are no containers; where only the engine is missing, say that."""
    backend = open_environment(settings).backend
    if backend == "docker":
        return
    from sportsplat.infra import memory
    from sportsplat.infra.api_refusals import needs_docker

    undecided = settings.infra.backend == "auto" and settings.infra.database_url is None
    if undecided and memory.recall(settings.state_dir).get("backend") is None:
        from sportsplat.infra.engine import find_engine

        find_engine()
    raise needs_docker(backend)
