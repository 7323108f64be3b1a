"""Backups that are made and proved: all of one moment, and nothing said of them that is not so."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from sportsplat.config.settings import Settings
from sportsplat.db.connection import connect
from sportsplat.db.copy.content import content
from sportsplat.db.copy.locks import consistent_snapshot
from sportsplat.db.schema.migrate import head
from sportsplat.errors import DataConflict
from sportsplat.infra.backup import file as backup_file
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.lock import wait_for
from sportsplat.jobs.backup.backup import backup, backup_before, backups, verify
from tests.backups import ROWS, held, settings_of
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS


def scratch_databases(endpoint: Endpoint) -> list[str]:
    with connect(endpoint.dsn(), autocommit=True) as conn:
        rows = conn.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'sportsplat_verify%'"
        ).fetchall()
    return [name for (name,) in rows]


def test_a_backup_says_what_it_holds_and_that_nobody_verified_it(
    settings: Settings, filled: Database
) -> None:
    made = backup(settings)

    file = Path(made.file)
    tables, _ = held(filled.endpoint)
    assert made.rows == ROWS
    assert made.tables == {name: {"rows": t.rows, "hash": t.hash} for name, t in tables.items()}
    assert made.verified is None
    assert made.schema_revision == head(MIGRATIONS)
    assert made.backend == "external"
    assert made.bytes == file.stat().st_size
    assert file.parent == settings.state_dir / "backups"
    assert file.name.startswith(filled.endpoint.database)
    assert (settings.state_dir / ".gitignore").read_text() == "*\n"


def test_a_backup_that_was_verified_remembers_it(settings: Settings, filled: Database) -> None:
    made = backup(settings)
    proved = verify(settings, Path(made.file))

    assert proved.compared == len(made.tables)
    assert proved.verified is not None
    assert proved.verified["server_version"] == made.server_version
    (listed,) = backups(settings).to_dict()["backups"]
    assert listed["verified"] == proved.verified
    assert scratch_databases(filled.endpoint) == []
    at_birth = backup(settings, settings.project_dir / "b.dump", verify=True)
    assert at_birth.verified is not None
    assert backup_file.read_manifest(Path(at_birth.file)).verified == at_birth.verified


def test_a_note_about_another_archive_does_not_count(settings: Settings) -> None:
    file = settings.project_dir / "a.dump"
    backup(settings, file)
    verify(settings, file)
    time.sleep(1)  # an archive tells the second of its making: two of one second are the same bytes
    backup(settings, file, force=True)
    note = json.loads(file.with_name("a.dump.verified").read_text())
    assert note["sha256"] != backup_file.read_manifest(file).sha256
    assert backup(settings, settings.project_dir / "b.dump").verified is None


def test_a_database_that_was_never_migrated_has_nothing_to_back_up(
    empty_database: Database, tmp_path: Path
) -> None:
    with pytest.raises(DataConflict) as refused:
        backup(settings_of(tmp_path, empty_database.endpoint), tmp_path / "a.dump")
    assert refused.value.error_code == "NOTHING_TO_BACK_UP"
    assert list(tmp_path.iterdir()) == []


def test_a_backup_is_of_one_moment_while_others_write(settings: Settings, filled: Database) -> None:
    """Two tables that change together are never seen apart, and the rows after the moment are not in it."""
    stop = threading.Event()

    def write() -> None:
        with filled.connect(autocommit=True) as conn:
            while not stop.is_set():
                conn.execute(
                    """
                    WITH new AS (INSERT INTO teams (league, name) VALUES ('y', gen_random_uuid()::text)
                                 RETURNING id)
                    INSERT INTO team_aliases (league, source, alias, team_id) SELECT 'y', 's', id, id FROM new
                    """
                )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [backup(settings, settings.project_dir / f"{n}.dump", verify=True) for n in range(3)]
    finally:
        stop.set()
        writer.join()
    for found in made:
        assert found.tables["teams"]["rows"] == found.tables["team_aliases"]["rows"] + 6
    assert made[0].tables["teams"]["rows"] < made[2].tables["teams"]["rows"]


def test_a_table_that_is_replaced_meanwhile_is_seen_with_its_rows(filled: Database) -> None:
    """To a snapshot that is older than the table it would be empty, and the backup with it."""
    seen: list[int] = []

    def look() -> None:
        with filled.connect(autocommit=True) as conn, consistent_snapshot(conn):
            seen.append(content(conn)["match_features"].rows)

    with filled.connect() as replacer:
        replacer.execute(
            """
            ALTER TABLE match_features RENAME TO was;
            CREATE TABLE match_features AS TABLE was;
            DROP TABLE was
            """
        )
        looker = threading.Thread(target=look)
        looker.start()
        waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation IS NOT NULL"
        with filled.connect(autocommit=True) as conn:
            assert wait_for(lambda: conn.execute(waiting.encode()).rowcount > 0, 10)
        replacer.commit()
    looker.join()
    assert seen == [300]


def test_a_backup_before_a_migration_is_named_after_it(settings: Settings) -> None:
    path = backup_before(settings, "0013")
    assert path.name.startswith("before-0013-")
    assert path.parent == settings.state_dir / "backups"
    assert backup_file.read_manifest(path).rows == ROWS
