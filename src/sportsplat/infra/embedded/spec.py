"""What an embedded server is to be, and where it keeps its things."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sportsplat.errors import DataConflict, EnvironmentUnavailable, InvalidSetting
from sportsplat.infra import errors
from sportsplat.infra.embedded.account import Account
from sportsplat.infra.embedded.template import default_folder
from sportsplat.infra.environment import LOOPBACK
from sportsplat.infra.passwords import WithPassword
from sportsplat.infra.programs import MAJOR
from sportsplat.infra.state_folder import StateFolder
from sportsplat.paths import asset_dir

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings


_TEMPORARY = "sportsplat-"
_LONGEST = 107 - len("/.s.PGSQL.65535")
"""Bytes that a socket's folder may have: the kernel allows 107 for the whole address."""


def socket_dir(state_dir: Path) -> Path:
    """Return the folder for the socket: in the project's state, or in a temporary one.

    That is for a path that is too long, or that holds what PostgreSQL takes for the end of a name in a list.
    """
    inside = StateFolder(state_dir).socket_dir
    if _fits(inside):
        return inside
    import hashlib
    import tempfile

    name = _TEMPORARY + hashlib.sha256(str(state_dir).encode()).hexdigest()[:16]
    usual = Path(tempfile.gettempdir()) / name
    return usual if _fits(usual) else Path("/tmp") / name  # noqa: S108 (private, and looked at by `prepare`)


def _fits(folder: Path) -> bool:
    return len(str(folder).encode()) <= _LONGEST and not set(str(folder)) & set(',"')


def prepare(folder: Path, account: Account) -> None:
    """Make the folder, private to the server's account.

    Raises EnvironmentUnavailable (`SOCKET_DIR_NOT_OURS`) when someone else made it first: the temporary
    folder is open to everyone.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = folder.lstat()
    if folder.is_symlink() or info.st_uid not in (account.uid, os.geteuid()):
        raise EnvironmentUnavailable(
            f"the folder for the server's socket belongs to someone else: {folder}",
            cause=f"it is owned by user {info.st_uid}",
            fix=f"remove {folder}, or set TMPDIR to a folder of your own, and run `sportsplat up` again",
            code="SOCKET_DIR_NOT_OURS",
        )
    folder.chmod(0o700)
    account.chown(folder)


def clear_former(folder: Path) -> None:
    """Remove the folder of a server whose project was moved since: ours by its name, and empty by now."""
    if folder.name.startswith(_TEMPORARY):
        with suppress(OSError):
            folder.rmdir()


def clear(folder: Path) -> None:
    """Remove the folder with whatever a killed server left in it."""
    if not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


_NOT_IN_A_USER = set("\"$'\\")


@dataclass(frozen=True)
class EmbeddedSpec(WithPassword):
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

    def incomplete(self, why: str) -> DataConflict:
        """Return the error for data that was never finished, or that is not ours."""
        kept = "moves it aside and starts over; nothing is deleted"
        return errors.incomplete(str(self.data_dir), f"it has no completion marker, and {why}", kept)

    @property
    def state(self) -> StateFolder:
        """The project's state folder."""
        return StateFolder(self.state_dir)

    @property
    def data_dir(self) -> Path:
        """The data directory; its name carries the major version, so that two can stand side by side."""
        return self.state.data_dir(MAJOR)

    @property
    def log(self) -> Path:
        """The file with the server's log."""
        return self.state.server_log

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
