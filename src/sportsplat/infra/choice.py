"""Which backend a project uses, and the refusal to leave silently the one that holds its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sportsplat.errors import DataConflict, UsageError
from sportsplat.infra import memory
from sportsplat.infra.environment import Backend

if TYPE_CHECKING:
    from sportsplat.settings import Settings


def chosen_backend(settings: Settings) -> Backend:
    """Return the backend to use: the one that the settings name, else (`auto`) the one that fits.

    `auto` takes a server named by DATABASE_URL, else the embedded one. (Docker's turn, between the two,
    comes with its backend.) Raises DataConflict (`BACKEND_WOULD_CHANGE`), UsageError (`BACKEND_UNKNOWN`).
    """
    wanted = settings.infra.backend
    if wanted == "docker":
        raise UsageError(
            "the Docker backend is not part of this version",
            cause="infra.backend is docker",
            fix="sportsplat up --backend embedded",
            code="BACKEND_UNKNOWN",
        )
    if wanted != "auto":
        return wanted
    fitting: Backend = "external" if settings.infra.database_url is not None else "embedded"
    remembered = memory.recall(settings.state_dir).get("backend")
    if remembered is not None and remembered != fitting:
        raise _would_change(remembered, fitting)
    return fitting


def _would_change(remembered: str, fitting: Backend) -> DataConflict:
    cause = "DATABASE_URL is set now" if fitting == "external" else "DATABASE_URL is no longer set"
    return DataConflict(
        f"this project's data is in the {remembered} backend, and the settings now mean the {fitting} one",
        cause=f"{cause}; the project used the {remembered} backend before",
        fix=f"stay: SPORTSPLAT_INFRA__BACKEND={remembered} (or infra.backend in config/settings.yaml); "
        f"change on purpose: sportsplat up --backend {fitting}",
        code="BACKEND_WOULD_CHANGE",
    )
