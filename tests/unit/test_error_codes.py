"""The codes by which scripts tell errors stand in the documentation, each with what to do about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sportsplat

PACKAGE = Path(sportsplat.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"
RAISED = re.compile(r'\bcode="([A-Z][A-Z_]+)"')
OF_INGEST_AND_SYNC = (
    "sources/*.py",
    "jobs/ingest*.py",
    "jobs/sync*.py",
    "jobs/schedule.py",
    "jobs/quarantine.py",
    "jobs/teams.py",
    "jobs/*_table*.py",
    "cli/table.py",
)


@pytest.mark.parametrize("pattern", OF_INGEST_AND_SYNC)
def test_every_code_of_ingest_and_sync_is_documented(pattern: str) -> None:
    files = sorted(PACKAGE.glob(pattern))
    assert files
    raised = {code for file in files for code in RAISED.findall(file.read_text(encoding="utf-8"))}
    told = "\n".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    assert sorted(code for code in raised if f"`{code}`" not in told) == []
