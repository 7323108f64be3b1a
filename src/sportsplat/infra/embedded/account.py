"""As which user of the operating system the embedded server runs: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportsplat.errors import EnvironmentUnavailable

# Linux capability bits (capability.h). The first suffices; containers often drop it and keep the second.
_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}
_UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    """The user that owns the data and runs the server, and how to become it."""

    uid: int
    gid: int
    name: str
    capability: str | None = None

    @property
    def is_ourselves(self) -> bool:
        """Whether this process already runs as that user."""
        return self.uid == os.geteuid()

    def chown(self, path: Path) -> None:
        """Make `path` (not what is in it) belong to this user."""
        if not self.is_ourselves:
            os.chown(path, self.uid, self.gid)

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a PostgreSQL program as this user, from `/`, with nothing of our environment."""
        prefix, identity = self._switch()
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.run(
            [*prefix, *command], cwd="/", env=environment, text=True, check=False, **identity, **options
        )

    def _switch(self) -> tuple[list[str], dict[str, Any]]:
        """Return what to put before a command, and what to tell `subprocess`, to become this user."""
        if self.is_ourselves:
            return [], {}
        if self.capability is None:
            return [], {"user": self.uid, "group": self.gid, "extra_groups": []}
        setpriv = shutil.which("setpriv", path="/usr/bin:/bin")
        assert setpriv is not None, "checked when the account was chosen"  # noqa: S101
        identity = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        # Without the bit, access(2), with which initdb looks for postgres, does not count capabilities.
        keep = "--securebits=+no_setuid_fixup"
        grant = [f"--inh-caps=+{self.capability}", f"--ambient-caps=+{self.capability}", keep]
        return [setpriv, *identity, *grant, "--"], {}


def server_account(data_dir: Path, needs: Iterable[Path]) -> Account:
    """Return the user to run the server as: ourselves, or when we are root the data's owner, else `nobody`.

    `needs` are folders that the server must enter. Where a parent (such as a home folder of mode 700) bars
    the way, the server is given the single capability to pass it. Raises EnvironmentUnavailable
    (`FOLDER_NOT_REACHABLE`).
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()))
    entry = _owner(data_dir) or pwd.getpwnam(_UNPRIVILEGED)
    barred = next((path for path in needs if _barrier(path, entry) is not None), None)
    capability = None if barred is None else _capability(_barrier(barred, entry), entry.pw_name)
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, capability)


def _owner(path: Path) -> pwd.struct_passwd | None:
    """Return the account that owns `path`, unless it is absent or root's."""
    try:
        uid = path.stat().st_uid
        return pwd.getpwuid(uid) if uid != 0 else None
    except (FileNotFoundError, KeyError):
        return None


def _barrier(path: Path, entry: pwd.struct_passwd) -> Path | None:
    """Return the topmost existing folder on the way to `path` that the account may not enter."""
    for folder in reversed([path.resolve(), *path.resolve().parents]):
        try:
            info = folder.stat()
        except FileNotFoundError:
            continue
        shift = 6 if info.st_uid == entry.pw_uid else 3 if info.st_gid == entry.pw_gid else 0
        if folder.is_dir() and not info.st_mode >> shift & 1:
            return folder
    return None


def _capability(barrier: Path | None, account: str) -> str:
    """Return the capability to hand to the server so that it can pass `barrier`."""
    if shutil.which("setpriv", path="/usr/bin:/bin") is not None:
        ours = _permitted_capabilities()
        for name, bit in _CAPABILITIES.items():
            if ours >> bit & 1:
                return name
    raise EnvironmentUnavailable(
        f"the database server cannot enter {barrier}",
        cause=f"PostgreSQL does not run as root, and the account {account!r} may not pass that folder",
        fix=f"chmod o+x {barrier}, or work in a folder that everyone may enter, or run as a normal user",
        code="FOLDER_NOT_REACHABLE",
    )


def _permitted_capabilities() -> int:
    """Return the capability bits that this process holds and may pass on (0 where the system has none)."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    masks = {
        key: int(value, 16) for key, _, value in (line.partition(":\t") for line in lines) if key[:3] == "Cap"
    }
    return masks.get("CapPrm", 0) & masks.get("CapBnd", 0)
