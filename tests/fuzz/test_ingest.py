"""Mutated files through the job and the program: stored whole or not at all, and no traceback."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from sportsplat.errors import InputRefused
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.sources import get_source
from sportsplat.sources.reading.files import read_file
from tests.conftest import Database
from tests.fuzz.test_parsers import PARSERS, damaged
from tests.program import run
from tests.source_seeds import SEEDS

FILES = int(os.environ.get("SPORTSPLAT_FUZZ_STORED", "25"))
TABLES = ("matches", "quotes", "team_match_stats", "forecasts", "teams", "quarantine")


def counts(database: Database) -> dict[str, int]:
    with database.connect() as conn:
        rows = [conn.execute(f"SELECT count(*) FROM {table}").fetchone() for table in TABLES]
    return {table: row[0] for table, row in zip(TABLES, rows, strict=True) if row}


def damaged_files(source: str, folder: Path) -> list[Path]:
    """Write FILES mutated files of a source, each into a folder of its own."""
    paths = []
    for number in range(FILES):
        rng = random.Random(f"ingest {source} {number}")
        seed = rng.choice(SEEDS[source])
        path = folder / str(number) / seed.name.replace("http://", "").replace("?", "_")
        path.parent.mkdir(parents=True)
        path.write_bytes(damaged(seed, rng))
        paths.append(path)
    return paths


def check_report(before: dict[str, int], after: dict[str, int], report: dict[str, Any]) -> None:
    """Assert that the tables grew by what the report says."""
    for table, name in (("matches", "matches"), ("quotes", "quotes"), ("team_match_stats", "stats")):
        assert after[table] - before[table] == report[name]["inserted"], name
    assert after["forecasts"] - before["forecasts"] == report["forecasts"]["inserted"]
    assert after["quarantine"] - before["quarantine"] == report["newly_quarantined"]


def check_nothing_lost(context: Context, source: str, path: Path, report: dict[str, Any]) -> None:
    """Assert that every row which a parser reads, and every match in it, is stored or waits in quarantine."""
    batches = get_source(source).batches(read_file(path), None, context.leagues)
    assert report["rows_read"] == sum(batch.rows_read for batch in batches), path
    matches = sum(len({match.key for match in batch.matches}) for batch in batches)
    assert matches <= sum(report["matches"].values()) + report["quarantined"], path
    assert sum(len(batch.rejected) for batch in batches) <= report["quarantined"], path


@pytest.mark.parametrize("source", PARSERS)
def test_a_damaged_file_is_stored_whole_or_not_at_all(
    context: Context, database: Database, tmp_path: Path, source: str
) -> None:
    refused = 0
    codes: set[str] = set()
    for path in damaged_files(source, tmp_path):
        before = counts(database)
        report: Any = None
        try:
            report = ingest(context, source, [path])
        except InputRefused as refusal:
            refused += 1
            codes.add(refusal.error_code)
            if refusal.error_code == "NOTHING_STORED":  # its rows wait in quarantine, and are told
                report = refusal.details["report"]
        after = counts(database)
        if report is None:
            assert after == before, path
        else:
            check_report(before, after, report.to_dict())
            check_nothing_lost(context, source, path, report.to_dict())
    assert 0 < refused < FILES
    assert "ROW_REFUSED" not in codes  # the database is never the first to see that a row cannot be


@pytest.mark.parametrize("source", PARSERS)
def test_the_program_takes_a_folder_of_damaged_files(
    context: Context, database: Database, project_dir: Path, tmp_path: Path, source: str
) -> None:
    paths = damaged_files(source, tmp_path / "files")
    url = database.endpoint.url(reveal=True)
    said = run(
        project_dir, "ingest", source, *map(str, paths), "--json",
        DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external",
    )  # fmt: skip
    assert said.exit_code == 9, said.stderr
    assert said.error["code"] == "FILES_REFUSED"
    assert "Traceback" not in said.stderr
    report = said.error["details"]["report"]
    assert report["files"] == FILES
    taken = {file["file"] for file in report["by_file"]}
    refused = {file["file"]: file["code"] for file in report["refused"]}
    assert taken | set(refused) == set(map(str, paths))
    assert all(refused[file] == "NOTHING_STORED" for file in taken & set(refused))
    assert "ROW_REFUSED" not in refused.values()
    assert counts(database)["matches"] > 0
