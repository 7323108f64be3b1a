"""As whom the API logs in: a role that owns nothing, with a password of its own.

The password is `api.password` of the settings, else one that is generated into a file of the project's state.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.lock import exclusive
from sportsplat.infra.passwords import new_password
from sportsplat.infra.private_file import write_secret_file
from sportsplat.infra.state_folder import StateFolder
from sportsplat.redact import remember

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings

API_USER = "sportsplat_api"
API_SECRET = "api_password"  # noqa: S105 (the name of a file)
_LOCK_S = 10.0


def secret_path(state_dir: Path) -> Path:
    """Return where the password lies for the containers and for `serve`."""
    return StateFolder(state_dir).api / API_SECRET


def configured_password(settings: Settings) -> str | None:
    """Return `api.password`; None where it is not set."""
    configured = settings.api.password
    return configured.get_secret_value() if configured is not None else None


def provide_password(settings: Settings) -> str:
    """Return the password of the API's login; its file holds it afterwards, generated when there is none.

    Raises EnvironmentUnavailable (`NOT_WRITABLE`), ResourceConflict (`LOCK_HELD`).
    """
    path = secret_path(settings.state_dir.resolve())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive(path.parent / "lock", _LOCK_S):
            written = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
            password = configured_password(settings) or written or new_password()
            write_secret_file(path, password)
    except OSError as error:
        raise EnvironmentUnavailable(
            "the password of the API's login cannot be kept",
            cause=f"{path}: {error.strerror or error}",
            fix=f"make {path.parent} yours to read and write, or set SPORTSPLAT_API__PASSWORD_FILE",
            code="NOT_WRITABLE",
        ) from error
    remember(password)
    return password
