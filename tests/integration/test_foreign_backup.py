"""A backup made by somebody else: its code reaches nothing outside a database of its own, and is named."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from sportsplat.config.settings import Settings
from sportsplat.db.connection import connect
from sportsplat.db.copy.replace import load
from sportsplat.db.schema.migrate import check
from sportsplat.errors import InputRefused
from sportsplat.infra.backup import file as backup_file
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.backup.backup import backup, verify
from sportsplat.jobs.backup.restore import restore
from tests.backups import change, held, plain_database, server_of_somebody_else, settings_of
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS
from tests.program import run

# What is made first is harmless, so that making the file runs nothing; then the function is replaced. One
# that is not volatile may not use COPY itself, but may call one that is.
MAKE = "CREATE FUNCTION evil(n bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN n; END';"
REPLACE = """
CREATE FUNCTION act() RETURNS void {how} LANGUAGE plpgsql AS $$
BEGIN {before} COPY (SELECT 1) TO PROGRAM 'cat > {marker}'; END $$;
CREATE OR REPLACE FUNCTION evil(n bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM public.act(); RETURN n; END $$;
"""
TRIGGER = """
CREATE FUNCTION on_write() RETURNS trigger {how} LANGUAGE plpgsql AS $$
BEGIN COPY (SELECT 1) TO PROGRAM 'cat > {marker}'; RETURN NEW; END $$;
CREATE TRIGGER on_write BEFORE INSERT ON matches FOR EACH ROW EXECUTE FUNCTION on_write();
"""
# name: what is made, and the code that a refusal names
CASES = {
    "index": (MAKE + "CREATE INDEX i ON matches (evil(id));", "function public.evil(bigint)"),
    "index that resets the role": (
        MAKE + "CREATE INDEX i ON matches (evil(id));",
        "function public.evil(bigint)",
    ),
    "index on a security definer": (
        MAKE + "CREATE INDEX i ON matches (evil(id));",
        "function public.evil(bigint)",
    ),
    "check": (MAKE + "ALTER TABLE matches ADD CHECK (evil(id) > 0);", "function public.evil(bigint)"),
    "generated column": (
        MAKE + "ALTER TABLE matches ADD x bigint GENERATED ALWAYS AS (evil(id)) STORED;",
        "function public.evil(bigint)",
    ),
    "materialized view": (
        MAKE + "CREATE MATERIALIZED VIEW m AS SELECT evil(id) FROM matches;",
        "function public.evil(bigint)",
    ),
    "materialized view without rows": (
        MAKE + "CREATE MATERIALIZED VIEW m AS SELECT evil(1);",
        "function public.evil(bigint)",
    ),
    "domain": (
        MAKE
        + "CREATE DOMAIN d AS bigint CHECK (evil(VALUE) > 0); ALTER TABLE matches ADD y d;"
        + "UPDATE matches SET y = 1;",
        "function public.evil(bigint)",
    ),
    "default": (
        MAKE + "ALTER TABLE leagues ADD z bigint; ALTER TABLE leagues ALTER z SET DEFAULT evil(1);",
        "function public.evil(bigint)",
    ),
    "trigger": (TRIGGER.replace("{how}", ""), "function public.on_write()"),
    "trigger of a security definer": (
        TRIGGER.replace("{how}", "SECURITY DEFINER"),
        "function public.on_write()",
    ),
    "changed function of ours": (
        """
        CREATE OR REPLACE FUNCTION ensure_quote_partition(season int) RETURNS boolean
        SECURITY DEFINER LANGUAGE plpgsql AS $$
        BEGIN COPY (SELECT 1) TO PROGRAM 'cat > {marker}'; RETURN true; END $$
        """,
        "function public.ensure_quote_partition(integer)",
    ),
    "rule": (
        "CREATE RULE r AS ON INSERT TO teams DO ALSO UPDATE pg_authid SET rolsuper = true;",
        "rule r of public.teams",
    ),
    "view of secrets": (
        "CREATE VIEW v AS SELECT rolpassword FROM pg_authid;",
        "view public.v",
    ),
    "view that reads files": ("CREATE VIEW v AS SELECT pg_read_file('/etc/passwd');", "view public.v"),
    "check that writes files": (
        "ALTER TABLE matches ADD CONSTRAINT c CHECK (lo_export(1, '{marker}') = 1) NOT VALID;",
        "constraint c of public.matches",
    ),
}


@pytest.fixture
def marker() -> Iterator[Path]:
    """A file that the server's account could make."""
    path = Path(f"/tmp/sportsplat-marker-{secrets.token_hex(8)}")
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def target(empty_database: Database, tmp_path: Path) -> Settings:
    """A project with an empty database, whose user is a superuser."""
    return settings_of(tmp_path / "target", empty_database.endpoint)


def of_somebody_else(settings: Settings, filled: Database, case: str, marker: Path) -> Path:
    """Return a backup with the code of a case in it, none of which has run yet."""
    made = CASES[case][0].replace("{marker}", str(marker))
    change(filled.endpoint, made)
    change(filled.endpoint, "ALTER TABLE matches SET (autovacuum_enabled = false)")  # it would run an index
    if "evil(n" in made:
        how = "SECURITY DEFINER" if "definer" in case else ""
        before = "PERFORM set_config('role', 'none', false);" if "resets" in case else ""
        change(filled.endpoint, REPLACE.format(how=how, before=before, marker=marker))
    file = Path(backup(settings).file)
    assert not marker.exists()
    return file


FEW = ("index that resets the role", "check that writes files", "view that reads files", "rule")
"""One of each way in which code runs; the other cases are tried in `make test-all`."""


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[] if case in FEW else [pytest.mark.slow]) for case in CASES]
)
def test_code_of_a_foreign_file_runs_neither_in_a_verification_nor_in_a_restore(
    settings: Settings,
    filled: Database,
    target: Settings,
    empty_database: Database,
    marker: Path,
    case: str,
) -> None:
    file = of_somebody_else(settings, filled, case, marker)

    with suppress(InputRefused):  # where it runs at once, as the next test sees
        verify(target, file)
    assert not marker.exists()

    with pytest.raises(InputRefused) as said:
        restore(target, file)
    assert said.value.error_code in ("FOREIGN_CODE", "BACKUP_FORBIDDEN")
    if said.value.error_code == "FOREIGN_CODE":
        assert CASES[case][1] in str(said.value.cause)
        assert str(said.value.fix).endswith(f"sportsplat db restore {file} --trust")
    assert not marker.exists()
    with empty_database.connect() as conn:
        assert conn.execute("SELECT count(*) FROM leagues").fetchone() == (0,)
        made = conn.execute("SELECT FROM pg_roles WHERE rolname LIKE 'sportsplat_verify%'")
        assert made.rowcount == 0
    assert check(empty_database.dsn, MIGRATIONS) == []


def test_who_trusts_a_file_runs_its_code(
    settings: Settings, filled: Database, target: Settings, marker: Path
) -> None:
    """And so the cases above would have run theirs."""
    restore(target, of_somebody_else(settings, filled, "index", marker), trust=True)
    assert marker.exists()


def test_code_that_stands_in_the_database_already_needs_no_trust(
    settings: Settings, filled: Database, marker: Path
) -> None:
    file = of_somebody_else(settings, filled, "trigger", marker)
    before = held(filled.endpoint)
    change(filled.endpoint, "DELETE FROM quotes")
    assert restore(settings, file, yes=True, keep=False).rows > 0
    assert held(filled.endpoint) == before


def test_statements_in_the_place_of_a_comment_run_without_rights(
    settings: Settings, filled: Database, target: Settings, marker: Path
) -> None:
    """An archive is SQL: what stands where a comment was runs with no trace of it in any catalogue."""
    change(filled.endpoint, f"COMMENT ON TABLE leagues IS '{'x' * 300}'")
    made = backup(settings)
    file = Path(made.file)
    content = file.read_bytes()
    old = f"COMMENT ON TABLE public.leagues IS '{'x' * 300}';\n".encode()
    assert content.count(old) == 1
    for number, act in enumerate((
        f"COPY (SELECT 1) TO PROGRAM 'cat > {marker}';",
        f"RESET ROLE; COPY (SELECT 1) TO PROGRAM 'cat > {marker}';",
        f"COMMIT; SET SESSION AUTHORIZATION DEFAULT; COPY (SELECT 1) TO PROGRAM 'cat > {marker}';",
        "CREATE SCHEMA mallory;",
        "CREATE EXTENSION vector SCHEMA public;",
        "CREATE ROLE mallory SUPERUSER;",
        "DO $$ BEGIN EXECUTE 'ALTER ROLE ' || quote_ident(current_user) || ' SUPERUSER'; END $$;",
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION first_new_match_id();",
    )):  # fmt: skip
        tampered = file.with_name(f"{number}.dump")
        archive = content[: made.bytes and backup_file.read_manifest(file).bytes]
        with backup_file.new_file(tampered) as new:
            os.write(new.fd, archive.replace(old, act.encode().ljust(len(old) - 1) + b"\n"))
            new.seal(backup_file.read_manifest(file))
        for attempt in (verify, restore):
            with pytest.raises(InputRefused) as refused:
                attempt(target, tampered)
            assert refused.value.error_code == "BACKUP_FORBIDDEN", (act, refused.value.cause)
            assert not marker.exists()


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case, (made, _) in CASES.items() if "evil(n" in made])
def test_code_that_would_run_in_a_verification_is_stopped(
    settings: Settings, filled: Database, target: Settings, marker: Path, case: str
) -> None:
    file = of_somebody_else(settings, filled, case, marker)
    if case == "default":  # which only a row without the column asks for
        assert verify(target, file).rows > 0
        return
    with pytest.raises(InputRefused) as refused:
        verify(target, file)
    assert refused.value.error_code == "BACKUP_FORBIDDEN"
    assert "external program" in str(refused.value.cause) or "role" in str(refused.value.cause)


def test_a_statement_among_the_rows_is_refused(filled: Database) -> None:
    with filled.connect() as conn, pytest.raises(InputRefused) as refused:
        load(conn, b"", BytesIO(b"SET a = 1;\n\nDELETE FROM public.quotes;\n"), b"", lambda *_: None)
    assert refused.value.error_code == "BACKUP_DAMAGED"
    assert refused.value.cause == "DELETE FROM public.quotes;"


def test_a_plain_user_verifies_on_a_server_of_its_own_without_rights(
    settings: Settings, filled: Database, postgres: Endpoint, tmp_path: Path, marker: Path
) -> None:
    file = of_somebody_else(settings, filled, "index", marker)
    with plain_database(postgres) as plain:
        theirs = settings_of(tmp_path / "theirs", plain)
        with pytest.raises(InputRefused) as refused:
            verify(theirs, file)
    assert refused.value.error_code == "BACKUP_FORBIDDEN"
    assert not marker.exists()


def test_a_move_runs_no_code_of_the_old_database(
    filled: Database, project_dir: Path, tmp_path_factory: pytest.TempPathFactory, marker: Path
) -> None:
    theirs = settings_of(project_dir, filled.endpoint)
    of_somebody_else(theirs, filled, "index", marker)
    with server_of_somebody_else(tmp_path_factory.mktemp("mine")):
        url = filled.endpoint.url(reveal=True)
        moved = run(project_dir, "db", "move", "embedded", "--json", timeout_s=120, DATABASE_URL=url)
        assert moved.exit_code == 9
        assert moved.error["code"] == "FOREIGN_CODE"
        assert moved.error["fix"].endswith("sportsplat db move embedded --trust")
        assert not marker.exists()
        run(project_dir, "down", "--volumes", "--yes", DATABASE_URL=url)


def test_an_older_backup_needs_no_trust_for_the_functions_of_its_time(
    settings: Settings, filled: Database, target: Settings, empty_database: Database
) -> None:
    from alembic import command

    from sportsplat.db.schema.migrate import alembic_on

    with filled.connect(autocommit=True) as conn, alembic_on(conn, MIGRATIONS) as config:
        command.downgrade(config, "0011")
    restore(target, Path(backup(settings).file))
    assert check(empty_database.dsn, MIGRATIONS) == []
    with connect(empty_database.dsn) as conn:
        assert conn.execute("SELECT count(*) > 0 FROM matches").fetchone() == (True,)
