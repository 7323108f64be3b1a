"""What breaks a database in Docker, and that it costs no data: each test really breaks it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sportsplat.errors import DataConflict, EnvironmentUnavailable
from sportsplat.infra import ports
from sportsplat.infra.docker_environment import DockerEnvironment
from sportsplat.infra.docker_spec import DockerSpec
from sportsplat.infra.docker_volume import FOLDER_LABEL
from tests import program
from tests.engine import OTHER_MAJOR_IMAGE, POSTGRES_IMAGE, PROJECT_LABEL, DockerProject
from tests.engine_proxy import proxied
from tests.integration.test_docker_environment import KEPT, ask, inspected, up, variables

pytestmark = pytest.mark.fault


def refused(project: DockerProject, *words: str, **more: str) -> tuple[int, dict[str, Any]]:
    """Run a command that fails with --json; return its exit code and its error."""
    ran = project.run(*words, "--json", timeout_s=120, **more)
    return ran.exit_code, ran.error


@contextmanager
def port_in_use() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def in_process(project: DockerProject, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> DockerEnvironment:
    """Return the environment of a project in this process, so that a test can stand in its way."""
    monkeypatch.setenv("DOCKER_HOST", project.endpoint)
    state, env_file = project.folder / ".sportsplat", project.folder / ".env"
    return DockerEnvironment(DockerSpec(project.name, state, env_file, **changes))


def test_a_taken_port_names_its_holder_and_auto_finds_another(docker_project: DockerProject) -> None:
    with port_in_use() as port:
        code, error = refused(docker_project, "up", "--port", str(port))
        assert (code, error["code"]) == (5, "PORT_TAKEN")
        assert f"process {os.getpid()}" in error["cause"]
        assert docker_project.leftovers() == []

        docker_project.configure(port=port)
        chosen = up(docker_project, "--port", "auto")["services"][0]["port"]
        assert chosen != port
        running = refused(docker_project, "up")[1]
        assert running["code"] == "PORT_TAKEN"
        assert docker_project.run("status", "--json").data["services"][0]["port"] == chosen
    docker_project.configure(port=chosen)
    assert up(docker_project)["actions"] == []


def test_a_port_that_another_container_publishes_names_that_container(docker_project: DockerProject) -> None:
    engine = docker_project.engine
    with port_in_use() as port:
        pass
    labels = {PROJECT_LABEL: docker_project.name}
    network = engine.networks.create(docker_project.name, labels=labels).name
    options: dict[str, Any] = {"network": network, "ports": {"80/tcp": ("127.0.0.1", port)}, "labels": labels}
    holder = engine.containers.run(
        POSTGRES_IMAGE, ["sleep", "60"], detach=True, name=f"{docker_project.name}-x", **options
    )

    code, error = refused(docker_project, "up", "--port", str(port))

    assert (code, error["code"]) == (5, "PORT_TAKEN")
    assert f"the container {holder.name} publishes it" in error["cause"]


def _always_free(port: int, host: str) -> bool:
    return True


def test_a_port_lost_in_a_race_at_bind_is_replaced(
    docker_project: DockerProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Free when asked for, taken when the engine binds it: once by a process, once by a container."""
    first = in_process(docker_project, monkeypatch)
    with port_in_use() as taken:
        with monkeypatch.context() as race:
            race.setattr(ports, "is_free", _always_free)
            race.setattr(ports, "USUAL", taken)
            ensured = first.ensure(60)

        assert ensured.endpoint.port != taken
        assert [action.split(" on port")[0] for action in ensured.actions][-2:-1] == [
            f"created the container {docker_project.container}"
        ]
        docker_project.configure(port=taken)
        monkeypatch.setattr(ports, "is_free", _always_free)
        assert refused(docker_project, "up")[1]["code"] == "PORT_TAKEN"
    assert len(docker_project.containers()) == 1


def test_a_wrong_password_is_named_and_mended_with_the_data(docker_project: DockerProject) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    env_file = docker_project.folder / ".env"
    right = program.variables_of(env_file)["POSTGRES_PASSWORD"]
    env_file.write_text("# mine\nPOSTGRES_PASSWORD=wrong-one\n")

    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (6, "WRONG_PASSWORD")
    assert error["fix"].endswith("sportsplat db rotate-password")
    assert "wrong-one" not in str(error)

    rotated = docker_project.run("db", "rotate-password", "--json")
    assert rotated.data["actions"][0] == "wrote a new password into .env"
    new = program.variables_of(env_file)["POSTGRES_PASSWORD"]
    assert new not in (right, "wrong-one")
    assert new not in rotated.stdout + rotated.stderr
    assert env_file.read_text().startswith("# mine\n")
    assert ask(docker_project, "SELECT answer FROM kept") == "42"
    assert new not in docker_project.run("logs").stdout


def test_a_lost_password_is_not_replaced_behind_the_users_back(docker_project: DockerProject) -> None:
    up(docker_project)
    env_file = docker_project.folder / ".env"
    env_file.unlink()
    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (6, "PASSWORD_MISSING")
    assert not env_file.exists()

    docker_project.engine.containers.get(docker_project.container).stop()
    assert docker_project.run("db", "rotate-password").exit_code == 0
    assert up(docker_project)["actions"] == []


def test_a_password_of_the_environment_stays_and_the_data_is_given_it(docker_project: DockerProject) -> None:
    up(docker_project)
    before = (docker_project.folder / ".env").read_text()
    given = {"POSTGRES_PASSWORD": "given-one"}
    assert refused(docker_project, "up", **given)[1]["code"] == "WRONG_PASSWORD"

    rotated = docker_project.run("db", "rotate-password", "--json", timeout_s=60, **given).data

    assert rotated["actions"][0] == "kept the password, which is from the environment (POSTGRES_PASSWORD)"
    assert (docker_project.folder / ".env").read_text() == before
    assert up(docker_project, **given)["actions"] == []
    assert refused(docker_project, "up")[1]["code"] == "WRONG_PASSWORD"
    assert docker_project.run("up", "--reset-password").exit_code == 0
    assert up(docker_project)["actions"] == []


def test_a_second_run_of_one_program_never_takes_back_what_the_first_completed(
    docker_project: DockerProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both carry the label of one run; but the first one's volume was seen complete."""
    environment = in_process(docker_project, monkeypatch)
    environment.ensure(60)
    ask(docker_project, KEPT)
    env_file = docker_project.folder / ".env"
    right = env_file.read_text()
    env_file.write_text("POSTGRES_PASSWORD=wrong-one\n")

    with pytest.raises(DataConflict) as wrong:
        environment.ensure(60)

    assert wrong.value.error_code == "WRONG_PASSWORD"
    env_file.write_text(right)
    assert environment.ensure(60).endpoint.port
    assert ask(docker_project, "SELECT answer FROM kept") == "42"


def test_a_rotation_killed_half_way_is_finished_by_the_next_up(docker_project: DockerProject) -> None:
    """Killed when `.env` has the new password already, and the data most likely not yet."""
    up(docker_project)
    ask(docker_project, KEPT)
    env_file = docker_project.folder / ".env"
    before = env_file.read_text()
    with program.start(
        docker_project.folder, "db", "rotate-password", env=variables(docker_project)
    ) as rotating:
        while env_file.read_text() == before:
            time.sleep(0.001)
        rotating.kill()

    assert up(docker_project)["actions"] in ([], ["gave the data that password"])
    assert ask(docker_project, "SELECT answer FROM kept") == "42"


def test_a_rotation_without_data_changes_nothing(docker_project: DockerProject) -> None:
    code, error = refused(docker_project, "db", "rotate-password")
    assert (code, error["code"]) == (4, "NOT_RUNNING")
    assert not (docker_project.folder / ".env").exists()


def test_data_of_another_major_is_seen_before_a_server_starts(docker_project: DockerProject) -> None:
    docker_project.configure(image=OTHER_MAJOR_IMAGE)
    assert up(docker_project)["server_version"].startswith("18")
    ask(docker_project, KEPT)
    docker_project.configure()

    code, error = refused(docker_project, "up")

    assert (code, error["code"]) == (6, "WRONG_MAJOR")
    assert "PostgreSQL 18" in error["message"]
    docker_project.configure(image=OTHER_MAJOR_IMAGE)
    assert up(docker_project)["actions"] == [], "the server that serves is left alone"
    assert ask(docker_project, "SELECT answer FROM kept") == "42"

    docker_project.run("down")
    docker_project.configure()
    assert refused(docker_project, "up")[1]["code"] == "WRONG_MAJOR"
    assert docker_project.containers() == []


def test_another_database_or_user_than_the_data_has_is_named(docker_project: DockerProject) -> None:
    up(docker_project)
    docker_project.configure(database="other")
    assert refused(docker_project, "up")[1]["fix"] == "set infra.database: sportsplat"
    docker_project.configure(user="other")
    assert refused(docker_project, "up")[1]["fix"] == "set infra.user: sportsplat"
    docker_project.configure()
    assert up(docker_project)["actions"] == []


def killed_while_it_initialises(project: DockerProject) -> str:
    """Kill `up` and its container in the midst of initdb; return the volume's name."""
    with program.start(project.folder, "up", env=variables(project)) as running:
        container = appeared(project)
        while b"creating subdirectories" not in container.logs():
            time.sleep(0.002)
        running.kill()
        container.kill()
    (volume,) = project.volumes()
    return str(volume.name)


def appeared(project: DockerProject) -> Any:
    deadline = time.monotonic() + 30
    while not (found := [each for each in project.containers() if each.status == "running"]):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return found[0]


def test_half_initialised_data_is_named_left_alone_and_begun_anew_beside_it(
    docker_project: DockerProject,
) -> None:
    old = killed_while_it_initialises(docker_project)
    assert docker_project.run("status", "--json").data["state"] == "incomplete"

    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (6, "INCOMPLETE_DATA")
    assert old in error["message"]
    assert "--reinit" in error["fix"]
    assert docker_project.run("status", "--json").data["state"] == "incomplete"

    anew = up(docker_project, "--reinit")
    assert anew["actions"][:2] == [
        f"left the incomplete data in the volume {old}",
        f"created the volume {old}-2",
    ]
    assert anew["services"][0]["volume"] == f"{old}-2"
    assert sorted(volume.name for volume in docker_project.volumes()) == [old, f"{old}-2"]
    assert up(docker_project)["actions"] == []
    assert refused(docker_project, "up", "--reinit")[1]["code"] == "NOTHING_TO_REINIT"


def test_a_new_volume_of_a_removed_ones_name_is_not_taken_for_complete(docker_project: DockerProject) -> None:
    up(docker_project)
    for container in docker_project.containers():
        container.remove(force=True)
    for volume in docker_project.volumes():
        volume.remove()

    old = killed_while_it_initialises(docker_project)

    assert refused(docker_project, "up")[1]["code"] == "INCOMPLETE_DATA"
    assert up(docker_project, "--reinit")["services"][0]["volume"] == f"{old}-2"


def test_data_that_became_whole_after_an_interrupt_was_killed_is_kept(docker_project: DockerProject) -> None:
    """The run that was to take it back is dead, and its server went on: a user may have begun to work."""
    up(docker_project)
    ask(docker_project, KEPT)
    labels = docker_project.volumes()[0].attrs["Labels"]
    state = docker_project.folder / ".sportsplat" / "state.json"
    facts = json.loads(state.read_text())
    facts = {"project": facts["project"], "discarding": labels["io.sportsplat.run"]}
    state.write_text(json.dumps(facts))

    up(docker_project)

    assert ask(docker_project, "SELECT answer FROM kept") == "42"


def test_a_container_killed_under_the_run_that_made_it_leaves_nothing(docker_project: DockerProject) -> None:
    with program.start(
        docker_project.folder, "up", "--json", stdout=subprocess.PIPE, env=variables(docker_project)
    ) as running:
        container = appeared(docker_project)
        while b"creating subdirectories" not in container.logs():
            time.sleep(0.002)
        container.kill()
        ran = program.Ran(running.wait(60), running.stdout.read() if running.stdout else "", "")

    assert (ran.exit_code, ran.error["code"]) == (4, "START_FAILED")
    assert docker_project.leftovers() == []
    assert up(docker_project)["state"] == "running"


def test_an_image_that_cannot_be_had_offers_the_embedded_server(docker_project: DockerProject) -> None:
    docker_project.configure(image="127.0.0.1:9/nowhere/postgres:16")
    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (4, "IMAGE_UNAVAILABLE")
    assert "the engine says: " in error["cause"]
    assert "127.0.0.1:9" in error["cause"]
    assert "--backend embedded" in error["fix"]
    assert docker_project.leftovers() == []


def test_a_server_that_cannot_start_says_why(docker_project: DockerProject) -> None:
    docker_project.configure(memory="1m")
    code, error = refused(docker_project, "up")
    assert (code, error["code"]) == (4, "START_FAILED")
    assert "memory limit" in error["cause"]
    assert docker_project.leftovers() == []


def small_volume(project: DockerProject, size: str) -> None:
    """Make the project's volume on a disk of its own."""
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={size}"}
    name = f"{project.name}-postgres-data"
    labels = {PROJECT_LABEL: project.name, FOLDER_LABEL: str(project.folder / ".sportsplat")}
    project.engine.volumes.create(name, driver_opts=options, labels=labels)


def test_a_disk_that_is_full_while_it_initialises_is_named(docker_project: DockerProject) -> None:
    small_volume(docker_project, "20m")
    (docker_project.folder / ".env").write_text("POSTGRES_PASSWORD=chosen-by-hand\n")

    code, error = refused(docker_project, "up")

    assert (code, error["code"]) == (4, "DISK_FULL")
    assert "No space left on device" in error["cause"]
    docker_project.run("down", "--volumes", "--yes")
    assert up(docker_project)["state"] == "running"


def test_a_disk_that_is_full_later_is_named_and_costs_no_row(docker_project: DockerProject) -> None:
    """The server ends when it cannot write its log, and comes back when there is room again."""
    small_volume(docker_project, "120m")
    (docker_project.folder / ".env").write_text("POSTGRES_PASSWORD=chosen-by-hand\n")
    up(docker_project)
    ask(docker_project, KEPT)
    data = "/var/lib/postgresql/data"
    # Another container keeps that disk mounted while the server is down.
    keeper = docker_project.engine.containers.run(
        POSTGRES_IMAGE,
        ["sleep", "300"],
        name=f"{docker_project.name}-keeper",
        labels={PROJECT_LABEL: docker_project.name},
        network_mode="none",
        detach=True,
        volumes={f"{docker_project.name}-postgres-data": {"bind": data, "mode": "rw"}},
    )
    try:
        keeper.exec_run(["sh", "-c", f"head -c 200m /dev/zero > {data}/ballast"])
        write = "SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000000)) FROM generate_series(1, 60)"
        assert "closed the connection" in docker_project.run("psql", "--", "-c", write).stderr

        code, error = refused(docker_project, "up")
        assert (code, error["code"]) == (4, "DISK_FULL"), error

        keeper.exec_run(["rm", f"{data}/ballast"])
        up(docker_project)
        assert ask(docker_project, "SELECT answer FROM kept") == "42"
    finally:
        keeper.remove(force=True, v=True)


def test_too_little_time_names_what_it_waited_for_and_goes_on(docker_project: DockerProject) -> None:
    code, error = refused(docker_project, "up", "--timeout", "0.5")
    assert (code, error["code"]) == (8, "START_TIMED_OUT")
    assert "within 0." in error["message"]
    assert f"container {docker_project.container} is running" in error["cause"]
    assert "--timeout" in error["fix"]
    assert up(docker_project)["state"] == "running"


def test_a_killed_server_comes_back_with_its_data(docker_project: DockerProject) -> None:
    up(docker_project)
    ask(docker_project, KEPT)

    docker_project.engine.containers.get(docker_project.container).kill()
    assert docker_project.run("status", "--json").data["state"] == "stopped"
    assert up(docker_project)["actions"][0] == f"started the container {docker_project.container}"
    assert ask(docker_project, "SELECT answer FROM kept") == "42"

    os.kill(inspected(docker_project)["State"]["Pid"], signal.SIGKILL)
    assert up(docker_project)["state"] == "running"
    assert ask(docker_project, "SELECT answer FROM kept") == "42"


@pytest.mark.parametrize("presses", [1, 2])
def test_an_interrupt_takes_back_what_the_run_had_made(docker_project: DockerProject, presses: int) -> None:
    """Once: all that this run had made is gone. Twice: it leaves at once, and the next `up` finishes that."""
    with program.start(
        docker_project.folder,
        "up",
        "--json",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables(docker_project),
    ) as running:
        appeared(docker_project)
        for _ in range(presses):
            running.send_signal(signal.SIGINT)
            time.sleep(0.02)
        output, _ = running.communicate(timeout=30)

    assert running.returncode == 130
    if presses == 1:
        name = docker_project.name
        assert docker_project.leftovers() == []
        assert program.Ran(130, output, "").error["cause"] == (
            f"removed what this run had made: the container {name}-postgres, "
            f"the volume {name}-postgres-data, the network {name}"
        )
    assert up(docker_project)["state"] == "running"


def test_an_interrupt_keeps_data_that_was_there(docker_project: DockerProject) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    docker_project.run("down")
    with program.start(docker_project.folder, "up", env=variables(docker_project)) as running:
        while not docker_project.containers():
            time.sleep(0.002)
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130

    assert docker_project.leftovers() == [f"volume {docker_project.name}-postgres-data"]
    up(docker_project)
    assert ask(docker_project, "SELECT answer FROM kept") == "42"


def test_an_engine_that_goes_away_is_waited_for(docker_project: DockerProject) -> None:
    """Its socket hangs up in the midst of `up` and listens again a second later."""
    with proxied(docker_project.endpoint, docker_project.folder.parent / "engine.sock") as engine:
        away = {"DOCKER_HOST": engine.endpoint}
        with program.start(
            docker_project.folder,
            "up",
            "--json",
            stdout=subprocess.PIPE,
            env=program.environment(**away),
        ) as running:
            appeared(docker_project)
            engine.stop()
            time.sleep(1.0)
            engine.start()
            output, _ = running.communicate(timeout=60)
    data = program.Ran(running.returncode, output, "").data
    assert data["state"] == "running"
    assert "waited for the container engine to come back" in data["actions"]


def test_an_engine_that_stays_away_is_named(
    docker_project: DockerProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(docker_project.endpoint, docker_project.folder.parent / "engine.sock") as engine:
        environment = in_process(docker_project, monkeypatch)
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        engine.stop_after(b"/containers/create")
        with pytest.raises(EnvironmentUnavailable) as lost:
            environment.ensure(3)
    assert lost.value.error_code == "ENGINE_LOST"
    monkeypatch.setenv("DOCKER_HOST", docker_project.endpoint)
    assert environment.ensure(60).endpoint.port


@pytest.mark.parametrize("moment_s", [0.3, 0.6, 0.9, 1.3, 1.8])
def test_a_killed_up_is_recovered_by_the_next(docker_project: DockerProject, moment_s: float) -> None:
    with program.start(docker_project.folder, "up", env=variables(docker_project)) as running:
        time.sleep(moment_s)
        running.kill()

    assert up(docker_project)["state"] == "running"
    assert docker_project.run("down", "--volumes", "--yes").exit_code == 0
    assert docker_project.leftovers() == []
