"""Group roles: what each may do, and migrations by users who may not make roles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from sportsplat.db.connection import APP_ROLE, READ_ROLE, Connection, connect
from sportsplat.db.schema.migrate import check, migrate
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS, migrate_at_once


@pytest.fixture
def without_roles(empty_database: Database) -> Iterator[Database]:
    """An empty database on a server that has never heard of our roles; what a test makes is removed again."""
    roles = (APP_ROLE, READ_ROLE)
    with empty_database.connect(autocommit=True) as conn:
        for role in roles:
            conn.execute(f"ALTER ROLE {role} RENAME TO {role}_aside".encode())
    try:
        yield empty_database
    finally:
        with empty_database.connect(autocommit=True) as conn:
            for role in roles:
                if conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount:
                    conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
                conn.execute(f"ALTER ROLE {role}_aside RENAME TO {role}".encode())


@pytest.fixture
def plain_user(without_roles: Database) -> Iterator[Database]:
    """The same database, owned by a user who may log in and nothing more."""
    database = sql.Identifier(without_roles.endpoint.database)
    with without_roles.connect(autocommit=True) as conn:
        conn.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        conn.execute(sql.SQL("ALTER DATABASE {} OWNER TO plain").format(database))
    yield Database(replace(without_roles.endpoint, user="plain", password="plain", socket_dir=None))
    with without_roles.connect(autocommit=True) as conn:
        conn.execute("DROP OWNED BY plain CASCADE")
        conn.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(database))
        conn.execute("DROP ROLE plain")


def whoami(database: Database, role: str | None) -> str:
    with database.connect(role) as conn:
        row = conn.execute("SELECT current_user").fetchone()
    assert row is not None
    return str(row[0])


def test_a_connection_acts_as_the_role_it_asks_for(database: Database) -> None:
    assert whoami(database, APP_ROLE) == APP_ROLE
    assert whoami(database, READ_ROLE) == READ_ROLE
    assert whoami(database, None) == database.endpoint.user


def test_the_role_survives_a_rollback(database: Database) -> None:
    with database.connect(APP_ROLE) as conn:
        conn.rollback()
        assert conn.execute("SELECT current_user").fetchone() == (APP_ROLE,)


def test_a_session_is_in_utc(database: Database) -> None:
    with database.connect() as conn:
        assert conn.execute("SHOW timezone").fetchone() == ("UTC",)


ALLOWED: list[tuple[str, LiteralString]] = [
    (APP_ROLE, "INSERT INTO leagues VALUES ('x', 'X', 'soccer', '{home,draw,away}', 'UTC')"),
    (APP_ROLE, "DELETE FROM quotes"),
    (APP_ROLE, "CREATE TEMPORARY TABLE staged (n int)"),
    (APP_ROLE, "SELECT version_num FROM alembic_version"),
    (READ_ROLE, "SELECT count(*) FROM match_results"),
    (READ_ROLE, "SELECT count(*) FROM matches_readable, quotes_readable, predictions_readable"),
    (READ_ROLE, "SELECT version_num FROM alembic_version"),
    (
        READ_ROLE,
        "INSERT INTO feature_manifests VALUES ('h', '{elo}') ON CONFLICT (hash) DO UPDATE SET names = '{e}'",
    ),
    (READ_ROLE, "UPDATE predictions SET as_of = now()"),
    (READ_ROLE, "UPDATE match_features SET decision_at = now()"),
]
FORBIDDEN: list[tuple[str, LiteralString]] = [
    (APP_ROLE, "CREATE TABLE mine (n int)"),
    (APP_ROLE, "DROP TABLE quotes"),
    (APP_ROLE, "TRUNCATE quotes"),
    (APP_ROLE, "ALTER TABLE quotes ADD COLUMN n int"),
    (APP_ROLE, "UPDATE alembic_version SET version_num = '0001'"),
    (READ_ROLE, "INSERT INTO leagues VALUES ('x', 'X', 'soccer', '{home,draw,away}', 'UTC')"),
    (READ_ROLE, "UPDATE matches SET neutral = true"),
    (READ_ROLE, "DELETE FROM predictions"),
    (READ_ROLE, "UPDATE models SET seed = 1"),
]


@pytest.mark.parametrize(("role", "statement"), ALLOWED)
def test_a_role_may(schema: Connection, role: str, statement: LiteralString) -> None:
    schema.execute("SELECT set_config('role', %s, true)", [role])
    schema.execute(statement)


@pytest.mark.parametrize(("role", "statement"), FORBIDDEN)
def test_a_role_may_not(schema: Connection, role: str, statement: LiteralString) -> None:
    schema.execute("SELECT set_config('role', %s, true)", [role])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        schema.execute(statement)


def test_a_user_who_may_not_make_roles_migrates_and_works_as_itself(plain_user: Database) -> None:
    migrate(plain_user.dsn, MIGRATIONS)
    assert check(plain_user.dsn, MIGRATIONS) == []
    assert whoami(plain_user, APP_ROLE) == "plain"
    assert whoami(plain_user, READ_ROLE) == "plain"


def test_roles_made_later_get_their_rights_from_the_next_migrate(
    plain_user: Database, without_roles: Database
) -> None:
    migrate(plain_user.dsn, MIGRATIONS)
    with without_roles.connect(autocommit=True) as conn:
        conn.execute("CREATE ROLE sportsplat_app NOLOGIN; CREATE ROLE sportsplat_read NOLOGIN")
        conn.execute("GRANT sportsplat_app, sportsplat_read TO plain")
    assert "missing grant to sportsplat_app on quotes: DELETE, INSERT, SELECT, UPDATE" in check(
        plain_user.dsn, MIGRATIONS
    )
    assert migrate(plain_user.dsn, MIGRATIONS) == []
    assert check(plain_user.dsn, MIGRATIONS) == []
    with plain_user.connect(APP_ROLE) as conn:
        assert conn.execute("SELECT current_user, count(*) FROM quotes").fetchone() == (APP_ROLE, 0)


def test_a_user_who_may_make_roles_makes_and_joins_them(
    plain_user: Database, without_roles: Database
) -> None:
    with without_roles.connect(autocommit=True) as conn:
        conn.execute("ALTER ROLE plain CREATEROLE")
    migrate(plain_user.dsn, MIGRATIONS)
    assert check(plain_user.dsn, MIGRATIONS) == []
    assert whoami(plain_user, APP_ROLE) == APP_ROLE
    assert whoami(plain_user, READ_ROLE) == READ_ROLE


def test_a_member_who_may_not_become_the_role_works_as_itself(
    plain_user: Database, without_roles: Database
) -> None:
    """From PostgreSQL 16 on a membership can come without the right to SET ROLE."""
    with without_roles.connect(autocommit=True) as conn:
        conn.execute("CREATE ROLE sportsplat_app NOLOGIN; CREATE ROLE sportsplat_read NOLOGIN")
        conn.execute("GRANT sportsplat_app TO plain WITH SET FALSE")
    migrate(plain_user.dsn, MIGRATIONS)
    assert whoami(plain_user, APP_ROLE) == "plain"


def test_two_databases_of_one_server_make_the_roles_at_once(without_roles: Database) -> None:
    other = replace(without_roles.endpoint, database=f"{without_roles.endpoint.database}_other")
    name = sql.Identifier(other.database)
    with connect(without_roles.dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            dsns = [without_roles.dsn, other.dsn()]
            applied = migrate_at_once(dsns)
            assert applied[0] == applied[1] != []
            assert [check(dsn, MIGRATIONS) for dsn in dsns] == [[], []]
        finally:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
