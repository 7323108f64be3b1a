"""Before a migration takes stored rows away a backup is there, or nothing is migrated."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sportsplat.db.schema.migrate import head
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.programs import bin_dir, psql_environment
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS, Program, copied_program, plant
from tests.program import Ran, run
from tests.season_files import season_file

HEAD = head(MIGRATIONS)
QUOTES = 18  # in the season file


@dataclass(frozen=True)
class Project:
    """A project folder whose database is an external one, seen through a version with a migration more."""

    folder: Path
    program: Program
    database: Database

    def run(self, *words: str) -> Ran:
        """Run the version to come."""
        return self.program.run(self.folder, *words, DATABASE_URL=self.url)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the version to come."""
        return self.program.start(self.folder, *words, DATABASE_URL=self.url)

    @property
    def url(self) -> str:
        return self.database.endpoint.url(reveal=True)

    @property
    def backups(self) -> list[Path]:
        """All files with the name of a finished backup."""
        return sorted((self.folder / ".sportsplat" / "backups").glob("*.dump"))

    def ask(self, query: str) -> Any:
        with self.database.connect(autocommit=True) as conn:
            row = conn.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]

    @property
    def quotes(self) -> int:
        return int(self.ask("SELECT count(*) FROM quotes"))

    @property
    def revision(self) -> str:
        return str(self.ask("SELECT version_num FROM alembic_version"))


@pytest.fixture(scope="module")
def destroyer(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A version whose last migration deletes all quotes."""
    program = copied_program(tmp_path_factory.mktemp("next"))
    plant(program.migrations, "DELETE FROM quotes", destructive=True)
    return program


@pytest.fixture
def project(context: Context, database: Database, project_dir: Path, destroyer: Program) -> Project:
    """A database at this version's head that holds a season file, and the version to come."""
    report = ingest(context, "football-data", [season_file(project_dir / "data" / "2021")])
    assert report.quotes.inserted == QUOTES
    return Project(project_dir, destroyer, database)


def restored_quotes(backup: Path, into: Endpoint) -> int:
    """Restore a backup with PostgreSQL's own program and count what came back."""
    environment = psql_environment(into)
    how = ["--clean", "--if-exists", "--no-owner", "--exit-on-error", "--dbname", into.database]
    restore = [str(bin_dir() / "pg_restore"), *how, str(backup)]
    subprocess.run(restore, env=environment, check=True, capture_output=True, timeout=60)
    count = [str(bin_dir() / "psql"), "-XAtc", "SELECT count(*) FROM quotes"]
    done = subprocess.run(count, env=environment, check=True, capture_output=True, text=True, timeout=60)
    return int(done.stdout)


def test_the_backup_comes_first_and_holds_what_the_migration_took(
    project: Project, empty_database: Database
) -> None:
    data = project.run("db", "migrate", "--json").data
    assert data["applied"] == ["9000"]
    assert [str(path) for path in project.backups] == [data["backup"]]
    assert project.backups[0].name.startswith("before-9000-")
    assert (project.quotes, project.revision) == (0, "9000")
    assert restored_quotes(project.backups[0], empty_database.endpoint) == QUOTES
    again = project.run("db", "migrate", "--json").data
    assert (again["applied"], again["backup"]) == ([], None)
    assert len(project.backups) == 1


def test_up_does_the_same_and_says_so(project: Project, empty_database: Database) -> None:
    actions = project.run("up", "--json").data["actions"]
    assert actions == [f"backed up to {project.backups[0]}", "migrated the schema to 9000 (1 steps)"]
    assert restored_quotes(project.backups[0], empty_database.endpoint) == QUOTES
    assert (project.quotes, project.revision) == (0, "9000")


def test_up_does_so_on_the_embedded_server_too(project_dir: Path, destroyer: Program) -> None:
    season_file(project_dir / "data" / "2021")
    try:
        run(project_dir, "up", "--backend", "embedded")
        run(project_dir, "ingest", "football-data", "data")
        actions = destroyer.run(project_dir, "up", "--json").data["actions"]
        (backup,) = (project_dir / ".sportsplat" / "backups").glob("before-9000-*.dump")
        assert actions == [f"backed up to {backup}", "migrated the schema to 9000 (1 steps)"]
    finally:
        run(project_dir, "down", "--volumes", "--yes")
    assert backup.exists()


def test_people_are_told_of_the_backup(project: Project) -> None:
    planned = project.run("db", "plan")
    assert planned.stdout.startswith("-- 9000 may take stored rows away: ")
    ran = project.run("db", "migrate")
    assert ran.stdout.startswith(f"backed up to {project.backups[0]}; applied 9000; ")


def test_the_plan_names_what_would_destroy(project: Project) -> None:
    assert project.run("db", "plan", "--json").data["destructive"] == ["9000"]
    ours = run(project.folder, "db", "plan", "--json", DATABASE_URL=project.url)
    assert ours.data["destructive"] == []


def test_without_a_backup_when_that_is_asked_for(project: Project) -> None:
    data = project.run("db", "migrate", "--no-backup", "--json").data
    assert (data["applied"], data["backup"], project.backups) == (["9000"], None, [])
    assert project.quotes == 0


def test_a_new_database_needs_no_backup(
    empty_database: Database, project_dir: Path, destroyer: Program
) -> None:
    project = Project(project_dir, destroyer, empty_database)
    data = project.run("db", "migrate", "--json").data
    assert (data["applied"][-1], data["backup"], project.backups) == ("9000", None, [])


def test_a_database_without_rows_needs_none(
    database: Database, project_dir: Path, destroyer: Program
) -> None:
    project = Project(project_dir, destroyer, database)
    data = project.run("db", "migrate", "--json").data
    assert (data["applied"], data["backup"], project.backups) == (["9000"], None, [])


def test_a_migration_that_takes_nothing_needs_none(project: Project, tmp_path: Path) -> None:
    harmless = copied_program(tmp_path / "harmless")
    plant(harmless.migrations, "SELECT 1")
    other = Project(project.folder, harmless, project.database)
    assert other.run("db", "plan", "--json").data["destructive"] == []
    data = other.run("db", "migrate", "--json").data
    assert (data["applied"], data["backup"], project.backups) == (["9000"], None, [])


@pytest.mark.fault
@pytest.mark.parametrize("command", [("db", "migrate"), ("up",)])
def test_a_backup_that_fails_stops_the_migration(project: Project, command: tuple[str, ...]) -> None:
    (project.folder / ".sportsplat").mkdir(exist_ok=True)
    (project.folder / ".sportsplat" / "backups").write_text("in the way", encoding="utf-8")
    ran = project.run(*command, "--json")
    assert ran.exit_code == 7
    assert ran.error["code"] == "MIGRATION_NOT_BACKED_UP"
    assert ran.error["message"] == "no backup could be made before migration 9000, so nothing was migrated"
    assert "backups" in ran.error["cause"]
    assert "sportsplat db migrate --no-backup" in ran.error["fix"]
    assert (project.quotes, project.revision) == (QUOTES, HEAD)


@pytest.mark.fault
def test_a_kill_at_any_moment_leaves_one_revision_or_the_other_and_whole_backups(project: Project) -> None:
    """Killed later and later, until one run gets to its end; enough rows for kills amid the backup."""
    with project.database.connect() as conn:
        conn.execute(
            "INSERT INTO teams (league, name) SELECT 'epl', 'T' || n FROM generate_series(1, 100000) n"
        )
    delay_s, killed = 0.2, 0
    while True:
        process = project.start("db", "migrate", "--json")
        try:
            process.communicate(timeout=delay_s)
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        killed += 1
        delay_s *= 1.25
        assert project.revision in (HEAD, "9000")
        assert project.quotes == (QUOTES if project.revision == HEAD else 0)
        assert project.revision == HEAD or project.backups
        for backup in project.backups:
            listed = [str(bin_dir() / "pg_restore"), "--file=/dev/null", str(backup)]
            assert subprocess.run(listed, capture_output=True, check=False).returncode == 0, backup
    assert killed >= 4
    assert process.returncode == 0
    assert (project.quotes, project.revision) == (0, "9000")
    assert project.backups
