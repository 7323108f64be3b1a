"""Matches of seasons that ran over or began late are stored under their own season, whatever brings them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.table import ingest_tables
from tests.conftest import Database

SEASONS = "SELECT match_date::text, season FROM matches ORDER BY match_date"
WAITING = "SELECT line, code, reason FROM quarantine"


def asked(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(query).fetchall()


@pytest.mark.parametrize(
    ("league", "seasons"),
    [
        ("serie-a", {"2020-08-01": 2019, "2020-09-20": 2020, "2021-08-21": 2021}),
        ("brasileirao", {"2020-08-08": 2020, "2021-02-25": 2020, "2021-05-29": 2021}),
        ("mls", {"2019-03-02": 2019, "2019-11-10": 2019}),
    ],
)
def test_a_table_without_a_season_gets_it_from_the_days_of_each(
    context: Context, database: Database, tmp_path: Path, league: str, seasons: dict[str, int]
) -> None:
    mapped = "rows: matches\ndate: date\nhome: home\naway: away\nhome_score: hs\naway_score: as\n"
    (tmp_path / "m.yaml").write_text(f"league: {league}\n{mapped}")
    rows = [f"{day},Leeds,Hull,2,1" for day in seasons]
    (tmp_path / "t.csv").write_text("\n".join(["date,home,away,hs,as", *rows, ""]))
    ingest_tables(context, [tmp_path / "t.csv"], tmp_path / "m.yaml")
    assert dict(asked(database, SEASONS)) == seasons


def test_a_day_between_two_seasons_waits_with_both(
    context: Context, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "m.yaml").write_text("league: nba\nrows: matches\ndate: date\nhome: home\naway: away\n")
    rows = ["2020-11-15,Atlanta Hawks,Chicago Bulls", "2020-12-23,Atlanta Hawks,Chicago Bulls"]
    (tmp_path / "t.csv").write_text("\n".join(["date,home,away", *rows, ""]))
    ingest_tables(context, [tmp_path / "t.csv"], tmp_path / "m.yaml")
    assert asked(database, SEASONS) == [("2020-12-23", 2020)]
    ((line, code, reason),) = asked(database, WAITING)
    assert (line, code) == (2, "outside-season")
    assert "that of 2019 ended on 2020-10-31, the next one begins on 2020-12-01" in reason


@pytest.mark.parametrize("folder", ["downloads", "1920"])
def test_a_late_summer_is_one_season_whatever_the_folder_is_called(
    context: Context, database: Database, tmp_path: Path, folder: str
) -> None:
    (tmp_path / folder).mkdir()
    days = [*(f"{day:02}/09/2019" for day in range(1, 20)), *(f"{day}/07/2020" for day in (28, 29, 30))]
    rows = [f"I1,{day},Roma,Club {chr(65 + number)},1,0,H" for number, day in enumerate(days)]
    path = tmp_path / folder / "I1.csv"
    path.write_text("\n".join(["Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR", *rows, ""]))
    ingest(context, "football-data", [path])
    assert {season for _, season in asked(database, SEASONS)} == {2019}
    assert asked(database, WAITING) == []
