"""What breaks an embedded server, and that it costs no data: each test really breaks it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import psycopg
import pytest

from sportsplat.errors import DataConflict, EnvironmentUnavailable
from sportsplat.infra.embedded import postmaster
from sportsplat.infra.embedded.account import server_account
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from sportsplat.infra.embedded.server import EmbeddedServer
from sportsplat.infra.lock import wait_for
from sportsplat.infra.programs import bin_dir
from tests.embedded import Make, query
from tests.program import servers

pytestmark = pytest.mark.fault


def main_process(environment: EmbeddedEnvironment) -> int:
    pid = environment.status().services[0]["pid"]
    assert isinstance(pid, int)
    return pid


def test_a_killed_server_comes_back_with_its_data(made: Make, tmp_path: Path) -> None:
    """A session was busy: its process outlives the server for a while."""
    environment = made(tmp_path, tuning={})
    environment.ensure(60)
    query(environment, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    busy = psycopg.connect(environment.endpoint().dsn())
    sleeper = threading.Thread(target=_swallow, args=(busy, "SELECT pg_sleep(30)"))
    sleeper.start()
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(30)'"
    assert wait_for(lambda: environment.ask(asleep) != ["0"], 30)

    os.kill(main_process(environment), signal.SIGKILL)
    again = environment.ensure(60)

    assert again.actions == [f"started PostgreSQL on port {again.endpoint.port}"]
    assert environment.ask("SELECT sum(n) FROM kept") == ["500500"]
    sleeper.join()
    busy.close()
    environment.stop()
    assert servers(tmp_path) == []


def _swallow(connection: psycopg.Connection[object], statement: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute(statement.encode())


def test_down_after_a_killed_server_leaves_no_process_and_no_socket(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)
    os.kill(main_process(environment), signal.SIGKILL)

    environment.stop()

    assert servers(tmp_path) == []
    assert not environment.spec.socket_dir.exists()
    assert environment.status().state == "stopped"


def test_a_pid_file_whose_number_is_somebody_elses_by_now_is_stale(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)
    pid_file = environment.spec.data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    environment.stop()
    account = server_account(environment.spec.data_dir, [])
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    account.chown(pid_file)

    assert environment.status().state == "stopped"
    environment.ensure(60)
    assert main_process(environment) != os.getppid()


def test_another_database_name_is_named(made: Make, tmp_path: Path) -> None:
    made(tmp_path).ensure(60)

    with pytest.raises(DataConflict, match="no database 'other'") as refused:
        made(tmp_path, database="other").ensure(60)
    assert refused.value.fix == "set infra.database: sportsplat"


def test_data_of_another_major_is_not_opened(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)
    environment.stop()
    version = environment.spec.data_dir / "PG_VERSION"
    version.write_text("15\n")

    with pytest.raises(DataConflict) as refused:
        environment.ensure(60)
    assert refused.value.error_code == "WRONG_MAJOR"
    version.write_text("16\n")
    assert environment.ensure(60).endpoint.port


def test_a_project_that_was_moved_while_its_server_ran_is_found_again(made: Make, tmp_path: Path) -> None:
    before = made(tmp_path / "before")
    former = Path(before.ensure(60).endpoint.socket_dir or "")
    pid = main_process(before)
    query(before, "CREATE TABLE kept AS SELECT 42 AS answer")
    (tmp_path / "before").rename(tmp_path / "after")
    after = made(tmp_path / "after")

    assert main_process(after) == pid
    assert after.ask("SELECT answer FROM kept") == ["42"]
    after.ensure(60)
    assert after.ask("SELECT answer FROM kept") == ["42"]
    assert before.status().state == "absent"
    after.stop()
    assert not former.exists()


def test_a_server_that_cannot_start_says_why(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)
    environment.stop()
    broken = made(tmp_path, tuning={"shared_buffers": "no number"})

    with pytest.raises(EnvironmentUnavailable) as refused:
        broken.ensure(60)

    assert refused.value.error_code == "START_FAILED"
    assert "shared_buffers" in (refused.value.cause or "")
    assert servers(tmp_path) == []


def test_a_server_started_by_hand_is_adopted(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)
    environment.stop()
    spec = environment.spec
    spec.socket_dir.mkdir(mode=0o700)
    account = server_account(spec.data_dir, [spec.data_dir, bin_dir()])
    account.chown(spec.socket_dir)
    options = EmbeddedServer(spec, print).options(_free_port())
    server = postmaster.start(spec.data_dir, spec.log, account, options, 30)

    assert environment.ensure(60).actions == []
    assert main_process(environment) == server.pid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_state_folder_that_is_a_file_is_refused(make: Make, tmp_path: Path) -> None:
    (tmp_path / ".sportsplat").write_text("mine\n")

    with pytest.raises(EnvironmentUnavailable) as refused:
        make(tmp_path).ensure(60)
    assert refused.value.error_code == "STATE_NOT_WRITABLE"
