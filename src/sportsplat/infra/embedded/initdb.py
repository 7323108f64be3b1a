"""Making a PostgreSQL data directory so that at no moment a half-made one can be mistaken for a whole one."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import disk, errors, identity
from sportsplat.infra.embedded import template
from sportsplat.infra.embedded.account import Account
from sportsplat.infra.passwords import new_password
from sportsplat.infra.programs import MAJOR, bin_dir

_META_COMMAND = re.compile(r"^\\.*\n", re.MULTILINE)  # psql's own, as `\set ON_ERROR_STOP on`
_END = ";\n\n"


def run(
    command: list[str], data_dir: Path, account: Account, lock_fd: int, text_in: str | None = None
) -> None:
    """Run a program on `data_dir` to its end. It keeps the lock, should we be killed before it.

    Raises EnvironmentUnavailable (`DISK_FULL`, `INITIALISATION_FAILED`), also for an error that is only
    returned.
    """
    program = [str(bin_dir() / command[0]), *command[1:]]
    done = account.run(program, input=text_in or "", capture_output=True, pass_fds=(lock_fd,))
    output = done.stderr or done.stdout
    complaint = next((line for line in output.splitlines() if "FATAL" in line or "ERROR" in line), None)
    if done.returncode == 0 and complaint is None:
        return
    if disk.is_full(output):
        raise errors.disk_full(data_dir.parent, disk.DATABASE_BYTES, "a database", complaint or "")
    raise EnvironmentUnavailable(
        f"{command[0]} could not prepare the database",
        cause=complaint or " / ".join(output.strip().splitlines()[-3:]) or f"exit code {done.returncode}",
        fix="check the permissions of the state folder, then run `sportsplat up` again",
        code="INITIALISATION_FAILED",
    )


def single_user(
    data_dir: Path,
    statements: list[str],
    account: Account,
    lock_fd: int,
    *,
    database: str = "postgres",
    settings: Mapping[str, str] | None = None,
) -> None:
    """Run statements in single-user mode: no server, no socket, no password.

    They go through stdin, so that they may hold a secret. If we are killed, the program ends by itself.
    """
    # Its words are looked at, so they have to be English ones.
    applied = {"log_min_error_statement": "panic", "lc_messages": "C", **(settings or {})}
    options = [word for name, value in applied.items() for word in ("-c", f"{name}={value}")]
    command = ["postgres", "--single", "-j", "-D", str(data_dir), *options, database]
    run(command, data_dir, account, lock_fd, "".join(statement + _END for statement in statements))


def from_script(script: str) -> str:
    """Return a script of psql as one statement for `single_user`, all of which is done or nothing.

    What ends a statement there, a semicolon before an empty line, may stand inside a function's body: it is
    parted by a blank.
    """
    return _META_COMMAND.sub("", script).rstrip().removesuffix(";").replace(_END, "; \n\n")


def quoted_name(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """Return `text` as an SQL literal that does not depend on the session's settings."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


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
class NewDatabase:
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
        with template.build_lock(templates) as may_store:
            if may_store and template.copy(templates, name, data_dir, self.account):
                return True
            self._build(data_dir)
            if may_store:
                template.store(templates, name, data_dir)
        return False

    def set_password(self, data_dir: Path) -> None:
        """Set the owner's password; until then no login is possible."""
        self._single_user(data_dir, password_statement(self.owner.user, self.owner.password))

    def _build(self, data_dir: Path) -> None:
        self._initdb(data_dir)
        _include_configuration(data_dir, self.account)
        database = f"CREATE DATABASE {quoted_name(self.owner.database)} STRATEGY FILE_COPY"  # less in the WAL
        self._single_user(data_dir, database, f"ALTER ROLE {quoted_name(self.owner.user)} PASSWORD NULL")
        if self.schema is not None:
            script = from_script(self.schema.read_text(encoding="utf-8"))
            self._single_user(data_dir, script, database=self.owner.database)

    def _initdb(self, data_dir: Path) -> None:
        """Run `initdb` with a temporary random password for the owner."""
        password_file = data_dir.with_name("password")
        fd = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as handle:
            handle.write(new_password() + "\n")
        self.account.chown(password_file)
        options = ["-U", self.owner.user, f"--pwfile={password_file}", "--no-sync", "--no-instructions"]
        command = ["initdb", "-D", str(data_dir), *options, *_OPTIONS]
        run(command, data_dir, self.account, self.lock_fd)
        password_file.unlink()

    def _single_user(self, data_dir: Path, *statements: str, database: str = "postgres") -> None:
        single_user(
            data_dir, list(statements), self.account, self.lock_fd, database=database, settings=_QUICK
        )

    def _name(self) -> str:
        """Return the template's name: the same for all that would be made of the same things."""
        schema = "" if self.schema is None else hashlib.sha256(self.schema.read_bytes()).hexdigest()
        output = self.account.run([str(bin_dir() / "postgres"), "--version"], capture_output=True).stdout
        things = [_FORMAT, output, platform.machine(), _OPTIONS, self.owner.user, self.owner.database, schema]
        return f"pg{MAJOR}-{hashlib.sha256(json.dumps(things).encode()).hexdigest()[:20]}"


def password_statement(user: str, password: str) -> str:
    """Return the statement that gives a role its password."""
    return f"ALTER ROLE {quoted_name(user)} PASSWORD {quoted_text(password)}"


def _include_configuration(data_dir: Path, account: Account) -> None:
    """Let our settings, written at each start, win over the defaults."""
    with (data_dir / "postgresql.conf").open("a", encoding="utf-8") as handle:
        handle.write(f"\ninclude = '{CONFIGURATION}'\n")
    (data_dir / CONFIGURATION).touch(mode=0o600)
    account.chown(data_dir / CONFIGURATION)


_MARKER = "sportsplat-complete.json"
_ID = "id"
UNFINISHED = "unfinished-"


def initialise(
    data_dir: Path, new: NewDatabase, *, templates: Path | None = None, flush: bool = True
) -> bool:
    """Make a data directory with the owner's role and database, and put it at `data_dir` in one step.

    Everything happens in a temporary folder beside it, is flushed to the disk, and is renamed at the end.
    templates: the folder in which a copy of a new database is kept for the next project; returned is whether
    this is such a copy. `flush` False is for data that may be lost.
    Raises EnvironmentUnavailable (`DISK_FULL`, `INITIALISATION_FAILED`).
    """
    require_space(data_dir.parent)
    work = data_dir.parent / f"{UNFINISHED}{os.getpid()}-{os.urandom(4).hex()}"
    work.mkdir(mode=0o700)
    new.account.chown(work)
    try:
        made = work / "data"
        copied = new.make(made, templates)
        new.set_password(made)
        if flush:
            _flush_tree(made, new.account, new.lock_fd)
        made.rename(data_dir)
        flush_folder(data_dir.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return copied


def require_space(folder: Path) -> None:
    """Raise EnvironmentUnavailable (`DISK_FULL`) unless a new database fits on the disk of `folder`."""
    if disk.free_bytes(folder) < disk.DATABASE_BYTES:
        raise errors.disk_full(folder, disk.DATABASE_BYTES, "a new database")


def mark_complete(data_dir: Path, owner: Owner, account: Account, known: str | None = None) -> None:
    """Write the completion marker: the last step, after the database was seen to answer.

    Its id tells the data from that of other projects: copies of one template have one system identifier.
    known: what `identifier` said before the marker was lost.
    """
    mark = (known or "").partition(".")[2] or os.urandom(8).hex()
    facts = {"user": owner.user, "database": owner.database, "major": MAJOR, _ID: mark}
    partial = data_dir / f"{_MARKER}.partial"
    with partial.open("w", encoding="utf-8") as handle:
        json.dump(facts, handle)
        handle.flush()
        os.fsync(handle.fileno())
    account.chown(partial)
    partial.rename(data_dir / _MARKER)
    flush_folder(data_dir)


def is_marked(data_dir: Path) -> bool:
    """Whether the data directory carries the completion marker."""
    return (data_dir / _MARKER).is_file()


def has_id(data_dir: Path) -> bool:
    """Whether the data directory carries a completion marker with an id; an earlier version wrote none."""
    return is_marked(data_dir) and _ID in made_for(data_dir)


def made_for(data_dir: Path) -> dict[str, str]:
    """Return the user, the database and the major version for which a marked data directory was made."""
    try:
        facts = json.loads((data_dir / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def identifier(data_dir: Path) -> str | None:
    """Return the id of a data directory; None for one that holds no cluster, or no longer does."""
    control = _control(data_dir)
    number = None if control is None else identity.identifier(control)
    return None if number is None else f"{number}.{made_for(data_dir).get(_ID, '')}".rstrip(".")


def is_same(known: str, found: str) -> bool:
    """Whether two answers of `identifier` are of the same data; one without a marker has no id."""
    if "." in known and "." in found:
        return known == found
    return known.partition(".")[0] == found.partition(".")[0]


def original_of_copy(data_dir: Path, folder: object) -> Path | None:
    """Return the data directory of which `data_dir` is a copy made while a server was at work in it.

    folder: the state folder in which the project was used last. None for one that was shut down before, and
    for one whose original is gone: that one was moved, after a crash perhaps, which recovery mends.
    """
    control = _control(data_dir)
    if control is None or identity.was_shut_down(control):
        return None
    candidates = [Path(folder) / data_dir.name] if isinstance(folder, str) else []
    with suppress(OSError, IndexError):
        candidates.append(Path((data_dir / "postmaster.pid").read_text().splitlines()[1]))
    same = identifier(data_dir)
    others = (found for found in candidates if identity.is_other_folder(found, data_dir))
    return next((found for found in others if identifier(found) == same), None)


def _control(data_dir: Path) -> bytes | None:
    try:
        return (data_dir / "global" / "pg_control").read_bytes()
    except OSError:
        return None


def check_major(data_dir: Path) -> None:
    """Raise DataConflict (`WRONG_MAJOR`) when the data was written by another major version."""
    try:
        major = (data_dir / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return
    if major != MAJOR:
        fix = f"move {data_dir} away, run `sportsplat up`, and restore a dump made with PostgreSQL {major}"
        raise errors.wrong_major(str(data_dir), major, "the embedded server", MAJOR, fix)


def remove_leftovers(state_dir: Path) -> int:
    """Remove the temporary folders of killed initialisations, and return how many there were.

    Only for the holder of the lock: a running initialisation holds it.
    """
    leftovers = list(state_dir.glob(f"{UNFINISHED}*"))
    for folder in leftovers:
        shutil.rmtree(folder)
    return len(leftovers)


def flush_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a loss of power."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _flush_tree(folder: Path, account: Account, lock_fd: int) -> None:
    """Make all files of the folder survive a loss of power.

    A thousand files flushed one by one take seconds on a busy disk; Linux flushes the file system in one go.
    """
    if sys.platform == "linux":
        done = subprocess.run(["sync", "--file-system", str(folder)], capture_output=True, check=False)
        if done.returncode == 0:
            return
    run(["initdb", "--sync-only", "-D", str(folder)], folder, account, lock_fd)
