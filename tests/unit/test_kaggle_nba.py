"""Kaggle's NBA files: games.csv with one row a game, nba.games.stats.csv with two."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sportsplat.domain import Batch, MatchKey, MatchStatus
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.kaggle_nba.games import KaggleNbaGames
from sportsplat.sources.kaggle_nba.team_stats import KaggleNbaTeamStats

LEAGUES = load_leagues()
DECLARED = {*LEAGUES["nba"].stats, *LEAGUES["nba"].stored_stats}
GAME = {
    "GAME_DATE_EST": "2021-07-20", "GAME_ID": "42000406", "GAME_STATUS_TEXT": "Final",
    "HOME_TEAM_ID": "1610612749", "VISITOR_TEAM_ID": "1610612756", "SEASON": "2020",
    "TEAM_ID_home": "1610612749", "PTS_home": "105.0", "FG_PCT_home": "0.451", "FT_PCT_home": "0.862",
    "FG3_PCT_home": "0.2219999999999999", "AST_home": "20.0", "REB_home": "53.0",
    "TEAM_ID_away": "1610612756", "PTS_away": "98.0", "FG_PCT_away": "0.442", "FT_PCT_away": "0.842",
    "FG3_PCT_away": "0.24", "AST_away": "14.0", "REB_away": "37.0", "HOME_TEAM_WINS": "1",
}  # fmt: skip
NUMBERS = {name: "" for name in GAME if name.endswith(("_home", "_away")) and not name.startswith("TEAM")}
HOME = {
    "": "2", "Team": "ATL", "Game": "2", "Date": "2014/11/1", "Home": "Home", "Opponent": "PHO",
    "WINorLOSS": "W", "TeamPoints": "102", "OpponentPoints": "92", "FieldGoals": "35",
    "FieldGoalsAttempted": "69", "FieldGoals.": "0.507", "X3PointShots": "7", "X3PointShotsAttempted": "20",
    "X3PointShots.": "0.35", "FreeThrows": "25", "FreeThrowsAttempted": "33", "FreeThrows.": "0.758",
    "OffRebounds": "3", "TotalRebounds": "37", "Assists": "26", "Steals": "10", "Blocks": "6",
    "Turnovers": "12", "TotalFouls": "20", "Opp.FieldGoals": "31", "Opp.FieldGoalsAttempted": "81",
    "Opp.FieldGoals.": "0.383", "Opp.3PointShots": "12", "Opp.3PointShotsAttempted": "32",
    "Opp.3PointShots.": "0.375", "Opp.FreeThrows": "18", "Opp.FreeThrowsAttempted": "21",
    "Opp.FreeThrows.": "0.857", "Opp.OffRebounds": "11", "Opp.TotalRebounds": "44", "Opp.Assists": "25",
    "Opp.Steals": "5", "Opp.Blocks": "5", "Opp.Turnovers": "18", "Opp.TotalFouls": "26",
}  # fmt: skip


def mirrored(row: dict[str, str]) -> dict[str, str]:
    """The same game as the opponent's row tells it."""
    own = [name for name in row if f"Opp.{name.removeprefix('X')}" in row]
    pairs = [("TeamPoints", "OpponentPoints"), ("Team", "Opponent")]
    pairs += [(name, f"Opp.{name.removeprefix('X')}") for name in own]
    swapped = dict(row)
    for one, other in pairs:
        swapped[one], swapped[other] = row[other], row[one]
    return swapped | {"Home": "Away", "WINorLOSS": "L"}


AWAY = mirrored(HOME)


def games(*rows: dict[str, str]) -> Batch:
    lines = [",".join(GAME), *(",".join(row.values()) for row in rows), "", ""]
    return KaggleNbaGames().parse(Payload.of("games.csv", "\n".join(lines).encode()), None, LEAGUES)


def pairs(*rows: dict[str, str]) -> Batch:
    lines = [",".join(HOME), *(",".join(row.values()) for row in rows), ""]
    return KaggleNbaTeamStats().parse(Payload.of("stats.csv", "\r\n".join(lines).encode()), None, LEAGUES)


def codes(batch: Batch) -> list[str]:
    return [row.code for row in batch.rejected]


def test_a_row_of_games_csv_is_a_game_of_the_season_that_began_a_year_before() -> None:
    batch = games(GAME)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Bucks", "Suns", 105, 98)
    assert (match.season, match.stage, match.status) == (2020, "playoff", MatchStatus.FINAL)
    assert match.known_at == datetime(2021, 7, 21, 4, tzinfo=UTC)
    assert (batch.rows_read, batch.rejected) == (1, [])  # a blank last line is none


def test_percentages_are_stored_as_percentages() -> None:
    home, away = games(GAME).stats
    assert home.stats == {"points": 105, "assists": 20, "rebounds": 53, "field_goal_pct": 0.451,
                          "free_throw_pct": 0.862, "three_pct": 0.222}  # fmt: skip
    assert (home.is_home, away.is_home, away.stats["rebounds"]) == (True, False, 37)
    assert home.stats.keys() <= DECLARED


def test_a_game_told_twice_is_one_game() -> None:
    """29 rows of 2020-21 stand twice, differing in the noise of a float."""
    batch = games(GAME, GAME | {"FG3_PCT_home": "0.222"})
    assert (len(batch.matches), len(batch.stats), codes(batch)) == (1, 2, ["duplicate-match"])
    assert batch.rejected[0].line == 3


def test_what_two_rows_of_a_game_tell_differently_is_left_out() -> None:
    batch = games(GAME, GAME | {"REB_away": "38.0"})
    home, away = batch.stats
    assert ("rebounds" in home.stats, "rebounds" in away.stats) == (True, False)
    assert codes(batch) == ["contradicting-duplicate", "duplicate-match"]


def test_rows_that_tell_two_games_under_one_id_are_both_refused() -> None:
    batch = games(GAME, GAME | {"PTS_home": "106.0"})
    assert (batch.matches, codes(batch)) == ([], ["contradicting-duplicate"] * 2)


@pytest.mark.parametrize("kind", ["1", "3"])
def test_a_preseason_game_is_no_match_of_the_league_with_or_without_numbers(kind: str) -> None:
    game = {"GAME_ID": f"{kind}2000406"}
    batch = games(GAME | game, GAME | NUMBERS | game | {"HOME_TEAM_WINS": "0"})
    assert (batch.matches, codes(batch)) == ([], ["not-a-league-game"] * 2)


def test_a_final_game_without_points_is_no_result_and_no_nil_nil() -> None:
    batch = games(GAME | NUMBERS | {"HOME_TEAM_WINS": "0"})
    assert (batch.matches, codes(batch)) == ([], ["no-result"])


def test_a_game_that_is_not_final_is_scheduled() -> None:
    (match,) = games(GAME | NUMBERS | {"HOME_TEAM_WINS": "0", "GAME_STATUS_TEXT": "7:30 pm ET"}).matches
    assert (match.status, match.home_score, match.known_at) == (MatchStatus.SCHEDULED, None, None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"HOME_TEAM_WINS": "0"}, "contradiction"),
        ({"TEAM_ID_home": "1610612756"}, "contradiction"),
        ({"SEASON": "2021"}, "bad-season"),
        ({"GAME_DATE_EST": "20/07/2021"}, "bad-date"),
        ({"PTS_home": ""}, "impossible-score"),
        ({"VISITOR_TEAM_ID": "1610612749", "TEAM_ID_away": ""}, "same-team"),
        ({"GAME_ID": "4200040"}, "bad-game-id"),
    ],
)
def test_a_row_that_is_no_game_is_refused(change: dict[str, str], code: str) -> None:
    batch = games(GAME | change)
    assert (batch.matches, codes(batch)) == ([], [code])


@pytest.mark.parametrize(
    ("column", "text"), [("FG_PCT_home", "45.1"), ("FG_PCT_home", "inf"), ("AST_away", "x")]
)
def test_a_value_that_cannot_be_costs_itself(column: str, text: str) -> None:
    batch = games(GAME | {column: text})
    assert (len(batch.matches), codes(batch)) == (1, ["bad-stat"])
    assert sum(len(box.stats) for box in batch.stats) == 11


@pytest.mark.parametrize("rows", [(HOME, AWAY), (AWAY, HOME)])
def test_two_rows_of_team_stats_are_one_game(rows: tuple[dict[str, str], ...]) -> None:
    batch = pairs(*rows)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Hawks", "Suns", 102, 92)
    assert (match.season, match.match_date, match.stage) == (2014, date(2014, 11, 1), "regular")
    assert {box.match for box in batch.stats} == {MatchKey(date(2014, 11, 1), "Hawks", "Suns")}
    assert batch.rejected == []


def test_counts_are_counts_and_no_percentages() -> None:
    home, away = pairs(HOME, AWAY).stats
    assert home.stats == {
        "points": 102, "field_goals_made": 35, "field_goals_attempted": 69, "threes_made": 7,
        "threes_attempted": 20, "free_throws_made": 25, "free_throws_attempted": 33, "offensive_rebounds": 3,
        "rebounds": 37, "assists": 26, "steals": 10, "blocks": 6, "player_turnovers": 12, "fouls": 20,
    }  # fmt: skip
    assert (away.stats["field_goals_made"], away.stats["threes_made"]) == (31, 12)
    assert home.stats.keys() <= DECLARED


def test_turnovers_without_those_of_the_team_are_not_called_turnovers() -> None:
    """The league counts 24-second violations too: up to five a game more."""
    assert all("turnovers" not in box.stats for box in pairs(HOME, AWAY).stats)


def test_what_the_two_rows_tell_differently_is_left_out() -> None:
    batch = pairs(HOME, AWAY | {"Opp.Assists": "27"})
    home, away = batch.stats
    assert ("assists" in home.stats, "assists" in away.stats) == (False, True)
    assert codes(batch) == ["contradicting-duplicate"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TeamPoints": "101"}, "contradiction"),
        ({"WINorLOSS": "L"}, "contradiction"),
        ({"Home": "Away", "Team": "PHO", "Opponent": "ATL"}, "contradiction"),
    ],
)
def test_rows_that_do_not_mirror_each_other_are_refused(change: dict[str, str], code: str) -> None:
    batch = pairs(HOME | change, AWAY)
    assert (batch.matches, codes(batch)) == ([], [code] * 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Home": "1"}, "bad-location"),
        ({"Date": "1.11.2014"}, "bad-date"),
        ({"Date": "2014/13/1"}, "bad-date"),
    ],
)
def test_a_row_without_place_or_day_is_refused(change: dict[str, str], code: str) -> None:
    assert codes(pairs(HOME | change, AWAY | change)) == [code] * 2


def test_a_row_without_its_twin_is_refused() -> None:
    assert codes(pairs(HOME)) == ["no-pair"]


def test_january_belongs_to_the_season_of_the_year_before() -> None:
    day = {"Date": "2015/1/2"}
    (match,) = pairs(HOME | day, AWAY | day).matches
    assert (match.season, match.match_date) == (2014, date(2015, 1, 2))


@pytest.mark.parametrize("source", [KaggleNbaGames(), KaggleNbaTeamStats()])
def test_another_format_is_refused(source: KaggleNbaGames | KaggleNbaTeamStats) -> None:
    with pytest.raises(InputRefused) as refused:
        source.parse(Payload.of("other.csv", b"Div,Date\nE0,1\n"), None, LEAGUES)
    assert refused.value.error_code == "NOT_THIS_FORMAT"
