"""The state folder of a project (`.sportsplat/`): what lies where, its lock, and what commands remember."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat.infra.lock import HeldLock, exclusive
from sportsplat.infra.private_file import replace_file

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings

_DATA = "pgdata-"
_OF_THE_BACKEND = {"backend", "port"}
_withheld: dict[Path, dict[str, Any]] = {}
"""For each state folder inside `backend_kept`: what was to be written about its backend meanwhile."""


@dataclass(frozen=True)
class StateFolder:
    """The state folder of a project: where each thing in it lies, its lock, and the facts in `state.json`."""

    path: Path

    @property
    def facts_file(self) -> Path:
        """The file with what a command remembers for the next one: the backend, its port, its cluster."""
        return self.path / "state.json"

    @property
    def lock_file(self) -> Path:
        """The lock of commands that change the environment."""
        return self.path / "lock"

    @property
    def build_lock_file(self) -> Path:
        """The lock of commands that build the API's image."""
        return self.path / "build.lock"

    @property
    def sync_lock_file(self) -> Path:
        """The lock of `sportsplat sync`."""
        return self.path / "sync.lock"

    @property
    def password_changes_file(self) -> Path:
        """Exists while `.env` may have a new password that the embedded data does not have yet."""
        return self.path / "password-changes"

    @property
    def containers(self) -> Path:
        """The folder of what the containers get to read."""
        return self.path / "docker"

    @property
    def secrets(self) -> Path:
        """The folder with the secrets of the containers, closed to other users."""
        return self.containers / "secrets"

    @property
    def api(self) -> Path:
        """The folder with the password of the API's login."""
        return self.path / "api"

    @property
    def server_log(self) -> Path:
        """The log of the embedded server."""
        return self.path / "log" / "postgres.log"

    @property
    def sync_log(self) -> Path:
        """The log of a scheduled `sportsplat sync`."""
        return self.path / "sync.log"

    @property
    def socket_dir(self) -> Path:
        """The folder of the embedded server's socket, where its path is short enough for one."""
        return self.path / "run"

    @property
    def backups(self) -> Path:
        """The folder of backups for which no file was named."""
        return self.path / "backups"

    def data_dir(self, major: str) -> Path:
        """Return the embedded data directory of a major version of PostgreSQL."""
        return self.path / f"{_DATA}{major}"

    def data_dirs(self) -> list[Path]:
        """Return the embedded data directories that are there, and what was set aside of them."""
        return sorted(self.path.glob(f"{_DATA}*"))

    def create(self) -> None:
        """Make the folder where it is missing, and keep it out of version control. Raises OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        ignore = self.path / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")

    def locked(self, timeout_s: float) -> AbstractContextManager[HeldLock]:
        """Hold the project's lock; the folder is made first. Raises ResourceConflict (`LOCK_HELD`)."""
        self.create()
        return exclusive(self.lock_file, timeout_s)

    def read(self) -> dict[str, Any]:
        """Return the facts; those of an absent or unreadable file are none."""
        try:
            facts = json.loads(self.facts_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def update(self, **facts: Any) -> None:
        """Write facts, None to remove one; the file is left alone when nothing changes."""
        withheld = _withheld.get(self.path.resolve())
        if withheld is not None:
            withheld.update({key: facts.pop(key) for key in _OF_THE_BACKEND & facts.keys()})
        before = self.read()
        after = {key: value for key, value in {**before, **facts}.items() if value is not None}
        if after != before:
            self.path.mkdir(parents=True, exist_ok=True)
            replace_file(self.facts_file, json.dumps(after, indent=2) + "\n")

    def clear(self) -> None:
        """Remove all facts."""
        self.facts_file.unlink(missing_ok=True)

    @contextmanager
    def backend_kept(self) -> Iterator[None]:
        """Let nothing in this process change which backend the facts name, but `move_backend`.

        While a project moves, its new backend is up and not yet its own.
        """
        _withheld[self.path.resolve()] = {}
        try:
            yield
        finally:
            _withheld.pop(self.path.resolve(), None)

    def move_backend(self, backend: str) -> None:
        """Write that the project's data is in `backend` from now on, and what was learned of it meanwhile."""
        learned = _withheld.pop(self.path.resolve(), {})
        self.update(**(learned | {"backend": backend}))


_LONGEST_SLUG = 32


def project_name(settings: Settings) -> str:
    """Return the name that the settings give, else the one remembered, else one made from the folder.

    Remembered, it stays when the folder is moved; made from the whole path, two folders of one name differ.
    """
    if settings.infra.project is not None:
        return settings.infra.project
    remembered = StateFolder(settings.state_dir).read().get("project")
    return remembered if isinstance(remembered, str) else name_of(settings.project_dir)


def name_of(folder: Path) -> str:
    """Return a name made from a folder: its own in lower case, and six digits of a hash of its path."""
    slug = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:6]
    return f"{slug or 'sportsplat'}-{digest}"
