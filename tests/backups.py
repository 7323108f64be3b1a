"""What tests of backups share: a database with awkward content, what it holds, other servers."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from psycopg import sql

from sportsplat.config.load import load_settings
from sportsplat.config.settings import Settings
from sportsplat.db.connection import Connection, connect
from sportsplat.db.copy.content import Content, content, next_values
from sportsplat.infra.backend import open_environment
from sportsplat.infra.embedded.account import server_account
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from sportsplat.infra.embedded.spec import EmbeddedSpec
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.ports import is_free
from sportsplat.infra.programs import bin_dir
from tests.conftest import FAST

CANARY = "canary-0f3a-of-nobody"
"""The password of the plain user: no output, no file and no command line may hold it."""

# Tabs, line ends, the end-of-data mark, quotes and backslashes; NaN, infinity, arrays, JSON, moments.
AWKWARD = r"""
INSERT INTO leagues VALUES ('x', E'tab\there', 'soccer', '{home,draw,away}', 'UTC'),
                           ('y', E'\\.\nCOPY public.teams (id) FROM stdin;', 'soccer', '{home,away}', 'UTC');
INSERT INTO teams (league, name)
SELECT 'x', name FROM unnest(ARRAY[E'N''Golo \\N', E'São\r\nPaulo', '"Köln", 東京', E'\\restrict x',
                                   'null', ' ']) AS name;
INSERT INTO matches (league, season, match_date, kickoff_utc, precision, home_id, away_id, number, neutral,
                     stage, status, home_score, away_score, known_at, source)
SELECT 'x', 2000, day, day::timestamptz + interval '15 hours', 'minute', 1 + n % 3, 4 + n % 3, 1 + n % 9 / 3,
       n % 7 = 0, 'regular', 'final', n % 5, n % 4, day::timestamptz + interval '17 hours', 'made up'
FROM generate_series(0, %(matches)s - 1) AS n, LATERAL (SELECT DATE '2000-08-01' + n / 9) AS days (day);
SELECT ensure_quote_partition(2000);
INSERT INTO quotes (match_id, bookmaker, market, outcome, is_closing, decimal_odds, known_at, season)
SELECT id, 'book ' || b, 'result', outcome, true, 1 + ((id * 37 + b) % 1000 + 1) / 97.0, known_at, season
FROM matches, generate_series(1, 5) AS b, unnest(ARRAY['home', 'draw', 'away']) AS outcome;
INSERT INTO team_match_stats
SELECT id, home_id, true, jsonb_build_object('shots', id % 20, 'a', 0.1 + id), known_at, 'made up'
FROM matches;
INSERT INTO feature_manifests VALUES ('h', '{elo,form}');
INSERT INTO match_features (match_id, manifest, decision_at, values)
SELECT id, 'h', kickoff_utc, ARRAY['NaN', '-Infinity', 1e-300, id / 3.0]::float8[] FROM matches;
"""


ROWS = 300 * (1 + 15 + 1 + 1) + 2 + 6 + 1
"""How many `fill` stores."""


def fill(conn: Connection, matches: int = 300) -> None:
    """Store leagues, teams and matches with 15 quotes each, texts and numbers of the awkward kind."""
    statement = AWKWARD.replace("%(matches)s", str(matches))
    conn.execute(statement.encode())
    conn.commit()


def held(endpoint: Endpoint) -> tuple[Content, dict[str, int]]:
    """Return all that a database holds; whoever locks its tables is waited for."""
    with connect(endpoint.dsn(), autocommit=True) as conn:
        return content(conn), next_values(conn)


def settings_of(folder: Path, endpoint: Endpoint, **overrides: Any) -> Settings:
    """Return the settings of a project in `folder` whose database is at `endpoint`."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {"infra.backend": "external", "infra.database_url": endpoint.url(reveal=True), **overrides}
    return load_settings(project_dir=folder, overrides=given, environ={})


@contextmanager
def plain_database(server: Endpoint) -> Iterator[Endpoint]:
    """Yield an empty database of a user who may log in and nothing else; CANARY is the password."""
    name = f"plain_{secrets.token_hex(4)}"
    role, database = sql.Identifier(name), sql.Identifier(f"of_{name}")
    with connect(server.dsn(), autocommit=True) as conn:
        login = sql.SQL("CREATE ROLE {} LOGIN NOCREATEDB NOCREATEROLE PASSWORD {}")
        conn.execute(login.format(role, sql.Literal(CANARY)))
        conn.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(database, role))
    try:
        yield replace(server, database=f"of_{name}", user=name, password=CANARY, socket_dir=None)
    finally:
        with connect(server.dsn(), autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
            conn.execute(sql.SQL("DROP ROLE {}").format(role))


@contextmanager
def newer_server(folder: Path) -> Iterator[Endpoint]:
    """Yield the superuser's way into a PostgreSQL 18, which the wheel has beside its 16."""
    programs = bin_dir().parent.parent / "pginstall18" / "bin"
    account = server_account(folder / "data", [folder, programs])
    folder.mkdir(parents=True, exist_ok=True)
    account.chown(folder)
    secret = folder / "password"
    secret.write_text(CANARY)
    account.chown(secret)
    options = ["-U", "owner", f"--pwfile={secret}", "--auth=scram-sha-256", "--no-sync", "-E", "UTF8"]
    made = account.run(
        [str(programs / "initdb"), "-D", str(folder / "data"), *options, "--locale=C"], capture_output=True
    )
    assert made.returncode == 0, made.stderr
    port = next(port for port in range(55000 + os.getpid() % 1000, 65000) if is_free(port, "127.0.0.1"))
    flags = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    command = [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w", "-o", flags]
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    started = account.run([*command, "-l", str(folder / "data" / "log"), "start"], **quiet)
    assert started.returncode == 0, (folder / "data" / "log").read_text()
    try:
        yield Endpoint("127.0.0.1", port, "postgres", "owner", CANARY)
    finally:
        account.run([*command, "-m", "immediate", "stop"], **quiet)


@contextmanager
def server_of_somebody_else(folder: Path) -> Iterator[Endpoint]:
    """Yield a second PostgreSQL 16, which has never heard of sportsplat's roles."""
    environment = EmbeddedEnvironment(EmbeddedSpec(folder / "state", folder / ".env", tuning=FAST))
    try:
        yield environment.ensure(60).endpoint
    finally:
        environment.remove()


def change(endpoint: Endpoint, statement: str) -> None:
    """Run one statement as the owner."""
    with connect(endpoint.dsn(), autocommit=True) as conn:
        conn.execute(statement.encode())


def held_of(settings: Settings) -> object:
    """Return all that the database of a project holds."""
    return held(open_environment(settings).endpoint())
