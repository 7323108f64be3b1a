"""The project's `.env`: where generated secrets are kept, among the user's own lines."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from sportsplat.config import env_file
from sportsplat.errors import ConfigError

_PARTIAL = ".partial"


def read_value(path: Path, *names: str) -> str | None:
    """Return the value of a variable in the file at `path`, as the settings read it; None when there is none.

    names: in any case; a later one is preferred, as are later lines. Raises ConfigError (`UNREADABLE`).
    """
    assigned = env_file.read(path)
    found = [
        assignment.value
        for name in names
        for assignment in assigned
        if _is(assignment, name) and assignment.value
    ]
    return found[-1] if found else None


def write_value(path: Path, name: str, value: str, *, instead_of: tuple[str, ...] = ()) -> None:
    """Set a variable in the file at `path`, keeping every other line; it becomes (0600) private to its owner.

    `value` must need no quoting (letters, digits, `-`, `_`). instead_of: other names that give the same
    setting, whose lines go. The new content replaces the old in one step, so that a process killed half-way
    leaves one or the other, never a part. Raises ConfigError (`UNREADABLE`).
    """
    lines = env_file.read(path)
    kept = [_kept(line, (name, *instead_of)) for line in lines]
    text = "".join(kept) if path.exists() else "# Secrets of this project. Never commit this file.\n"
    end = "\r\n" if text.endswith("\r\n") else "\n"
    between = "" if not text or text.endswith("\n") else end
    replace_file(path, f"{text}{between}{name}={value}{end}")


def _is(assignment: env_file.Assignment, name: str) -> bool:
    # As in the settings: names of our own in any case, those that others know exactly.
    found = assignment.name or ""
    return found == name or (name.startswith("SPORTSPLAT_") and found.upper() == name)


def _kept(line: env_file.Assignment, names: tuple[str, ...]) -> str:
    """Return the text of a line, or of one that goes the blank lines before it."""
    if not any(_is(line, name) for name in names):
        return line.text
    return line.text[: len(line.text) - len(line.text.lstrip())]


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


PASSWORD_KEY = "POSTGRES_PASSWORD"  # noqa: S105 (the name of a variable)
_OWN_KEY = "SPORTSPLAT_INFRA__PASSWORD"  # which the settings prefer
_NAMES = (PASSWORD_KEY, _OWN_KEY)
_VARIABLES = tuple(name + suffix for name in _NAMES for suffix in ("", "_FILE"))


class HoldsPassword:
    """What has `env_file`, and `configured_password` (None: the one in `env_file`, if there is one)."""

    env_file: Path
    configured_password: str | None

    def password(self) -> str | None:
        """Return the configured password, else the one that `up` wrote into `.env`, else None."""
        return self.configured_password or self._written()

    def make_password(self) -> str:
        """Generate a password into `.env` and return it."""
        password = new_password()
        self.write_password(password)
        return password

    def write_password(self, password: str) -> None:
        """Write the password into `.env`, in the place of whichever line gave it."""
        write_value(self.env_file, PASSWORD_KEY, password, instead_of=(_OWN_KEY,))

    def password_is_ours(self) -> bool:
        """Whether the password is that of `.env`, or there is none: then it may be written there anew."""
        return self._elsewhere() is None and self.configured_password in (None, self._written())

    def password_origin(self) -> str:
        """Say where the password comes from."""
        if self._elsewhere() is None and self._written() == self.password():
            return str(self.env_file)
        return f"the environment ({self._elsewhere() or PASSWORD_KEY})"

    def not_rotated(self) -> ConfigError:
        """Return the error when the data already has a password that is given where we write nothing."""
        return ConfigError(
            "nothing was rotated: the database already has the password that it is given",
            cause=f"the password comes from {self.password_origin()}, where sportsplat writes nothing",
            fix="put a new one there, then: sportsplat db rotate-password; or remove it, for one in .env",
            code="PASSWORD_NOT_OURS",
        )

    def _written(self) -> str | None:
        return read_value(self.env_file, *_NAMES)

    def _elsewhere(self) -> str | None:
        """Return the variable that gives the password in the environment, or names its file in `.env`."""
        for name in reversed(_VARIABLES):
            if os.environ.get(name):
                return name
            if name.endswith("_FILE") and read_value(self.env_file, name):
                return f"{name} in {self.env_file}"
        return None


def new_password() -> str:
    """Return a random password of 192 bits that needs no quoting anywhere."""
    import secrets

    return secrets.token_urlsafe(24)
