"""A backup of any server that can be had here is restored on any other: other majors, newer minors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sportsplat.config.settings import Settings
from sportsplat.db.connection import connect
from sportsplat.db.copy.archive_script import without_options
from sportsplat.db.schema.migrate import check, migrate
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.backup.backup import backup, verify
from sportsplat.jobs.backup.restore import restore
from tests.backups import change, fill, held, settings_of
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS
from tests.other_servers import BIN, another_server, of_the_system


def programs(which: str) -> Path:
    found = BIN if which == "18" else of_the_system()
    if found is None:
        assert not os.environ.get("SPORTSPLAT_REQUIRE_DOCKER"), "no PostgreSQL in /usr/lib/postgresql"
        pytest.skip("the system's packages installed no PostgreSQL server (/usr/lib/postgresql/*/bin)")
    return found


@pytest.fixture(scope="module", params=["18", "of the system"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A server of another major, migrated and with rows."""
    with another_server(tmp_path_factory.mktemp("server"), programs(request.param)) as endpoint:
        migrate(endpoint.dsn(), MIGRATIONS)
        with connect(endpoint.dsn()) as conn:
            fill(conn)
        yield endpoint


@pytest.fixture
def theirs(server: Endpoint, tmp_path: Path) -> Settings:
    """The project whose database is on `server`."""
    return settings_of(tmp_path / "theirs", server)


@pytest.fixture
def ours(empty_database: Database, tmp_path: Path) -> Settings:
    """A project with an empty database on PostgreSQL 16."""
    return settings_of(tmp_path / "ours", empty_database.endpoint)


def test_a_backup_of_another_server_is_restored_here_and_goes_back(
    server: Endpoint, theirs: Settings, ours: Settings, empty_database: Database
) -> None:
    before = held(server)
    file = Path(backup(theirs).file)
    assert verify(ours, file).rows > 0
    assert len(restore(ours, file).actions) == 2  # nothing of the schema is left out
    assert held(empty_database.endpoint) == before
    assert check(empty_database.dsn, MIGRATIONS) == []
    back = backup(ours)
    verify(theirs, Path(back.file))
    restore(theirs, Path(back.file), yes=True, keep=False)
    assert held(server) == before
    assert check(server.dsn(), MIGRATIONS) == []


def test_options_that_only_a_newer_server_knows_are_left_out_and_named(
    server: Endpoint, theirs: Settings, ours: Settings, empty_database: Database
) -> None:
    with connect(server.dsn()) as conn:
        if conn.info.server_version < 180000:
            pytest.skip("this server has no option that PostgreSQL 16 lacks")
    newer = "vacuum_max_eager_freeze_failure_rate"
    change(server, f"CREATE TABLE tuned (a int, b int) WITH (fillfactor = 50, {newer} = 0.5)")
    change(server, "ALTER TABLE tuned ALTER a SET (n_distinct = 5); INSERT INTO tuned VALUES (1, 2)")
    try:
        file = Path(backup(theirs).file)
    finally:
        change(server, "DROP TABLE tuned")
    actions = restore(ours, file).actions
    assert actions[-1] == f"left out options that this server does not know: {newer}"
    with empty_database.connect() as conn:
        kept = conn.execute("SELECT reloptions FROM pg_class WHERE relname = 'tuned'").fetchone()
        assert kept == (["fillfactor=50"],)
        column = conn.execute(
            "SELECT attoptions FROM pg_attribute WHERE attrelid = 'tuned'::regclass AND attname = 'a'"
        )
        assert column.fetchone() == (["n_distinct=5"],)


def test_notes_of_a_server_to_itself_are_left_out_and_texts_stay() -> None:
    note = b"ALTER TABLE ONLY public.t ALTER COLUMN a SET (pg_attver=22183568);\n"
    both = b'ALTER TABLE ONLY public."T x" ALTER COLUMN "a ""b" SET (pg_attver=2, n_distinct=5);\n'
    text = b"COMMENT ON TABLE t IS 'it''s\n" + note + b"';\n"
    body = b"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $_$\n" + note + b"$_$;\n"
    comment = b"-- Name: it's; " + note
    script = (
        comment + note + both + text + body + b"CREATE TABLE t (a int) WITH (fillfactor='7', pg_a='1, 2');\n"
    )
    kept = both.replace(b"pg_attver=2, ", b"")
    wanted = comment + kept + text + body + b"CREATE TABLE t (a int) WITH (fillfactor='7');\n"
    assert without_options(script, lambda name: name.startswith("pg_")) == wanted
