"""What an embedded server is to be, and where it keeps its things."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sportsplat.errors import InvalidSetting
from sportsplat.infra.binaries import MAJOR
from sportsplat.infra.environment import LOOPBACK
from sportsplat.infra.password import HoldsPassword
from sportsplat.infra.sockets import socket_dir
from sportsplat.infra.template import default_folder
from sportsplat.settings import asset_dir

if TYPE_CHECKING:
    from sportsplat.settings import Settings

_NOT_IN_A_USER = set("\"$'\\")


@dataclass(frozen=True)
class EmbeddedSpec(HoldsPassword):
    """The wanted server. `configured_password` None: the one in `env_file`, made there when there is none."""

    state_dir: Path
    env_file: Path
    user: str = "sportsplat"
    database: str = "sportsplat"
    configured_password: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int | Literal["auto"] = "auto"
    tuning: Mapping[str, str] = field(default_factory=dict)
    schema: Path | None = None
    """A script for a new database; None leaves it empty."""
    templates: Path | None = None
    """The folder that keeps a new database for the next project; None keeps none."""

    @property
    def data_dir(self) -> Path:
        """The data directory; its name carries the major version, so that two can stand side by side."""
        return self.state_dir / f"pgdata-{MAJOR}"

    @property
    def log(self) -> Path:
        """The file with the server's log."""
        return self.state_dir / "log" / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        """The private folder of the server's socket."""
        return socket_dir(self.state_dir)

    @property
    def durable(self) -> bool:
        """Whether the data must survive a loss of power."""
        return self.tuning.get("fsync") != "off"


def embedded_spec(settings: Settings) -> EmbeddedSpec:
    """Return the embedded server of these settings; raises InvalidSetting for what it cannot be."""
    infra = settings.infra
    if infra.host not in LOOPBACK:
        raise InvalidSetting(
            f"infra.host is {infra.host}, and the embedded server listens on this machine only",
            cause="infra.backend is embedded, or auto without DATABASE_URL",
            fix="leave infra.host at 127.0.0.1, or set infra.backend: external",
        )
    if infra.postgres_version != MAJOR:
        raise InvalidSetting(
            f"infra.postgres_version is {infra.postgres_version}, and the embedded server is {MAJOR}",
            fix=f'set infra.postgres_version: "{MAJOR}"',
        )
    if infra.user.startswith("pg_") or set(infra.user) & _NOT_IN_A_USER:
        raise InvalidSetting(
            f"infra.user is {infra.user!r}, which the embedded server cannot have as its owner",
            cause="PostgreSQL allows no quote, dollar or backslash there, and pg_ is its own prefix",
            fix="choose another infra.user",
        )
    script = asset_dir("compose") / "postgres" / "init" / "10-sportsplat.sql"
    return EmbeddedSpec(
        state_dir=settings.state_dir.resolve(),
        env_file=settings.project_dir.resolve() / ".env",
        user=infra.user,
        database=infra.database,
        configured_password=infra.password.get_secret_value() if infra.password is not None else None,
        host=infra.host,
        port=infra.port,
        schema=script if script.is_file() else None,
        templates=_templates(settings),
    )


def _templates(settings: Settings) -> Path | None:
    named = settings.infra.template_dir
    return default_folder(os.environ) if named is None else settings.project_dir / named.expanduser()
