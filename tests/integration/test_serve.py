"""`sportsplat serve` as its user runs it: as whom it logs in, and what it logs."""

from __future__ import annotations

import re
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import httpx
import psycopg
import pytest

from sportsplat.infra.lock import wait_for
from tests.conftest import Database
from tests.program import environment, run, start
from tests.stack import free_port

LINE = re.compile(r'\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z INFO [\d.]+:\d+ "GET (\S+) HTTP/1.1" (\d+)')


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose embedded database runs."""
    folder = tmp_path_factory.mktemp("serve")
    assert run(folder, "up").exit_code == 0
    yield folder
    run(folder, "down")


@contextmanager
def served(folder: Path, *words: str, **variables: str) -> Iterator[tuple[str, Path]]:
    """Serve on a free port; yield the URL and the file that takes stderr."""
    port, log = free_port(), folder / f"serve-{free_port()}.log"
    with log.open("w") as stderr:
        server = start(
            folder, "serve", "--port", str(port), *words, stderr=stderr, env=environment(**variables)
        )
        try:
            assert wait_for(lambda: server.poll() is not None or _listens(port), 60)
            assert server.poll() is None, log.read_text()
            yield f"http://127.0.0.1:{port}", log
        finally:
            server.terminate()
            try:
                server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()
                raise


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def dsn(folder: Path, user: str, password: str) -> str:
    (url,) = run(folder, "url", "--reveal").stdout.split()
    _, _, place = url.rpartition("@")
    return f"postgresql://{user}:{password}@{place}"


def test_serve_logs_in_as_a_role_that_owns_nothing(project: Path) -> None:
    with served(project) as (url, _):
        assert httpx.get(f"{url}/v1/leagues").json() == {"leagues": []}
        ask = "SELECT DISTINCT usename FROM pg_stat_activity WHERE usename IS NOT NULL"
        said = run(project, "psql", "--", "-tA", "-c", ask + " AND pid <> pg_backend_pid()").stdout

    assert said.split() == ["sportsplat_api"]


def test_the_login_may_read_and_store_predictions_and_nothing_else(project: Path) -> None:
    with served(project):
        pass
    file = project / ".sportsplat" / "api" / "api_password"
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    forbidden: tuple[LiteralString, ...] = (
        "SET ROLE sportsplat",
        "SET ROLE sportsplat_app",
        "DELETE FROM matches",
        "DROP TABLE matches",
        "CREATE TABLE t (x int)",
        "CREATE ROLE other",
        "SELECT rolpassword FROM pg_authid",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "ALTER SYSTEM SET work_mem = '1GB'",
    )
    with psycopg.connect(dsn(project, "sportsplat_api", file.read_text()), autocommit=True) as conn:
        assert conn.execute("SELECT count(*) FROM matches").fetchone() == (0,)
        for statement in forbidden:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement)


def test_a_login_that_was_changed_or_lost_is_mended(project: Path) -> None:
    for damage in ("ALTER ROLE sportsplat_api PASSWORD 'other'", "DROP ROLE IF EXISTS sportsplat_api"):
        run(project, "psql", "--", "-c", damage)
        with served(project) as (url, _):
            assert httpx.get(f"{url}/ready").status_code == 200
    run(project, "db", "rotate-password")
    (project / ".sportsplat" / "api" / "api_password").unlink()
    with served(project, "--workers", "2") as (url, _):
        assert wait_for(lambda: httpx.get(f"{url}/ready").status_code == 200, 30)


def test_every_request_is_a_line_of_the_log(project: Path) -> None:
    with served(project) as (url, log):
        httpx.get(f"{url}/v1/leagues")
        httpx.get(f"{url}/v1/matches?league=%0A2026-01-01T00:00:00Z%1b[31m")
        seen = LINE.findall(log.read_text())
    assert seen == [("/v1/leagues", "200"), ("/v1/matches?league=%0A2026-01-01T00:00:00Z%1b[31m", "404")]
    with served(project, "--quiet") as (url, log):
        httpx.get(f"{url}/v1/leagues")
        assert "GET" not in log.read_text()


def test_an_external_database_is_read_as_the_user_of_its_url(tmp_path: Path, database: Database) -> None:
    owner = replace(database.endpoint, socket_dir=None).url(reveal=True)
    with served(tmp_path, DATABASE_URL=owner) as (url, log):
        assert httpx.get(f"{url}/v1/leagues").status_code == 200
        assert "superuser" in log.read_text()

    made = run(tmp_path, "db", "api-login", "--json", DATABASE_URL=owner).data
    file = Path(made["password_file"])
    try:
        assert made == {"user": "sportsplat_api", "password_file": str(file), "created": True}
        own = {"DATABASE_URL": owner, "SPORTSPLAT_API__PASSWORD_FILE": str(file)}
        with served(tmp_path, **own) as (url, log):
            assert httpx.get(f"{url}/v1/leagues").status_code == 200
            assert "superuser" not in log.read_text()
        with database.connect(autocommit=True) as conn:
            conn.execute("ALTER ROLE sportsplat_api PASSWORD 'other'")
        refused = run(tmp_path, "serve", "--json", timeout_s=60, **own)
        assert (refused.exit_code, refused.error["code"]) == (6, "WRONG_PASSWORD")
        assert refused.error["fix"] == "sportsplat db api-login"
        assert file.read_text() not in refused.stdout + refused.stderr
    finally:
        with database.connect(autocommit=True) as conn:
            conn.execute("DROP ROLE IF EXISTS sportsplat_api")


def test_who_may_not_make_roles_is_told_what_the_administrator_does(
    tmp_path: Path, database: Database
) -> None:
    with database.connect(autocommit=True) as conn:
        conn.execute("CREATE ROLE plain LOGIN PASSWORD 'p1a1n-p4ss' IN ROLE sportsplat_read")
    plain = replace(database.endpoint, socket_dir=None, user="plain", password="p1a1n-p4ss")
    try:
        refused = run(tmp_path, "db", "api-login", "--json", DATABASE_URL=plain.url(reveal=True))
        assert (refused.exit_code, refused.error["code"]) == (6, "NOT_ALLOWED")
        assert "CREATE ROLE sportsplat_api LOGIN" in refused.error["fix"]
        with served(tmp_path, DATABASE_URL=plain.url(reveal=True)) as (url, log):
            assert httpx.get(f"{url}/v1/leagues").status_code == 200
            assert "superuser" not in log.read_text()
    finally:
        with database.connect(autocommit=True) as conn:
            conn.execute("DROP ROLE plain")
