"""The embedded server from nothing to nothing: made, opened by its password only, stopped, removed."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.environment import Endpoint
from tests.embedded import Make, query
from tests.program import servers


def test_a_whole_life(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path)
    assert environment.status().state == "absent"

    first = environment.ensure(60)
    assert len(first.actions) == 3
    query(environment, "CREATE TABLE kept AS SELECT 42 AS answer")
    seen = environment.status()
    assert (seen.state, seen.endpoint) == ("running", first.endpoint)
    assert (seen.server_version or "").startswith("16.")

    assert environment.ensure(60).actions == []
    assert environment.stop() == ["stopped PostgreSQL"]
    assert environment.stop() == []
    assert environment.status().state == "stopped"

    again = environment.ensure(60)
    assert again.actions == [f"started PostgreSQL on port {first.endpoint.port}"]
    assert environment.ask("SELECT answer FROM kept") == ["42"]

    assert environment.remove() == ["stopped PostgreSQL", "deleted the data"]
    assert environment.status().state == "absent"
    assert servers(tmp_path) == []
    assert sorted(path.name for path in (tmp_path / ".sportsplat").iterdir()) == [".gitignore", "lock"]


def test_a_project_without_a_server_is_stopped_and_removed_without_a_trace(
    make: Make, tmp_path: Path
) -> None:
    environment = make(tmp_path)

    assert environment.stop() == []
    assert environment.remove() == []
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(EnvironmentUnavailable) as refused:
        environment.endpoint()
    assert refused.value.fix == "sportsplat up"


@pytest.mark.parametrize("way", ["socket", "tcp"])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_enters_without_the_password(postgres: Endpoint, way: str, password: str) -> None:
    host = postgres.socket_dir if way == "socket" else "127.0.0.1"
    login: Any = {"host": host, "port": postgres.port, "user": postgres.user, "dbname": postgres.database}

    psycopg.connect(**login, password=postgres.password).close()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**login, password=password, passfile="/dev/null")


def test_the_server_listens_on_this_machine_only_and_outlives_our_session(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)
    server = psutil.Process(environment.status().services[0]["pid"])

    listening = {c.laddr[0] for c in server.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
    assert os.getsid(server.pid) != os.getsid(0)
    assert not any(child.pid == server.pid for child in psutil.Process().children(recursive=True))
    assert server.uids().effective != 0
    streams = {str(Path(f"/proc/{server.pid}/fd/{fd}").readlink()) for fd in (0, 1, 2)}
    assert streams == {"/dev/null", str(environment.spec.log)}


def test_the_password_is_made_once_and_told_to_nobody(make: Make, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GEMINI_API_KEY=mine\n")
    environment = make(tmp_path)
    password = environment.ensure(60).endpoint.password

    lines = (tmp_path / ".env").read_text().splitlines()
    assert lines == ["GEMINI_API_KEY=mine", f"POSTGRES_PASSWORD={password}"]
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert len(password) >= 32
    found = subprocess.run(
        ["grep", "-rlF", "--", password, tmp_path], capture_output=True, text=True, check=False
    )
    assert found.stdout.split() == [str(tmp_path / ".env")]
    for process in servers(tmp_path):
        with suppress(psutil.NoSuchProcess):  # a worker may end by itself
            assert password not in " ".join(process.cmdline())
            assert password not in " ".join(process.environ().values())


def test_a_password_that_is_configured_is_the_one(make: Make, tmp_path: Path) -> None:
    odd = r"it's a \ $(pass) 'word' ü"
    environment = make(tmp_path, configured_password=odd, user="o neil", database='my "db"')

    environment.ensure(60)

    assert query(environment, "SELECT current_user, current_database()") == [("o neil", 'my "db"')]
    assert not (tmp_path / ".env").exists()


def test_text_is_unicode_whatever_the_shell_says(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "POSIX")
    environment = make(tmp_path)
    environment.ensure(60)

    rows = query(environment, "SELECT current_setting('server_encoding'), upper('müller'), 'a' < 'B'")
    assert rows == [("UTF8", "MÜLLER", False)]


ODD = """it's $(id) `id` "a, b" \\n %s – été"""


@pytest.mark.parametrize("name", ["short", "d" * 60, "d" * 120, "d" * 180, "Ligue 1 – été " * 6, ODD])
def test_the_socket_works_whatever_the_path(made: Make, tmp_path: Path, name: str) -> None:
    """The kernel allows 107 bytes for a socket's address; projects lie deeper than that."""
    folder = tmp_path / name.strip()
    environment = made(folder)
    environment.ensure(60)
    socket_dir = Path(environment.endpoint().socket_dir or "")

    assert query(environment, "SELECT inet_server_addr()") == [(None,)]
    assert socket_dir.stat().st_mode & 0o777 == 0o700
    environment.stop()
    assert not socket_dir.exists()


def test_a_database_is_made_whatever_the_path(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path / ODD / ("d" * 120))

    environment.ensure(60)
    assert query(environment, "SHOW data_directory") == [(str(environment.spec.data_dir),)]


def test_two_projects_run_side_by_side(made: Make, tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), made(tmp_path / "other")

    assert one.ensure(60).endpoint.port != other.ensure(60).endpoint.port
    query(one, "CREATE TABLE mine()")
    assert other.ask("SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") == ["0"]


def test_a_table_that_is_not_there_has_no_rows(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)

    assert environment.ask("SELECT x FROM nowhere") == []
    with pytest.raises(EnvironmentUnavailable):
        environment.ask("SELECT 1/0")


def test_the_log_can_be_read(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)

    (last,) = environment.logs(1, follow=False)
    assert "ready to accept connections" in last
