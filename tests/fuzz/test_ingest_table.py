"""Mutated tables through the job: stored whole or not at all, and a retry never makes it worse."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from sportsplat.errors import InputRefused
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.quarantine import retry
from sportsplat.jobs.ingest.table import ingest_tables
from sportsplat.sources.table.mapping import MappingFile, read_mapping
from tests.conftest import Database
from tests.fuzz.test_ingest import check_report, counts
from tests.fuzz.test_table import FORMATS, SEEDS, damaged, read_both

FILES = int(os.environ.get("SPORTSPLAT_FUZZ_STORED", "25"))


def check_nothing_lost(path: Path, mapping: MappingFile, report: dict[str, Any]) -> None:
    """Assert that every row which is read, and every match in it, is stored or waits in quarantine."""
    batch = read_both(path, mapping)
    assert report["rows_read"] == batch.rows_read, path
    matches = len({match.key for match in batch.matches})
    assert matches <= sum(report["matches"].values()) + report["quarantined"], path
    assert len(batch.rejected) <= report["quarantined"], path


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("layout", SEEDS)
def test_a_damaged_table_is_stored_whole_or_not_at_all(
    context: Context, database: Database, tmp_path: Path, layout: str, kind: str
) -> None:
    seed, declared = SEEDS[layout]
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(declared)
    refused = 0
    codes: set[str] = set()
    for number in range(FILES):
        rng = random.Random(f"ingest table {layout} {kind} {number}")
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(damaged(seed, kind, rng))
        before = counts(database)
        report: Any = None
        try:
            report = ingest_tables(context, [path], mapping)
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
            check_nothing_lost(path, read_mapping(mapping), report.to_dict())
    assert refused < FILES
    assert "ROW_REFUSED" not in codes
    stored = counts(database)
    again = retry(context)
    assert {one.code for one in again.refused} <= {"NOTHING_STORED"}
    assert again.gone == []
    assert counts(database) == stored
