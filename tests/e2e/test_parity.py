"""One suite for every place where the database can live: from the outside they behave alike.

Where the places must differ (who owns the data, who may stop the server) the difference is in `Place`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sportsplat.db.connection import connect
from sportsplat.infra.environment import Endpoint
from tests import program
from tests.engine import DockerProject

PLACES = ("embedded", pytest.param("docker", marks=pytest.mark.docker), "external")
UP_KEYS = {
    "backend",
    "state",
    "endpoint",
    "server_version",
    "schema_revision",
    "project_dir",
    "schema_head",
    "actions",
    "services",
}
MATCHES = "SELECT count(*) || md5(string_agg(m::text, ',' ORDER BY id)) FROM matches m"


@dataclass(frozen=True)
class Place:
    """A project whose database is in one of the places. `ours`: we start, stop and delete the server."""

    backend: str
    folder: Path
    ours: bool
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, timeout_s: float = 120, **variables: str) -> program.Ran:
        return program.run(self.folder, *words, timeout_s=timeout_s, **(self.variables | variables))

    def json(self, *words: str) -> dict[str, Any]:
        return self.run(*words, "--json").data

    def value(self, question: str) -> str:
        """Return what one query says, asked through `sportsplat psql`."""
        asked = self.run("psql", "--", "-XAt", "-v", "ON_ERROR_STOP=1", "-c", question)
        assert asked.exit_code == 0, asked
        return asked.stdout.strip()


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Each place in turn, brought up from nothing, with a simulated league in it."""
    folder = tmp_path_factory.mktemp(f"parity-{request.param}")
    if request.param == "docker":
        engine = request.getfixturevalue("engine")
        endpoint = request.getfixturevalue("found_engine").endpoint
        project = DockerProject(engine, endpoint, f"test-{secrets.token_hex(5)}", folder)
        project.configure()
        made = Place("docker", folder, ours=True, variables=project.variables)
    elif request.param == "embedded":
        made = Place("embedded", folder, ours=True)
    else:
        endpoint = _analyst(request.getfixturevalue("postgres"))
        made = Place("external", folder, ours=False, variables={"DATABASE_URL": endpoint.url(reveal=True)})
    try:
        assert made.run("up").exit_code == 0
        assert made.run("ingest", "simulate", "--season", "2024").exit_code == 0
        yield made
    finally:
        made.run("down", "--volumes", "--yes")
        if request.param == "docker":
            leftovers = project.leftovers()
            project.remove()
            assert leftovers == []
    assert program.servers(folder) == []


def _analyst(server: Endpoint) -> Endpoint:
    """Return a database on a server of somebody else's, for a user who owns it and may nothing more."""
    name, password = f"parity_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    with connect(server.dsn(), autocommit=True) as administrator:
        user = sql.Identifier(name)
        administrator.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, sql.Literal(password)))
        administrator.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(user, user))
    return replace(server, user=name, password=password, database=name, socket_dir=None)


def test_up_and_status_give_one_object_and_up_can_be_repeated(place: Place) -> None:
    up, status = place.json("up"), place.json("status")

    assert (up.pop("notes"), status.pop("notes")) == ([], [])
    assert set(up) == UP_KEYS
    assert up == status
    assert (up["backend"], up["state"], up["actions"]) == (place.backend, "running", [])
    assert up["schema_revision"] == up["schema_head"]
    assert up["server_version"].startswith("16")
    assert [service["name"] for service in up["services"]] == ["postgres"]
    assert up["services"][0]["state"] == "running"


def test_the_url_is_masked_unless_revealed_and_opens_the_database(place: Place) -> None:
    masked, revealed = place.json("url")["url"], place.json("url", "--reveal")["url"]

    assert ":***@127.0.0.1:" in masked
    with psycopg.connect(revealed) as connection:
        row = connection.execute("SELECT count(*) FROM matches").fetchone()
    assert row is not None
    assert row[0] > 0


def test_nothing_listens_beyond_this_machine(place: Place) -> None:
    port = int(place.json("status")["endpoint"].rsplit(":", 1)[1].split("/")[0])
    assert program.listening_addresses(port) <= {"127.0.0.1", "::1"}


def test_the_schema_is_the_one_of_the_migrations(place: Place) -> None:
    assert place.json("db", "current")["state"] == "current"
    assert place.json("db", "check")["objects"] > 100
    assert place.json("db", "migrate")["applied"] == []
    assert place.json("db", "plan")["sql"] == ""


def test_the_roles_of_jobs_own_nothing(place: Place) -> None:
    """Where roles may be made they are there; everywhere the tables are the connecting user's."""
    may_make = place.value("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    roles = place.value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'sportsplat\\_%'")

    assert may_make == "f" or roles == "2"
    assert place.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") != "0"
    assert (
        place.value("SELECT bool_and(tableowner = current_user) FROM pg_tables WHERE schemaname = 'public'")
        == "t"
    )


def test_ingest_is_idempotent(place: Place) -> None:
    again = place.json("ingest", "simulate", "--season", "2024")

    assert again["matches"]["inserted"] == again["matches"]["updated"] == 0
    assert again["matches"]["unchanged"] == int(place.value("SELECT count(*) FROM matches"))


def test_psql_gives_its_own_exit_code(place: Place) -> None:
    assert place.value("SELECT current_setting('TimeZone') IS NOT NULL") == "t"
    assert place.run("psql", "--", "-c", "SELECT 1/0", "-v", "ON_ERROR_STOP=1").exit_code == 1


def test_down_keeps_the_data(place: Place) -> None:
    before = place.value(MATCHES)

    done = place.json("down")
    assert done["state"] == ("stopped" if place.ours else "running")
    assert bool(done["actions"]) is place.ours
    if place.ours:
        for words in (("url",), ("db", "current"), ("quarantine",)):
            refused = place.run(*words, "--json")
            assert (refused.exit_code, refused.error["code"]) == (4, "NOT_RUNNING")
            assert refused.error["fix"] == "sportsplat up"
        assert place.json("status")["state"] == "stopped"
        assert place.json("down")["actions"] == []

    assert bool(place.json("up")["actions"]) is place.ours
    assert place.value(MATCHES) == before


def test_a_wrong_password_is_told_apart(place: Place) -> None:
    if place.backend == "external":
        url = place.json("url", "--reveal")["url"]
        wrong = {"DATABASE_URL": url.replace(url.split(":")[2].split("@")[0], "wrong")}
    else:
        wrong = {"POSTGRES_PASSWORD": "wrong"}

    refused = place.run("up", "--json", **wrong)

    assert (refused.exit_code, refused.error["code"]) == (6, "WRONG_PASSWORD")
    assert place.json("up")["actions"] == []


def test_a_backup_is_verified_and_restored(place: Place) -> None:
    file = place.folder / "kept.dump"
    before = place.value("SELECT count(*) FROM matches")

    made = place.json("db", "backup", str(file))
    assert made["verified"] is None
    assert place.json("db", "verify", str(file))["verified"] is not None
    place.value("DELETE FROM quotes")

    refused = place.run("db", "restore", str(file), "--json")
    assert (refused.exit_code, refused.error["code"]) == (2, "NEEDS_YES")
    assert place.value("SELECT count(*) FROM quotes") == "0"

    place.json("db", "restore", str(file), "--yes")
    assert place.value("SELECT count(*) FROM matches") == before
    assert place.value("SELECT count(*) > 0 FROM quotes") == "t"
    assert place.json("db", "check")["objects"] > 100
    again = place.json("ingest", "simulate", "--season", "2024")
    assert again["quotes"]["inserted"] == again["quotes"]["updated"] == 0


def test_only_data_of_ours_is_deleted_and_only_with_consent(place: Place) -> None:
    refused = place.run("down", "--volumes", "--json")
    assert (refused.exit_code, refused.error["code"]) == (2, "NEEDS_YES")
    assert place.json("status")["state"] == "running"
    if not place.ours:
        refused = place.run("down", "--volumes", "--yes", "--json")
        assert (refused.exit_code, refused.error["code"]) == (2, "NOT_OURS")
        assert place.json("status")["state"] == "running"


def test_the_password_is_shown_nowhere(place: Place) -> None:
    secret = place.json("url", "--reveal")["url"].split(":")[2].split("@")[0]

    for words in (
        ("up",),
        ("url",),
        ("doctor",),
        ("config", "show"),
        ("status", "--json"),
        ("doctor", "--json"),
    ):
        ran = place.run(*words, "--verbose")
        assert secret not in ran.stdout + ran.stderr, words


def test_a_new_project_in_the_same_place_starts_from_nothing(place: Place) -> None:
    """The last test: what is deleted is gone, and `up` makes it anew."""
    if not place.ours:
        pytest.skip("a server of somebody else's is not emptied from here")

    assert place.json("down", "--volumes", "--yes")["state"] == "absent"
    assert place.json("status")["state"] == "absent"
    assert place.json("up")["schema_revision"] is not None
    assert place.value("SELECT count(*) FROM matches") == "0"


def test_json_of_a_failure_is_one_envelope(place: Place) -> None:
    ran = place.run("up", "--port", "0", "--json")

    assert ran.exit_code == 2
    assert set(json.loads(ran.stdout)) == {"schema_version", "ok", "command", "data", "error", "duration_ms"}
