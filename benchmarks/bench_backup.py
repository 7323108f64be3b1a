"""Backups of a real database beside `pg_dump` and `pg_restore`, and its way through every backend.

The database holds every season of the Premier League that is there, the NFL and the NBA. `pg_dump` writes the
same format with the same compression and hashes nothing; `pg_restore --clean -1` compares nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.common import BenchRow, paired, timed
from sportsplat.infra.docker.find import search
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from sportsplat.infra.embedded.spec import EmbeddedSpec
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.programs import bin_dir, psql_environment

REPEATS = 3
SPORTSPLAT = str(Path(sys.executable).with_name("sportsplat"))
FILES = {
    "football-data": "football-data.co.uk/mmz4281/*/E0.csv",
    "nflverse": "nflverse/games.csv",
    "fivethirtyeight-nba": "fivethirtyeight/nba-elo/nbaallelo.csv.gz",
}


def rows() -> list[BenchRow]:
    """Time whole processes in a project of their own, all of which is removed again."""
    data = os.environ.get("SPORTSPLAT_REAL_DATA")
    if data is None:
        return [BenchRow("db backup", None, note="skipped: SPORTSPLAT_REAL_DATA names no folder")]
    with tempfile.TemporaryDirectory(prefix="sportsplat-bench-") as folder, _project(Path(folder)) as project:
        for source, pattern in FILES.items():
            project.run("ingest", source, *map(str, sorted(Path(data).glob(pattern))))
        return [*_beside_pg_dump(project), *_moves(project, Path(folder))]


class _Project:
    """A project folder and the variables that its commands see."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables = {"SPORTSPLAT_INFRA__PROJECT": f"bench-{secrets.token_hex(4)}"}

    def run(self, *words: str) -> dict[str, Any]:
        """Run `sportsplat WORDS --json` and return its data."""
        variables = {**os.environ, **self.variables, "NO_COLOR": "1"}
        command = [SPORTSPLAT, *words, "--quiet", "--json"]
        done = subprocess.run(
            command, env=variables, cwd=self.folder, text=True, capture_output=True, check=False
        )
        answer = json.loads(done.stdout)
        if not answer["ok"]:
            raise RuntimeError(f"{' '.join(words)}: {answer['error']}")
        data: dict[str, Any] = answer["data"]
        return data


@contextmanager
def _project(folder: Path) -> Iterator[_Project]:
    project = _Project(folder / "project")
    project.folder.mkdir()
    project.run("up", "--backend", "embedded")
    try:
        yield project
    finally:
        for backend in ("docker", "embedded") if search()[0] is not None else ("embedded",):
            project.variables["SPORTSPLAT_INFRA__BACKEND"] = backend
            project.run("down", "--volumes", "--yes")


def _beside_pg_dump(project: _Project) -> list[BenchRow]:
    spec = EmbeddedSpec(project.folder / ".sportsplat", project.folder / ".env")
    variables = psql_environment(EmbeddedEnvironment(spec).endpoint())
    ours, plain = str(project.folder / "ours.dump"), str(project.folder / "plain.dump")
    options = ["-Fc", "-Z3", "--schema=public"]

    def run(program: str, *words: str) -> None:
        subprocess.run([str(bin_dir() / program), *words], env=variables, check=True)

    def restore_plain() -> None:
        run("pg_restore", "--clean", "--if-exists", "-1", "--schema=public", "-d", spec.database, plain)

    backup_s, dump_s = paired(
        lambda: project.run("db", "backup", ours, "--force"),
        lambda: run("pg_dump", *options, "-f", plain),
        REPEATS,
    )
    verify_s = min(timed(lambda: project.run("db", "verify", ours)) for _ in range(REPEATS))
    restore_s, plain_s = paired(
        lambda: project.run("db", "restore", ours, "--yes", "--no-backup"), restore_plain, REPEATS
    )
    project.run("db", "restore", ours, "--yes", "--no-backup")
    held = project.run("db", "backup", ours, "--force")
    size = f"{held['rows']:,} rows, {held['bytes'] / 2**20:.1f} MiB"
    return [
        BenchRow("db backup", backup_s, dump_s, note=f"{size}; floor: pg_dump, which hashes nothing"),
        BenchRow("db verify", verify_s, note="restored into a database of its own, every table compared"),
        BenchRow("db restore", restore_s, plain_s, note="floor: pg_restore -1, which compares nothing"),
    ]


def _moves(project: _Project, folder: Path) -> list[BenchRow]:
    """Move to each backend in turn and back; every answer must hold the same hashes."""
    before = _hashes(project)
    found = []
    with _server_of_somebody_else(folder / "theirs") as theirs:
        places = ["external", *(["docker"] if search()[0] is not None else []), "embedded"]
        for place in places:
            project.variables["DATABASE_URL"] = theirs.url(reveal=True)
            took_s = timed(partial(project.run, "db", "move", place, "--yes"))
            if place != "external":
                del project.variables["DATABASE_URL"]
            equal = _hashes(project) == before
            note = "equal hashes" if equal else "HASHES DIFFER"
            found.append(
                BenchRow(f"db move {place}", took_s, note=f"once; {note} in all {len(before)} tables")
            )
    return found


def _hashes(project: _Project) -> dict[str, Any]:
    tables: dict[str, Any] = project.run("db", "backup", str(project.folder / "h.dump"), "--force")["tables"]
    return tables


@contextmanager
def _server_of_somebody_else(folder: Path) -> Iterator[Endpoint]:
    """Yield an empty database whose owner may do nothing else, on a server that is not the project's."""
    folder.mkdir()
    server = EmbeddedEnvironment(EmbeddedSpec(folder / "state", folder / ".env"))
    endpoint = server.ensure(60).endpoint
    secret = secrets.token_hex(12)
    try:
        with psycopg.connect(endpoint.dsn(), autocommit=True) as conn:
            conn.execute(f"CREATE ROLE guest LOGIN PASSWORD '{secret}'".encode())
            conn.execute("CREATE DATABASE guest OWNER guest")
        yield Endpoint(endpoint.host, endpoint.port, "guest", "guest", secret)
    finally:
        server.remove()
