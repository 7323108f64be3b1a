"""What the API in Docker is to be: which database, which port, whose leagues, which image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sportsplat.errors import InvalidSetting
from sportsplat.infra import stack
from sportsplat.infra.docker_spec import DockerSpec, docker_spec
from sportsplat.infra.environment import LOOPBACK
from sportsplat.infra.postgres_service import SECRET

if TYPE_CHECKING:
    from sportsplat.infra.service import Service
    from sportsplat.settings import Settings


@dataclass(frozen=True)
class ApiSpec:
    """The wanted API. `image` None: built from this checkout. `config_dir` None: the image's own."""

    database: DockerSpec
    host: str
    port: int
    image: str | None
    config_dir: Path | None

    @property
    def container(self) -> str:
        """The container's name."""
        return f"{self.database.project}-{stack.NAME}"

    def url(self, port: int) -> str:
        """Return where it answers on a port of this machine."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"

    def service(self, image: str, checkout: Path | None) -> Service:
        """Describe the API from an image; with `checkout`, from the code there."""
        return stack.api_service(
            image=image,
            user=quote(self.database.user, safe=""),
            database=quote(self.database.database, safe=""),
            host_port=str(self.port),
            secret_file=str(self.database.secrets_dir / SECRET),
            config_dir=None if self.config_dir is None else str(self.config_dir),
            checkout=None if checkout is None else str(checkout),
            address=self.host,
        )


def api_spec(settings: Settings) -> ApiSpec:
    """Return the API of these settings. Whatever api.host says, in Docker it is published on loopback."""
    host = settings.api.host if settings.api.host in LOOPBACK - {"localhost"} else "127.0.0.1"
    config = settings.project_dir.resolve() / "config"
    return ApiSpec(
        database=docker_spec(settings),
        host=host,
        port=settings.api.port,
        image=settings.infra.api_image,
        config_dir=config if config.is_dir() else None,
    )


def refuse_public(settings: Settings) -> None:
    """Raise InvalidSetting where the settings want an API that other machines reach."""
    if settings.api.host not in LOOPBACK:
        raise InvalidSetting(
            f"api.host is {settings.api.host}, and the API in Docker is published on this machine only",
            cause="`up --stack` publishes no port to other machines",
            fix="leave api.host at 127.0.0.1 and put a reverse proxy in front of it",
        )
