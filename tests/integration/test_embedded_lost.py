"""Servers that lost what is known of them, and what only looks like a server: found, ended or left alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from sportsplat.errors import EnvironmentUnavailable, ResourceConflict
from sportsplat.infra.embedded.account import server_account
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from sportsplat.infra.processes import is_alive
from tests.embedded import Make, query
from tests.program import PROGRAM, servers

pytestmark = pytest.mark.fault


def main_process(environment: EmbeddedEnvironment) -> psutil.Process:
    return psutil.Process(environment.status().services[0]["pid"])


def with_a_row(environment: EmbeddedEnvironment) -> EmbeddedEnvironment:
    environment.ensure(60)
    query(environment, "CREATE TABLE kept AS SELECT 42 AS answer")
    return environment


def test_a_server_whose_project_lost_its_memory_is_adopted(made: Make, tmp_path: Path) -> None:
    project = with_a_row(made(tmp_path))
    before = main_process(project)
    for name in ("state.json", "lock", ".gitignore"):
        (project.spec.state_dir / name).unlink()

    assert project.ensure(60).actions == []
    assert main_process(project) == before
    assert project.ask("SELECT answer FROM kept") == ["42"]
    assert (project.spec.state_dir / "state.json").exists()


def test_a_server_whose_socket_is_gone_is_started_again(made: Make, tmp_path: Path) -> None:
    project = with_a_row(made(tmp_path))
    shutil.rmtree(project.spec.socket_dir)

    assert project.ensure(60).actions[0].startswith("stopped PostgreSQL: its socket is gone")
    assert project.ask("SELECT answer FROM kept") == ["42"]


@pytest.mark.parametrize("then", ["up", "down"])
def test_a_server_whose_pid_file_is_gone_is_shut_down_in_order(made: Make, tmp_path: Path, then: str) -> None:
    """PostgreSQL itself would notice within a minute and stop without a checkpoint."""
    project = with_a_row(made(tmp_path, tuning={}))
    lost = main_process(project)
    (project.spec.data_dir / "postmaster.pid").unlink()
    assert project.status().state == "unhealthy"

    if then == "down":
        assert project.stop() == ["stopped PostgreSQL"]
    else:
        actions = project.ensure(60).actions
        assert [action.split()[0] for action in actions] == ["ended", "started"]
    assert not is_alive(lost.pid)
    log = project.spec.log.read_text()
    assert "fast shutdown request" in log
    assert "was not properly shut down" not in log
    project.ensure(60)
    assert project.ask("SELECT answer FROM kept") == ["42"]


def test_a_pid_file_with_the_number_of_another_projects_server_is_stale(made: Make, tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), with_a_row(made(tmp_path / "other"))
    with_a_row(one)
    pid_file = one.spec.data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    one.stop()
    server = main_process(other)
    pid_file.write_text("\n".join([str(server.pid), *lines[1:]]) + "\n")
    server_account(one.spec.data_dir, []).chown(pid_file)

    assert one.status().state == "stopped"
    assert one.stop() == []
    one.ensure(60)
    assert one.ask("SELECT answer FROM kept") == ["42"]
    assert server.is_running()
    assert main_process(other) == server


@pytest.mark.parametrize(
    "content", ["", "garbage\n", "1\n", "999999999\n/nowhere\n1\n5433\n/tmp\nlocalhost\n"]
)
def test_a_pid_file_that_makes_no_sense_is_stale(made: Make, tmp_path: Path, content: str) -> None:
    project = with_a_row(made(tmp_path))
    project.stop()
    pid_file = project.spec.data_dir / "postmaster.pid"
    pid_file.write_text(content)
    server_account(project.spec.data_dir, []).chown(pid_file)

    assert project.status().state == "stopped"
    project.ensure(60)
    assert project.ask("SELECT answer FROM kept") == ["42"]


@pytest.mark.parametrize("moment", range(10))
def test_a_server_killed_at_any_moment_of_its_work_loses_no_row(
    made: Make, tmp_path: Path, moment: int
) -> None:
    """Even moments kill the main process alone, odd ones all of its processes at once."""
    project = made(tmp_path, tuning={"checkpoint_timeout": "30s", "checkpoint_completion_target": "0.1"})
    project.ensure(60)
    query(project, "CREATE TABLE kept (n int PRIMARY KEY)")
    script = (
        "import sys, psycopg\n"
        "connection = psycopg.connect(sys.argv[1], autocommit=True)\n"
        "for number in range(1000000):\n"
        "    connection.execute('INSERT INTO kept VALUES (%s)', [number])\n"
        "    print(number, flush=True)\n"
    )
    command = [sys.executable, "-c", script, project.endpoint().dsn()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "0\n"
        time.sleep(0.02 + 0.03 * moment)
        every = servers(project.spec.state_dir)
        head = main_process(project)
        for process in [head] if moment % 2 == 0 else [head, *every]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        told = [0, *(int(line) for line in writer.stdout)]

    project.ensure(60)

    (count, last) = query(project, "SELECT count(*), max(n) FROM kept")[0]
    assert count == last + 1
    assert count in (len(told), len(told) + 1)  # the last one may have been stored and not told
    assert (
        len([each for each in servers(project.spec.state_dir) if each.pid == main_process(project).pid]) == 1
    )
    project.stop()
    assert servers(project.spec.state_dir) == []
    assert not project.spec.socket_dir.exists()


def test_a_server_that_cannot_be_reached_by_its_signal_is_told(made: Make, tmp_path: Path) -> None:
    """A server stopped by SIGSTOP does not answer and does not end: no second server on its data."""
    project = with_a_row(made(tmp_path))
    server = main_process(project)
    every = servers(project.spec.state_dir)
    for process in every:
        with suppress(psutil.NoSuchProcess):  # a worker may end by itself
            process.suspend()
    try:
        assert project.status().state == "unhealthy"
        with pytest.raises(EnvironmentUnavailable) as refused:
            project.ensure(5)
        assert refused.value.error_code == "DATABASE_UNREACHABLE"
    finally:
        for process in every:
            with suppress(psutil.NoSuchProcess):
                process.resume()
    assert project.ensure(60).actions == []
    assert main_process(project) == server


def test_a_port_that_the_system_keeps_for_itself_is_not_called_taken(made: Make, tmp_path: Path) -> None:
    with pytest.raises(ResourceConflict) as refused:
        made(tmp_path, port=1).ensure(60)
    assert refused.value.error_code == "PORT_NOT_ALLOWED"
    assert "port 1" in refused.value.message
    assert servers(tmp_path) == []
    assert made(tmp_path).ensure(60).endpoint.port > 1023


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    account = server_account(tmp_path / "nowhere", [tmp_path, Path(PROGRAM)])
    project = tmp_path / "project"
    project.mkdir()
    project.chmod(0o555)
    variables = ["SPORTSPLAT_INFRA__BACKEND=embedded", f"SPORTSPLAT_PROJECT_DIR={project}"]

    done = account.run(["env", *variables, PROGRAM, "up"], capture_output=True)

    assert done.returncode == 4
    assert done.stderr.startswith("error[STATE_NOT_WRITABLE]: the state folder cannot be written")
    assert str(project / ".sportsplat") in done.stderr
    assert "Traceback" not in done.stderr
    assert list(project.iterdir()) == []

    project.chmod(0o755)
    (project / ".sportsplat").mkdir()
    account.chown(project / ".sportsplat")
    done = account.run(["env", *variables, PROGRAM, "up"], capture_output=True)
    assert done.returncode == 4
    assert done.stderr.startswith(f"error[STATE_NOT_WRITABLE]: {project / '.env'} cannot be written")
    assert servers(project) == []


def test_data_made_by_another_user_is_left_alone(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    account = server_account(tmp_path / "nowhere", [tmp_path, Path(PROGRAM)])
    data = tmp_path / ".sportsplat" / "pgdata-16"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    account.chown(tmp_path / ".sportsplat")
    variables = ["SPORTSPLAT_INFRA__BACKEND=embedded", f"SPORTSPLAT_PROJECT_DIR={tmp_path}"]

    done = account.run(["env", *variables, PROGRAM, "up"], capture_output=True)

    assert (done.returncode, done.stderr.split(":")[0]) == (4, "error[DATA_NOT_YOURS]")
    assert (data / "PG_VERSION").read_text() == "16\n"
