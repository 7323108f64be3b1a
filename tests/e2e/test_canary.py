"""A canary as every password and key that there is: nobody may hear it sing, wherever the database lives.

One life of a project in each place, with every command that touches a secret and with errors of all kinds.
Whatever was said, shown, written and stored is searched for every secret that there was, for those that the
program made itself too.
"""

from __future__ import annotations

import json
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from psycopg import sql

from sportsplat.db.engine import connect
from sportsplat.db.revisions import head
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.pg_tools import pg_restore
from sportsplat.settings import asset_dir
from tests import program
from tests.engine import POSTGRES_IMAGE, DockerProject
from tests.proc_watch import command_lines_watched

HEAD = head(asset_dir("migrations"))
PLACES = ("embedded", pytest.param("docker", marks=pytest.mark.docker), "external")
DATA_TARGET = "/var/lib/postgresql/data"
NOTHING: Mapping[str, str] = MappingProxyType({})


def canary(name: str) -> str:
    """Return a secret with all that is awkward in a URL, a shell and a string, between two plain words."""
    return f"kanari{name}{secrets.token_hex(4)}'\"\\ %@:/?#é${secrets.token_hex(4)}{name}iranak"


def words_of(secret: str) -> list[str]:
    """Return what betrays a secret however it is spelled: the plain words at its ends, or all of it."""
    if "'" not in secret:
        return [secret]
    return [secret[: secret.index("'")], secret[secret.index("$") + 1 :]]


@dataclass
class Life:
    """One project's life and all that came of it. `known`: every secret that there was, by its name.

    `root` holds the project in `folder`, and beside it its user's home, cache and temporary files.
    """

    place: str
    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    docker: DockerProject | None = None
    known: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    ours: set[Path] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return self.root / "project"

    def canary(self, name: str) -> str:
        """Return a new secret and remember it."""
        return self.known.setdefault(name, canary(name))

    def write(self, path: Path, text: str) -> Path:
        """Write a file in which a secret may be."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.ours.add(path)
        return path

    def run(
        self,
        *words: str,
        given: Mapping[str, str] = NOTHING,
        folder: Path | None = None,
        fails: bool | None = False,
    ) -> program.Ran:
        """Run a command to its end, keep what it says, and see that it fails or not (None: as it likes).

        given: variables over the project's. folder: in the place of the project's.
        """
        ran = program.run(folder or self.folder, *words, timeout_s=120, **{**self.environment(), **given})
        self.said[f"{len(self.said)}: {' '.join(words)}"] = ran.stdout + ran.stderr
        assert fails is None or (ran.exit_code not in (0, 1) if fails else ran.exit_code == 0), str(
            (words, ran)
        )
        return ran

    def fail(
        self, *words: str, given: Mapping[str, str] = NOTHING, folder: Path | None = None
    ) -> dict[str, Any]:
        """Run a command that fails, with its traceback and as JSON; return its error."""
        return self.run(*words, "--verbose", "--json", given=given, folder=folder, fails=True).error

    def environment(self) -> dict[str, str]:
        """Return the variables of the project's user."""
        own = {name: str(self.root / name.lower()) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
        return {**own, **self.variables}

    def finds(self, texts: Mapping[str, str]) -> list[str]:
        """Return which secret sings in which text."""
        return [
            f"{name} in {where}: …{text[max(0, text.index(word) - 200) : text.index(word)]}"
            for where, text in texts.items()
            for name, secret in self.known.items()
            for word in words_of(secret)
            if word in text
        ]

    def files(self) -> set[Path]:
        """Return the files below the root in which a secret sings."""
        words = "\n".join(word for secret in self.known.values() for word in words_of(secret))
        command = [
            "grep",
            "--recursive",
            "--files-with-matches",
            "--text",
            "--fixed-strings",
            "--file=-",
            ".",
        ]
        done = subprocess.run(
            command, cwd=self.root, input=words, text=True, capture_output=True, check=False
        )
        assert done.returncode in (0, 1), done
        return {self.root / line for line in done.stdout.splitlines()}


@pytest.fixture(scope="module", params=PLACES)
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """Live the whole life once in each place; the database runs on at the end."""
    made = Life(request.param, tmp_path_factory.mktemp(f"canary-{request.param}"))
    for name in ("project", "home", "tmpdir", "xdg_cache_home"):
        (made.root / name).mkdir()
    made.variables["GEMINI_API_KEY"] = made.canary("Key")
    settle = {"embedded": settle_embedded, "docker": settle_in_docker, "external": settle_outside}
    settle[request.param](made, request)
    try:
        with command_lines_watched() as made.lines:
            live(made)
            err(made)
            serve(made)
            if made.place != "external":
                change_password(made)
        yield made
    finally:
        program.run(made.folder, "down", "--volumes", "--yes", timeout_s=120, **made.environment())
        if made.docker is not None:
            made.docker.remove()


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


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


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


def test_nothing_that_is_said_holds_a_secret(life: Life) -> None:
    assert life.finds(life.said) == []


def test_no_command_line_holds_a_secret(life: Life) -> None:
    """Of no process: ours, psql, pg_dump, the server, whatever runs inside the container."""
    for name in {"embedded": "initdb", "docker": "initdb", "external": "pg_restore"}[life.place], "psql":
        assert any(name in line for line in life.lines), f"the watch saw no {name}"
    assert life.finds({line[:200]: line for line in life.lines}) == []


def test_no_file_holds_a_secret_but_those_that_are_for_it(life: Life) -> None:
    """Searched: the project, its data, its log, its backup and report, home, cache and temporary files."""
    mounted = {life.folder / ".sportsplat" / "docker" / "secrets" / "postgres_password"}
    assert life.files() - life.ours <= (mounted if life.docker is not None else set())
    archive = subprocess.run(
        [str(pg_restore()), "--file=-", str(life.folder / "a.dump")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "COPY public.pipeline_runs" in archive.stdout
    assert life.finds({"the database": archive.stdout}) == []


@pytest.mark.parametrize("life", [pytest.param("docker", marks=pytest.mark.docker)], indirect=True)
def test_the_engine_shows_no_secret(life: Life) -> None:
    project = life.docker
    assert project is not None
    engine = project.engine
    container = engine.containers.get(project.container)
    things = [container, engine.images.get(POSTGRES_IMAGE), *project.volumes(), *project.networks()]
    shown = {f"inspect {number}": json.dumps(thing.attrs) for number, thing in enumerate(things)}
    shown["history"] = json.dumps(engine.images.get(POSTGRES_IMAGE).history())
    shown["log"] = container.logs().decode(errors="replace")
    shown["processes"] = json.dumps(container.top())
    shown["variables"] = str(container.exec_run("env"))
    assert "POSTGRES_PASSWORD_FILE" in shown["inspect 0"]
    assert life.finds(shown) == []
    words = [f"--regexp={word}" for secret in life.known.values() for word in words_of(secret)]
    code, output = container.exec_run(
        ["grep", "-rlaF", *words, DATA_TARGET, "/tmp", "/docker-entrypoint-initdb.d"]
    )
    assert (code, output) == (1, b"")


def urls(secret: str) -> list[str]:
    """Return values of DATABASE_URL that are no good, each with the secret in it."""
    quoted = quote(secret, safe="")
    return [
        f"postgresql://u:{quoted}@127.0.0.1:1/x",
        f"postgresql://u:{quoted}@nowhere.invalid/x",
        f"postgresql://u:{quoted}@127.0.0.1:port/x",
        f"postgresql://u:{secret}@127.0.0.1:1/x",
        f"postgresql://127.0.0.1:1/x?user=u&password={quoted}",
        f"postgresql://u:{quoted}@127.0.0.1:1/x?sslmode=nonsense",
        f"mysql://u:{quoted}@127.0.0.1/x",
        f"host=127.0.0.1 password={secret}",
        secret,
    ]


def settings(secret: str) -> list[tuple[str, str]]:
    """Return files of settings that are no good, each with the secret in it."""
    quoted, text = quote(secret, safe=""), json.dumps(secret)
    return [
        ("config/settings.yaml", f"infra:\n  password: {text}\n"),
        ("config/settings.yaml", f"infra:\n  pasword: {text}\n"),
        ("config/settings.yaml", f"infra:\n  password: [{text}]\n"),
        ("config/settings.yaml", f"infra:\n  database_url: postgresql://u:{quoted}@127.0.0.1/x\n"),
        ("config/settings.yaml", f"infra: [\n  password: {text}\n"),
        (".env", f"POSTGRESS_PASSWORD={quoted}\n"),
        (".env", f"POSTGRES_PASSWORD = '{quoted}\n"),
        (".env", f"POSTGRES_PASSWORD={quoted}\nPOSTGRES_PORT=no-number\n"),
    ]


def test_what_is_wrong_before_there_is_a_project_is_said_without_the_secret(tmp_path: Path) -> None:
    """URLs, files and settings that are no good; and the secret where the name of its file belongs."""
    life = Life("nowhere", tmp_path)
    secret = life.canary("Raw")
    with command_lines_watched() as lines:
        for number, url in enumerate(urls(secret)):
            folder = tmp_path / f"url{number}"
            folder.mkdir()
            life.fail("up", folder=folder, given={"DATABASE_URL": url})
        for number, (name, text) in enumerate(settings(secret)):
            folder = tmp_path / f"settings{number}"
            life.write(folder / name, text)
            life.fail("config", "check", folder=folder)
        for variable in ("POSTGRES_PASSWORD_FILE", "GEMINI_API_KEY_FILE", "DATABASE_URL_FILE"):
            life.fail("up", folder=tmp_path / "url0", given={variable: secret})

    assert life.finds(life.said) == []
    assert life.finds({line[:200]: line for line in lines}) == []
    assert life.files() == life.ours


def test_what_is_planted_is_found(tmp_path: Path) -> None:
    """The controls: a command line of 30 ms, a text in another spelling, a file among many."""
    life = Life("control", tmp_path)
    secret = life.canary("Control")
    with command_lines_watched() as lines:
        subprocess.run(["sh", "-c", "sleep 0.03", "sh", secret], check=True)
    assert life.finds({"": "\n".join(lines)})
    assert life.finds({"": quote(secret)})
    assert life.finds({"": json.dumps(secret)})
    assert life.finds({"": repr(secret)})
    assert life.finds({"": secret[: len(secret) // 2]})
    planted = life.write(tmp_path / "a" / "b", f"\0\0{secret}")
    assert life.files() == {planted}
