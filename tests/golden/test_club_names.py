"""The same club is one team whatever source names it: FiveThirtyEight's real file beside football-data's.

What the clubs of seasons that both cover are called was derived from results alone, without the spellings of
this project: who plays on the same days, at the same side, with the same scores.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest

from sportsplat.cleaning.team_names import declared_names, spelling_of
from sportsplat.domain import Batch
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from tests.conftest import Database
from tests.payloads import read_paths

pytestmark = pytest.mark.real_data
LEAGUES = load_leagues()
SPI, DATA = "fivethirtyeight-soccer-spi", "football-data"
COMMON = sorted(code for code, league in LEAGUES.items() if {SPI, DATA} <= league.sources.keys())
COUNTRIES = {  # leagues, and the divisions of which files are here
    "england": (("epl", "championship", "league-one", "league-two"), ("E0", "E1", "EC")),
    "spain": (("la-liga", "la-liga-2"), ("SP1",)),
    "netherlands": (("eredivisie",), ("N1",)),
    "scotland": (("scottish-premiership",), ("SC0",)),
    "greece": (("greek-super-league",), ("G1",)),
}
NOT_IN_ANY_FILE = {
    # never in the two highest divisions since 1993 and 2003, and not in the fifth in 2019 to 2021
    "england": {"AFC Wimbledon", "Accrington", "Bristol Rvs", "Bury", "Cambridge", "Carlisle", "Cheltenham",
                "Crawley Town", "Exeter", "Fleetwood Town", "Forest Green", "Grimsby", "Lincoln",
                "Macclesfield", "Mansfield", "Morecambe", "Newport County", "Northampton", "Oxford",
                "Port Vale", "Rochdale", "Shrewsbury", "Stevenage", "Tranmere", "Wycombe"},
    # never in the highest since 1993, or reserves
    "spain": {"Alcorcon", "Barcelona B", "Extremadura UD", "Leonesa", "Lorca", "Lugo", "Rayo Majadahonda",
              "Reus Deportiu", "Sevilla B"},
    # went down before 2019/20
    "netherlands": {"Excelsior", "Graafschap", "NAC Breda", "Roda"},
    "scotland": {"Dundee", "Partick"},
    "greece": {"Apollon", "Giannina", "Levadeiakos"},
}  # fmt: skip


@pytest.fixture(scope="module")
def spi_file(real_data: Path) -> Path:
    return real_data / "fivethirtyeight/soccer-spi/2019-04/spi_matches.csv"


@pytest.fixture(scope="module")
def spi(spi_file: Path) -> dict[str, Batch]:
    (payload,) = read_paths([spi_file])
    return {batch.league: batch for batch in get_source(SPI).batches(payload, None, LEAGUES)}


def clubs(batch: Batch) -> set[str]:
    return {name for match in batch.matches for name in (match.home, match.away)}


def test_every_club_of_a_division_of_football_data_is_declared(spi: dict[str, Batch]) -> None:
    """415 names by league and spelling (counted with pandas), no two of which are one club of a league."""
    assert len(COMMON) == 18
    unknown = {code: clubs(spi[code]) - LEAGUES[code].declared_teams for code in COMMON}
    assert {code: names for code, names in unknown.items() if names} == {}
    assert sum(len(clubs(spi[code])) for code in COMMON) == 415


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_club_meets_its_name_in_football_datas_files_or_was_never_in_them(
    real_data: Path, spi: dict[str, Batch], country: str
) -> None:
    """No club that is not declared (Wimbledon, Logroñés of the nineties) is taken for a declared one."""
    leagues, divisions = COUNTRIES[country]
    files = [file for name in divisions for file in (real_data / "football-data.co.uk").rglob(f"{name}.csv")]
    named: set[str] = set()
    for payload in read_paths(files):
        named |= clubs(get_source(DATA).parse(payload, None, LEAGUES))
    met = {name for code in leagues for name in clubs(spi[code])}
    assert met - named == NOT_IN_ANY_FILE[country]
    league = LEAGUES[leagues[0]]
    new = named - league.declared_teams
    assert [name for name in new if spelling_of(name, declared_names(league))] == []


def day_of(text: str) -> date:
    day, month, year = map(int, text.split("/"))
    return date(year if year > 99 else 2000 + year, month, day)


@pytest.mark.parametrize(("code", "division"), [("epl", "E0"), ("championship", "E1"), ("la-liga", "SP1")])
def test_results_say_the_same_of_who_is_who_as_the_spellings(
    real_data: Path, spi_file: Path, code: str, division: str
) -> None:
    """A club has all its results with one of the other file's clubs, but for play-offs that are left out
    there, and less than a tenth of them with any other by chance.
    """
    league = LEAGUES[code]
    on_day: dict[tuple[date, int, int], list[tuple[str, str]]] = defaultdict(list)
    for season in ("1617", "1718", "1819"):
        file = real_data / "football-data.co.uk/mmz4281" / season / f"{division}.csv"
        with file.open(encoding="cp1252", newline="") as text:
            for row in csv.DictReader(text):
                if row["Date"]:
                    key = day_of(row["Date"]), int(row["FTHG"]), int(row["FTAG"])
                    on_day[key].append((row["HomeTeam"], row["AwayTeam"]))
    played: Counter[str] = Counter()
    together: dict[str, Counter[str]] = defaultdict(Counter)
    with spi_file.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            if row["league"] == league.sources[SPI] and row["score1"]:
                pair = row["team1"], row["team2"]
                played.update(pair)
                day = date.fromisoformat(row["date"])
                for theirs in on_day[day, int(row["score1"]), int(row["score2"])]:
                    for ours, other in zip(pair, theirs, strict=True):
                        together[ours][other] += 1
    for name, found in together.items():
        (best, times), *others = found.most_common(2)
        assert league.canonical_team(name, SPI, date(2018, 1, 1)) == best
        assert played[name] - times <= 3
        assert all(times > 5 * chance for _, chance in others), name


def test_both_files_make_the_same_clubs_in_either_order(
    context: Context, database: Database, real_data: Path, spi_file: Path
) -> None:
    """169 rows are of Dundee, Excelsior and Giannina, whom no file of football-data here names."""
    files = [real_data / "football-data.co.uk/mmz4281/1920" / f"{name}.csv" for name in ("N1", "SC0", "G1")]
    stored = []
    for order in (DATA, SPI), (SPI, DATA):
        with database.connect() as conn:
            conn.execute("TRUNCATE teams, quarantine CASCADE")
        for source in order:
            ingest(context, source, files if source == DATA else [spi_file])
        with database.connect() as conn:
            waiting = conn.execute("SELECT reason FROM quarantine WHERE code = 'unknown-team'").fetchall()
            stored.append(conn.execute("SELECT league, name FROM teams ORDER BY 1, 2").fetchall())
        assert waiting == []
    assert stored[0] == stored[1]
    assert sum(league == "eredivisie" for league, _ in stored[0]) == 22
