"""The seasons that real files name are those that the declared days give, in twelve leagues."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from sportsplat.leagues.league import load_leagues

pytestmark = pytest.mark.real_data
LEAGUES = load_leagues()
FILES = {
    "ARG": "argentine-primera", "AUT": "austrian-bundesliga", "BRA": "brasileirao",
    "CHN": "chinese-super-league", "DNK": "danish-superliga", "JPN": "j-league",
    "MEX": "liga-mx", "NOR": "eliteserien",
    "RUS": "russian-premier-league", "SWE": "allsvenskan", "SWZ": "swiss-super-league", "USA": "mls",
}  # fmt: skip
KNOWN = {"ARG": 1}  # a play-off of 2013/14 that was played in January 2015


@pytest.mark.parametrize("file", FILES)
def test_the_day_gives_the_season_that_the_file_names(real_data: Path, file: str) -> None:
    path = real_data / "football-data-more" / "new" / f"{file}.csv"
    league, told = LEAGUES[FILES[file]], Counter[bool]()
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["Date"]:
                day = datetime.strptime(row["Date"].strip(), "%d/%m/%Y").date()
                told[league.season_of(day) == int(row["Season"].strip()[:4])] += 1
    assert told[True] > 1_000
    assert told[False] == KNOWN.get(file, 0)
