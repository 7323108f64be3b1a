"""The database in Docker is used, changed and deleted only where it is this folder's own."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.infra.identity import FOLDER
from sportsplat.infra.lock import wait_for
from sportsplat.infra.state_folder import name_of
from tests.engine import POSTGRES_IMAGE, PROJECT_LABEL, DockerProject
from tests.in_docker import KEPT, ask, refused, up
from tests.second_engine import SecondEngine

pytestmark = pytest.mark.fault
DATA = "/var/lib/postgresql/data"
LEAGUE = "INSERT INTO leagues VALUES ('epl', 'Premier League', 'soccer', '{home,draw,away}', 'UTC')"
COMMANDS = (("up",), ("status",), ("url",), ("down",), ("down", "--volumes", "--yes"), ("logs",))


def copy_of(project: DockerProject, folder: Path, name: str | None = None) -> DockerProject:
    subprocess.run(["cp", "-a", str(project.folder), str(folder)], check=True)
    return replace(project, folder=folder, name=name or project.name)


def state(project: DockerProject) -> dict[str, object]:
    found = json.loads((project.folder / ".sportsplat" / "state.json").read_text())
    assert isinstance(found, dict)
    return found


def inside(project: DockerProject, volume: str, script: str) -> None:
    """Run a shell script as root where a volume is mounted."""
    mounts = {volume: {"bind": DATA, "mode": "rw"}}
    project.engine.containers.run(
        POSTGRES_IMAGE, entrypoint=["sh", "-ec", script], volumes=mounts, remove=True
    )


def wipe(project: DockerProject) -> str:
    (volume,) = (found.name for found in project.volumes())
    inside(project, volume, f"rm -rf {DATA}/* {DATA}/.[!.]*")
    return str(volume)


def test_a_copied_folder_leaves_the_originals_data_alone(
    docker_project: DockerProject, tmp_path: Path
) -> None:
    """Its memory came along, and names the original's project: running or stopped, it is not the copy's."""
    (docker_project.folder / "config" / "settings.yaml").write_text("infra:\n  backend: docker\n")
    original = replace(docker_project, name=name_of(docker_project.folder))
    copy = copy_of(original, tmp_path / "copy", name_of(tmp_path / "copy"))
    try:
        up(original)
        ask(original, KEPT)
        shutil.rmtree(copy.folder)
        copy_of(original, copy.folder)
        for words in COMMANDS:
            code, error = refused(copy, *words)
            assert (code, error["code"]) == (5, "VOLUME_NOT_OURS"), words
            assert str(original.folder) in error["cause"]
        assert ask(original, "SELECT answer FROM kept") == "42"
        assert original.run("down").exit_code == 0
        for words in (("up",), ("down", "--volumes", "--yes")):
            assert refused(copy, *words)[1]["code"] == "VOLUME_NOT_OURS"
        assert original.leftovers() == [f"volume {original.name}-postgres-data"]

        own = up(copy, "--reinit")

        assert own["actions"][0] == (
            f"left the data in the Docker project {original.name} where it is, which is that of "
            f"{original.folder}"
        )
        assert own["services"][0]["container"] == copy.container
        assert ask(copy, "SELECT to_regclass('kept') IS NULL") == "t"
        assert copy.run("down", "--volumes", "--yes").exit_code == 0
        up(original)
        assert ask(original, "SELECT answer FROM kept") == "42"
    finally:
        original.remove()
        copy.remove()


def test_a_copy_with_a_name_of_its_own_begins_its_own_database(
    docker_project: DockerProject, tmp_path: Path
) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    copy = copy_of(docker_project, tmp_path / "copy", f"{docker_project.name}-copy")
    assert refused(copy, "up", "--reinit")[1]["code"] == "VOLUME_NOT_OURS"
    copy.configure()
    try:
        assert copy.run("status", "--json").data["state"] == "absent"
        first = up(copy)["actions"][0]

        assert str(docker_project.folder) in first
        assert first.startswith("left the data of")
        assert ask(copy, "SELECT to_regclass('kept') IS NULL") == "t"
        assert up(copy)["actions"] == []
        assert ask(docker_project, "SELECT answer FROM kept") == "42"
    finally:
        copy.remove()


def test_without_a_memory_the_labels_tell_a_copy(docker_project: DockerProject, tmp_path: Path) -> None:
    """Half of the folder is copied, or its memory was written by an earlier version."""
    up(docker_project)
    ask(docker_project, KEPT)
    copy = copy_of(docker_project, tmp_path / "copy")
    memory = copy.folder / ".sportsplat" / "state.json"
    facts = state(copy)
    for left in (
        {},
        {key: facts[key] for key in ("backend", "project", "engine", "port", "volume", "config")},
    ):
        memory.write_text(json.dumps(left))
        for words in (("up",), ("status",), ("url",), ("down",), ("down", "--volumes", "--yes")):
            assert refused(copy, *words)[1]["code"] == "VOLUME_NOT_OURS", (words, left)
    assert ask(docker_project, "SELECT answer FROM kept") == "42"


def test_a_moved_folder_is_accepted_and_a_new_one_in_its_old_place_has_no_claim(
    docker_project: DockerProject, tmp_path: Path
) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    docker_project.run("down")
    moved = replace(docker_project, folder=tmp_path / "moved")
    docker_project.folder.rename(moved.folder)

    assert up(moved)["notes"] == [f"this project was moved: it was in {docker_project.folder} before"]

    assert up(moved)["notes"] == []
    docker_project.configure()
    for words in (("up",), ("down", "--volumes", "--yes")):
        assert refused(docker_project, *words)[1]["code"] == "VOLUME_NOT_OURS"
    moved.run("down")
    (docker_project.folder / ".env").write_text("POSTGRES_PASSWORD=another\n")
    for words in (("up",), ("down", "--volumes", "--yes")):
        assert refused(docker_project, *words)[1]["code"] == "VOLUME_NOT_OURS"
    assert (
        up(moved)["state"] == "running"
    )  # the folder of its volume's label exists again, and claims nothing
    assert ask(moved, "SELECT answer FROM kept") == "42"


def test_a_backup_of_the_folder_put_back_beside_the_moved_one_has_no_claim(
    docker_project: DockerProject, tmp_path: Path
) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    docker_project.run("down")
    moved = copy_of(docker_project, tmp_path / "moved")
    shutil.rmtree(docker_project.folder)
    up(moved)
    copy_of(moved, docker_project.folder)

    for words in (("up",), ("down", "--volumes", "--yes")):
        assert refused(docker_project, *words)[1]["code"] == "VOLUME_NOT_OURS"

    assert moved.run("down").exit_code == 0
    up(moved)
    assert ask(moved, "SELECT answer FROM kept") == "42"


def test_a_changed_name_does_not_begin_an_empty_database(docker_project: DockerProject) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    other = replace(docker_project, name=f"{docker_project.name}-other")
    other.configure()
    try:
        for words in COMMANDS:
            code, error = refused(other, *words)
            assert (code, error["code"]) == (6, "PROJECT_WOULD_CHANGE"), words
            assert docker_project.name in error["message"]
            assert other.name in error["message"]
        assert other.leftovers() == []

        assert up(other, "--reinit")["actions"][0].startswith(
            f"left the data in the Docker project {docker_project.name} where it is"
        )
        assert ask(other, "SELECT to_regclass('kept') IS NULL") == "t"

        docker_project.configure()
        assert docker_project.run("status", "--json").error["code"] == "PROJECT_WOULD_CHANGE"
        up(docker_project, "--reinit")
        assert ask(docker_project, "SELECT answer FROM kept") == "42"
        docker_project.run("down")
        assert docker_project.run("status", "--json").data["state"] == "stopped"
    finally:
        other.remove()


def test_another_engine_is_refused_by_both_names(
    docker_project: DockerProject, second_engine: SecondEngine
) -> None:
    up(docker_project)
    ask(docker_project, KEPT)
    elsewhere = replace(docker_project, endpoint=second_engine.endpoint)
    for words in (("down",), ("down", "--volumes", "--yes"), ("logs",)):
        assert refused(elsewhere, *words)[1]["code"] == "ENGINE_WOULD_CHANGE", words
    assert up(elsewhere)["endpoint"] == up(docker_project)["endpoint"]
    assert ask(elsewhere, "SELECT answer FROM kept") == "42"
    docker_project.run("down")

    for words in (("up",), ("status",), ("psql",), ("url",)):
        code, error = refused(elsewhere, *words)
        assert (code, error["code"]) == (6, "ENGINE_WOULD_CHANGE"), words
        assert docker_project.endpoint in error["cause"]
        assert second_engine.endpoint in error["cause"]
    assert second_engine.holds() == []

    assert up(elsewhere, "--reinit")["actions"][0].startswith("forgot the data that was in the volume")
    assert ask(elsewhere, "SELECT to_regclass('kept') IS NULL") == "t"
    assert [volume.name for volume in docker_project.volumes()] == [f"{docker_project.name}-postgres-data"]
    assert elsewhere.run("down").exit_code == 0


def test_a_wiped_volume_is_not_made_anew_and_the_newest_backup_is_offered(
    docker_project: DockerProject,
) -> None:
    up(docker_project)
    ask(docker_project, LEAGUE)
    docker_project.run("db", "backup")
    newest = docker_project.run("db", "backup", "--json").data["file"]
    docker_project.run("down")
    volume = wipe(docker_project)

    code, error = refused(docker_project, "up")

    assert (code, error["code"]) == (6, "DATA_MISSING")
    assert volume in error["message"]
    assert "holds no PostgreSQL data" in error["cause"]
    assert f"sportsplat up --reinit && sportsplat db restore {newest}" in error["fix"]
    inside(docker_project, volume, f'test -z "$(ls -A {DATA})"')
    assert docker_project.leftovers() == [f"volume {volume}"]

    assert up(docker_project, "--reinit")["actions"][0] == f"forgot the data that was in the volume {volume}"
    assert docker_project.run("db", "restore", newest, "--yes").exit_code == 0
    assert ask(docker_project, "SELECT name FROM leagues") == "Premier League"
    assert up(docker_project)["actions"] == []


def test_a_volume_wiped_while_it_ran_is_seen_by_every_command(docker_project: DockerProject) -> None:
    """The engine starts the container again, and its image initialises the empty volume by itself."""
    up(docker_project)
    ask(docker_project, KEPT)
    container = docker_project.engine.containers.get(docker_project.container)
    container.exec_run(["sh", "-c", f"rm -rf {DATA}/*"])
    container.kill()
    container.start()
    assert wait_for(lambda: docker_project.run("status", "--json").envelope["error"], 60)

    for words in (("up",), ("status",), ("psql",), ("url",), ("down", "--volumes", "--yes")):
        assert refused(docker_project, *words)[1]["code"] == "DATA_MISSING", words
    doctor = docker_project.run("doctor", "--json")
    assert doctor.exit_code == 10
    assert docker_project.run("down").exit_code == 0
    assert refused(docker_project, "up")[1]["code"] == "DATA_MISSING"
    up(docker_project, "--reinit")
    assert ask(docker_project, "SELECT to_regclass('kept') IS NULL") == "t"


def test_a_removed_volume_is_told_and_not_made_anew(docker_project: DockerProject) -> None:
    up(docker_project)
    docker_project.run("down")
    (volume,) = docker_project.volumes()
    volume.remove()

    code, error = refused(docker_project, "up")

    assert (code, error["code"]) == (6, "DATA_MISSING")
    assert "the engine has no such volume" in error["cause"]
    assert docker_project.leftovers() == []
    status = docker_project.run("status", "--json").data
    assert (status["state"], volume.name in status["services"][0]["lost"]) == ("absent", True)
    up(docker_project, "--reinit")
    assert up(docker_project)["actions"] == []


def test_an_earlier_versions_memory_and_a_volume_without_labels_are_adopted(
    docker_project: DockerProject,
) -> None:
    name = f"{docker_project.name}-postgres-data"
    docker_project.engine.volumes.create(name, labels={PROJECT_LABEL: docker_project.name})
    (docker_project.folder / ".env").write_text("POSTGRES_PASSWORD=made-before-labels\n")
    up(docker_project)
    ask(docker_project, KEPT)
    memory = docker_project.folder / ".sportsplat" / "state.json"
    facts = state(docker_project)
    memory.write_text(
        json.dumps({key: facts[key] for key in ("backend", "project", "engine", "port", "volume", "config")})
    )

    assert ask(docker_project, "SELECT answer FROM kept") == "42"
    assert up(docker_project)["actions"] == []
    assert state(docker_project) == facts
    assert facts[FOLDER] == str(docker_project.folder / ".sportsplat")


def test_a_volume_with_the_data_of_another_project_is_not_deleted(docker_project: DockerProject) -> None:
    """No container uses it; the one that is made to look into it was left by a killed command before."""
    up(docker_project)
    docker_project.run("down")
    (volume,) = (found.name for found in docker_project.volumes())
    inside(docker_project, volume, f"printf 12345678 | dd of={DATA}/global/pg_control conv=notrunc")
    probe = f"{docker_project.container}-look"
    labels = {PROJECT_LABEL: docker_project.name}
    docker_project.engine.containers.create(POSTGRES_IMAGE, ["true"], name=probe, labels=labels)

    for words in (("up",), ("down", "--volumes", "--yes")):
        code, error = refused(docker_project, *words)
        assert (code, error["code"]) == (6, "DATA_MISSING"), words
        assert "another cluster is there" in error["cause"]
    assert volume in [found.name for found in docker_project.volumes()]


def test_complete_data_that_nobody_remembers_is_not_set_aside(docker_project: DockerProject) -> None:
    """Stopped, it looks unfinished, and `--reinit` is what that names."""
    up(docker_project)
    ask(docker_project, KEPT)
    docker_project.run("down")
    (docker_project.folder / ".sportsplat" / "state.json").unlink()

    assert refused(docker_project, "up", "--reinit")[1]["code"] == "NOTHING_TO_REINIT"
    assert ask(docker_project, "SELECT answer FROM kept") == "42"
    assert len(docker_project.volumes()) == 1
