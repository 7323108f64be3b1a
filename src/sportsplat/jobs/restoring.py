"""What restoring, verifying and moving share: an archive loaded into a transaction, and compared there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.db import table_locks
from sportsplat.db.content import TableContent, behind, content, difference, next_values
from sportsplat.db.engine import Connection, connect
from sportsplat.db.failures import translated
from sportsplat.db.migration_lock import set_timeouts
from sportsplat.db.replace import load
from sportsplat.db.scratch import may_create, scratch_database
from sportsplat.errors import CheckFailed, SportsplatError
from sportsplat.infra.backup_file import Manifest
from sportsplat.infra.dump import rows, statements
from sportsplat.infra.environment import open_environment
from sportsplat.infra.scratch_server import scratch_server
from sportsplat.progress import Progress

if TYPE_CHECKING:
    from sportsplat.settings import Settings

LOCK_HELD_S = 60.0
"""For a migration, restore or backup to end."""


@contextmanager
def opened(dsn: str, work: str, again: str) -> Iterator[Connection]:
    """Yield an autocommit connection for long work on whole tables; the server's errors name `work`.

    `again` is the command that does it. What the block leaves uncommitted is rolled back.
    """
    name = f"sportsplat {work} (process {os.getpid()})"
    with connect(dsn, autocommit=True, name=name) as conn, translated(conn, f"the {work}", again):
        set_timeouts(conn, table_locks.WAIT_S, 0)
        yield conn


def load_archive(conn: Connection, archive: Path, manifest: Manifest, tell: Progress) -> None:
    """Make what the archive holds in the open transaction. Raises InputRefused (`BACKUP_DAMAGED`)."""
    before, after = statements(archive, "pre-data"), statements(archive, "post-data")
    with rows(archive) as stream:
        load(
            conn,
            before,
            stream,
            after,
            lambda done, what: tell(done, len(manifest.tables), f"restoring {what}"),
        )


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

    Raises CheckFailed (`BACKUP_DIFFERS`).
    """
    tell(description="making a database to restore into")
    with _elsewhere(settings) as dsn, opened(dsn, "verification", "sportsplat db verify FILE") as conn:
        conn.execute("BEGIN")
        load_archive(conn, archive, manifest, tell)
        compare(conn, manifest, archive, tell)
        version = conn.info.parameter_status("server_version") or ""
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), "server_version": version}


@contextmanager
def _elsewhere(settings: Settings) -> Iterator[str]:
    """Yield the dsn of an empty database that is gone afterwards."""
    try:
        dsn = open_environment(settings).endpoint().dsn()
        on_our_server = may_create(dsn)
    except SportsplatError:  # a backup can be verified where no database runs
        on_our_server = False
    if on_our_server:
        with scratch_database(dsn) as scratch:
            yield scratch
    else:
        with scratch_server(settings.state_dir.resolve(), settings.infra.timeout_s) as endpoint:
            yield endpoint.dsn()
