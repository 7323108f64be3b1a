"""What of a backup may run as the database's user: what sportsplat makes, or what is there already.

An archive is SQL, so its author could do on the server whatever its user can. Therefore its tables are
first made in a database of their own, by a user without rights. Code in it (see `db.foreign_code`) that
neither the migrations make nor the present database holds is a reason to refuse. What runs in the end is a
new dump of that database, and not the file's own SQL.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from sportsplat.db.connection import Connection
from sportsplat.db.copy.archive_script import run_script
from sportsplat.db.copy.foreign_code import code, powerful
from sportsplat.db.errors import is_lost
from sportsplat.db.schema.migrate import offline_sql
from sportsplat.errors import DataConflict, EnvironmentUnavailable, InputRefused
from sportsplat.infra.backup.dump import dump_schema
from sportsplat.infra.backup.file import Manifest
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.backup.load import Scripts, elsewhere, forbidden, opened, scripts_of
from sportsplat.paths import asset_dir
from sportsplat.progress import Progress

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings


def restorable(
    settings: Settings,
    endpoint: Endpoint,
    conn: Connection,
    archive: Path,
    manifest: Manifest,
    again: str,
    *,
    trust: bool,
    tell: Progress,
) -> Scripts:
    """Return the scripts with which the database at `endpoint` may take in an archive.

    conn: a connection there. again: the command that is running. trust: consent to run whatever the file
    brings. A user who could harm nothing but the database itself needs no check.
    Raises InputRefused (`FOREIGN_CODE`, `BACKUP_FORBIDDEN`, `BACKUP_DAMAGED`), DataConflict
    (`REFUSED_BY_SERVER`).
    """
    scripts = scripts_of(archive)
    if trust or not powerful(conn):
        return scripts
    tell(description="looking at what the backup brings")
    known = code(conn)
    with elsewhere(settings, endpoint) as place, opened(place.dsn(), "restore", again) as apart:
        left_out = _make(apart, scripts, archive, again)
        unknown = code(apart).items() - known.items()
        if unknown:
            unknown -= _of_migrations(settings, endpoint, manifest.schema_revision, again).items()
        if unknown:
            raise _foreign(archive, sorted(name for name, _ in unknown), conn.info.user, again)
        major, encrypted = apart.info.server_version // 10000, bool(apart.pgconn.ssl_in_use)
        with tempfile.TemporaryDirectory(prefix="sportsplat-") as folder:
            try:
                dump_schema(place, major, Path(folder) / "schema", encrypted=encrypted)
            except EnvironmentUnavailable:
                apart.execute("SELECT 1")  # says it better where the server is gone
                raise
            return replace(scripts_of(Path(folder) / "schema"), left_out=tuple(left_out))


def _make(apart: Connection, scripts: Scripts, archive: Path, again: str) -> list[str]:
    """Make the tables of an archive, without rows; return the options that were left out."""
    try:
        with apart.transaction():
            return run_script(apart, scripts.before) + run_script(apart, scripts.after)
    except psycopg.errors.InsufficientPrivilege as error:
        raise forbidden(archive, error) from error
    except psycopg.Error as error:
        if is_lost(error):
            raise
        raise DataConflict(
            f"the tables of {archive} cannot be made in an empty database; nothing was changed",
            cause=" ".join(str(error).split()),
            fix=f"if it needs an extension that your database has, and you know who made it: {again} --trust",
            code="REFUSED_BY_SERVER",
        ) from error


def _of_migrations(settings: Settings, endpoint: Endpoint, revision: str, again: str) -> dict[str, str]:
    """Return the code that the migrations make up to a revision."""
    with elsewhere(settings, endpoint) as place, opened(place.dsn(), "restore", again) as apart:
        apart.execute(offline_sql(asset_dir("migrations"), until=revision).encode())
        return code(apart)


def _foreign(archive: Path, names: list[str], user: str, again: str) -> InputRefused:
    return InputRefused(
        f"{archive} brings code that is not sportsplat's and would run as {user}; nothing was changed",
        cause=", ".join(names),
        fix=f"if you know who made it: {again} --trust",
        code="FOREIGN_CODE",
        objects=names,
    )
