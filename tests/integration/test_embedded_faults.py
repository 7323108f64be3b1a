"""What breaks an embedded server, and that it costs no data: each test really breaks it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from sportsplat.errors import DataConflict, EnvironmentUnavailable, ResourceConflict
from sportsplat.infra import cluster, ports, postmaster
from sportsplat.infra.account import server_account
from sportsplat.infra.binaries import bin_dir
from sportsplat.infra.embedded import EmbeddedEnvironment
from sportsplat.infra.embedded_server import EmbeddedServer
from tests.embedded import Make, query
from tests.program import environment, main_servers, servers

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
    while environment.ask("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(30)'") == ["0"]:
        pass

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
    account.give(pid_file)

    assert environment.status().state == "stopped"
    environment.ensure(60)
    assert main_process(environment) != os.getppid()


def test_what_a_killed_initialisation_left_is_swept(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path)
    left = environment.spec.state_dir / f"{cluster.UNFINISHED}123-dead" / "data"
    left.mkdir(parents=True)
    (left / "PG_VERSION").write_text("16\n")

    actions = environment.ensure(60).actions

    assert actions[0] == "removed what an interrupted command left"
    assert not left.parent.exists()


def test_whole_data_without_a_marker_is_adopted(made: Make, tmp_path: Path) -> None:
    """Killed between the rename and the marker."""
    environment = made(tmp_path)
    environment.ensure(60)
    query(environment, "CREATE TABLE kept AS SELECT 42 AS answer")
    environment.stop()
    (environment.spec.data_dir / "sportsplat-complete.json").unlink()
    assert environment.status().state == "incomplete"

    environment.ensure(60)

    assert environment.ask("SELECT answer FROM kept") == ["42"]
    assert cluster.is_marked(environment.spec.data_dir)


def test_data_without_a_database_is_named_incomplete_and_left_alone(made: Make, tmp_path: Path) -> None:
    """The state in which the wheel's own initialisation leaves its folder when it is killed."""
    environment = made(tmp_path)
    environment.ensure(60)
    elsewhere = replace(environment.endpoint(), database="postgres")
    with psycopg.connect(elsewhere.dsn(), autocommit=True) as connection:
        connection.execute("DROP DATABASE sportsplat WITH (FORCE)")
    environment.stop()
    (environment.spec.data_dir / "sportsplat-complete.json").unlink()

    with pytest.raises(DataConflict) as refused:
        environment.ensure(60)

    assert refused.value.error_code == "INCOMPLETE_DATA"
    assert "--reinit" in (refused.value.fix or "")
    assert environment.status().state == "incomplete"
    assert servers(tmp_path) == []

    (action,) = environment.set_aside()
    aside = environment.spec.state_dir / action.split()[-1]
    assert (aside / "PG_VERSION").exists()
    environment.ensure(60)
    assert environment.set_aside() == []
    assert environment.status().state == "running"
    shutil.rmtree(aside)


def test_a_folder_that_holds_no_data_is_incomplete(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path, configured_password="given")
    environment.spec.data_dir.mkdir(parents=True)
    server_account(tmp_path / "nowhere", []).give(environment.spec.data_dir)

    with pytest.raises(DataConflict, match="not a complete initialisation"):
        environment.ensure(60)
    assert environment.spec.data_dir.exists()


def test_data_that_initdb_left_half_made_is_incomplete(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path, configured_password="given")
    data_dir = environment.spec.data_dir
    data_dir.mkdir(parents=True)
    (data_dir / "PG_VERSION").write_text("16\n")
    server_account(tmp_path / "nowhere", []).give(data_dir)

    with pytest.raises(DataConflict) as refused:
        environment.ensure(60)

    assert refused.value.error_code == "INCOMPLETE_DATA"
    assert "--reinit" in (refused.value.fix or "")


def test_a_wrong_password_is_named_and_mended(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path, configured_password="right-one")
    environment.ensure(60)
    query(environment, "CREATE TABLE kept AS SELECT 42 AS answer")
    other = make(tmp_path, configured_password="wrong-one")

    with pytest.raises(DataConflict) as refused:
        other.ensure(60)
    assert refused.value.error_code == "WRONG_PASSWORD"
    assert "wrong-one" not in str(refused.value.to_dict())
    assert environment.status().state == "running"

    assert other.reset_password() == ["stopped PostgreSQL", "gave the data the configured password"]
    other.ensure(60)
    assert other.ask("SELECT answer FROM kept") == ["42"]
    assert environment.status().state == "unhealthy"


def test_a_lost_password_is_not_replaced_behind_the_users_back(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.ensure(60)
    (tmp_path / ".env").unlink()

    with pytest.raises(DataConflict) as refused:
        environment.ensure(60)
    assert refused.value.error_code == "PASSWORD_MISSING"
    assert not (tmp_path / ".env").exists()

    environment.reset_password()
    environment.ensure(60)
    assert environment.ask("SELECT 1") == ["1"]


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


def test_a_fixed_port_that_is_taken_is_refused_and_auto_finds_another(made: Make, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        with pytest.raises(ResourceConflict) as refused:
            made(tmp_path, port=taken).ensure(60)
        assert f"process {os.getpid()}" in (refused.value.cause or "")

        endpoint = made(tmp_path).ensure(60).endpoint
        assert endpoint.port != taken
        made(tmp_path).stop()
        assert made(tmp_path).ensure(60).endpoint.port == endpoint.port


def test_a_port_lost_in_a_race_at_bind_is_replaced(
    made: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Free when asked for, taken when bound: the first candidate is one that somebody holds."""
    environment = made(tmp_path)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        asked: list[int] = []

        def is_free(port: int, host: str) -> bool:
            asked.append(port)
            return True

        monkeypatch.setattr(ports, "is_free", is_free)
        monkeypatch.setattr(ports, "USUAL", taken)
        endpoint = environment.ensure(60).endpoint

    assert asked[0] == taken
    assert endpoint.port != taken


def test_another_fixed_port_moves_the_running_server(made: Make, tmp_path: Path) -> None:
    first = made(tmp_path).ensure(60).endpoint
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = probe.getsockname()[1]

    moved = made(tmp_path, port=wanted).ensure(60)

    assert moved.endpoint.port == wanted
    assert moved.actions[0] == f"stopped PostgreSQL: it was on port {first.port}, and is to be on {wanted}"
    assert len(main_servers(tmp_path)) == 1


def test_a_fixed_port_that_is_taken_does_not_stop_what_runs(made: Make, tmp_path: Path) -> None:
    first = made(tmp_path).ensure(60).endpoint
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(ResourceConflict, match="taken"):
            made(tmp_path, port=listener.getsockname()[1]).ensure(60)
    assert made(tmp_path).status().state == "running"
    assert made(tmp_path).endpoint().port == first.port


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
    account.give(spec.socket_dir)
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


LIFE = """
import os, signal, sys
from pathlib import Path
from sportsplat.infra.embedded import EmbeddedEnvironment
from sportsplat.infra.embedded_server import EmbeddedServer
from sportsplat.infra.embedded_spec import EmbeddedSpec
folder = Path(sys.argv[1])
spec = EmbeddedSpec(folder / ".sportsplat", folder / ".env", tuning={"fsync": "off"})
environment = EmbeddedEnvironment(spec)
try:
    environment.ensure(60)
    environment.ask("CREATE TABLE kept AS SELECT 42 AS answer")
    pid = environment.status().services[0]["pid"]
    assert environment.ensure(60).actions == []
    os.kill(pid, signal.SIGKILL)
    assert len(environment.ensure(60).actions) == 1
    environment.stop()
    assert environment.status().state == "stopped"
    environment.ensure(60)
    print(environment.ask("SELECT answer FROM kept")[0], Path("/proc/self").stat().st_uid)
finally:
    environment.remove()
"""
CONTAINER = (
    "-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,"
    "+net_bind_service,+sys_chroot,+kill,+audit_write"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay down capabilities")
@pytest.mark.parametrize("capabilities", ["+all", CONTAINER], ids=["machine", "container"])
def test_root_lives_with_a_server_below_private_folders(tmp_path: Path, capabilities: str) -> None:
    """Project and programs lie where the server's account may not go, as below /root.

    In a container root itself may neither read everything nor look into the processes of others.
    """
    (tmp_path / "private").mkdir(mode=0o700)
    package = bin_dir().parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        subprocess.run(["cp", "-a", part, tmp_path / "private"], check=True)
    (tmp_path / "private" / "project").mkdir()
    limit = ["setpriv", f"--bounding-set={capabilities}"]
    done = subprocess.run(
        [*limit, sys.executable, "-c", LIFE, tmp_path / "private" / "project"],
        env=environment(PYTHONPATH=str(tmp_path / "private")),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("42 0\n", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_normal_user_runs_the_server_as_themselves(tmp_path: Path) -> None:
    account = server_account(tmp_path / "nowhere", [tmp_path, Path(sys.executable).resolve().parent])
    (tmp_path / "project").mkdir()
    account.give(tmp_path / "project")

    done = account.run([sys.executable, "-c", LIFE, str(tmp_path / "project")], capture_output=True)

    assert (done.stdout, done.stderr) == (f"42 {account.uid}\n", "")
