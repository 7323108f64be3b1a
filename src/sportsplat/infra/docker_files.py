"""What the containers of a project read from this machine: the secrets and the scripts of a new database."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sportsplat.infra.docker_spec import DockerSpec
from sportsplat.infra.postgres_service import SECRET
from sportsplat.settings import asset_dir


def write_files(spec: DockerSpec, password: str) -> None:
    """Write the secret and the scripts where they are missing or differ. Raises OSError."""
    write_secret(spec, password)
    _copy_scripts(asset_dir("compose") / "postgres" / "init", spec.init_dir)


def write_secret(spec: DockerSpec, password: str) -> None:
    """Write the password for the containers: its folder bars everyone else of this machine from it.

    An existing file is rewritten in its place: a container sees the file that was there when it started.
    """
    spec.secrets_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    spec.secrets_dir.chmod(0o700)
    path = spec.secrets_dir / SECRET
    content = password.encode()
    if path.is_file() and path.read_bytes() == content:
        return
    if path.exists():
        path.chmod(0o644)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    with os.fdopen(fd, "wb") as handle:
        handle.write(content)
        handle.truncate()
        handle.flush()
        os.fsync(handle.fileno())
    path.chmod(0o444)


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
