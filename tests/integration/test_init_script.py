"""The init script makes what the migrations make, in one piece or not at all."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from sportsplat.db.connection import Connection, connect
from sportsplat.db.schema.catalogue import live
from sportsplat.db.schema.migrate import check, current, head, migrate, revisions
from sportsplat.db.schema.rendered import INIT_FILE, MARKER, first_difference, render_init_script
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.programs import psql, psql_environment
from sportsplat.paths import asset_dir
from tests.conftest import Database
from tests.embedded import Make
from tests.integration.migrating import MIGRATIONS, copied, copied_program, plant
from tests.program import run

COMMITTED = asset_dir("compose") / "postgres" / "init" / INIT_FILE
HEAD = head(MIGRATIONS)
SCRIPT = COMMITTED.read_text(encoding="utf-8")
AS_THE_IMAGE_DOES = ("-v", "ON_ERROR_STOP=1", "--no-psqlrc", "--no-password")
RIGHTS = """
    SELECT 'table ' || tablename, tableowner FROM pg_tables WHERE schemaname = 'public'
    UNION ALL
    SELECT 'acl of ' || relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'default acl of ' || defaclrole::regrole || ' for ' || defaclobjtype::text, defaclacl::text
    FROM pg_default_acl
    UNION ALL
    SELECT 'schema ' || nspname, nspacl::text FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL
    SELECT 'role ' || rolname, to_jsonb(r)::text FROM
        (SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
                rolconnlimit, rolbypassrls, rolconfig
           FROM pg_roles WHERE rolname ~ '^sportsplat') r
    UNION ALL
    SELECT 'member ' || member::regrole || ' of ' || roleid::regrole,
           grantor::regrole || ' ' || to_jsonb(m) - '{oid,roleid,member,grantor}'::text[]
    FROM pg_auth_members m WHERE roleid::regrole::text ~ '^sportsplat'
    ORDER BY 1, 2
"""


def run_script(endpoint: Endpoint, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(psql()), *AS_THE_IMAGE_DOES, "-f", str(path)],
        env=psql_environment(endpoint),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_text(endpoint: Endpoint, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    path = folder / "script.sql"
    path.write_text(text, encoding="utf-8")
    return run_script(endpoint, path)


def marker(conn: Connection) -> str | None:
    row = conn.execute("SELECT current_setting(%s, true)", [MARKER]).fetchone()
    assert row is not None
    return None if row[0] is None else str(row[0])


def assert_empty(endpoint: Endpoint) -> None:
    with connect(endpoint.dsn(), autocommit=True) as conn:
        assert live(conn) == {}
        assert current(conn) is None
        assert marker(conn) is None


def everything(endpoint: Endpoint) -> tuple[dict[str, str], list[tuple[str, str]]]:
    with connect(endpoint.dsn(), autocommit=True) as conn:
        return live(conn), conn.execute(RIGHTS).fetchall()


@contextmanager
def login_role(database: Database, *, owner: bool) -> Iterator[Endpoint]:
    """A user who is no superuser; the database's owner, or a guest in it."""
    name = sql.Identifier(database.endpoint.database)
    with database.connect(autocommit=True) as conn:
        conn.execute("CREATE ROLE mere_user LOGIN PASSWORD 'mere'")
        if owner:
            conn.execute(sql.SQL("ALTER DATABASE {} OWNER TO mere_user").format(name))
        try:
            yield replace(database.endpoint, user="mere_user", password="mere", socket_dir=None)
        finally:
            conn.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(name))
            conn.execute("DROP OWNED BY mere_user CASCADE; DROP ROLE mere_user")


def test_the_committed_script_is_what_the_migrations_make() -> None:
    """When stale: sportsplat db render-init."""
    assert render_init_script(MIGRATIONS) == SCRIPT
    assert render_init_script(MIGRATIONS) == render_init_script(MIGRATIONS)


def test_it_says_where_it_comes_from_and_nothing_of_who_runs_it(postgres: Endpoint) -> None:
    assert "`sportsplat db render-init`" in SCRIPT.splitlines()[0]
    assert "\\set ON_ERROR_STOP on" in SCRIPT.splitlines()[:5]
    assert "password" not in SCRIPT.lower()
    assert postgres.password not in SCRIPT


def test_the_first_line_that_differs_is_named() -> None:
    assert first_difference("a\nb\n", "a\nb\n") is None
    assert first_difference("a\nb\n", "a\nc\n") == "line 2 is 'c', and is to be 'b'"
    assert first_difference("a\nb\n", "a\n") == "line 2 is missing, and is to be 'b'"
    assert first_difference("a\n", "a\nb\n") == "line 2 is 'b', and is to be missing"
    assert first_difference("a\n", "a\r\n") == "the line ends differ"


def test_both_ways_make_one_schema_and_one_set_of_rights(made: Make, tmp_path: Path) -> None:
    """On a server of each way's own, where no other database has made the roles before."""
    by_script = made(tmp_path / "script").ensure(60).endpoint
    by_alembic = made(tmp_path / "alembic").ensure(60).endpoint
    ran = run_script(by_script, COMMITTED)
    assert (ran.returncode, ran.stderr) == (0, "")
    migrate(by_alembic.dsn(), MIGRATIONS)
    assert everything(by_script) == everything(by_alembic)
    rights = dict(everything(by_script)[1])
    assert {"role sportsplat_app", "role sportsplat_read", "acl of alembic_version"} <= rights.keys()
    assert check(by_script.dsn(), MIGRATIONS) == []
    assert migrate(by_script.dsn(), MIGRATIONS) == []
    with connect(by_script.dsn()) as conn:
        assert (current(conn), marker(conn)) == (HEAD, HEAD)


def test_where_the_roles_exist_already_both_ways_agree_too(
    database: Database, empty_database: Database
) -> None:
    assert run_script(empty_database.endpoint, COMMITTED).returncode == 0
    assert everything(empty_database.endpoint) == everything(database.endpoint)
    assert check(empty_database.dsn, MIGRATIONS) == []


def test_a_database_may_have_any_name(postgres: Endpoint) -> None:
    odd = 'it\'s "100%" odd; \\ü'
    with connect(postgres.dsn(), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(odd)))
        try:
            endpoint = replace(postgres, database=odd)
            assert run_script(endpoint, COMMITTED).returncode == 0
            with connect(endpoint.dsn()) as conn:
                assert marker(conn) == HEAD
        finally:
            server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(odd)))


def test_the_marker_is_of_its_database_alone(empty_database: Database, database: Database) -> None:
    assert run_script(empty_database.endpoint, COMMITTED).returncode == 0
    with database.connect() as other:
        assert marker(other) is None


@pytest.mark.parametrize("until", revisions(MIGRATIONS)[:-1])
def test_what_an_older_script_made_is_migrated_further(
    empty_database: Database, tmp_path: Path, until: str
) -> None:
    older = copied(tmp_path / "migrations", until)
    assert run_text(empty_database.endpoint, tmp_path, render_init_script(older)).returncode == 0
    with empty_database.connect() as conn:
        assert (current(conn), marker(conn)) == (until, until)
    chain = revisions(MIGRATIONS)
    assert migrate(empty_database.dsn, MIGRATIONS) == chain[chain.index(until) + 1 :]
    assert check(empty_database.dsn, MIGRATIONS) == []


STATEMENTS = [
    "BEGIN;",
    "-- Running upgrade 0001 -> 0002",
    "-- Running upgrade 0006 -> 0007",
    "-- Running upgrade 0011 -> 0012",
    "-- Last:",
    "COMMIT;",
]


@pytest.mark.fault
@pytest.mark.parametrize("before", STATEMENTS)
@pytest.mark.parametrize("mishap", ["SELECT 1 / 0;\n", None])
def test_an_error_or_the_end_of_the_file_anywhere_leaves_nothing(
    empty_database: Database, tmp_path: Path, before: str, mishap: str | None
) -> None:
    """None: the file was cut off there, which psql takes for its regular end."""
    head_of_it, found, rest = SCRIPT.rpartition(f"\n{before}")
    assert found
    cut = f"{head_of_it}\n" + (mishap + found + rest if mishap is not None else "")
    ran = run_text(empty_database.endpoint, tmp_path, cut)
    assert ran.returncode == (0 if mishap is None else 3)
    assert ("division by zero" in ran.stderr) == (mishap is not None)
    assert_empty(empty_database.endpoint)
    assert run_script(empty_database.endpoint, COMMITTED).returncode == 0
    assert check(empty_database.dsn, MIGRATIONS) == []


@pytest.mark.fault
@pytest.mark.parametrize(
    ("owner", "complaint"),
    [
        (False, "permission denied for schema public"),
        (True, f'permission denied to set parameter "{MARKER}"'),
    ],
)
def test_a_user_without_the_rights_leaves_nothing(
    empty_database: Database, owner: bool, complaint: str
) -> None:
    with login_role(empty_database, owner=owner) as endpoint:
        ran = run_script(endpoint, COMMITTED)
        assert ran.returncode == 3
        assert complaint in ran.stderr
        assert_empty(empty_database.endpoint)


@pytest.mark.fault
def test_a_session_that_is_ended_half_way_leaves_nothing(empty_database: Database, tmp_path: Path) -> None:
    end = "SELECT pg_terminate_backend(pg_backend_pid());\n"
    before = "-- Running upgrade 0008 -> 0009"
    ran = run_text(empty_database.endpoint, tmp_path, SCRIPT.replace(before, end + before))
    assert ran.returncode == 2
    assert_empty(empty_database.endpoint)


def test_a_second_run_changes_nothing(empty_database: Database) -> None:
    assert run_script(empty_database.endpoint, COMMITTED).returncode == 0
    before = everything(empty_database.endpoint)
    ran = run_script(empty_database.endpoint, COMMITTED)
    assert ran.returncode == 3
    assert 'relation "alembic_version" already exists' in ran.stderr
    assert everything(empty_database.endpoint) == before


def test_the_command_writes_it_and_says_whether_it_changed(project_dir: Path) -> None:
    out = project_dir / "made" / "init"
    written = run(project_dir, "db", "render-init", "--out", str(out), "--json").data
    assert written == {"path": str(out / INIT_FILE), "schema_revision": HEAD, "changed": True}
    assert (out / INIT_FILE).read_text(encoding="utf-8") == SCRIPT
    assert [path.name for path in out.iterdir()] == [INIT_FILE]
    again = run(project_dir, "db", "render-init", "--out", str(out), "--json").data
    assert again["changed"] is False
    assert run(project_dir, "db", "render-init", "--check").exit_code == 0


def test_the_check_names_the_first_line_that_is_stale_and_writes_nothing(project_dir: Path) -> None:
    stale = SCRIPT.replace("CREATE TABLE leagues (", "CREATE TABLE league (")
    (project_dir / INIT_FILE).write_text(stale, encoding="utf-8")
    ran = run(project_dir, "db", "render-init", "--check", "--out", ".", "--json")
    assert ran.exit_code == 10
    assert ran.error["code"] == "INIT_SCRIPT_STALE"
    line = SCRIPT.splitlines().index("CREATE TABLE leagues (") + 1
    assert ran.error["cause"].startswith(f"line {line} is 'CREATE TABLE league ('")
    assert ran.error["fix"] == "sportsplat db render-init --out ."
    assert (project_dir / INIT_FILE).read_text(encoding="utf-8") == stale


def test_the_check_tells_of_a_script_that_is_missing(project_dir: Path) -> None:
    ran = run(project_dir, "db", "render-init", "--check", "--out", ".")
    assert ran.exit_code == 10
    assert "there is no such file" in ran.stderr


def test_a_new_migration_makes_the_script_stale(project_dir: Path, tmp_path: Path) -> None:
    program = copied_program(tmp_path / "next")
    assert program.run(project_dir, "db", "render-init", "--check").exit_code == 0
    plant(program.migrations, "CREATE TABLE venues (name text)")
    ran = program.run(project_dir, "db", "render-init", "--check", "--json")
    assert ran.exit_code == 10
    assert ran.error["code"] == "INIT_SCRIPT_STALE"
    assert "Schema revision 9000" in ran.error["cause"]
    assert program.run(project_dir, "db", "render-init", "--json").data["changed"] is True
    assert program.run(project_dir, "db", "render-init", "--check").exit_code == 0
    made = (program.folder / "compose" / "postgres" / "init" / INIT_FILE).read_text(encoding="utf-8")
    assert "CREATE TABLE venues (name text);" in made


@pytest.mark.fault
def test_a_folder_that_cannot_be_written_is_told(project_dir: Path) -> None:
    (project_dir / "taken").write_text("a file", encoding="utf-8")
    ran = run(project_dir, "db", "render-init", "--out", "taken", "--json")
    assert ran.exit_code == 4
    assert ran.error["code"] == "NOT_WRITABLE"
