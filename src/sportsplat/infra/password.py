"""The owner's password: from the settings, else from `.env`, where the first `up` writes one."""

from __future__ import annotations

import os
from pathlib import Path

from sportsplat.infra import dotenv

PASSWORD_KEY = "POSTGRES_PASSWORD"  # noqa: S105 (the name of a variable)
_VARIABLES = tuple(
    name + suffix for name in (PASSWORD_KEY, "SPORTSPLAT_INFRA__PASSWORD") for suffix in ("", "_FILE")
)


class HoldsPassword:
    """What has `env_file`, and `configured_password` (None: the one in `env_file`, if there is one)."""

    env_file: Path
    configured_password: str | None

    def password(self) -> str | None:
        """Return the configured password, else the one that `up` wrote into `.env`, else None."""
        return self.configured_password or dotenv.read_value(self.env_file, PASSWORD_KEY)

    def make_password(self) -> str:
        """Generate a password into `.env` and return it."""
        password = new_password()
        self.write_password(password)
        return password

    def write_password(self, password: str) -> None:
        """Write the password into `.env`."""
        dotenv.write_value(self.env_file, PASSWORD_KEY, password)

    def password_is_ours(self) -> bool:
        """Whether the password is that of `.env`, or there is none: then it may be written there anew."""
        if any(os.environ.get(name) for name in _VARIABLES):
            return False
        return self.configured_password in (None, dotenv.read_value(self.env_file, PASSWORD_KEY))

    def password_origin(self) -> str:
        """Say where the password comes from."""
        written = dotenv.read_value(self.env_file, PASSWORD_KEY)
        return str(self.env_file) if written == self.password() else f"the environment ({PASSWORD_KEY})"


def new_password() -> str:
    """Return a random password of 192 bits that needs no quoting anywhere."""
    import secrets

    return secrets.token_urlsafe(24)
