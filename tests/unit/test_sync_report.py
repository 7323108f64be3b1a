"""What a line of a sync says of one source."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sportsplat.db.write.staging import Tally
from sportsplat.jobs.ingest.report import TABLES, Stored
from sportsplat.jobs.ingest.sync import Status, to_row
from sportsplat.sources.base import Window

SAME = Tally(0, 0, 3)
NOTHING_NEW = Stored("x.json", "nba", 3, SAME, SAME, SAME, SAME, SAME, [])


@pytest.mark.parametrize("table", TABLES)
def test_what_changed_in_any_table_is_not_called_unchanged(table: str) -> None:
    days = Window(date(2024, 1, 9), date(2024, 1, 16))
    told: dict[str, Any] = {table: Tally(0, 1, 2)}
    changed = replace(NOTHING_NEW, **told)
    assert to_row("nba", "espn", days, Status.OK, None, [NOTHING_NEW], 1.0).status is Status.UNCHANGED
    assert to_row("nba", "espn", days, Status.OK, None, [changed], 1.0).status is Status.OK
