"""The whole stack in Docker: the database, and the API beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sportsplat.errors import UsageError
from sportsplat.infra.backend import open_environment
from sportsplat.jobs import environment
from sportsplat.jobs.environment import DatabaseStatus, DownResult
from sportsplat.jobs.serving import ensure_api_login
from sportsplat.progress import Progress

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings


def up(
    settings: Settings,
    *,
    reload: bool = False,
    reinit: bool = False,
    reset_password: bool = False,
    progress: Progress | None = None,
) -> DatabaseStatus:
    """Make the database and the API run; the API is among the services.

    reload: serve the code of the checkout that this runs from, and every change of it. The image comes first,
    so that a build that fails leaves nothing half up. Raises UsageError (`STACK_NEEDS_DOCKER`), what
    `environment.up` raises, and what `ApiLaunch` raises.
    """
    from sportsplat.infra.api.container import api_spec, refuse_public, refuse_unreadable
    from sportsplat.infra.api.image import checkout
    from sportsplat.infra.api.launch import ApiLaunch
    from sportsplat.infra.errors import no_checkout

    actions: Sequence[str] = []
    if reinit:  # first: the API is to go where the database goes
        refuse_public(settings)
        options = {"reinit": True, "reset_password": reset_password}
        actions = environment.up(settings, **options, progress=progress).actions
        reset_password = False
    _require_docker(settings)
    refuse_public(settings)
    root = checkout()
    if reload and root is None:
        raise no_checkout("--reload serves the code of a checkout")
    spec = api_spec(settings)
    refuse_unreadable(spec, root if reload else None)
    api = ApiLaunch(spec)
    image = api.image(root, progress, any_code=reload)
    data = environment.up(settings, reset_password=reset_password, progress=progress)
    login = ensure_api_login(settings)
    api.actions = [*actions, *api.actions, *data.actions]
    api.actions += [f"created the login role {login.user}"] if login.created else []
    api.ensure(image, root if reload else None, settings.infra.timeout_s)
    api.tidy(root, image)
    others = [service for service in data.services if service["name"] != "api"]
    return replace(data, actions=api.actions, services=[*others, *environment.api_services(settings)])


def down(settings: Settings, *, volumes: bool = False) -> DownResult:
    """Stop both; with `volumes` delete the data too. Raises UsageError (`STACK_NEEDS_DOCKER`)."""
    _require_docker(settings)
    return environment.down(settings, volumes=volumes)


def logs(settings: Settings, *, lines: int, follow: bool = False, service: str = "postgres") -> Iterator[str]:
    """Yield lines of the log of `postgres` or `api`.

    Raises UsageError for a service that there is not, and for the API's outside Docker
    (`STACK_NEEDS_DOCKER`).
    """
    if service == "postgres":
        return environment.logs(settings, lines=lines, follow=follow)
    if service != "api":
        raise UsageError(
            f"there is no service {service!r}",
            cause="services: postgres, and api in Docker",
            fix="sportsplat logs postgres",
        )
    from sportsplat.infra.api import container as api_container
    from sportsplat.infra.api.container import api_spec

    _require_docker(settings)
    return api_container.logs(api_spec(settings), lines, follow)


def _require_docker(settings: Settings) -> None:
    """Raise UsageError where there are no containers; where only the engine is missing, say that."""
    backend = open_environment(settings).backend
    if backend == "docker":
        return
    from sportsplat.infra.errors import stack_needs_docker
    from sportsplat.infra.state_folder import StateFolder

    undecided = settings.infra.backend == "auto" and settings.infra.database_url is None
    if undecided and StateFolder(settings.state_dir).read().get("backend") is None:
        from sportsplat.infra.docker.find import find_engine

        find_engine()
    raise stack_needs_docker(backend)
