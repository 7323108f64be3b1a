"""Passwords: made, read from the settings or the project's `.env`, and written into `.env`."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sportsplat.errors import ConfigError
from sportsplat.infra.env_values import read_value, write_value

PASSWORD_CHARACTERS = 32
"""Length of every password that sportsplat makes; each character has 6 random bits."""

PASSWORD_KEY = "POSTGRES_PASSWORD"  # noqa: S105 (the name of a variable)
_OWN_KEY = "SPORTSPLAT_INFRA__PASSWORD"  # which the settings prefer
_NAMES = (PASSWORD_KEY, _OWN_KEY)
_VARIABLES = tuple(name + suffix for name in _NAMES for suffix in ("", "_FILE"))


class WithPassword:
    """The password of a database; `configured_password` None: the one in `env_file`, if there is one."""

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
    """Return a random password that needs no quoting anywhere: letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(PASSWORD_CHARACTERS)[:PASSWORD_CHARACTERS]
