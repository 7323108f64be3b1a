"""Embedded data that is not what this project used: copied under its server, wiped, swapped, made anew."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sportsplat.infra.state_folder import StateFolder
from tests import program
from tests.program import Ran

pytestmark = pytest.mark.fault
KEPT = "CREATE TABLE kept AS SELECT 42 AS answer"
LEAGUE = "INSERT INTO leagues VALUES ('epl', 'Premier League', 'soccer', '{home,draw,away}', 'UTC')"


def run(folder: Path, *words: str) -> Ran:
    return program.run(folder, *words, SPORTSPLAT_INFRA__BACKEND="embedded")


def up(folder: Path, *words: str) -> list[str]:
    actions = run(folder, "up", "--json", *words).data["actions"]
    assert isinstance(actions, list)
    return actions


def ask(folder: Path, sql: str) -> str:
    ran = run(folder, "psql", "--", "-XAtqc", sql)
    assert ran.exit_code == 0, ran
    return ran.stdout.strip()


def refused(folder: Path, *words: str) -> tuple[int, str, str, str]:
    ran = run(folder, *words, "--json")
    return ran.exit_code, ran.error["code"], ran.error["cause"], ran.error["fix"]


def data(folder: Path) -> Path:
    return folder / ".sportsplat" / "pgdata-16"


@pytest.fixture
def league(tmp_path: Path) -> Iterator[Path]:
    """A project with a row in it, its server running; what is made beside it is stopped at the end."""
    folder = tmp_path / "league"
    folder.mkdir()
    try:
        up(folder)
        ask(folder, KEPT)
        yield folder
    finally:
        for made in tmp_path.iterdir():
            run(made, "down")


def test_a_copy_made_under_the_server_is_not_opened_and_the_original_goes_on(league: Path) -> None:
    """Its files are of different moments: a server that recovers from them may open and be wrong."""
    copy = league.with_name("copy")
    subprocess.run(["cp", "-a", str(league), str(copy)], check=True)

    assert run(copy, "status", "--json").data["state"] == "stopped"
    assert run(copy, "down").exit_code == 0
    code, name, cause, fix = refused(copy, "up")

    assert (code, name) == (6, "COPIED_WHILE_RUNNING")
    assert str(data(league)) in cause
    assert f"sportsplat --project-dir {league} db backup" in fix
    assert ask(league, "SELECT answer FROM kept") == "42"
    left, moved, *_ = up(copy, "--reinit")
    assert left == "forgot the data that was here"
    assert (copy / ".sportsplat" / moved.split()[-1] / "PG_VERSION").exists()
    assert ask(copy, "SELECT to_regclass('kept') IS NULL") == "t"
    assert run(copy, "down", "--volumes", "--yes").exit_code == 0
    assert ask(league, "SELECT answer FROM kept") == "42"


def test_a_copy_of_a_stopped_project_is_a_project_of_its_own(league: Path) -> None:
    run(league, "down")
    copy = league.with_name("copy")
    subprocess.run(["cp", "-a", str(league), str(copy)], check=True)
    up(copy)
    up(league)
    ask(copy, "UPDATE kept SET answer = 1")

    assert run(copy, "down", "--volumes", "--yes").exit_code == 0

    assert ask(league, "SELECT answer FROM kept") == "42"


def test_wiped_data_is_not_made_anew_and_the_newest_backup_is_offered(league: Path) -> None:
    ask(league, LEAGUE)
    newest = run(league, "db", "backup", "--json").data["file"]
    run(league, "down")
    for gone in ("global", "*", "."):  # half deleted, emptied, removed
        for found in [data(league)] if gone == "." else list(data(league).glob(gone)):
            shutil.rmtree(found) if found.is_dir() else found.unlink()
        for words in (("up",), ("url",), ("psql",)):
            code, name, _, fix = refused(league, *words)
            assert (code, name) == (6, "DATA_MISSING")
            assert f"sportsplat up --reinit && sportsplat db restore {newest}" in fix
        assert run(league, "doctor", "--json").exit_code == 10
        assert data(league).exists() == (gone != ".")

    up(league, "--reinit")
    assert run(league, "db", "restore", newest, "--yes").exit_code == 0
    assert ask(league, "SELECT name FROM leagues") == "Premier League"
    assert up(league) == []


def test_data_of_another_project_is_not_taken_for_ours(league: Path) -> None:
    other = league.with_name("other")
    other.mkdir()
    up(other)
    run(other, "down")
    run(league, "down")
    data(league).rename(league / "mine")
    data(other).rename(data(league))

    code, name, cause, _ = refused(league, "up")

    assert (code, name) == (6, "DATA_MISSING")
    assert "another cluster is there" in cause
    data(league).rename(data(other))
    (league / "mine").rename(data(league))
    up(league)
    assert ask(league, "SELECT answer FROM kept") == "42"


def test_a_database_that_was_dropped_and_made_anew_is_told(league: Path) -> None:
    url = run(league, "url", "--reveal", "--json").data["url"]
    with psycopg.connect(url.rpartition("/")[0] + "/postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE sportsplat WITH (FORCE)")
        connection.execute("CREATE DATABASE sportsplat")

    for words in (("status",), ("up",)):
        code, name, cause, _ = refused(league, *words)
        assert (code, name) == (6, "DATA_MISSING")
        assert "another database of the same name" in cause

    assert up(league, "--reinit")[0] == "forgot the data that was here"


def test_an_earlier_versions_memory_is_completed(league: Path) -> None:
    state = league / ".sportsplat"
    facts = StateFolder(state).read()
    StateFolder(state).clear()
    StateFolder(state).update(backend="embedded", port=facts["port"])

    assert up(league) == []

    assert StateFolder(state).read() == facts


def test_a_copy_that_shares_the_state_folder_does_not_delete_the_data(league: Path, tmp_path: Path) -> None:
    """`infra.state_dir` is an absolute path in the settings, which were copied."""
    config = league / "config"
    config.mkdir()
    (config / "settings.yaml").write_text(f"infra:\n  state_dir: {league / '.sportsplat'}\n")
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copytree(config, copy / "config")
    shutil.copy2(league / ".env", copy / ".env")

    assert run(copy, "up", "--json").data["notes"] == [
        f"the state folder {league / '.sportsplat'} is that of {league}: both use one database"
    ]
    code, name, cause, _ = refused(copy, "down", "--volumes", "--yes")

    assert (code, name) == (5, "VOLUME_NOT_OURS")
    assert str(league) in cause
    assert ask(league, "SELECT answer FROM kept") == "42"


def test_a_moved_project_is_accepted_and_says_so(league: Path) -> None:
    moved = league.with_name("moved")
    run(league, "down")
    league.rename(moved)

    assert run(moved, "up", "--json").data["notes"] == [f"this project was moved: it was in {league} before"]
    assert run(moved, "up", "--json").data["notes"] == []
    assert ask(moved, "SELECT answer FROM kept") == "42"
