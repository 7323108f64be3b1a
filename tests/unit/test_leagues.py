"""What a league's declaration promises, and what happens when it is wrong."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportsplat.errors import ConfigError, NotFound
from sportsplat.leagues.league import League, PriceRef, get_league, load_leagues
from sportsplat.sources import get_source

VALID = """\
cup:
  name: A Cup
  sport: soccer
  outcomes: [home, draw, away]
  timezone: Europe/London
  duration_minutes: 120
  season_matches: 38
  elo: {k: 20, home_advantage: 60, carry_over: 0.9, mean: 1500, initial: 1400, margin: goals}
"""


def write(project: Path, text: str) -> None:
    (project / "config").mkdir(exist_ok=True)
    (project / "config" / "leagues.yaml").write_text(text)


def test_the_shipped_leagues_are_there_without_a_project(tmp_path: Path) -> None:
    leagues = load_leagues(tmp_path)
    assert {"nba", "nfl", "epl", "sim"} <= leagues.keys()
    assert leagues["epl"].outcomes == ("home", "draw", "away")
    assert leagues["epl"].prices.entry[0] == PriceRef("pinnacle", closing=False)
    assert str(leagues["epl"].prices.benchmark[0]) == "pinnacle closing"
    assert leagues["nfl"].duration == timedelta(hours=4)


def test_entry_and_benchmark_are_different_quotes_where_both_exist(tmp_path: Path) -> None:
    for league in load_leagues(tmp_path).values():
        best = (league.prices.entry[0], league.prices.benchmark[0])
        assert league.code == "nfl" or best[0] != best[1]


def test_a_project_declares_its_own_leagues(tmp_path: Path) -> None:
    write(tmp_path, VALID)
    assert list(load_leagues(tmp_path)) == ["cup"]


@pytest.mark.parametrize("source", ["football-data", "espn", "odds-api", "fivethirtyeight-soccer-spi"])
def test_a_source_serves_the_leagues_that_the_project_declares_for_it(
    tmp_path: Path, project_dir: Path, source: str
) -> None:
    """The project need not be the current folder."""
    write(tmp_path, f"{VALID}  sources: {{{source}: X1}}\n")
    write(project_dir, VALID)
    assert get_source(source, load_leagues(tmp_path)).leagues == ("cup",)
    assert get_source(source, load_leagues(project_dir)).leagues == ()


def test_every_division_of_football_data_is_served(project_dir: Path) -> None:
    assert len(get_source("football-data", load_leagues()).leagues) == 22


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, VALID)
    assert get_league("cup", tmp_path).season_matches == 38
    write(tmp_path, VALID.replace("38", "46") + "  stats: [shots]\n")
    assert get_league("cup", tmp_path).season_matches == 46


def test_seasons_that_were_uneven_are_named_alone_or_as_a_stretch(tmp_path: Path) -> None:
    assert get_league("epl").uneven_seasons == frozenset()
    write(tmp_path, VALID + "  uneven_seasons: [1920-1922, 2019]\n")
    assert get_league("cup", tmp_path).uneven_seasons == {1920, 1921, 1922, 2019}


@pytest.mark.parametrize(("typed", "meant"), [("elp", "epl"), ("NBA", "nba"), ("nffl", "nfl")])
def test_a_mistyped_league_gets_a_suggestion(tmp_path: Path, typed: str, meant: str) -> None:
    with pytest.raises(NotFound, match=f"did you mean '{meant}'") as caught:
        get_league(typed, tmp_path)
    assert caught.value.exit_code == 2
    assert caught.value.fix == "sportsplat leagues"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("outcomes: [home, draw, away]", "outcomes: [away, home]", 4, "must be [home, away] or"),
        ("outcomes: [home, draw, away]", "outcomes: [win, lose]", 4, "'home', 'draw' or 'away'"),
        ("Europe/London", "Europe/Londn", 5, "no time zone named 'Europe/Londn'"),
        ("120", "0", 6, "greater than 0"),
        ("120", "'120'", 6, "valid integer"),
        ("carry_over: 0.9", "carry_over: 1.9", 8, "less than or equal to 1"),
        ("margin: goals", "margin: points", 8, "'none', 'nba', 'nfl' or 'goals'"),
        ("  season_matches: 38\n", "", 1, "cup.season_matches: is missing"),
        ("season_matches", "season_match", 7, "did you mean season_matches?"),
        ("carry_over", "carryover", 8, "did you mean carry_over?"),
        ("  name: A Cup", "  name: A Cup\n  uneven_seasons: [2019-20]", 3, "'2019-20' is neither a season"),
        ("  name: A Cup", "  name: A Cup\n  uneven_seasons: [spring]", 3, "'spring' is neither a season"),
        ("  name: A Cup", "  name: A Cup\n  aliases: {A: B, B: C}", 1, "alias 'A' leads to another alias"),
    ],
)
def test_a_wrong_declaration_is_located(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    assert old in VALID
    write(tmp_path, VALID.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_leagues(tmp_path)
    assert said in caught.value.message
    assert str(caught.value.cause).endswith(f"leagues.yaml:{line}")


def test_no_league_at_all_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "# none\n")
    with pytest.raises(ConfigError, match="no league"):
        load_leagues(tmp_path)


def test_a_team_keeps_one_name(tmp_path: Path) -> None:
    nfl = get_league("nfl", tmp_path)
    assert nfl.canonical_team("OAK") == nfl.canonical_team(" LV ") == "LV"
    assert nfl.canonical_team("New  York") == "New York"


@pytest.mark.parametrize(
    ("day", "begins", "hours"),
    [
        (date(2024, 1, 15), datetime(2024, 1, 15, 5, tzinfo=UTC), 24),
        (date(2024, 7, 15), datetime(2024, 7, 15, 4, tzinfo=UTC), 24),
        (date(2024, 3, 10), datetime(2024, 3, 10, 5, tzinfo=UTC), 23),  # clocks go forward in New York
        (date(2024, 11, 3), datetime(2024, 11, 3, 4, tzinfo=UTC), 25),  # and back
    ],
)
def test_a_day_begins_and_ends_at_the_leagues_own_place(
    tmp_path: Path, day: date, begins: datetime, hours: int
) -> None:
    nba = get_league("nba", tmp_path)
    assert nba.local_midnight(day) == begins
    assert nba.end_of_day(day) - begins == timedelta(hours=hours)


@given(day=st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)))
def test_days_follow_each_other_without_gap_or_overlap(day: date) -> None:
    for league in load_leagues().values():
        assert league.local_midnight(day).astimezone(league.timezone).date() == day
        assert league.end_of_day(day) == league.local_midnight(day + timedelta(days=1))
        assert (
            timedelta(hours=22) <= league.end_of_day(day) - league.local_midnight(day) <= timedelta(hours=26)
        )


def test_a_league_survives_the_way_to_another_process(tmp_path: Path) -> None:
    league: League = get_league("epl", tmp_path)
    assert pickle.loads(pickle.dumps(league)) == league  # noqa: S301
    assert hash(league) == hash(get_league("epl", tmp_path))


def test_a_league_without_a_closed_list_of_teams_can_have_spellings(tmp_path: Path) -> None:
    """Clubs come and go by promotion: a file of spellings names some and does not shut out the others."""
    write(tmp_path, VALID + "  spellings: isle\n")
    (tmp_path / "config" / "teams").mkdir()
    (tmp_path / "config" / "teams" / "isle.yaml").write_text("Hove: {spi: [Hove Albion], any: [HOV]}\n")
    cup = get_league("cup", tmp_path)
    assert cup.teams == ()
    assert cup.canonical_team("Hove Albion", "spi") == cup.canonical_team("HOV") == "Hove"
    assert cup.canonical_team("Hove Albion", "other") == "Hove Albion"
    write(tmp_path, VALID + "  spellings: isle\n  teams: isle\n")
    with pytest.raises(ConfigError, match="teams and spellings are both given"):
        load_leagues(tmp_path)
    write(tmp_path, VALID + "  spellings: ilse\n")
    with pytest.raises(ConfigError, match="no teams are declared under the name 'ilse'"):
        load_leagues(tmp_path)


def test_the_season_of_a_day_is_the_one_it_lies_in(tmp_path: Path) -> None:
    leagues = load_leagues(tmp_path)
    told = [leagues["epl"].season_of(date(2019, month, 1)) for month in (6, 7, 8, 12)]
    assert told == [2018, None, 2019, 2019]
    assert {leagues["mls"].season_of(date(2019, *day)) for day in ((1, 1), (12, 31))} == {2019}


def test_what_one_country_calls_its_clubs_is_not_asked_in_another(tmp_path: Path) -> None:
    leagues = load_leagues(tmp_path)
    source = "fivethirtyeight-soccer-spi"
    assert leagues["championship"].canonical_team("Hull City", source) == "Hull"
    assert leagues["la-liga"].canonical_team("Málaga", source) == "Malaga"
    assert leagues["serie-a"].canonical_team("Hull City", source) == "Hull City"


def test_all_that_is_wrong_with_the_leagues_is_told_at_once(tmp_path: Path) -> None:
    text = VALID.replace("  season_matches: 38\n", "").replace("  sport: soccer\n", "").replace("120", "0")
    other = VALID.replace("cup:", "shield:", 1).replace("Europe/London", "Europe/Londn")
    write(tmp_path, text + other.replace("carry_over", "carryover"))
    with pytest.raises(ConfigError) as caught:
        load_leagues(tmp_path)
    assert caught.value.error_code == "INVALID_LEAGUE"
    found = {problem["key"]: problem["text"] for problem in caught.value.details["problems"]}
    assert set(found) == {
        "cup.season_matches",
        "cup.sport",
        "cup.duration_minutes",
        "shield.timezone",
        "shield.elo.carryover",
    }
    assert all(key in caught.value.message for key in found)
    assert found["cup.sport"] == "is missing"


@pytest.mark.parametrize("names", [("reported", "played"), ("told", "held")])
def test_the_days_of_a_game_are_read_by_their_older_names_too(tmp_path: Path, names: tuple[str, str]) -> None:
    days = f"{names[0]}: 2024-01-02, {names[1]}: 2024-01-01"
    write(tmp_path, f"{VALID}  dates: [{{source: espn, home: A, away: B, {days}}}]\n")
    assert get_league("cup", tmp_path).dates == {("espn", date(2024, 1, 2), "A", "B"): date(2024, 1, 1)}
