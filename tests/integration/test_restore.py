"""Backups that are put back: on a server of ours, a plain user's, and a newer one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sportsplat.config.settings import Settings
from sportsplat.db.connection import APP_ROLE
from sportsplat.db.schema.catalogue import difference as drift
from sportsplat.db.schema.catalogue import expected_here, live
from sportsplat.db.schema.migrate import check, head
from sportsplat.errors import UsageError
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.backup.backup import backup
from sportsplat.jobs.backup.restore import reset, restore
from tests.backups import CANARY, ROWS, change, held, newer_server, plain_database, settings_of
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS


@pytest.fixture
def plain(postgres: Endpoint) -> Iterator[Endpoint]:
    """An empty database whose owner may do nothing else."""
    with plain_database(postgres) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def eighteen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A PostgreSQL 18."""
    with newer_server(tmp_path_factory.mktemp("eighteen")) as endpoint:
        yield endpoint


def test_a_restore_brings_everything_back_and_needs_consent(settings: Settings, filled: Database) -> None:
    before = held(filled.endpoint)
    file = Path(backup(settings).file)
    change(
        filled.endpoint, "DELETE FROM quotes; UPDATE teams SET name = name || '!'; DROP VIEW match_results"
    )
    spoilt = held(filled.endpoint)

    with pytest.raises(UsageError) as refused:
        restore(settings, file)
    assert refused.value.error_code == "NEEDS_YES"
    assert refused.value.exit_code == 2
    assert held(filled.endpoint) == spoilt

    restored = restore(settings, file, yes=True)
    assert held(filled.endpoint) == before
    assert check(filled.dsn, MIGRATIONS) == []
    kept = Path(restored.actions[0].removeprefix("backed up what was there to "))
    restore(settings, kept, yes=True, keep=False)
    assert held(filled.endpoint) == spoilt


def test_what_is_restored_can_be_gone_on_with(settings: Settings, filled: Database) -> None:
    """Identities go on where they were, and the application's role has its rights."""
    file = Path(backup(settings).file)
    restore(settings, file, yes=True, keep=False)
    with filled.connect(APP_ROLE) as conn:
        row = conn.execute("INSERT INTO teams (league, name) VALUES ('x', 'New') RETURNING id").fetchone()
        assert row == (7,)


def test_a_plain_user_of_another_server_takes_it_in(
    settings: Settings, plain: Endpoint, filled: Database
) -> None:
    file = Path(backup(settings).file)
    theirs = settings_of(settings.project_dir.parent / "theirs", plain)

    restored = restore(theirs, file)

    assert restored.actions == [
        "made roles and schema in an empty database",
        f"restored {ROWS:,} rows of {len(restored.tables)} tables, all equal",
    ]
    assert held(plain) == held(filled.endpoint)
    assert check(plain.dsn(), MIGRATIONS) == []
    again = backup(theirs, verify=True)
    assert again.tables == restored.tables
    assert CANARY.encode() not in Path(again.file).read_bytes()
    assert not list(theirs.state_dir.glob("scratch-*"))
    assert reset(theirs, yes=True).schema_revision == head(MIGRATIONS)
    assert check(plain.dsn(), MIGRATIONS) == []


def test_backups_go_between_majors_in_both_directions(
    settings: Settings, filled: Database, eighteen: Endpoint
) -> None:
    before = held(filled.endpoint)
    newer = settings_of(settings.project_dir.parent / "newer", eighteen)
    restore(newer, Path(backup(settings).file))
    assert held(eighteen) == before
    assert check(eighteen.dsn(), MIGRATIONS) == []
    back = backup(newer, verify=True)
    assert back.server_version.startswith("18")
    change(filled.endpoint, "DELETE FROM match_features")
    restore(settings, Path(back.file), yes=True, keep=False)
    assert held(filled.endpoint) == before
    assert check(filled.dsn, MIGRATIONS) == []


def test_a_backup_of_an_older_schema_is_restored_and_migrated(
    settings: Settings, filled: Database, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command

    from sportsplat.db.schema.migrate import alembic_on

    with filled.connect(autocommit=True) as conn, alembic_on(conn, MIGRATIONS) as config:
        command.downgrade(config, "0011")
    older = held(filled.endpoint)
    file = Path(backup(settings).file)
    other = settings_of(settings.project_dir.parent / "other", empty_database.endpoint)

    restored = restore(other, file)

    assert restored.actions[-1] == f"migrated the schema from 0011 to {head(MIGRATIONS)}"
    assert check(empty_database.dsn, MIGRATIONS) == []
    now = held(empty_database.endpoint)[0]
    assert now["match_features"] == older[0]["match_features"]  # a table that no later revision changes
    assert now["matches"].rows == older[0]["matches"].rows


def test_what_was_added_to_the_schema_is_in_the_backup_too(settings: Settings, filled: Database) -> None:
    change(
        filled.endpoint,
        'CREATE TABLE "My notes" (id serial PRIMARY KEY, text text);'
        """INSERT INTO "My notes" (text) VALUES ('mine');"""
        "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';"
        "CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM teams;"
        "ALTER TABLE teams ADD COLUMN city text",
    )
    before = held(filled.endpoint)
    with filled.connect() as conn:
        schema = live(conn)
    file = Path(backup(settings).file)
    change(filled.endpoint, 'DELETE FROM "My notes"')
    restore(settings, file, yes=True, keep=False)
    assert held(filled.endpoint) == before
    with filled.connect() as conn:
        assert drift(schema, live(conn)) == []
        assert drift(expected_here(conn, MIGRATIONS), live(conn)) != []


def test_reset_gives_an_empty_schema_and_keeps_what_was_there_in_a_file(
    settings: Settings, filled: Database
) -> None:
    before = held(filled.endpoint)
    with pytest.raises(UsageError) as refused:
        reset(settings)
    assert refused.value.error_code == "NEEDS_YES"
    assert held(filled.endpoint) == before

    actions = reset(settings, yes=True).actions

    assert check(filled.dsn, MIGRATIONS) == []
    assert all(
        table.rows == 0 for name, table in held(filled.endpoint)[0].items() if name != "alembic_version"
    )
    restore(settings, Path(actions[0].removeprefix("backed up what was there to ")))
    assert held(filled.endpoint) == before
