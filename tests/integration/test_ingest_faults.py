"""`kill -9` of an ingest at ten moments: whole files only, and the next run completes."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from tests.conftest import Database
from tests.program import PROGRAM, environment, run

pytestmark = pytest.mark.fault
SEASONS = range(2010, 2015)
WORDS = ["ingest", "simulate", *(word for year in SEASONS for word in ("--season", str(year))), "--json"]
# Files already stored when the killed one was begun, and how long it was left at it in seconds.
MOMENTS = [(stored, delay_s) for delay_s in (0.0, 0.03) for stored in range(5)]
Contents = dict[str, tuple[int, int, int, int]]

CONTENTS = """
SELECT r.file, count(*),
       (SELECT count(*) FROM quotes q JOIN matches x ON x.id = q.match_id WHERE x.run_id = r.id),
       (SELECT count(*) FROM team_match_stats s JOIN matches x ON x.id = s.match_id WHERE x.run_id = r.id),
       (SELECT count(*) FROM forecasts f JOIN matches x ON x.id = f.match_id WHERE x.run_id = r.id)
  FROM matches m JOIN pipeline_runs r ON r.id = m.run_id GROUP BY r.id, r.file
"""


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with database.connect(autocommit=True) as opened:
        yield opened


def contents(conn: psycopg.Connection[Any]) -> Contents:
    """Return what is stored of each file."""
    return {file: tuple(numbers) for file, *numbers in conn.execute(CONTENTS.encode()).fetchall()}


def statuses(conn: psycopg.Connection[Any]) -> list[str]:
    return [status for (status,) in conn.execute("SELECT status FROM pipeline_runs ORDER BY id").fetchall()]


def clear(conn: psycopg.Connection[Any]) -> None:
    conn.execute("TRUNCATE leagues, pipeline_runs CASCADE")


def wait_for_the_server_to_notice(conn: psycopg.Connection[Any]) -> None:
    """Wait until no other session of this database is left."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type ~ 'client'"
    )
    for _ in range(500):
        if conn.execute(others).fetchone() == (1,):
            return
        time.sleep(0.02)
    pytest.fail("the killed program's session is still there after 10 s")


def kill_once(conn: psycopg.Connection[Any], project: Path, url: str, stored: int, delay_s: float) -> None:
    """Start an ingest and kill it `delay_s` after it was seen at work with `stored` files done."""
    process = subprocess.Popen(
        [PROGRAM, *WORDS],
        cwd=project,
        env=environment(DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None:
        seen = statuses(conn)
        if "running" in seen and seen.count("done") >= stored:
            break
        time.sleep(0.001)
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_killed_ingest_leaves_whole_files_and_the_next_run_completes(
    context: Context, database: Database, conn: psycopg.Connection[Any], project_dir: Path
) -> None:
    url = database.endpoint.url(reveal=True)
    run(project_dir, *WORDS, DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external").data  # noqa: B018 - asserts that it went well
    whole = contents(conn)
    assert len(whole) == len(SEASONS)
    partly = 0
    for moment in MOMENTS:
        clear(conn)
        kill_once(conn, project_dir, url, *moment)
        wait_for_the_server_to_notice(conn)
        left = contents(conn)
        assert all(whole[file] == numbers for file, numbers in left.items()), moment
        assert statuses(conn).count("done") == len(left)
        assert statuses(conn).count("running") <= 1
        partly += 0 < len(left) < len(whole)
        report = ingest(context, "simulate", [], seasons=SEASONS)
        assert contents(conn) == whole
        assert report.matches.unchanged == sum(numbers[0] for numbers in left.values())
        assert "running" not in statuses(conn)
    assert partly
