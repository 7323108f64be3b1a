"""Which backend a project uses, and the refusal to leave silently the one that holds its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sportsplat.errors import DataConflict
from sportsplat.infra.environment import Backend, Environment
from sportsplat.infra.state_folder import StateFolder

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings


def open_environment(settings: Settings) -> Environment:
    """Return the environment that the settings and this project's memory name.

    Raises DataConflict (`BACKEND_WOULD_CHANGE`) when `auto` would leave the backend that holds the
    project's data, ConfigError for settings that no backend can serve.
    """
    chosen = chosen_backend(settings)
    if chosen == "external":
        from sportsplat.infra.external import external_environment

        return external_environment(settings)
    if chosen == "docker":
        from sportsplat.infra.docker.environment import docker_environment

        return docker_environment(settings)
    from sportsplat.infra.embedded.environment import embedded_environment

    return embedded_environment(settings)


def chosen_backend(settings: Settings) -> Backend:
    """Return the backend to use: the one that the settings name, else (`auto`) the one that fits.

    `auto` takes a server named by DATABASE_URL, else the backend that holds this project's data, else, for
    a new project, Docker where an engine answers and the embedded server where none does. A project whose
    data is in Docker stays there when the engine is gone: its environment then raises `NO_ENGINE`.
    Raises DataConflict (`BACKEND_WOULD_CHANGE`).
    """
    if settings.infra.backend != "auto":
        return settings.infra.backend
    holder = holds_data(settings)
    if settings.infra.database_url is not None:
        fitting: Backend = "external"
    elif holder in ("docker", "embedded"):
        return holder
    else:
        from sportsplat.infra.docker.find import search

        fitting = "docker" if search()[0] is not None else "embedded"
    if holder is not None and holder != fitting:
        raise _would_change(holder, fitting)
    return fitting


def holds_data(settings: Settings) -> Backend | None:
    """Return the backend that this project used last; None for a new project.

    A data directory tells of the embedded server where the memory was lost or not yet written.
    """
    state = StateFolder(settings.state_dir)
    remembered = state.read().get("backend")
    if remembered in ("docker", "embedded", "external"):
        known: Backend = remembered
        return known
    return "embedded" if state.data_dirs() else None


def _would_change(holder: Backend, fitting: Backend) -> DataConflict:
    cause = "DATABASE_URL is set now" if fitting == "external" else "DATABASE_URL is no longer set"
    stay = f"SPORTSPLAT_INFRA__BACKEND={holder} (or infra.backend in config/settings.yaml)"
    along = f"sportsplat db move {fitting}"
    if holder == "external":  # only DATABASE_URL says where that was
        stay, along = "set DATABASE_URL again", f"set it again and run sportsplat db move {fitting}"
    return DataConflict(
        f"this project's data is in the {holder} backend, but the settings now select the {fitting} one",
        cause=f"{cause}; the project used the {holder} backend before",
        fix=f"keep it: {stay}; move the data: {along}; start with an empty database: sportsplat up "
        f"--backend {fitting}",
        code="BACKEND_WOULD_CHANGE",
    )
