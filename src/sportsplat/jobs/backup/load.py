"""What restoring, verifying and moving share: an archive loaded into a transaction, and compared there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import psycopg

from sportsplat.db.connection import Connection, connect
from sportsplat.db.copy import locks as table_locks
from sportsplat.db.copy.content import TableContent, behind, content, difference, next_values
from sportsplat.db.copy.replace import load
from sportsplat.db.copy.scratch import Scratch, may_create, scratch_database
from sportsplat.db.errors import Work, report_lost_connection, server_errors
from sportsplat.db.schema.migrate import set_timeouts
from sportsplat.errors import CheckFailed, InputRefused, SportsplatError
from sportsplat.infra.backend import open_environment
from sportsplat.infra.backup.dump import rows, statements
from sportsplat.infra.backup.file import Manifest
from sportsplat.infra.embedded.scratch import scratch_server
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.passwords import new_password
from sportsplat.progress import Progress

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings

LOCK_HELD_S = 60.0
"""For a migration, restore or backup to end."""


@contextmanager
def opened(dsn: str, work: str, again: str) -> Iterator[Connection]:
    """Yield an autocommit connection for long work on whole tables; the server's errors name `work`.

    `again` is the command that does it. What the block leaves uncommitted is rolled back.
    """
    name = f"sportsplat {work} (process {os.getpid()})"
    with connect(dsn, autocommit=True, name=name) as conn, server_errors(conn, Work(f"the {work}", again)):
        set_timeouts(conn, table_locks.WAIT_S, 0)
        try:
            yield conn
        except psycopg.Error:
            if not conn.closed:
                conn.rollback()
            raise


@dataclass(frozen=True)
class Scripts:
    """The SQL that makes what an archive holds, before and after its rows; options that it lacks already."""

    before: bytes
    after: bytes
    left_out: tuple[str, ...] = ()


def scripts_of(archive: Path) -> Scripts:
    """Return the scripts as they stand in the archive. Raises InputRefused (`BACKUP_DAMAGED`)."""
    return Scripts(statements(archive, "pre-data"), statements(archive, "post-data"))


def load_archive(
    conn: Connection, scripts: Scripts, archive: Path, manifest: Manifest, tell: Progress
) -> list[str]:
    """Make what the archive holds in the open transaction, and return the options that were left out.

    Raises InputRefused (`BACKUP_DAMAGED`).
    """
    with rows(archive) as stream:
        left_out = load(
            conn,
            scripts.before,
            stream,
            scripts.after,
            lambda done, what: tell(done, len(manifest.tables), f"restoring {what}"),
        )
    return [*scripts.left_out, *left_out]


def compare(conn: Connection, manifest: Manifest, archive: Path, tell: Progress) -> None:
    """Raise CheckFailed (`BACKUP_DIFFERS`) unless the database holds what the manifest says."""
    wanted = {name: TableContent(**table) for name, table in manifest.tables.items()}
    found = content(conn, lambda done, of, table: tell(done, of, f"comparing {table}"))
    lines = difference(wanted, found) + behind(manifest.sequences, next_values(conn))
    if lines:
        raise CheckFailed(
            f"what was restored is not what was backed up: {len(lines)} difference{'s' * (len(lines) > 1)}",
            cause="\n         ".join(lines),
            fix=f"do not trust {archive.name}; use another backup: sportsplat db backups",
            code="BACKUP_DIFFERS",
            differences=lines,
        )


def prove(settings: Settings, archive: Path, manifest: Manifest, tell: Progress) -> dict[str, str]:
    """Restore an archive into a database of its own and compare it; return `at` and `server_version`.

    Its user may do nothing outside it. Raises CheckFailed (`BACKUP_DIFFERS`), InputRefused
    (`BACKUP_FORBIDDEN`).
    """
    tell(description="making a database to restore into")
    again = f"sportsplat db verify {quote(str(archive))}"
    with (
        report_lost_connection("the verification", again),
        elsewhere(settings, _running(settings)) as endpoint,
        opened(endpoint.dsn(), "verification", again) as conn,
    ):
        conn.execute("BEGIN")
        try:
            load_archive(conn, scripts_of(archive), archive, manifest, tell)
            compare(conn, manifest, archive, tell)
        except psycopg.errors.InsufficientPrivilege as error:
            raise forbidden(archive, error) from error
        version = conn.info.parameter_status("server_version") or ""
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), "server_version": version}


def forbidden(archive: Path, error: psycopg.Error) -> InputRefused:
    """Return the refusal of a file whose own code tried what a backup may not do."""
    return InputRefused(
        f"{archive} holds code that tries what a backup may not do; it was stopped, and nothing was kept",
        cause=" ".join(str(error).split()),
        fix="use another backup: sportsplat db backups; see docs/backup.md, Backups from other people",
        code="BACKUP_FORBIDDEN",
    )


@contextmanager
def elsewhere(settings: Settings, server: Endpoint | None) -> Iterator[Endpoint]:
    """Yield an empty database, gone afterwards, whose user may do nothing outside it.

    On `server` if its user may make both and the new one is let in, else on an embedded server of its own.
    """
    with ExitStack() as stack:
        if server is not None and may_create(server.dsn()):
            made = _inside(server, stack.enter_context(scratch_database(server.dsn(), new_password())))
            if _lets_in(made):
                yield made
                return
        own = stack.enter_context(scratch_server(settings.state_dir.resolve(), settings.infra.timeout_s))
        yield _inside(own, stack.enter_context(scratch_database(own.dsn(), new_password())))


def _running(settings: Settings) -> Endpoint | None:
    """Return where the project's database answers; a backup can be verified where none does."""
    try:
        endpoint = open_environment(settings).direct_endpoint()
        connect(endpoint.dsn()).close()
    except SportsplatError:
        return None
    return endpoint


def _inside(server: Endpoint, scratch: Scratch) -> Endpoint:
    return replace(server, database=scratch.database, user=scratch.user, password=scratch.password)


def _lets_in(endpoint: Endpoint) -> bool:
    """Tell whether the server takes the user: pg_hba.conf, or a pooler, may know others only."""
    try:
        connect(endpoint.dsn()).close()
    except SportsplatError:
        return False
    return True
