"""`sportsplat db`: answers, JSON and exit codes as scripts see them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sportsplat.db.schema.migrate import head, revisions
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS

SPORTSPLAT = str(Path(sys.executable).parent / "sportsplat")
HEAD = head(MIGRATIONS)


def db(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SPORTSPLAT, "db", *arguments],
        env=os.environ | {"DATABASE_URL": database.endpoint.url(reveal=True)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answer(database: Database, *arguments: str) -> dict[str, Any]:
    ran = db(database, *arguments, "--json")
    assert ran.returncode == 0, ran.stderr
    envelope = json.loads(ran.stdout)
    assert envelope["command"] == f"db {arguments[0]}"
    data: dict[str, Any] = envelope["data"]
    return data


def test_from_an_empty_database_to_a_verified_schema(empty_database: Database, project_dir: Path) -> None:
    assert answer(empty_database, "current") == {
        "schema_revision": None,
        "schema_head": HEAD,
        "state": "absent",
    }
    assert "CREATE TABLE matches" in answer(empty_database, "plan")["sql"]
    assert answer(empty_database, "migrate")["applied"] == revisions(MIGRATIONS)
    assert answer(empty_database, "current") == {
        "schema_revision": HEAD,
        "schema_head": HEAD,
        "state": "current",
    }
    assert answer(empty_database, "check")["objects"] > 300


def test_people_get_a_sentence(database: Database, project_dir: Path) -> None:
    assert db(database, "migrate").stdout == f"nothing to do; the schema is at {HEAD} and verified\n"
    assert db(database, "plan").stdout.startswith(f"-- nothing to run: the database is at {HEAD}")


def test_drift_exits_with_7_and_lists_every_difference(database: Database, project_dir: Path) -> None:
    with database.connect(autocommit=True) as conn:
        conn.execute("ALTER TABLE bets ADD COLUMN n int; DROP INDEX ix_forecasts_publisher")
    ran = db(database, "check")
    assert ran.returncode == 7
    assert ran.stdout == ""
    assert "error[SCHEMA_DRIFT]" in ran.stderr
    assert "missing index ix_forecasts_publisher" in ran.stderr
    assert "unexpected column bets.n: integer" in ran.stderr
    envelope = json.loads(db(database, "check", "--json").stdout)
    assert envelope["ok"] is False
    assert envelope["error"]["code"] == "SCHEMA_DRIFT"


def test_a_newer_schema_is_told_and_left_alone(database: Database, project_dir: Path) -> None:
    with database.connect() as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    assert answer(database, "current")["state"] == "newer"
    ran = db(database, "migrate")
    assert ran.returncode == 7
    assert "error[SCHEMA_NEWER]" in ran.stderr
    assert "pip install --upgrade sportsplat" in ran.stderr


def test_no_output_holds_the_password(empty_database: Database, project_dir: Path) -> None:
    secret = empty_database.endpoint.password
    assert len(secret) > 8
    ran = db(empty_database, "migrate", "--verbose")
    assert secret not in ran.stdout + ran.stderr
