"""The whole life of a project whose secrets are canaries, wherever its database lives."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import time
from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest
from psycopg import sql

from sportsplat.db.connection import connect
from sportsplat.db.schema.revisions import head
from sportsplat.infra.environment import Endpoint
from sportsplat.paths import asset_dir
from tests import program
from tests.canary import NOTHING, Life
from tests.engine import DockerProject
from tests.stack import free_port

HEAD = head(asset_dir("migrations"))


def settle_embedded(life: Life, request: pytest.FixtureRequest) -> None:
    """The password is in the environment."""
    life.variables["SPORTSPLAT_INFRA__BACKEND"] = "embedded"
    life.variables["POSTGRES_PASSWORD"] = life.canary("Password")


def settle_in_docker(life: Life, request: pytest.FixtureRequest) -> None:
    """The password is in a file of the user's, as is the other key."""
    engine = request.getfixturevalue("engine")
    endpoint = request.getfixturevalue("found_engine").endpoint
    life.docker = DockerProject(engine, endpoint, f"test-{secrets.token_hex(5)}", life.folder)
    life.docker.configure()
    life.variables |= life.docker.variables
    life.variables["GEMINI_API_KEY_FILE"] = str(
        life.write(life.root / "key", life.variables.pop("GEMINI_API_KEY"))
    )
    password = life.write(life.root / "password", life.canary("Password"))
    life.variables["POSTGRES_PASSWORD_FILE"] = str(password)


def settle_outside(life: Life, request: pytest.FixtureRequest) -> None:
    """The password is in the URL."""
    server: Endpoint = request.getfixturevalue("postgres")
    name = f"canary_{secrets.token_hex(4)}"
    with connect(server.dsn(), autocommit=True) as administrator:
        user, password = sql.Identifier(name), sql.Literal(life.canary("Password"))
        administrator.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, password))
        administrator.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(user, user))
    endpoint = replace(server, user=name, password=life.known["Password"], database=name, socket_dir=None)
    life.variables["DATABASE_URL"] = endpoint.url(reveal=True)


def live(life: Life) -> None:
    """All goes well: the database, the data, a model, a report, a backup."""
    life.run("up", "--verbose")
    for words in (
        "up --json",
        "status --json",
        "url",
        "doctor --verbose",
        "config show --verbose",
        "db current",
    ):
        life.run(*words.split())
    life.run("config", "explain", "infra.password", "--json")
    life.run("config", "explain", "infra.database_url")
    life.run("psql", "--verbose", "--", "-c", "SELECT current_user")
    life.run("ingest", "simulate", "--season", "2022", "--season", "2023", "--verbose")
    report = life.folder / "report.html"
    life.run(
        "backtest", "sim", "--model", "elo", "--from", "2023-10-01", "--report", str(report), "--verbose"
    )
    assert report.stat().st_size > 10_000
    backup = str(life.folder / "a.dump")
    life.run("db", "backup", backup, "--verbose")
    life.run("db", "verify", backup, "--json")
    life.run("db", "restore", backup, "--yes", "--no-backup", "--verbose")
    life.run("logs", "-n", "10000") if life.place != "external" else None


def err(life: Life) -> None:
    """What goes wrong in the project itself."""
    wrong = with_another_password(life)
    assert life.fail("up", given=wrong)["code"] == "WRONG_PASSWORD"
    for words in ("db current", "db backup b.dump", "models list", "features sim"):
        life.fail(*words.split(), given=wrong)
    life.run("status", "--verbose", fails=None, given=wrong)
    for statement in ("SELECT 1 FROM nowhere", "SELECT 1"):
        life.run(
            "psql", "--", "-c", statement, fails=None, given=wrong if statement == "SELECT 1" else NOTHING
        )

    life.write(life.folder / "damaged.dump", "PGDMP and nothing else")
    for words in (
        "db verify damaged.dump",
        "db restore damaged.dump --yes",
        "db restore nowhere.dump --yes",
        "db backup a.dump",
        "db backup /proc/nowhere/b.dump",
        "ingest football-data nowhere.csv",
        "logs nowhere",
    ):
        life.fail(*words.split())
    # The last migration once more, on a schema that has it already.
    life.run("psql", "--", "-c", f"UPDATE alembic_version SET version_num = '{int(HEAD) - 1:04}'")
    assert life.fail("db", "migrate")["code"] == "MIGRATION_FAILED"
    life.fail("up")
    life.run("psql", "--", "-c", f"UPDATE alembic_version SET version_num = '{HEAD}'")
    if life.place != "external":
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            assert life.fail("up", "--port", str(listener.getsockname()[1]))["code"] == "PORT_TAKEN"
    life.run("up")


def with_another_password(life: Life) -> dict[str, str]:
    """Return the variables of a user who has the password wrong."""
    other = life.canary("Other")
    if life.place != "external":
        return {"POSTGRES_PASSWORD": other, "POSTGRES_PASSWORD_FILE": ""}
    right, wrong = (quote(secret, safe="") for secret in (life.known["Password"], other))
    return {"DATABASE_URL": life.variables["DATABASE_URL"].replace(right, wrong)}


def serve(life: Life) -> None:
    """The API says nothing either, nor while its database is away."""
    port = free_port()
    with program.start(
        life.folder,
        "serve",
        "--port",
        str(port),
        "--verbose",
        env=program.environment(**life.environment()),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as serving:
        try:
            for stopped in (False, True):
                if stopped and life.place != "external":
                    life.run("down")
                for path in ("health", "matches?league=sim", "leagues", "predictions/1", "nowhere"):
                    life.said[f"GET /{path} stopped={stopped}"] = get(f"http://127.0.0.1:{port}/{path}")
        finally:
            serving.send_signal(signal.SIGINT)
            life.said["serve"], _ = serving.communicate(timeout=60)
    assert "GET /health" in life.said["serve"]
    life.run("up")


def get(url: str) -> str:
    """Return what a server answers, once it does."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = httpx.get(url, timeout=60)
            return f"{answer.headers}{answer.text}"
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def change_password(life: Life) -> None:
    """Lost, wrong, made anew by the program, and put back to one of the user's."""
    given = {name: life.variables.pop(name) for name in list(life.variables) if "POSTGRES_PASSWORD" in name}
    assert life.fail("up")["code"] == "PASSWORD_MISSING"
    life.known["Mine"] = f"kanari{secrets.token_hex(8)}"
    env_file = life.write(life.folder / ".env", f"POSTGRES_PASSWORD={life.known['Mine']}\n")
    assert life.fail("up")["code"] == "WRONG_PASSWORD"
    life.run("db", "rotate-password", "--verbose")
    life.known["Made"] = program.variables_of(env_file)["POSTGRES_PASSWORD"]
    assert life.known["Made"] != life.known["Mine"]
    life.run("up", "--verbose")
    life.run("logs", "-n", "10000")
    life.variables |= given
    life.run("up", "--reset-password", "--verbose")
    life.run("status", "--json")
