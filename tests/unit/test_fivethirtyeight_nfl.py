"""FiveThirtyEight's NFL files: two headers, franchises, ties, games that name the visitor first."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sportsplat.domain import Batch, MatchKey, MatchStatus, Precision
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.fivethirtyeight.nfl import FiveThirtyEightNfl

LEAGUES = load_leagues()
OLD = {
    "date": "1985-11-10", "season": "1985", "neutral": "0", "playoff": "0", "team1": "OAK", "team2": "LAR",
    "elo1": "1550", "elo2": "1500", "elo_prob1": "0.65", "score1": "24", "score2": "17", "result1": "1",
}  # fmt: skip
SITE = {
    "date": "2021-01-10", "season": "2020", "neutral": "0", "playoff": "w", "team1": "WSH", "team2": "TB",
    "elo1_pre": "1480", "elo2_pre": "1600", "elo_prob1": "0.4", "elo_prob2": "0.6", "qbelo1_pre": "1450",
    "qbelo2_pre": "1620", "qbelo_prob1": "0.3", "qbelo_prob2": "0.7", "score1": "23", "score2": "31",
}  # fmt: skip


def read(*rows: dict[str, str]) -> Batch:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows), ""]
    return FiveThirtyEightNfl().parse(Payload.of("nfl.csv", "\n".join(lines).encode()), None, LEAGUES)


def test_a_franchise_has_the_name_that_nflverse_gives_it() -> None:
    batch = read(OLD)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("LV", "LA", 24, 17)
    assert (match.season, match.stage, match.precision) == (1985, "regular", Precision.DAY)
    assert match.known_at == datetime(1985, 11, 11, 5, tzinfo=UTC)
    key = MatchKey(date(1985, 11, 10), "LV", "LA")
    assert batch.line_of == {key: 2}


def test_clubs_that_no_longer_exist_keep_their_code() -> None:
    (match,) = read(OLD | {"date": "1920-09-26", "season": "1920", "team1": "RII", "team2": "STP"}).matches
    assert (match.home, match.away) == ("RII", "STP")


def test_one_probability_tells_both() -> None:
    (forecast,) = read(OLD).forecasts
    assert (forecast.publisher, forecast.probabilities) == ("fivethirtyeight-elo", (0.65, 0.35))
    assert forecast.known_at == datetime(1985, 11, 10, 5, tzinfo=UTC)


def test_the_sites_layout_has_two_publishers_and_play_off_letters() -> None:
    batch = read(SITE)
    (match,) = batch.matches
    assert (match.home, match.season, match.stage) == ("WAS", 2020, "playoff")
    assert [(f.publisher, f.probabilities) for f in batch.forecasts] == [
        ("fivethirtyeight-elo", (0.4, 0.6)),
        ("fivethirtyeight-qb-elo", (0.3, 0.7)),
    ]


def test_a_game_to_come_is_scheduled() -> None:
    (match,) = read(SITE | {"score1": "", "score2": ""}).matches
    assert (match.status, match.home_score, match.known_at) == (MatchStatus.SCHEDULED, None, None)


def test_the_same_row_again_is_no_second_game() -> None:
    batch = read(OLD, OLD)
    assert len(batch.matches) == len(batch.forecasts) == 1
    assert [(row.line, row.code) for row in batch.rejected] == [(3, "duplicate-match")]


def test_a_tie_is_a_final_result() -> None:
    (match,) = read(OLD | {"score2": "24", "result1": "0.5"}).matches
    assert (match.status, match.home_score, match.away_score) == (MatchStatus.FINAL, 24, 24)


def test_a_super_bowl_that_names_the_visitor_first_is_turned_round() -> None:
    bowl = {
        "date": "2015-02-01",
        "season": "2014",
        "neutral": "1",
        "playoff": "1",
        "team1": "NE",
        "team2": "SEA",
    }
    batch = read(OLD | bowl)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("SEA", "NE", 17, 24)
    assert batch.forecasts[0].probabilities == (0.35, 0.65)


def test_a_home_game_at_the_visitors_stadium_is_on_neutral_ground() -> None:
    """September 2005: the Saints, without their dome, were hosts to the Giants in the Giants' stadium."""
    saints = {"date": "2005-09-19", "season": "2005", "team1": "NYG", "team2": "NO"}
    (match,) = read(OLD | saints).matches
    assert (match.home, match.away, match.neutral) == ("NO", "NYG", True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"result1": "0"}, "contradiction"),
        ({"result1": "0.5"}, "contradiction"),
        ({"season": "1984"}, "bad-season"),
        ({"date": "11/10/1985"}, "bad-date"),
        ({"team2": "OAK"}, "same-team"),
        ({"team2": ""}, "missing-team"),
        ({"playoff": "x"}, "unknown-stage"),
        ({"neutral": ""}, "bad-location"),
        ({"score1": "-1"}, "impossible-score"),
        ({"score1": ""}, "impossible-score"),
    ],
)
def test_a_row_without_a_possible_game_is_kept_with_its_reason(change: dict[str, str], code: str) -> None:
    batch = read(OLD, OLD | {"date": "1985-11-17"} | change)
    assert (len(batch.matches), [(row.line, row.code) for row in batch.rejected]) == (1, [(3, code)])


def test_the_result_is_team1s_in_a_game_that_is_turned_round() -> None:
    bowl = {"date": "2015-02-01", "season": "2014", "neutral": "1", "team1": "NE", "team2": "SEA"}
    assert read(OLD | bowl).rejected == []
    assert [row.code for row in read(OLD | bowl | {"result1": "0"}).rejected] == ["contradiction"]


@pytest.mark.parametrize("told", ["1.2", "-0.1", "often", "nan"])
def test_a_bad_forecast_costs_only_itself(told: str) -> None:
    batch = read(OLD | {"elo_prob1": told})
    assert (len(batch.matches), batch.forecasts) == (1, [])


def test_the_nba_file_is_not_this_format() -> None:
    with pytest.raises(InputRefused, match=r"nfl_elo\.csv or nfl_games\.csv") as refused:
        read({name: value for name, value in SITE.items() if not name.startswith("qb")})
    assert refused.value.error_code == "NOT_THIS_FORMAT"
    with pytest.raises(InputRefused, match="no games of Premier League"):
        FiveThirtyEightNfl().parse(Payload.of("x.csv", b"date\n1\n"), LEAGUES["epl"], LEAGUES)
