"""What a database in Docker is to be, how its things are called, and where its files lie."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sportsplat.errors import DataConflict, InvalidSetting
from sportsplat.infra import errors
from sportsplat.infra.docker.service import SECRET, Service, postgres_service
from sportsplat.infra.environment import LOOPBACK
from sportsplat.infra.identity import refuse_other_project
from sportsplat.infra.passwords import WithPassword
from sportsplat.infra.private_file import write_secret_file
from sportsplat.infra.state_folder import StateFolder, project_name
from sportsplat.paths import asset_dir

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings

_FILES_BYTES = 1_000_000


@dataclass(frozen=True)
class DockerSpec(WithPassword):
    """The wanted database. `configured_password` None: the one in `env_file`, made when there is none."""

    project: str
    state_dir: Path
    env_file: Path
    image: str = "postgres:16-alpine"
    user: str = "sportsplat"
    database: str = "sportsplat"
    configured_password: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int | Literal["auto"] = "auto"
    memory: str = "1g"
    cpus: float = 2.0
    major: str = "16"

    @property
    def state(self) -> StateFolder:
        """The project's state folder."""
        return StateFolder(self.state_dir)

    @property
    def container(self) -> str:
        """The container's name."""
        return f"{self.project}-postgres"

    @property
    def network(self) -> str:
        """The name of the private network."""
        return self.project

    def volume(self, generation: int = 1) -> str:
        """Return the name of the data volume; `--reinit` begins a new generation."""
        name = f"{self.project}-postgres-data"
        return name if generation == 1 else f"{name}-{generation}"

    def service(self, volume: str, port: int) -> Service:
        """Describe the database with its data in `volume`, published on `port`."""
        return postgres_service(
            image=self.image,
            user=self.user,
            database=self.database,
            host_port=str(port),
            memory=self.memory,
            cpus=str(self.cpus),
            volume=volume,
            init_dir=str(self.init_dir),
            secret_file=str(self.secrets_dir / SECRET),
            address=self.host,
        )

    def writing(self) -> AbstractContextManager[None]:
        """Turn an OSError of the block into the error for it (`DISK_FULL`, `STATE_NOT_WRITABLE`)."""
        return errors.writing(self.state_dir, self.env_file, _FILES_BYTES, "what the containers read")

    def wrong_password(self, volume: str) -> DataConflict:
        """Return the error for data that was made with another password."""
        reset = "sportsplat db rotate-password"
        return errors.wrong_password(f"the volume {volume}", self.user, self.password_origin(), reset)

    @property
    def files(self) -> Path:
        """The folder of what the containers get to read."""
        return self.state.containers

    @property
    def init_dir(self) -> Path:
        """The scripts that a new database runs once."""
        return self.files / "init"

    @property
    def secrets_dir(self) -> Path:
        """The folder that bars everyone else of this machine from the secrets in it."""
        return self.state.secrets


def docker_spec(settings: Settings) -> DockerSpec:
    """Return the database in Docker of these settings; raises InvalidSetting for what it cannot be.

    Raises what `identity.refuse_other_project` raises when they mean another one than this folder's.
    """
    infra = settings.infra
    if infra.host not in LOOPBACK:
        raise InvalidSetting(
            f"infra.host is {infra.host}, and the database in Docker is published on this machine only",
            cause="infra.backend is docker, or auto with an engine that answers",
            fix="leave infra.host at 127.0.0.1, or set infra.backend: external",
        )
    if infra.user.startswith("pg_"):
        raise InvalidSetting(
            f"infra.user is {infra.user!r}, and pg_ is PostgreSQL's own prefix",
            fix="choose another infra.user",
        )
    refuse_other_project(settings)
    return DockerSpec(
        project=project_name(settings),
        state_dir=settings.state_dir.resolve(),
        env_file=settings.project_dir.resolve() / ".env",
        image=infra.image,
        user=infra.user,
        database=infra.database,
        configured_password=infra.password.get_secret_value() if infra.password is not None else None,
        host="127.0.0.1" if infra.host == "localhost" else infra.host,
        port=infra.port,
        memory=infra.memory,
        cpus=infra.cpus,
        major=infra.postgres_version,
    )


def write_files(spec: DockerSpec, password: str) -> None:
    """Write the secret and the scripts where they are missing or differ. Raises OSError."""
    write_secret(spec, password)
    _copy_scripts(asset_dir("compose") / "postgres" / "init", spec.init_dir)


def write_secret(spec: DockerSpec, password: str) -> None:
    """Write the password for the containers: its folder bars everyone else of this machine from it."""
    write_secret_file(spec.secrets_dir / SECRET, password)


def remove_files(spec: DockerSpec) -> None:
    """Remove all that was written for the containers."""
    shutil.rmtree(spec.files, ignore_errors=True)


def _copy_scripts(source: Path, target: Path) -> None:
    """Make `target` hold the files of `source` and nothing else, each readable for the container's user."""
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o755)
    wanted = {path.name: path.read_bytes() for path in sorted(source.iterdir()) if path.is_file()}
    for path in target.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        path = target / name
        if not path.is_file() or path.read_bytes() != content:
            partial = target / f".{name}.partial"
            partial.write_bytes(content)
            partial.chmod(0o644)
            partial.replace(path)
