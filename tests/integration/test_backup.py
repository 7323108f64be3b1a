"""Backups that are made, proved and put back: on a server of ours, a plain user's, and a newer one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.db.catalogue import difference as drift
from sportsplat.db.catalogue import expected_here, live
from sportsplat.db.content import content
from sportsplat.db.engine import APP_ROLE, connect
from sportsplat.db.migrate import check, head
from sportsplat.db.still import held_still
from sportsplat.errors import CheckFailed, DataConflict, InputRefused, MigrationError, UsageError
from sportsplat.infra import backup_file
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.wait import wait_for
from sportsplat.jobs.backup import backup, backup_before, backups, verify
from sportsplat.jobs.restore import reset, restore
from sportsplat.settings import Settings
from tests.backups import CANARY, fill, held, newer_server, plain_database, settings_of
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS

ROWS = 300 * (1 + 15 + 1 + 1) + 2 + 6 + 1  # as `fill` stores them


@pytest.fixture
def filled(database: Database) -> Database:
    """A migrated database with rows of the awkward kind."""
    with database.connect() as conn:
        fill(conn)
    return database


@pytest.fixture
def settings(filled: Database, tmp_path: Path) -> Settings:
    """The project of that database."""
    return settings_of(tmp_path / "project", filled.endpoint)


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


def scratch_databases(endpoint: Endpoint) -> list[str]:
    with connect(endpoint.dsn(), autocommit=True) as conn:
        rows = conn.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'sportsplat_verify%'"
        ).fetchall()
    return [name for (name,) in rows]


def change(endpoint: Endpoint, statement: str) -> None:
    with connect(endpoint.dsn(), autocommit=True) as conn:
        conn.execute(statement.encode())


def test_a_backup_says_what_it_holds_and_that_nobody_verified_it(
    settings: Settings, filled: Database
) -> None:
    made = backup(settings)

    file = Path(made["file"])
    tables, _ = held(filled.endpoint)
    assert made["rows"] == ROWS
    assert made["tables"] == {name: {"rows": t.rows, "hash": t.hash} for name, t in tables.items()}
    assert made["verified"] is None
    assert made["schema_revision"] == head(MIGRATIONS)
    assert made["backend"] == "external"
    assert made["bytes"] == file.stat().st_size
    assert file.parent == settings.state_dir / "backups"
    assert file.name.startswith(filled.endpoint.database)
    assert (settings.state_dir / ".gitignore").read_text() == "*\n"


def test_a_backup_that_was_verified_remembers_it(settings: Settings, filled: Database) -> None:
    made = backup(settings)
    proved = verify(settings, Path(made["file"]))

    assert proved["compared"] == len(made["tables"])
    assert proved["verified"]["server_version"] == made["server_version"]
    assert [entry["verified"] for entry in backups(settings)["backups"]] == [proved["verified"]]
    assert scratch_databases(filled.endpoint) == []
    at_birth = backup(settings, settings.project_dir / "b.dump", verify=True)
    assert at_birth["verified"] is not None
    assert backup_file.read_manifest(Path(at_birth["file"])).verified == at_birth["verified"]


def test_a_note_about_another_archive_does_not_count(settings: Settings) -> None:
    file = settings.project_dir / "a.dump"
    backup(settings, file)
    verify(settings, file)
    time.sleep(1)  # an archive tells the second of its making: two of one second are the same bytes
    backup(settings, file, force=True)
    note = json.loads(file.with_name("a.dump.verified").read_text())
    assert note["sha256"] != backup_file.read_manifest(file).sha256
    assert backup(settings, settings.project_dir / "b.dump")["verified"] is None


def test_a_restore_brings_everything_back_and_needs_consent(settings: Settings, filled: Database) -> None:
    before = held(filled.endpoint)
    file = Path(backup(settings)["file"])
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
    kept = Path(restored["actions"][0].removeprefix("backed up what was there to "))
    restore(settings, kept, yes=True, keep=False)
    assert held(filled.endpoint) == spoilt


def test_what_is_restored_can_be_gone_on_with(settings: Settings, filled: Database) -> None:
    """Identities go on where they were, and the application's role has its rights."""
    file = Path(backup(settings)["file"])
    restore(settings, file, yes=True, keep=False)
    with filled.connect(APP_ROLE) as conn:
        row = conn.execute("INSERT INTO teams (league, name) VALUES ('x', 'New') RETURNING id").fetchone()
        assert row == (7,)


def test_a_plain_user_of_another_server_takes_it_in(
    settings: Settings, plain: Endpoint, filled: Database
) -> None:
    file = Path(backup(settings)["file"])
    theirs = settings_of(settings.project_dir.parent / "theirs", plain)

    restored = restore(theirs, file)

    assert restored["actions"] == [
        "made roles and schema in an empty database",
        f"restored {ROWS:,} rows of {len(restored['tables'])} tables, all equal",
    ]
    assert held(plain) == held(filled.endpoint)
    assert check(plain.dsn(), MIGRATIONS) == []
    again = backup(theirs, verify=True)
    assert again["tables"] == restored["tables"]
    assert CANARY.encode() not in Path(again["file"]).read_bytes()
    assert not list(theirs.state_dir.glob("scratch-*"))
    assert reset(theirs, yes=True)["schema_revision"] == head(MIGRATIONS)
    assert check(plain.dsn(), MIGRATIONS) == []


def test_backups_go_between_majors_in_both_directions(
    settings: Settings, filled: Database, eighteen: Endpoint
) -> None:
    before = held(filled.endpoint)
    newer = settings_of(settings.project_dir.parent / "newer", eighteen)
    restore(newer, Path(backup(settings)["file"]))
    assert held(eighteen) == before
    assert check(eighteen.dsn(), MIGRATIONS) == []
    back = backup(newer, verify=True)
    assert back["server_version"].startswith("18")
    change(filled.endpoint, "DELETE FROM match_features")
    restore(settings, Path(back["file"]), yes=True, keep=False)
    assert held(filled.endpoint) == before
    assert check(filled.dsn, MIGRATIONS) == []


def test_a_backup_of_an_older_schema_is_restored_and_migrated(
    settings: Settings, filled: Database, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command

    from sportsplat.db.migrate import alembic_on

    with filled.connect(autocommit=True) as conn, alembic_on(conn, MIGRATIONS) as config:
        command.downgrade(config, "0011")
    older = held(filled.endpoint)
    file = Path(backup(settings)["file"])
    other = settings_of(settings.project_dir.parent / "other", empty_database.endpoint)

    restored = restore(other, file)

    assert restored["actions"][-1] == f"migrated the schema from 0011 to {head(MIGRATIONS)}"
    assert check(empty_database.dsn, MIGRATIONS) == []
    now = held(empty_database.endpoint)[0]
    assert now["match_features"] == older[0]["match_features"]  # a table that no later revision changes
    assert now["matches"].rows == older[0]["matches"].rows


def test_a_backup_of_a_newer_schema_is_refused_before_anything_is_touched(
    settings: Settings, filled: Database, tmp_path: Path
) -> None:
    change(filled.endpoint, "UPDATE alembic_version SET version_num = '9999'")
    file = Path(backup(settings)["file"])
    change(filled.endpoint, f"UPDATE alembic_version SET version_num = '{head(MIGRATIONS)}'")
    nobody = settings_of(tmp_path / "nobody", replace(filled.endpoint, port=1, socket_dir=None))
    with pytest.raises(MigrationError) as refused:
        restore(nobody, file, yes=True)
    assert refused.value.error_code == "SCHEMA_NEWER"
    assert str(file) in refused.value.message


def test_what_is_not_ours_is_never_dropped(settings: Settings, filled: Database) -> None:
    file = Path(backup(settings)["file"])
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
    file = Path(backup(settings)["file"])
    change(filled.endpoint, "CREATE SCHEMA mine; CREATE VIEW mine.best AS SELECT name FROM public.teams")
    before = held(filled.endpoint)
    with pytest.raises(DataConflict) as refused:
        restore(settings, file, yes=True, keep=False)
    assert refused.value.error_code == "FOREIGN_OBJECTS"
    assert "mine.best" in str(refused.value.cause)
    assert held(filled.endpoint) == before


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
    file = Path(backup(settings)["file"])
    change(filled.endpoint, 'DELETE FROM "My notes"')
    restore(settings, file, yes=True, keep=False)
    assert held(filled.endpoint) == before
    with filled.connect() as conn:
        assert drift(schema, live(conn)) == []
        assert drift(expected_here(conn, MIGRATIONS), live(conn)) != []


def test_a_verification_that_finds_other_rows_names_each_table(settings: Settings, tmp_path: Path) -> None:
    """The archive is whole; it is the manifest that does not fit it."""
    whole = Path(backup(settings)["file"])
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


def held_of(settings: Settings) -> object:
    from sportsplat.infra.environment import open_environment

    return held(open_environment(settings).endpoint())


def test_an_archive_that_cannot_be_read_is_refused_and_nothing_is_changed(
    settings: Settings, tmp_path: Path
) -> None:
    """The checksum is right: what is wrong was wrong when it was written."""
    whole = Path(backup(settings)["file"])
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


def test_a_database_that_was_never_migrated_has_nothing_to_back_up(
    empty_database: Database, tmp_path: Path
) -> None:
    with pytest.raises(DataConflict) as refused:
        backup(settings_of(tmp_path, empty_database.endpoint), tmp_path / "a.dump")
    assert refused.value.error_code == "NOTHING_TO_BACK_UP"
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_cannot_hold_every_name_is_refused(
    settings: Settings, postgres: Endpoint, tmp_path: Path
) -> None:
    change(postgres, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        latin = replace(postgres, database="latin")
        with pytest.raises(DataConflict) as refused:
            restore(settings_of(tmp_path / "latin", latin), Path(backup(settings)["file"]))
        assert refused.value.error_code == "WRONG_ENCODING"
    finally:
        change(postgres, "DROP DATABASE latin")


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
        assert found["tables"]["teams"]["rows"] == found["tables"]["team_aliases"]["rows"] + 6
    assert made[0]["tables"]["teams"]["rows"] < made[2]["tables"]["teams"]["rows"]


def test_a_table_that_is_replaced_meanwhile_is_seen_with_its_rows(filled: Database) -> None:
    """To a snapshot that is older than the table it would be empty, and the backup with it."""
    seen: list[int] = []

    def look() -> None:
        with filled.connect(autocommit=True) as conn, held_still(conn):
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


def test_reset_gives_an_empty_schema_and_keeps_what_was_there_in_a_file(
    settings: Settings, filled: Database
) -> None:
    before = held(filled.endpoint)
    with pytest.raises(UsageError) as refused:
        reset(settings)
    assert refused.value.error_code == "NEEDS_YES"
    assert held(filled.endpoint) == before

    actions = reset(settings, yes=True)["actions"]

    assert check(filled.dsn, MIGRATIONS) == []
    assert all(
        table.rows == 0 for name, table in held(filled.endpoint)[0].items() if name != "alembic_version"
    )
    restore(settings, Path(actions[0].removeprefix("backed up what was there to ")))
    assert held(filled.endpoint) == before
