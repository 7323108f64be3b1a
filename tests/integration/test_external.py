"""A server of somebody else's: checked, used, and otherwise left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.config.load import load_settings
from sportsplat.config.settings import Settings
from sportsplat.db.connection import connect
from sportsplat.errors import DataConflict, EnvironmentUnavailable, InvalidSetting, UsageError
from sportsplat.infra import external
from sportsplat.infra.backend import open_environment
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.external import ExternalEnvironment, parse_url
from sportsplat.infra.state_folder import StateFolder
from sportsplat.jobs.environment import down, status, up
from sportsplat.jobs.environment import endpoint as where
from sportsplat.jobs.schema import migrate
from tests.conftest import Database


def settings(folder: Path, endpoint: Endpoint) -> Settings:
    return load_settings(project_dir=folder, environ={"DATABASE_URL": endpoint.url(reveal=True)})


def test_up_migrates_it_and_down_leaves_it_running(empty_database: Database, tmp_path: Path) -> None:
    chosen = settings(tmp_path, empty_database.endpoint)

    first, again = up(chosen), up(chosen)

    assert (first.backend, first.state) == ("external", "running")
    assert first.schema_revision == first.schema_head
    assert [action.split()[0] for action in first.actions] == ["migrated"]
    assert again.actions == []
    assert empty_database.endpoint.password not in str(first)
    assert down(chosen).to_dict() == {"backend": "external", "state": "running", "actions": []}
    assert StateFolder(tmp_path / ".sportsplat").read()["backend"] == "external"


def test_its_data_its_passwords_and_its_log_are_not_ours(database: Database, tmp_path: Path) -> None:
    environment = ExternalEnvironment(database.endpoint, tmp_path)

    for refuse in (environment.remove, environment.reset_password, lambda: environment.logs(1, follow=False)):
        with pytest.raises(UsageError) as refused:
            refuse()
        assert refused.value.error_code == "NOT_OURS"
        assert database.endpoint.password not in str(refused.value.to_dict())


def test_host_port_user_and_password_do_as_well_as_a_url(database: Database, tmp_path: Path) -> None:
    server = database.endpoint
    given = {
        "infra.backend": "external",
        "infra.host": server.host,
        "infra.port": server.port,
        "infra.user": server.user,
        "infra.database": server.database,
        "infra.password": server.password,
    }
    chosen = load_settings(project_dir=tmp_path, overrides=given, environ={})

    assert open_environment(chosen).ask("SELECT current_database()") == [server.database]


def without_password(server: Endpoint) -> str:
    return f"postgresql://{server.user}@{server.host}:{server.port}/{server.database}"


def test_a_url_without_a_password_takes_it_from_the_file_that_is_named(
    database: Database, tmp_path: Path
) -> None:
    secret = tmp_path / "postgres_password"
    secret.write_text(database.endpoint.password + "\n")
    variables = {
        "DATABASE_URL": without_password(database.endpoint),
        "POSTGRES_PASSWORD_FILE": str(secret),
    }
    chosen = load_settings(project_dir=tmp_path, environ=variables)

    assert open_environment(chosen).ask("SELECT current_user") == [database.endpoint.user]

    secret.write_text("hunter2-hunter2\n")
    with pytest.raises(DataConflict) as refused:
        up(load_settings(project_dir=tmp_path, environ=variables))
    assert refused.value.error_code == "WRONG_PASSWORD"
    assert "hunter2" not in str(refused.value.to_dict())


def test_a_url_with_a_password_keeps_it(database: Database, tmp_path: Path) -> None:
    variables = {
        "DATABASE_URL": database.endpoint.url(reveal=True),
        "POSTGRES_PASSWORD": "hunter2-hunter2",
    }
    chosen = load_settings(project_dir=tmp_path, environ=variables)

    assert open_environment(chosen).ask("SELECT 1") == ["1"]


def test_nobody_there_is_said_without_the_password(tmp_path: Path) -> None:
    nobody = Endpoint("127.0.0.1", 1, "sports", "me", "hunter2-hunter2")
    chosen = settings(tmp_path, nobody)

    with pytest.raises(EnvironmentUnavailable) as refused:
        up(chosen)

    assert refused.value.exit_code == 4
    assert "postgresql://me:***@127.0.0.1:1/sports" in refused.value.message
    assert "hunter2" not in str(refused.value.to_dict())
    assert status(chosen).state == "unhealthy"
    assert StateFolder(tmp_path / ".sportsplat").read() == {}


def test_a_wrong_password_and_a_missing_database_are_told_apart(database: Database, tmp_path: Path) -> None:
    for changed, code in (
        (replace(database.endpoint, password="hunter2-hunter2"), "WRONG_PASSWORD"),
        (replace(database.endpoint, database="nowhere"), "DATABASE_MISSING"),
    ):
        with pytest.raises(DataConflict) as refused:
            ExternalEnvironment(changed, tmp_path).ensure(5)
        assert refused.value.error_code == code
        assert changed.password not in str(refused.value.to_dict())


def test_an_old_server_is_refused(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "OLDEST", 99)

    with pytest.raises(DataConflict) as refused:
        ExternalEnvironment(database.endpoint, tmp_path).ensure(5)
    assert refused.value.error_code == "VERSION_TOO_OLD"


def test_a_table_that_is_not_there_has_no_rows(empty_database: Database, tmp_path: Path) -> None:
    assert ExternalEnvironment(empty_database.endpoint, tmp_path).ask("SELECT x FROM nowhere") == []


def test_drivers_sockets_and_parameters_of_a_url() -> None:
    found = parse_url("postgresql+psycopg://me:secret%40@/sports?host=/run/pg&sslmode=require")

    assert (found.socket_dir, found.database, found.password) == ("/run/pg", "sports", "secret@")
    assert found.parameters == {"sslmode": "require"}


@pytest.mark.parametrize("url", ["postgresql://me:hunter2@[half", "mysql://me:hunter2@h/d", "nonsense"])
def test_a_url_that_cannot_be_read_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        parse_url(url)

    assert "hunter2" not in str(refused.value.to_dict())


def test_several_servers_in_one_url_are_refused() -> None:
    with pytest.raises(InvalidSetting, match="one PostgreSQL server"):
        parse_url("postgresql://me@one:5432,two:5433/sports")


def test_an_empty_database_in_the_place_of_the_projects_is_refused(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    """DATABASE_URL was switched: with the schema in it a database is used and said, without it is refused."""
    before, now = settings(tmp_path, database.endpoint), settings(tmp_path, empty_database.endpoint)
    up(before)

    for command in (up, status, where, migrate):
        with pytest.raises(DataConflict) as refused:
            command(now)
        assert refused.value.error_code == "DATABASE_WOULD_CHANGE"
        assert database.endpoint.database in (refused.value.cause or "")
        assert empty_database.endpoint.password not in str(refused.value.to_dict())
    with empty_database.connect() as connection:
        assert connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,)
    assert up(before).actions == []

    left, *_ = up(now, reinit=True).actions
    assert left.startswith("left the data in")
    (told,) = up(before).actions
    assert told.startswith("uses another database than before")


def test_a_database_that_was_dropped_and_made_anew_is_told(empty_database: Database, tmp_path: Path) -> None:
    chosen = settings(tmp_path, empty_database.endpoint)
    up(chosen)
    elsewhere = replace(empty_database.endpoint, database="postgres")
    name = empty_database.endpoint.database
    with connect(elsewhere.dsn(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{name}"'.encode())

    with pytest.raises(DataConflict) as refused:
        up(chosen)

    assert refused.value.error_code == "DATA_MISSING"
    assert "sportsplat up --reinit" in (refused.value.fix or "")
