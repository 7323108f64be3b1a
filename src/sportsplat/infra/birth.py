"""What a new data directory is made of: `initdb`, the database, its schema; or a copy of one made before."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
from dataclasses import dataclass
from pathlib import Path

from sportsplat.infra import programs, template
from sportsplat.infra.account import Account
from sportsplat.infra.binaries import MAJOR, bin_dir
from sportsplat.infra.programs import quoted_name, quoted_text

CONFIGURATION = "sportsplat.conf"
_OPTIONS = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--lc-messages=C")
_FORMAT = 1  # of what is made here: another number for any change that the options do not show
_QUICK = {"fsync": "off"}  # all of it is flushed once, when it is whole


@dataclass(frozen=True)
class Owner:
    """The role that owns the database, and its password."""

    user: str
    password: str
    database: str

    def __repr__(self) -> str:
        return f"Owner(user={self.user!r}, database={self.database!r})"


@dataclass(frozen=True)
class Birth:
    """One new database. `schema`: a script for it. Its programs run as `account` and keep `lock_fd` open."""

    owner: Owner
    account: Account
    lock_fd: int
    schema: Path | None = None

    def make(self, data_dir: Path, templates: Path | None) -> bool:
        """Make `data_dir`, its owner still without a password; return whether it is a copy of a template.

        A template that is missing from the folder `templates` is made there, by one of those who ask for it.
        """
        if templates is None:
            self._build(data_dir)
            return False
        name = self._name()
        if template.copy(templates, name, data_dir, self.account):
            return True
        with template.turn(templates) as may_keep:
            if may_keep and template.copy(templates, name, data_dir, self.account):
                return True
            self._build(data_dir)
            if may_keep:
                template.keep(templates, name, data_dir)
        return False

    def give_password(self, data_dir: Path) -> None:
        """Let the owner in with its password; until then nobody is let in."""
        self._single_user(data_dir, password_statement(self.owner.user, self.owner.password))

    def _build(self, data_dir: Path) -> None:
        self._initdb(data_dir)
        _include_configuration(data_dir, self.account)
        database = f"CREATE DATABASE {quoted_name(self.owner.database)} STRATEGY FILE_COPY"  # less in the WAL
        self._single_user(data_dir, database, f"ALTER ROLE {quoted_name(self.owner.user)} PASSWORD NULL")
        if self.schema is not None:
            script = programs.from_script(self.schema.read_text(encoding="utf-8"))
            self._single_user(data_dir, script, database=self.owner.database)

    def _initdb(self, data_dir: Path) -> None:
        """Run `initdb`, which wants a password for the owner: one that nobody learns, for a moment."""
        password_file = data_dir.with_name("password")
        fd = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as handle:
            handle.write(secrets.token_urlsafe(24) + "\n")
        self.account.give(password_file)
        options = ["-U", self.owner.user, f"--pwfile={password_file}", "--no-sync", "--no-instructions"]
        command = ["initdb", "-D", str(data_dir), *options, *_OPTIONS]
        programs.run(command, data_dir, self.account, self.lock_fd)
        password_file.unlink()

    def _single_user(self, data_dir: Path, *statements: str, database: str = "postgres") -> None:
        programs.single_user(
            data_dir, list(statements), self.account, self.lock_fd, database=database, settings=_QUICK
        )

    def _name(self) -> str:
        """Return the template's name: the same for all that would be made of the same things."""
        schema = "" if self.schema is None else hashlib.sha256(self.schema.read_bytes()).hexdigest()
        said = self.account.run([str(bin_dir() / "postgres"), "--version"], capture_output=True).stdout
        things = [_FORMAT, said, platform.machine(), _OPTIONS, self.owner.user, self.owner.database, schema]
        return f"pg{MAJOR}-{hashlib.sha256(json.dumps(things).encode()).hexdigest()[:20]}"


def password_statement(user: str, password: str) -> str:
    """Return the statement that gives a role its password."""
    return f"ALTER ROLE {quoted_name(user)} PASSWORD {quoted_text(password)}"


def _include_configuration(data_dir: Path, account: Account) -> None:
    """Let our settings, written at each start, win over the defaults."""
    with (data_dir / "postgresql.conf").open("a", encoding="utf-8") as handle:
        handle.write(f"\ninclude = '{CONFIGURATION}'\n")
    (data_dir / CONFIGURATION).touch(mode=0o600)
    account.give(data_dir / CONFIGURATION)
