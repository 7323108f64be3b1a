"""A secret in a file of its own: readable for containers, in a folder that bars everyone else."""

from __future__ import annotations

import os
from pathlib import Path


def write_secret_file(path: Path, secret: str) -> None:
    """Write the secret; its folder becomes private (0700), the file readable for whom it is mounted.

    An existing file is rewritten in its place: a container sees the file that was there when it started.
    Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    content = secret.encode()
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
