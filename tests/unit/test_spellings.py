"""What sources call a team: one name of a source means one team on a day, one club has one name here."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from sportsplat.errors import ConfigError
from sportsplat.leagues.league import League, load_leagues
from sportsplat.leagues.team_names import ANY, read_teams
from sportsplat.paths import asset_dir
from sportsplat.sources import SOURCES

LEAGUES = load_leagues()
FILES = sorted(path.stem for path in (asset_dir("config") / "teams").glob("*.yaml"))
CUP = {
    "name": "A Cup",
    "sport": "soccer",
    "outcomes": ["home", "draw", "away"],
    "timezone": "Europe/London",
    "duration_minutes": 120,
    "season_matches": 38,
    "elo": {
        "k": 20.0,
        "home_advantage": 60.0,
        "carry_over": 0.9,
        "mean": 1500.0,
        "initial": 1400.0,
        "margin": "goals",
    },
    "spellings": "isle",
}
SPI, ESPN, ODDS, DATA = "fivethirtyeight-soccer-spi", "espn", "odds-api", "football-data"


def write(folder: Path, text: str) -> Path:
    (folder / "teams").mkdir(exist_ok=True)
    (folder / "teams" / "isle.yaml").write_text(text)
    return folder


@pytest.mark.parametrize(
    "text",
    [
        "Hove: {any: [HOV]}\nHull: {any: [HOV]}\n",
        "Hove: {espn: [HOV]}\nHull: {espn: [{name: HOV, until: 1999-06-30}]}\n",
        "Hove: {any: [{name: HOV, since: 1999-06-30}]}\nHull: {any: [{name: HOV, until: 1999-06-30}]}\n",
    ],
)
def test_a_name_that_means_two_teams_on_a_day_is_refused_where_it_stands(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="Hull: 'HOV' is also a spelling of 'Hove'") as refused:
        read_teams("isle", write(tmp_path, text))
    assert str(refused.value.cause).endswith("isle.yaml:2")


def test_a_name_that_changed_hands_means_each_team_on_its_days(tmp_path: Path) -> None:
    text = "Hove: {any: [{name: HOV, since: 1999-07-01}]}\nHull: {any: [{name: HOV, until: 1999-06-30}]}\n"
    spellings = read_teams("isle", write(tmp_path, text)).spellings
    assert {one.team for one in spellings[ANY, "hov"] if one.holds(date(1999, 6, 30))} == {"Hull"}
    assert {one.team for one in spellings[ANY, "hov"] if one.holds(date(1999, 7, 1))} == {"Hove"}


@pytest.mark.parametrize("file", FILES)
def test_no_shipped_name_of_a_source_means_two_teams_on_a_day(file: str, tmp_path: Path) -> None:
    """Asked on every day on which a meaning begins or ends, and the day after."""
    for (whose, name), held in read_teams(file, tmp_path).spellings.items():
        ends = {day for one in held for day in (one.since, one.until)}
        for day in ends | {day + timedelta(days=1) for day in ends if day < date.max}:
            assert len({one.team for one in held if one.holds(day)}) <= 1, (whose, name, day)


@pytest.mark.parametrize("file", FILES)
def test_the_name_of_a_team_means_another_one_only_in_one_source_and_on_given_days(
    file: str, tmp_path: Path
) -> None:
    """Else the other team's matches would be taken for its own, or could never be told at all."""
    teams = read_teams(file, tmp_path)
    for (whose, _), held in teams.spellings.items():
        for one in held:
            if one.name in teams.names and one.name != one.team:
                dated = one.since > date.min or one.until < date.max
                assert whose != ANY or dated, (file, one)


@pytest.mark.parametrize("file", FILES)
def test_every_spelling_is_everybodys_or_that_of_a_source(file: str, tmp_path: Path) -> None:
    assert {whose for whose, _ in read_teams(file, tmp_path).spellings} <= {ANY, *SOURCES}


def league_of(code: str) -> League:
    return LEAGUES[code]


@pytest.mark.parametrize(
    ("code", "name", "sources"),
    [
        ("epl", "Wolves", {DATA: "Wolves", SPI: "Wolverhampton", ESPN: "Wolverhampton Wanderers"}),
        ("epl", "Brighton", {ESPN: "Brighton & Hove Albion", ODDS: "Brighton and Hove Albion"}),
        ("league-two", "Forest Green", {DATA: "Forest Green", SPI: "Forest Green Rovers"}),
        ("la-liga", "Ath Madrid", {SPI: "Atletico Madrid", ESPN: "Atlético Madrid"}),
        ("la-liga", "Ath Bilbao", {SPI: "Athletic Bilbao", ESPN: "Athletic Club"}),
        ("la-liga", "Sp Gijon", {SPI: "Sporting Gijón"}),
        ("bundesliga", "M'gladbach", {SPI: "Borussia Monchengladbach", ESPN: "Borussia Mönchengladbach"}),
        ("bundesliga", "FC Koln", {SPI: "FC Cologne", ESPN: "FC Cologne", ODDS: "1. FC Köln"}),
        ("bundesliga", "Hamburg", {SPI: "Hamburg SV", ESPN: "Hamburg SV", ODDS: "Hamburger SV"}),
        ("bundesliga", "Mainz", {SPI: "Mainz", ESPN: "Mainz", ODDS: "FSV Mainz 05"}),
        ("bundesliga", "Ein Frankfurt", {SPI: "Eintracht Frankfurt", ODDS: "Eintracht Frankfurt"}),
        ("serie-a", "Inter", {SPI: "Internazionale", ESPN: "Internazionale", ODDS: "Inter Milan"}),
        ("serie-a", "Verona", {SPI: "Verona", ESPN: "Hellas Verona", ODDS: "Hellas Verona"}),
        ("ligue-1", "Paris SG", {SPI: "Paris Saint-Germain", ODDS: "Paris Saint Germain"}),
        ("ligue-1", "Rennes", {SPI: "Stade Rennes", ESPN: "Stade Rennais", ODDS: "Rennes"}),
        ("ligue-1", "St Etienne", {SPI: "St Etienne", ESPN: "Saint-Étienne", ODDS: "Saint Etienne"}),
        ("ligue-2", "Ajaccio GFCO", {SPI: "GFC Ajaccio"}),
        ("ligue-2", "Ajaccio", {SPI: "AC Ajaccio"}),
        ("eredivisie", "Roda", {SPI: "Roda JC", DATA: "Roda JC"}),
        ("belgian-pro-league", "Waregem", {SPI: "SV Zulte Waregem"}),
        ("primeira-liga", "Sp Lisbon", {SPI: "Sporting CP"}),
        ("super-lig", "Buyuksehyr", {SPI: "Istanbul Basaksehir"}),
        ("super-lig", "Erzurum BB", {SPI: "Erzurumspor"}),
        ("greek-super-league", "Levadeiakos", {SPI: "Levadiakos"}),
    ],
)
def test_a_club_has_one_name_whoever_speaks_of_it(code: str, name: str, sources: dict[str, str]) -> None:
    league = league_of(code)
    assert name in league.declared_teams
    day = date(2019, 3, 30)
    assert {league.canonical_team(spelt, source, day) for source, spelt in sources.items()} == {name}


@pytest.mark.parametrize(
    ("code", "name", "day", "team"),
    [
        ("la-liga-2", "Lorca", date(2006, 5, 21), "Lorca Deportiva"),
        ("la-liga-2", "Lorca", date(2018, 6, 1), "Lorca"),
        ("la-liga-2", "Logrones", date(1999, 4, 25), "Logrones"),
        ("la-liga-2", "Logrones", date(2020, 9, 12), "UD Logrones"),
        ("la-liga-2", "Lleida", date(2006, 5, 20), "Lerida"),
        ("belgian-pro-league", "Mouscron", date(2009, 4, 25), "Excelsior Mouscron"),
        ("belgian-pro-league", "Mouscron-Peruwelz", date(2016, 2, 27), "Mouscron"),
        ("belgian-pro-league", "Mouscron", date(2019, 3, 10), "Mouscron"),
        ("super-lig", "Ankaraspor", date(2006, 5, 6), "Osmanlispor"),
        ("super-lig", "Osmanlispor", date(2018, 5, 13), "Osmanlispor"),
    ],
)
def test_football_datas_own_names_changed_hands_or_changed(
    code: str, name: str, day: date, team: str
) -> None:
    assert league_of(code).canonical_team(name, DATA, day) == team


def test_a_club_can_be_declared_without_another_spelling_while_others_can_come(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    write(tmp_path / "config", "Hove: {}\nHull: {any: [HUL]}\n")
    league = yaml.safe_dump({"cup": CUP})
    (tmp_path / "config" / "leagues.yaml").write_text(league)
    cup = load_leagues(tmp_path)["cup"]
    assert cup.declared_teams == {"Hove", "Hull"}
    assert cup.teams == ()


def test_football_data_may_name_clubs_in_each_of_its_divisions() -> None:
    divisions = [league for league in LEAGUES.values() if DATA in league.sources]
    assert len(divisions) == 22
    assert all(DATA in league.names_from for league in divisions)
