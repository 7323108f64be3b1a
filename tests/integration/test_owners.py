"""Files of another user, or of root's copying: named, with what gives them back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import ConfigError, EnvironmentUnavailable, InputRefused
from sportsplat.infra.backup import file as backup_file
from sportsplat.jobs.backup.backup import backups, default_file
from tests.embedded import Make
from tests.program import run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
SOMEBODY = 33


@contextmanager
def somebody() -> Iterator[None]:
    """Be an ordinary user while the block lasts."""
    os.seteuid(SOMEBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def theirs(project_dir: Path) -> Path:
    """A project of an ordinary user, who may enter the folders above it."""
    for folder in (project_dir, *project_dir.parents):
        if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o1:
            folder.chmod(folder.stat().st_mode | 0o11)
    os.chown(project_dir, SOMEBODY, SOMEBODY)
    return project_dir


def test_an_env_of_root_is_named_with_what_gives_it_back(theirs: Path) -> None:
    (theirs / ".env").touch(mode=0o600)
    with somebody(), pytest.raises(ConfigError) as refused:
        load_settings(project_dir=theirs, environ={})
    assert refused.value.error_code == "UNREADABLE"
    assert refused.value.cause == "it is not yours to read: it belongs to user 0 and has mode 600"
    assert str(refused.value.fix).startswith("sudo chown $(id -u) .env")


def test_settings_in_a_folder_of_root_are_not_passed_over(theirs: Path) -> None:
    (theirs / "config").mkdir(mode=0o700)
    (theirs / "config" / "settings.yaml").write_text("infra: {}\n")
    with somebody(), pytest.raises(ConfigError) as refused:
        load_settings(project_dir=theirs, environ={})
    assert (refused.value.error_code, refused.value.fix) == ("UNREADABLE", "sudo chown -R $(id -u) config")


def test_a_folder_of_backups_that_root_made_is_named(theirs: Path) -> None:
    settings = load_settings(project_dir=theirs, environ={})
    folder = theirs / ".sportsplat" / "backups"
    folder.mkdir(parents=True, mode=0o700)
    os.chown(folder.parent, SOMEBODY, SOMEBODY)
    give_back = f"sudo chown -R $(id -u) {folder}"
    with somebody():
        with pytest.raises(EnvironmentUnavailable) as unreadable:
            backups(settings)
        with pytest.raises(EnvironmentUnavailable) as unwritable:
            default_file(settings, "x")
        with pytest.raises(InputRefused) as closed:
            backup_file.read_manifest(folder / "x.dump")
    assert (unreadable.value.error_code, unreadable.value.fix) == ("NOT_READABLE", give_back)
    assert (unwritable.value.error_code, unwritable.value.fix) == ("NOT_WRITABLE", give_back)
    assert closed.value.fix == give_back


def test_a_state_folder_of_root_is_named(theirs: Path, make: Make) -> None:
    (theirs / ".sportsplat").mkdir()
    environment = make(theirs)
    with somebody(), pytest.raises(EnvironmentUnavailable) as refused:
        environment.ensure(5)
    assert refused.value.error_code == "STATE_NOT_WRITABLE"
    assert str(refused.value.fix).startswith(f"sudo chown -R $(id -u) {theirs / '.sportsplat'}")


def test_data_that_root_copied_is_named_and_served_after_the_fix(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    data = tmp_path / ".sportsplat" / "pgdata-16"
    for path in (data, *data.rglob("*")):
        os.chown(path, 0, 0)
    with pytest.raises(EnvironmentUnavailable) as refused:
        environment.ensure(60)
    assert refused.value.error_code == "DATA_NOT_YOURS"
    assert os.system(str(refused.value.fix).partition(";")[0]) == 0  # noqa: S605 (the fix, as a user takes it)
    environment.ensure(60)
    assert environment.ask("SELECT 1") == ["1"]


def test_data_that_others_may_read_is_made_private_again(made: Make, tmp_path: Path) -> None:
    environment = made(tmp_path)
    data = tmp_path / ".sportsplat" / "pgdata-16"
    data.chmod(0o755)
    assert "made the data private again (mode 700 instead of 755)" in environment.ensure(60).actions
    assert data.stat().st_mode & 0o777 == 0o700


def test_an_env_that_is_a_folder_is_named(project_dir: Path) -> None:
    (project_dir / ".env").mkdir()
    for words in (("status",), ("up", "--backend", "embedded"), ("db", "rotate-password")):
        ran = run(project_dir, *words, "--json")
        assert (ran.exit_code, ran.error["code"], ran.error["cause"]) == (3, "UNREADABLE", "it is a folder")
