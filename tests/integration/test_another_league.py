"""Another country's matches under a league's own code are refused before anything is stored of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sportsplat.errors import InputRefused
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.table import ingest_tables
from sportsplat.jobs.teams import add
from sportsplat.leagues.league import load_leagues
from tests.conftest import Database
from tests.records import count

SOURCE = "football-data"
ENGLISH = ["Arsenal", "Chelsea", "Everton", "Fulham"]
SPI = "date,league,team1,team2,spi1,spi2,prob1,prob2,probtie,score1,score2"


def season(path: Path, names: list[str], division: str = "SP1") -> Path:
    """Write a file in which all meet each other at home and away, all under one division."""
    pairs = [(home, away) for home in names for away in names if home != away]
    rows = [f"{division},{1 + at:02}/09/2019,{home},{away},1,0,H" for at, (home, away) in enumerate(pairs)]
    path.write_text("\n".join(["Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR", *rows, ""]))
    return path


def test_another_countrys_season_is_refused_and_nothing_of_it_is_stored(
    context: Context, database: Database, tmp_path: Path
) -> None:
    """The clubs are told, the leagues that they play in, and the command for the case that they moved."""
    ingest(context, SOURCE, [season(tmp_path / "whole.csv", ["Betis", "Celta", "Getafe", "Malaga"])])
    with pytest.raises(InputRefused) as refused:
        ingest(context, SOURCE, [season(tmp_path / "SP1.csv", [*ENGLISH, "Villa Nova"])])
    error = refused.value
    assert error.error_code == "WRONG_LEAGUE"
    assert "calls its league la-liga, but 4 of its 5 teams belong to other leagues" in error.message
    assert "Arsenal, Chelsea, Everton and 1 more are declared as teams of epl, championship" in str(
        error.cause
    )
    assert str(error.fix).endswith("sportsplat teams add la-liga Arsenal")
    with database.connect() as conn:
        assert (count(conn, "matches"), count(conn, "teams"), count(conn, "quarantine")) == (12, 4, 0)


@pytest.mark.parametrize(
    "names",
    [
        ["Arsenal", "Chelsea", "Everton"],  # too few to tell
        [*ENGLISH, "Tycho", "Kepler"],  # two thirds
        [*ENGLISH, "Betis"],  # one is Spanish
    ],
)
def test_a_file_is_of_another_league_only_if_nearly_all_its_teams_are_and_none_is_of_this_one(
    context: Context, tmp_path: Path, names: list[str]
) -> None:
    report = ingest(context, SOURCE, [season(tmp_path / "SP1.csv", names)])
    assert report.matches.inserted == len(names) * (len(names) - 1)


def test_a_team_that_was_added_by_hand_says_that_they_do_play_here(context: Context, tmp_path: Path) -> None:
    add(context, "la-liga", "Arsenal")
    assert ingest(context, SOURCE, [season(tmp_path / "SP1.csv", ENGLISH)]).matches.inserted == 12


@pytest.mark.parametrize("league", ["UEFA Champions League", "UEFA Europa League"])
def test_a_cup_of_several_countries_takes_any_clubs(context: Context, tmp_path: Path, league: str) -> None:
    file = tmp_path / "spi_matches.csv"
    rows = [f"2019-05-0{day},{league},{home},{away},70,60,0.5,0.3,0.2,1,0"
            for day, home, away in ((1, "Arsenal", "Chelsea"), (2, "Everton", "Fulham"))]  # fmt: skip
    file.write_text("\n".join([SPI, *rows, ""]))
    assert ingest(context, "fivethirtyeight-soccer-spi", [file]).matches.inserted == 2


def test_so_are_the_tables_of_a_user_and_the_other_spellings_of_the_clubs(
    context: Context, tmp_path: Path
) -> None:
    table, mapping = tmp_path / "my.csv", tmp_path / "mapping.yaml"
    table.write_text(
        "day,h,a,x,y\n2019-09-01,Leeds United,Hull City,1,0\n2019-09-02,Norwich City,Derby County,1,0\n"
    )
    mapping.write_text(
        "league: la-liga\nrows: matches\ndate: day\nhome: h\naway: a\nhome_score: x\naway_score: y\n"
    )
    with pytest.raises(InputRefused) as refused:
        ingest_tables(context, [table], mapping)
    assert refused.value.error_code == "WRONG_LEAGUE"


@pytest.mark.real_data
def test_the_real_premier_league_under_the_code_of_la_liga_is_refused(
    context: Context, database: Database, real_data: Path, tmp_path: Path
) -> None:
    """All 20 clubs of 2019/20 are declared in config/teams/england.yaml, none in spain.yaml."""
    folder = real_data / "football-data.co.uk/mmz4281/1920"
    ingest(context, SOURCE, [folder / "SP1.csv"])
    text = (folder / "E0.csv").read_text(encoding="cp1252").replace("E0,", "SP1,")
    (tmp_path / "SP1.csv").write_text(text, encoding="cp1252")
    with pytest.raises(InputRefused, match="20 of its 20 teams belong to other leagues"):
        ingest(context, SOURCE, [tmp_path / "SP1.csv"])
    with database.connect() as conn:
        assert count(conn, "matches") == 380


@pytest.mark.real_data
def test_each_real_season_names_a_club_that_its_league_declares(real_data: Path) -> None:
    """So none of them is ever taken for another country's."""
    leagues = {
        league.sources[SOURCE]: league for league in load_leagues().values() if SOURCE in league.sources
    }
    files = sorted((real_data / "football-data.co.uk/mmz4281").glob("*/*.csv"))
    for file in files:
        with file.open(encoding="cp1252", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["Date"]]
        league = leagues[rows[0]["Div"]]
        names = {league.canonical_team(row["HomeTeam"], SOURCE) for row in rows}
        assert names & league.declared_teams, file
    assert len(files) > 70
