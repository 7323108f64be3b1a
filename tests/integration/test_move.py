"""A project that moves to another backend: all its rows arrive, or it stays where it was."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sportsplat.db.connection import connect
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.state_folder import StateFolder
from tests.backups import CANARY, fill, plain_database, server_of_somebody_else
from tests.engine import DockerProject
from tests.program import Ran, run, start

ROWS = 60 * 18 + 9


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A server that has never heard of sportsplat."""
    with server_of_somebody_else(tmp_path_factory.mktemp("stranger")) as endpoint:
        yield endpoint


@pytest.fixture
def theirs(stranger: Endpoint) -> Iterator[Endpoint]:
    """An empty database there, whose owner may do nothing else."""
    with plain_database(stranger) as endpoint:
        yield endpoint


class Project:
    """A project in an embedded server, with rows; `url` is what DATABASE_URL says, if anything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url: str | None = None

    def run(self, *words: str, **variables: str) -> Ran:
        """Run `sportsplat WORDS`."""
        if self.url is not None:
            variables["DATABASE_URL"] = self.url
        return run(self.folder, *words, timeout_s=120, **variables)

    @property
    def state(self) -> dict[str, Any]:
        """What the project remembers."""
        return StateFolder(self.folder / ".sportsplat").read()

    def tables(self, **variables: str) -> dict[str, Any]:
        """Return rows and hash of each table of the database that the project uses now."""
        made = self.run("db", "backup", "--json", **variables).data
        Path(made["file"]).unlink()
        tables: dict[str, Any] = made["tables"]
        return tables

    def psql(self, statement: str) -> str:
        """Run one statement."""
        ran = self.run("psql", "--", "-XAtc", statement)
        assert ran.exit_code == 0, ran
        return ran.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "own"
    folder.mkdir()
    made = Project(folder)
    try:
        up = made.run("up", "--json")
        assert up.data["backend"] == "embedded"
        url = made.run("url", "--reveal").stdout.strip()
        with psycopg.connect(url) as conn:
            fill(conn, 60)
        yield made
    finally:
        made.url = None
        made.run("down", "--volumes", "--yes", SPORTSPLAT_INFRA__BACKEND="embedded")


def test_to_a_server_of_ones_own_and_back(project: Project, theirs: Endpoint) -> None:
    before = project.tables()
    project.url = theirs.url(reveal=True)
    assert project.run("status").exit_code == 6  # it would be another backend, without the data

    there = project.run("db", "move", "external", "--json").data

    assert (there["from"], there["to"], there["change"]) == ("embedded", "external", [])
    assert there["rows"] == ROWS
    assert Path(there["old"]["where"]).is_dir()
    assert there["old"]["delete"] == f"rm -r {there['old']['where']}"
    assert project.state["backend"] == "external"
    assert project.tables() == before
    assert project.run("db", "check").exit_code == 0
    assert project.run("db", "move", "external", "--json").data["actions"] == []

    refused = project.run("db", "move", "embedded", "--json")
    assert (refused.exit_code, refused.error["code"]) == (2, "NEEDS_YES")
    assert project.state["backend"] == "external"
    project.psql("DELETE FROM quotes")
    back = project.run("db", "move", "embedded", "--yes", "--json").data

    assert back["change"] == ["DATABASE_URL has to go (DATABASE_URL)"]
    assert CANARY not in json.dumps(back)
    assert project.run("status").exit_code == 6
    project.url = None
    assert project.tables()["quotes"]["rows"] == 0
    kept = [action for action in back["actions"] if action.startswith("backed up what was there")]
    assert len(kept) == 1
    project.run("db", "restore", "--yes", kept[0].removeprefix("backed up what was there to "))
    assert project.tables() == before


def test_a_setting_that_names_the_old_backend_is_named(project: Project, theirs: Endpoint) -> None:
    (project.folder / "config").mkdir()
    (project.folder / "config" / "settings.yaml").write_text("infra:\n  backend: embedded\n")
    project.url = theirs.url(reveal=True)
    (line,) = project.run("db", "move", "external", "--json").data["change"]
    assert line.startswith("infra.backend is embedded and has to be external (config/settings.yaml")


def test_a_place_that_cannot_be_leaves_the_project_where_it_was(project: Project) -> None:
    before = project.tables()
    remembered = project.state
    project.url = "postgresql://me:secret-of-mine@127.0.0.1:1/nowhere"
    for backend, exit_code in (("external", 4), ("docker", 4)):
        ran = project.run("db", "move", backend, "--json")
        assert ran.exit_code == exit_code, ran
        assert "secret-of-mine" not in ran.stdout + ran.stderr
    project.url = None
    assert project.state == remembered
    assert project.tables() == before


@pytest.mark.fault
def test_a_killed_move_leaves_the_project_in_one_place_with_all_rows(
    project: Project, theirs: Endpoint
) -> None:
    before = project.tables()
    project.url = theirs.url(reveal=True)
    with (project.folder / ".env").open("a") as secrets:
        secrets.write(f"DATABASE_URL={project.url}\n")
    started = time.monotonic()
    assert project.run("db", "move", "external", "--yes").exit_code == 0
    took = time.monotonic() - started
    for share in (0.35, 0.6, 0.75, 0.9):
        StateFolder(project.folder / ".sportsplat").update(backend="embedded")
        process = start(project.folder, "db", "move", "external", "--yes")
        with suppress(Exception):
            process.wait(took * share)
        process.kill()
        process.wait()
        now = project.state["backend"]
        assert now in ("embedded", "external")
        if now == "embedded":
            assert project.run("up", SPORTSPLAT_INFRA__BACKEND="embedded").exit_code == 0
        assert project.tables(SPORTSPLAT_INFRA__BACKEND=now) == before


def test_nobody_writes_to_the_old_place_unseen(project: Project, theirs: Endpoint) -> None:
    """A row that the old database confirmed is in the new one; what is not is refused to its writer."""
    url = project.run("url", "--reveal").stdout.strip()
    confirmed: list[int] = []

    def write() -> None:
        with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as conn:
            while True:
                conn.execute("SELECT set_config('application_name', 'writer', false)")
                row = conn.execute(
                    "INSERT INTO teams (league, name) VALUES ('y', gen_random_uuid()::text) RETURNING id"
                ).fetchone()
                assert row is not None
                confirmed.append(row[0])

    writer = threading.Thread(target=write)
    writer.start()
    project.url = theirs.url(reveal=True)
    moved = project.run("db", "move", "external", "--json")
    writer.join(30)
    assert moved.exit_code == 0, moved
    assert not writer.is_alive()
    assert confirmed
    with connect(theirs.dsn()) as conn:
        found = {number for (number,) in conn.execute("SELECT id FROM teams WHERE league = 'y'").fetchall()}
    assert found == set(confirmed)


def test_to_docker_and_back(project: Project, docker_project: DockerProject) -> None:
    before = project.tables()
    (project.folder / "config").mkdir()
    (project.folder / "config" / "settings.yaml").write_text(f"infra:\n  project: {docker_project.name}\n")
    engine = docker_project.variables

    there = project.run("db", "move", "docker", "--json", **engine).data

    assert there["rows"] == ROWS
    assert project.run("status", "--json", **engine).data["backend"] == "docker"
    assert project.tables(**engine) == before
    back = project.run("db", "move", "embedded", "--yes", "--json", **engine).data
    (volume,) = docker_project.volumes()
    assert back["old"]["delete"] == f"docker volume rm {volume.name}"
    assert docker_project.containers() == []
    assert project.tables(**engine) == before
    assert project.run("db", "check", **engine).exit_code == 0
