"""Workbooks through the job `ingest`: a folder of them, a bad one among good ones, the real seasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sportsplat.errors import InputRefused
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from tests.conftest import Database
from tests.records import count
from tests.workbooks import workbook

SOURCE = "sportsbookreview"
SEASON: list[list[Any]] = [
    ["Date", "Rot", "VH", "Team", "1st", "2nd", "3rd", "4th", "Final", "Open", "Close", "ML", "2H"],
    [1030, 501, "V", "Portland", 26, 23, 28, 20, 97, 184, 189.5, 900, 95],
    [1030, 502, "H", "SanAntonio", 29, 30, 22, 25, 106, 12.5, 13, -1400, 5],
]


def test_a_refused_workbook_leaves_the_others_stored(
    context: Context, database: Database, tmp_path: Path
) -> None:
    """Files of other formats in the folder are none of this source's business."""
    good = workbook("", SEASON).data
    (tmp_path / "nba odds 2007-08.xlsx").write_bytes(good)
    (tmp_path / "nba odds 2008-09.xlsx").write_bytes(good[:2000])
    (tmp_path / "notes.csv").write_bytes(b"a,b\n")
    with pytest.raises(InputRefused) as refused:
        ingest(context, SOURCE, [tmp_path])
    report = refused.value.details["report"]
    assert [file.code for file in report.refused] == ["CORRUPT_WORKBOOK"]
    with database.connect() as conn:
        assert (count(conn, "matches"), count(conn, "quotes"), count(conn, "team_match_stats")) == (1, 2, 2)


def test_a_csv_file_given_as_a_workbook_is_sent_to_the_source_that_reads_it(
    context: Context, tmp_path: Path
) -> None:
    path = tmp_path / "nba.csv"
    path.write_text(
        "season,date,regular,playoffs,away,home,score_away,score_home\n"
        "2008,2007-10-30,True,False,por,sa,97,106\n"
    )
    with pytest.raises(InputRefused) as refused:
        ingest(context, SOURCE, [path])
    assert refused.value.error_code == "NOT_THIS_FORMAT"
    assert refused.value.fix == f"sportsplat ingest kaggle-nba-betting {path}"


@pytest.mark.real_data
def test_a_second_run_over_real_seasons_changes_nothing(context: Context, real_data: Path) -> None:
    folder = real_data / "sportsbookreviewsonline"
    files = [folder / "nba/nba odds 2016-17.xlsx", folder / "mlb/mlb-odds-2018.xlsx"]
    first, second = (ingest(context, SOURCE, files) for _ in range(2))
    for table in ("matches", "quotes", "stats"):
        stored = getattr(first, table)
        assert stored.inserted > 0
        assert getattr(second, table) == (0, 0, stored.inserted)
