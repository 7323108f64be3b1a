"""Which season a day belongs to: the declared days of each league, also of seasons that ran over."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportsplat.errors import ConfigError
from sportsplat.leagues.league import get_league, load_leagues
from sportsplat.quality.seasons import season_label
from sportsplat.sources.base import Payload
from sportsplat.sources.football_data.source import FootballData
from sportsplat.sources.odds_api import OddsApi
from tests.unit.test_leagues import VALID, write

LEAGUES = load_leagues(Path("/nowhere"))
HEADER = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR"


@pytest.mark.parametrize(
    ("league", "day", "season"),
    [
        ("serie-a", "2020-08-02", 2019),  # the last round of 2019/20
        ("serie-a", "2020-09-19", 2020),
        ("serie-a", "2021-07-28", 2021),  # an ordinary summer
        ("epl", "2020-07-26", 2019),
        ("ligue-1", "2020-08-21", 2020),  # 2019/20 was stopped in March
        ("belgian-pro-league", "2020-08-08", 2020),
        ("russian-premier-league", "2020-07-22", 2019),
        ("russian-premier-league", "2020-08-08", 2020),
        ("russian-premier-league", "2010-04-01", 2010),
        ("russian-premier-league", "2012-05-13", 2011),
        ("swiss-super-league", "2020-08-10", 2019),
        ("danish-superliga", "2020-07-29", 2019),
        ("danish-superliga", "2019-07-12", 2019),
        ("a-league", "2020-08-30", 2019),
        ("south-african-premiership", "2020-09-05", 2019),
        ("champions-league", "2020-08-23", 2019),
        ("liga-mx", "2023-06-30", 2023),
        ("brasileirao", "2021-02-25", 2020),
        ("brasileirao", "2021-05-29", 2021),
        ("chinese-super-league", "2022-01-04", 2021),
        ("argentine-primera", "2021-01-17", 2020),
        ("argentine-primera", "2021-07-16", 2021),
        ("j-league", "2025-03-01", 2025),
        ("j-league", "2027-03-01", 2026),
        ("nba", "2020-10-11", 2019),
        ("nba", "2020-12-22", 2020),
        ("nba", "2021-07-20", 2020),
        ("nhl", "2020-09-28", 2019),
        ("nhl", "2021-01-13", 2020),
        ("nhl", "2021-07-07", 2020),
        ("mlb", "2020-07-23", 2020),
        ("nfl", "2021-02-07", 2020),
        ("nba", "2020-11-15", None),
        ("nhl", "2025-08-01", None),
        ("serie-a", "2020-08-31", 2019),
    ],
)
def test_a_day_belongs_to_the_season_that_was_played_on_it(league: str, day: str, season: int | None) -> None:
    assert LEAGUES[league].season_of(date.fromisoformat(day)) == season


@pytest.mark.parametrize("code", [code for code, league in LEAGUES.items() if league.rules.season])
def test_the_shipped_seasons_do_not_overlap(code: str) -> None:
    days = LEAGUES[code].rules.season
    assert days is not None
    for season in range(1900, 2040):
        first, last = days.bounds(season)
        assert first < last < days.bounds(season + 1)[0]
        assert {days.season_of(first), days.season_of(last)} == {season}


@given(st.sampled_from(sorted(LEAGUES)), st.dates(date(1900, 1, 1), date(2040, 1, 1)))
def test_the_last_season_begun_is_the_season_of_a_day_that_has_one(code: str, day: date) -> None:
    league = LEAGUES[code]
    season, begun = league.season_of(day), league.last_season_begun(day)
    assert season in (None, begun)
    if league.rules.season:
        assert league.rules.season.bounds(begun)[0] <= day < league.rules.season.bounds(begun + 1)[0]


@pytest.mark.parametrize(
    ("league", "season", "name"),
    [("brasileirao", 2020, "2020"), ("j-league", 2025, "2025"), ("j-league", 2027, "2027/28"),
     ("russian-premier-league", 2010, "2010"), ("nhl", 2020, "2020/21"), ("argentine-primera", 2015, "2015")],
)  # fmt: skip
def test_a_season_is_named_as_its_league_names_it(league: str, season: int, name: str) -> None:
    assert season_label(LEAGUES[league], season) == name


def test_a_project_declares_seasons_with_other_days(tmp_path: Path) -> None:
    rules = "  rules: {season: [08-01, next 06-30]}\n"
    write(tmp_path, VALID + rules)
    assert get_league("cup", tmp_path).season_of(date(2020, 7, 20)) is None
    late = "{season: 2019, days: [08-01, next 07-31]}, {until: 2010, days: [01-01, 12-31]}"
    write(tmp_path, f"{VALID}{rules}  season_exceptions: [{late}]\n")
    cup = get_league("cup", tmp_path)
    days = (date(2020, 7, 20), date(2021, 7, 20), date(2010, 3, 1))
    assert [cup.season_of(day) for day in days] == [2019, None, 2010]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("[{season: 2019, days: [01-08, 05-31]}, {since: 2018, days: [01-08, 05-31]}]", "2019 is declared"),
        ("[{since: 2019, until: 2018, days: [01-08, 05-31]}]", "since 2019 is after until 2018"),
        ("[{days: [01-08, 05-31]}]", "expected season, or since and until"),
        ("[{season: 2019, since: 2019, days: [01-08, 05-31]}]", "expected season, or since and until"),
        ("[{season: 2019, days: [05-31, 01-08]}]", "is not before the last one"),
        ("[{season: 2019, days: [01-08]}]", "are not two days"),
        ("[{season: 2019, days: [01-08, 31-05]}]", "'31-05' is not a day"),
        ("[{seasons: 2019, days: [01-08, 05-31]}]", "did you mean season?"),
    ],
)  # fmt: skip
def test_seasons_that_cannot_be_are_refused_with_their_line(tmp_path: Path, entry: str, told: str) -> None:
    rules = "  rules: {season: [08-01, next 06-30]}\n"
    write(tmp_path, f"{VALID}{rules}  season_exceptions: {entry}\n")
    with pytest.raises(ConfigError) as refused:
        load_leagues(tmp_path)
    assert told in refused.value.message
    assert "leagues.yaml:10" in str(refused.value.cause)


def test_exceptions_need_the_usual_days(tmp_path: Path) -> None:
    write(tmp_path, f"{VALID}  season_exceptions: [{{season: 2019, days: [01-08, 05-31]}}]\n")
    with pytest.raises(ConfigError, match=r"season_exceptions needs rules\.season"):
        load_leagues(tmp_path)


def season_file(first: date, count: int, late: list[date]) -> bytes:
    days = [first + timedelta(days=number) for number in range(count)] + late
    rows = [f"I1,{day:%d/%m/%Y},Roma,Team {number},1,0,H" for number, day in enumerate(days)]
    return "\n".join([HEADER, *rows, ""]).encode()


def test_a_late_summer_is_of_its_season_whatever_the_folder_is_called() -> None:
    late = [date(2020, 7, 28) + timedelta(days=number % 6) for number in range(30)]
    for name in ("downloads/I1.csv", "1920/I1.csv"):
        payload = Payload.of(name, season_file(date(2019, 8, 24), 200, late))
        batch = FootballData().parse(payload, None, LEAGUES)
        assert {match.season for match in batch.matches} == {2019}
        assert (len(batch.matches), batch.rejected) == (230, [])


def test_overlapping_seasons_are_told_by_the_other_days_of_the_file(
    project_dir: Path,
) -> None:
    """A plain pair of an older leagues.yaml: [07-01, next 08-31] gives July to two seasons."""
    write(
        project_dir,
        VALID.replace("cup", "own")
        + "  rules: {season: [07-01, next 08-31]}\n  sources: {football-data: I1}\n",
    )
    leagues = load_leagues(project_dir)
    late = [date(2020, 7, 1) + timedelta(days=number) for number in range(30)]
    payload = Payload.of("downloads/I1.csv", season_file(date(2019, 9, 1), 200, late))
    batch = FootballData().parse(payload, leagues["own"], leagues)
    assert {match.season for match in batch.matches} == {2019}
    payload = Payload.of("downloads/I1.csv", season_file(date(2024, 8, 10), 9, []))
    assert {match.season for match in FootballData().parse(payload, leagues["own"], leagues).matches} == {
        2024
    }


def test_a_match_to_come_between_two_seasons_waits_in_quarantine() -> None:
    event = {
        "id": "1", "sport_key": "basketball_nba", "commence_time": "2025-08-20T00:00:00Z",
        "home_team": "Atlanta Hawks", "away_team": "Chicago Bulls", "bookmakers": [],
    }  # fmt: skip
    batch = OddsApi().parse(Payload.of("odds.json", json.dumps([event]).encode()), LEAGUES["nba"], LEAGUES)
    assert [row.code for row in batch.rejected] == ["outside-season"]
    assert "that of 2024 ended on 2025-07-31, the next one begins on 2025-09-15" in batch.rejected[0].reason
