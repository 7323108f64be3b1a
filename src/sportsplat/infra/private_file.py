"""Files that other users of this machine must not read: replaced in one step, or secrets for containers."""

from __future__ import annotations

import glob
import os
from pathlib import Path

_PARTIAL = ".partial"


def replace_file(path: Path, text: str) -> None:
    """Replace the file at `path` by a private (0600) one with `text`, in one step and flushed to the disk.

    What a killed process left of its new content is removed by the next.
    """
    target = path.resolve()
    for left in target.parent.glob(f"{glob.escape(target.name)}.*{_PARTIAL}"):
        _remove_if_left(left)
    partial = target.with_name(f"{target.name}.{os.getpid()}{_PARTIAL}")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8", newline="") as handle:
            _give_to_owner(fd, target)
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _give_to_owner(fd: int, target: Path) -> None:
    """Let a file that root writes anew stay with its owner, who could not read it otherwise."""
    if os.geteuid() == 0 and target.exists():
        was = target.stat()
        os.fchown(fd, was.st_uid, was.st_gid)


def _remove_if_left(partial: Path) -> None:
    """Remove the file of a process that is no more, which may hold a secret."""
    from sportsplat.infra.processes import is_alive

    number = partial.name.removesuffix(_PARTIAL).rpartition(".")[2]
    if number.isdecimal() and (int(number) == os.getpid() or not is_alive(int(number))):
        partial.unlink(missing_ok=True)


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
