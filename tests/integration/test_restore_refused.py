"""Restores that are refused before anything is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.config.settings import Settings
from sportsplat.db.schema.migrate import head, migrate
from sportsplat.errors import CheckFailed, DataConflict, InputRefused, MigrationError
from sportsplat.infra.backup import file as backup_file
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.backup.backup import backup, verify
from sportsplat.jobs.backup.restore import reset, restore
from tests.backups import change, held, held_of, settings_of
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS


def test_a_backup_of_a_newer_schema_is_refused_before_anything_is_touched(
    settings: Settings, filled: Database, tmp_path: Path
) -> None:
    change(filled.endpoint, "UPDATE alembic_version SET version_num = '9999'")
    file = Path(backup(settings).file)
    change(filled.endpoint, f"UPDATE alembic_version SET version_num = '{head(MIGRATIONS)}'")
    nobody = settings_of(tmp_path / "nobody", replace(filled.endpoint, port=1, socket_dir=None))
    with pytest.raises(MigrationError) as refused:
        restore(nobody, file, yes=True)
    assert refused.value.error_code == "SCHEMA_NEWER"
    assert str(file) in refused.value.message


def test_what_is_not_ours_is_never_dropped(settings: Settings, filled: Database) -> None:
    file = Path(backup(settings).file)
    change(filled.endpoint, "CREATE TABLE notes (text text)")
    before = held(filled.endpoint)
    actions: list[Callable[[], object]] = [
        lambda: restore(settings, file, yes=True, keep=False),
        lambda: reset(settings, yes=True, keep=False),
    ]
    for action in actions:
        with pytest.raises(DataConflict) as refused:
            action()
        assert refused.value.error_code == "FOREIGN_OBJECTS"
        assert "table notes" in str(refused.value.cause)
        assert held(filled.endpoint) == before


def test_what_depends_on_ours_from_elsewhere_is_never_dropped(settings: Settings, filled: Database) -> None:
    file = Path(backup(settings).file)
    change(filled.endpoint, "CREATE SCHEMA mine; CREATE VIEW mine.best AS SELECT name FROM public.teams")
    before = held(filled.endpoint)
    with pytest.raises(DataConflict) as refused:
        restore(settings, file, yes=True, keep=False)
    assert refused.value.error_code == "FOREIGN_OBJECTS"
    assert "mine.best" in str(refused.value.cause)
    assert held(filled.endpoint) == before


def test_a_verification_that_finds_other_rows_names_each_table(settings: Settings, tmp_path: Path) -> None:
    """The archive is whole; it is the manifest that does not fit it."""
    whole = Path(backup(settings).file)
    manifest = backup_file.read_manifest(whole)
    tables = {name: dict(table) for name, table in manifest.tables.items()}
    tables["teams"]["rows"] += 1
    tables["quotes"]["hash"] = "0" * 32
    forged = tmp_path / "forged.dump"
    with backup_file.new_file(forged) as new:
        new.partial.write_bytes(whole.read_bytes()[: manifest.bytes])
        new.seal(replace(manifest, tables=tables, sequences={"teams_id_seq": 99}))
    before = held_of(settings)
    actions: list[Callable[[], object]] = [
        lambda: verify(settings, forged),
        lambda: restore(settings, forged, yes=True, keep=False),
    ]
    for action in actions:
        with pytest.raises(CheckFailed) as failed:
            action()
        assert failed.value.exit_code == 10
        assert failed.value.details["differences"] == [
            f"quotes has {manifest.tables['quotes']['rows']:,} rows with other values",
            "teams has 6 rows instead of 7",
            "sequence teams_id_seq goes on at 7 instead of 99",
        ]
        assert held_of(settings) == before


def test_an_archive_that_cannot_be_read_is_refused_and_nothing_is_changed(
    settings: Settings, tmp_path: Path
) -> None:
    """The checksum is right: what is wrong was wrong when it was written."""
    whole = Path(backup(settings).file)
    manifest = backup_file.read_manifest(whole)
    before = held_of(settings)
    for share in (0.02, 0.5, 0.97):
        broken = tmp_path / f"{share}.dump"
        with backup_file.new_file(broken) as new:
            new.partial.write_bytes(whole.read_bytes()[: int(manifest.bytes * share)])
            new.seal(manifest)
        with pytest.raises(InputRefused) as refused:
            restore(settings, broken, yes=True, keep=False)
        assert refused.value.error_code == "BACKUP_DAMAGED"
        assert held_of(settings) == before


def test_a_database_that_cannot_hold_every_name_is_refused(
    settings: Settings, postgres: Endpoint, tmp_path: Path
) -> None:
    change(postgres, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        latin = replace(postgres, database="latin")
        with pytest.raises(DataConflict) as refused:
            restore(settings_of(tmp_path / "latin", latin), Path(backup(settings).file))
        assert refused.value.error_code == "WRONG_ENCODING"
    finally:
        change(postgres, "DROP DATABASE latin")


def test_a_database_that_names_no_revision_or_several_says_what_puts_it_right(
    settings: Settings, filled: Database
) -> None:
    newest = head(MIGRATIONS)
    file = Path(backup(settings).file)
    change(filled.endpoint, "DELETE FROM alembic_version")
    with pytest.raises(DataConflict) as none:
        migrate(filled.dsn, MIGRATIONS)
    assert none.value.error_code == "REVISION_MISSING"
    change(filled.endpoint, str(none.value.fix).split('"')[1])
    assert migrate(filled.dsn, MIGRATIONS) == []

    change(filled.endpoint, "INSERT INTO alembic_version VALUES ('0001')")
    with pytest.raises(DataConflict) as several:
        migrate(filled.dsn, MIGRATIONS)
    assert several.value.error_code == "SEVERAL_REVISIONS"
    assert f"0001, {newest}" in several.value.message
    change(filled.endpoint, str(several.value.fix).split('"')[1])
    assert migrate(filled.dsn, MIGRATIONS) == []

    change(filled.endpoint, "DELETE FROM alembic_version; DROP VIEW match_results")
    with pytest.raises(DataConflict) as drifted:
        migrate(filled.dsn, MIGRATIONS)
    assert drifted.value.fix == "restore the newest backup: sportsplat db backups"
    restore(settings, file, yes=True, keep=False)
    assert migrate(filled.dsn, MIGRATIONS) == []
