"""Franchises that moved and names that changed hands, in the leagues with a closed list of teams."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sportsplat.cleaning.team_names import closest, declared_names, offered_team
from sportsplat.leagues.league import load_leagues

LEAGUES = load_leagues(Path("/nowhere"))


@pytest.mark.parametrize(
    ("league", "name", "day", "team"),
    [
        ("nba", "Buffalo Braves", "1975-11-01", "Clippers"),
        ("nba", "New Orleans Jazz", "1977-11-01", "Jazz"),
        ("nba", "St. Louis Hawks", "1965-11-01", "Hawks"),
        ("nba", "Baltimore Bullets", "1950-11-01", "Baltimore"),
        ("nba", "Baltimore Bullets", "1970-11-01", "Wizards"),
        ("nba", "Denver Nuggets", "1949-12-01", "Denver"),
        ("nba", "Denver Nuggets", "1980-12-01", "Nuggets"),
        ("nba", "Charlotte Hornets", "2001-11-01", "Pelicans"),
        ("nba", "Charlotte Hornets", "2014-11-05", "Hornets"),
        ("nba", "Kansas City-Omaha Kings", "1972-11-05", "Kings"),
        ("nba", "Chicago Packers", "1961-11-05", "Wizards"),
        ("nfl", "Houston Oilers", "1985-09-08", "TEN"),
        ("nfl", "HOU", "1985-09-08", "TEN"),
        ("nfl", "HOU", "2010-09-12", "HOU"),
        ("nfl", "St. Louis Cardinals", "1985-09-15", "ARI"),
        ("nfl", "STL", "1985-09-15", "ARI"),
        ("nfl", "STL", "2010-09-12", "LA"),
        ("nfl", "Baltimore Colts", "1983-09-04", "IND"),
        ("nfl", "BAL", "1983-09-04", "IND"),
        ("nfl", "BAL", "2010-09-12", "BAL"),
        ("nfl", "Los Angeles Raiders", "1984-09-02", "LV"),
        ("nfl", "Los Angeles Rams", "1994-09-04", "LA"),
        ("nfl", "Dallas Texans", "1961-09-10", "KC"),
        ("nhl", "Winnipeg Jets", "1995-11-05", "Coyotes"),
        ("nhl", "Winnipeg Jets", "2015-11-05", "Jets"),
        ("nhl", "Atlanta Thrashers", "2008-11-05", "Jets"),
        ("nhl", "Atlanta Flames", "1978-11-05", "Flames"),
        ("nhl", "Hartford Whalers", "1996-11-05", "Hurricanes"),
        ("nhl", "Colorado Rockies", "1980-11-05", "Devils"),
        ("nhl", "Ottawa Senators", "1930-11-05", "Eagles"),
        ("nhl", "Ottawa Senators", "1993-11-05", "Senators"),
        ("nhl", "Utah Hockey Club", "2024-11-05", "Mammoth"),
        ("mlb", "Montreal Expos", "2003-05-05", "Nationals"),
        ("mlb", "Washington Senators", "1955-05-05", "Twins"),
        ("mlb", "Washington Senators", "1965-05-05", "Rangers"),
        ("mlb", "Washington Nationals", "2010-05-05", "Nationals"),
        ("mlb", "Milwaukee Braves", "1957-05-05", "Braves"),
        ("mlb", "Baltimore Orioles", "1902-05-05", "Yankees"),
        ("mlb", "Baltimore Orioles", "1983-05-05", "Orioles"),
        ("mlb", "Anaheim Angels", "2003-05-06", "Angels"),
        ("mlb", "Athletics", "2025-05-07", "Athletics"),
        ("mlb", "sacramento athletics", "2025-05-08", "Athletics"),
        ("mlb", "Tampa Bay Devil Rays", "2003-05-07", "Rays"),
    ],
)
def test_a_name_means_the_franchise_that_bore_it_on_the_day(
    league: str, name: str, day: str, team: str
) -> None:
    assert LEAGUES[league].canonical_team(name, "table", date.fromisoformat(day)) == team
    assert team in LEAGUES[league].teams


@pytest.mark.parametrize(
    ("league", "name", "day"),
    [
        ("nhl", "Winnipeg Jets", "2005-11-05"),  # between the two
        ("nhl", "Ottawa Senators", "1960-11-05"),
        ("mlb", "Washington Nationals", "1980-05-05"),
        ("nfl", "Dallas Texans", "1952-10-05"),  # another club, which folded that year
        ("nfl", "Baltimore Colts", "1950-10-01"),
    ],
)
def test_a_name_that_nobody_bore_on_the_day_means_no_team(league: str, name: str, day: str) -> None:
    known = LEAGUES[league].canonical_team(name, "table", date.fromisoformat(day))
    assert known == name
    assert known not in LEAGUES[league].teams


@pytest.mark.parametrize("league", ["nba", "nfl", "nhl", "mlb"])
def test_a_neighbour_is_offered_for_no_team_of_a_city(league: str) -> None:
    """Houston Oilers are not Houston Texans, nor do the letters of 'NO' in a name mean New Orleans."""
    declared = declared_names(LEAGUES[league], date(2020, 1, 1))
    names = {name: team for name, team in declared.items() if " " in name}
    for name, team in names.items():
        others = {one: other for one, other in names.items() if other != team}
        offered = offered_team(name, others, [])
        assert offered is None or name.endswith(offered), name  # Denver's Rockets, before Houston's


def test_a_code_is_like_no_name_by_chance() -> None:
    assert "NO" not in closest("Houston Oilers", ["NO", "HOU", "Green Bay"])
    assert offered_team("Spurs", {"QPR": "QPR", "Hull": "Hull"}, ["QPR"]) is None
    assert offered_team("Man Unitd", {"Man United": "Man United", "Man City": "Man City"}, []) == "Man United"
