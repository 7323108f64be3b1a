"""What `doctor` says of files, folders and file systems: each test really breaks them, and takes the fix."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.doctor import doctor_as_nobody, rows, rows_of, take_fix
from tests.engine_sockets import DOCKER, answering

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount and become another user")


def test_env_that_others_can_read_fails_until_the_fix_is_taken(project_dir: Path) -> None:
    (project_dir / ".env").touch(mode=0o644)

    row = rows()["env_file"]

    assert row["state"] == "fail"
    assert "mode 0644" in row["seen"]
    take_fix(row)
    assert rows()["env_file"]["state"] == "ok"


def test_an_open_folder_of_secrets_fails_until_the_fix_is_taken(project_dir: Path) -> None:
    folder = project_dir / ".sportsplat" / "docker" / "secrets"
    folder.mkdir(parents=True, mode=0o755)

    row = rows()["secrets_folder"]

    assert row["state"] == "fail"
    take_fix(row)
    assert rows()["secrets_folder"]["state"] == "ok"


def test_a_state_folder_open_to_everyone_is_noted(project_dir: Path) -> None:
    (project_dir / ".sportsplat").mkdir()
    (project_dir / ".sportsplat").chmod(0o777)

    row = rows()["state_folder"]

    assert row["state"] == "warn"
    take_fix(row)
    assert rows()["state_folder"]["state"] == "ok"


@ROOT_ONLY
def test_an_engine_that_is_closed_to_the_user_is_noted_with_the_way_in(project_dir: Path) -> None:
    project_dir.chmod(0o777)
    with answering(project_dir / "d.sock", DOCKER) as endpoint:
        (project_dir / "d.sock").chmod(0o660)
        os.chown(project_dir / "d.sock", 0, 1)
        row = rows_of(doctor_as_nobody(project_dir, DOCKER_HOST=endpoint))["engine"]

    assert (row["state"], row["fix"]) == ("warn", "sudo usermod -aG daemon nobody")


@ROOT_ONLY
def test_a_folder_that_cannot_be_written_fails(project_dir: Path) -> None:
    row = rows_of(doctor_as_nobody(project_dir))["state_folder"]

    assert row["state"] == "fail"
    assert row["seen"] == f"{project_dir} cannot be written by user 65534"


@ROOT_ONLY
def test_files_of_another_user_fail(project_dir: Path) -> None:
    (project_dir / ".env").write_text("POSTGRES_PASSWORD=canary-canary\n")
    (project_dir / ".env").chmod(0o600)
    state = project_dir / ".sportsplat"
    (state / "pgdata-16").mkdir(parents=True)
    os.chown(state, 65534, 65534)

    done = doctor_as_nobody(project_dir)

    found = rows_of(done)
    assert "belongs to user 0" in found["env_file"]["seen"]
    assert ".sportsplat/pgdata-16 belongs to user 0" in found["state_folder"]["seen"]
    assert {found[name]["state"] for name in ("env_file", "state_folder", "database")} == {"fail"}
    assert "canary" not in done.stdout + done.stderr


@ROOT_ONLY
@pytest.mark.parametrize(
    ("options", "row", "seen"),
    [
        ("size=20m", "disk", "20 MB free"),
        ("size=20g,nr_inodes=200", "disk", "files can still be made"),
        ("size=20g,ro", "state_folder", "read-only file system"),
    ],
)
def test_a_file_system_without_room_fails(
    project_dir: Path, monkeypatch: pytest.MonkeyPatch, options: str, row: str, seen: str
) -> None:
    with mounted(project_dir / "small", options) as small:
        monkeypatch.setenv("SPORTSPLAT_INFRA__STATE_DIR", str(small / "state"))
        found = rows()[row]

    assert found["state"] == "fail"
    assert seen in found["seen"]


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory with these options for as long as the block lasts."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
