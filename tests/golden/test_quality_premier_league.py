"""`data quality` on the real Premier League files, against what a look at their columns tells.

Every season of 20 clubs has 380 matches. Half-time scores begin with 1995/96, shots with 2000/01, Pinnacle's
closing odds (PSCH) with 2012/13, kick-off times and the average closing odds (AvgCH) with 2019/20. In that
season play stood still from 9 March to 17 June 2020. `csv` says the same: see `filled`.
"""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.quality import quality
from sportsplat.quality.report import QualityReport

pytestmark = pytest.mark.real_data
SEASONS = ("9495", "9596", "9900", "0001", "1112", "1213", "1314", "1819", "1920")
NOW = datetime(2020, 8, 1, tzinfo=UTC)


def folder(real_data: Path, code: str) -> Path:
    return real_data / "football-data.co.uk" / "mmz4281" / code / "E0.csv"


def filled(path: Path, *columns: str) -> int:
    """Count the matches of a file with a value in each of some columns, without this project's code."""
    with path.open(encoding="cp1252", errors="replace", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["HomeTeam"]]
    return sum(all(row.get(column) for column in columns) for row in rows)


@pytest.fixture
def data(context: Context, real_data: Path) -> QualityReport:
    ingest(context, "football-data", [folder(real_data, code) for code in SEASONS])
    return quality(context, "epl", now=NOW)


def test_each_season_is_whole_and_covered_as_its_file_says(data: QualityReport, real_data: Path) -> None:
    by_label = {season.label: season for season in data.seasons}
    assert {label: (one.regular, one.expected) for label, one in by_label.items()} == {
        "1994/95": (462, 462),
        **dict.fromkeys([label for label in by_label if label != "1994/95"], (380, 380)),
    }
    for code, season in zip(SEASONS, data.seasons, strict=True):
        path = folder(real_data, code)
        counts = {name: found.matches for name, found in season.coverage.items()}
        assert counts["price:pinnacle:closing"] == filled(path, "PSCH", "PSCD", "PSCA"), code
        assert counts["price:bet365:pre-match"] == filled(path, "B365H", "B365D", "B365A"), code
        assert counts["price:average:closing"] == filled(path, "AvgCH", "AvgCD", "AvgCA"), code
        false = 2 if code == "0001" else 0  # matches of a side with more shots on target than shots
        assert counts["stat:shots"] == filled(path, "HS", "AS") - false, code
        assert counts["stat:half_time_goals"] == filled(path, "HTHG", "HTAG"), code
        assert counts["kickoff_minute"] == filled(path, "Time"), code


def test_what_is_missing_between_these_files_and_the_stop_of_2020_are_found(data: QualityReport) -> None:
    found = {(one.code, one.where): one for one in data.findings}
    missing = {where for code, where in found if code == "missing-season"}
    assert len(missing) == 25 - len(SEASONS) + 1
    assert {"2001/02", "2014/15"} <= missing
    assert "between 2020-03-09 and 2020-06-17" in found["long-pause", "2019/20"].what
    assert "pinnacle closing" in found["coverage-begins", "2012/13"].what
    assert "average closing" in found["coverage-begins", "2019/20"].what
    assert not [one for one in data.findings if one.code in ("incomplete-season", "stray-team")]
    assert data.freshness.last_result == date(2020, 7, 26)
