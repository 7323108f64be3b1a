"""PG* variables of whoever calls: libpq obeys them, and none of them reaches a connection of ours."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from sportsplat.db.read.api import Database as Queries
from sportsplat.postgres.session import pg_variables
from tests.conftest import Database
from tests.program import run

HOSTILE: dict[str, Any] = {
    "PGSERVICE": "of-another-project",
    "PGSERVICEFILE": "/nonexistent/services",
    "PGCHANNELBINDING": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGOPTIONS": "-c statement_timeout=1ms -c nonsense",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nonexistent/ca.crt",
    "PGSSLNEGOTIATION": "direct",
    "PGREQUIREAUTH": "none",
    "PGGSSENCMODE": "require",
    "PGCLIENTENCODING": "SQL_ASCII",
    "PGDATESTYLE": "German",
    "PGTZ": "Asia/Kathmandu",
    "PGCONNECT_TIMEOUT": "nonsense",
    "PGMINPROTOCOLVERSION": "9.9",
    "PGPASSFILE": "/nonexistent/passwords",
    "PGPASSWORD": "of another project",
    "PGUSER": "somebody-else",
    "PGDATABASE": "something-else",
}
FILE = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR\nE0,12/08/2023,Arsenal,Chelsea,2,1,H\n"


COMMANDS = (
    "up --json",
    "ingest football-data E0.csv --json",
    "status --json",
    "leagues --json",
    "db current --json",
    "db check --json",
    "db backup --verify --json",
    "doctor --json",
    "psql -- -XAtc TABLE(teams)",
)


def test_none_of_them_reaches_a_command(empty_database: Database, project_dir: Path) -> None:
    (project_dir / "E0.csv").write_text(FILE)
    url = empty_database.endpoint.url(reveal=True)
    for words in COMMANDS:
        listed = [word.replace("TABLE(teams)", "TABLE teams") for word in words.split()]
        done = run(project_dir, *listed, timeout_s=120, DATABASE_URL=url, **HOSTILE)
        assert done.exit_code == 0, (words, done)
    assert "Arsenal" in done.stdout


async def the_zone(queries: Queries) -> str:
    await queries.open()
    try:
        (row,) = await queries.rows("SELECT current_setting('TimeZone') AS zone")
    finally:
        await queries.close()
    return str(row["zone"])


def test_none_of_them_reaches_the_pool_of_the_api(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    assert asyncio.run(the_zone(Queries(database.dsn, role="sportsplat_read"))) == "UTC"
    assert not pg_variables()
    assert "PGSERVICE" not in os.environ
