"""FiveThirtyEight's NBA files: two rows a game or one, forecasts, neutral ground, games to come."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sportsplat.domain import Batch, MatchKey, MatchStatus, Precision
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.fivethirtyeight.nba import FiveThirtyEightNba

LEAGUES = load_leagues()
FIRST = {
    "game_id": "197011110BUF", "_iscopy": "0", "year_id": "1971", "date_game": "11/11/1970",
    "is_playoffs": "0", "team_id": "BUF", "fran_id": "Clippers", "pts": "101", "opp_fran": "Knicks",
    "opp_pts": "99", "game_location": "H", "game_result": "W", "forecast": "0.4",
}  # fmt: skip
SECOND = FIRST | {
    "_iscopy": "1", "team_id": "NYK", "fran_id": "Knicks", "pts": "99", "opp_fran": "Clippers",
    "opp_pts": "101", "game_location": "A", "game_result": "L", "forecast": "0.6",
}  # fmt: skip
GAME = {
    "date": "2019-12-02", "season": "2020", "neutral": "0", "playoff": "", "team1": "BRK", "team2": "PHO",
    "elo1_pre": "1500", "elo_prob1": "0.64", "elo_prob2": "0.36", "carm-elo_prob1": "", "carm-elo_prob2": "",
    "raptor_prob1": "0.7", "raptor_prob2": "0.3", "score1": "109", "score2": "97",
}  # fmt: skip


def read(*rows: dict[str, str]) -> Batch:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows), ""]
    payload = Payload.of("nba.csv", "\n".join(lines).encode())
    return FiveThirtyEightNba().parse(payload, None, LEAGUES)


def codes(batch: Batch) -> list[str]:
    return [row.code for row in batch.rejected]


def test_two_rows_are_one_game_of_the_franchises() -> None:
    batch = read(FIRST, SECOND)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Clippers", "Knicks", 101, 99)
    assert (match.season, match.precision, match.stage) == (1970, Precision.DAY, "regular")
    assert match.kickoff_utc == datetime(1970, 11, 11, 5, tzinfo=UTC)
    assert match.known_at == datetime(1970, 11, 12, 5, tzinfo=UTC)
    assert (batch.rows_read, batch.rejected) == (2, [])


def test_the_forecast_is_the_home_teams_and_known_before_the_game() -> None:
    for rows in ((FIRST, SECOND), (SECOND, FIRST)):
        (forecast,) = read(*rows).forecasts
        assert forecast.publisher == "fivethirtyeight-elo"
        assert forecast.probabilities == (0.4, 0.6)
        assert forecast.known_at == datetime(1970, 11, 11, 5, tzinfo=UTC)


def test_two_games_of_a_pair_on_one_day_differ_and_the_same_row_again_is_refused() -> None:
    later = GAME | {"elo_prob1": "0.62", "elo_prob2": "0.38", "score1": "99", "score2": "97"}
    batch = read(GAME, later, GAME, later)
    assert [(match.number, match.home_score) for match in batch.matches] == [(1, 109), (2, 99)]
    assert [(row.line, row.code) for row in batch.rejected] == [
        (4, "duplicate-match"),
        (5, "duplicate-match"),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"pts": "98"}, "contradiction"),
        ({"fran_id": "Nets"}, "contradiction"),
        ({"date_game": "11/12/1970"}, "contradiction"),
        ({"game_location": "H"}, "contradiction"),
        ({"game_result": "W"}, "contradiction"),
        ({"_iscopy": "0"}, "no-pair"),
        ({"game_id": "197011110NYK"}, "no-pair"),
        ({"forecast": "0.7"}, "bad-forecast"),
        ({"forecast": "maybe"}, "bad-forecast"),
    ],
)
def test_rows_that_do_not_mirror_each_other_are_both_refused(change: dict[str, str], code: str) -> None:
    batch = read(FIRST, SECOND | change)
    assert (batch.matches, batch.forecasts, codes(batch)) == ([], [], [code, code])
    assert [row.line for row in batch.rejected] == [2, 3]


def test_a_row_without_its_twin_is_refused() -> None:
    batch = read(FIRST)
    assert (batch.matches, codes(batch)) == ([], ["no-pair"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"date_game": "1970-11-31"}, "bad-date"),
        ({"year_id": "1999"}, "bad-season"),
        ({"is_playoffs": "2"}, "unknown-stage"),
    ],
)
def test_facts_that_both_rows_get_wrong_are_refused(change: dict[str, str], code: str) -> None:
    assert codes(read(FIRST | change, SECOND | change)) == [code, code]


@pytest.mark.parametrize(
    ("points", "code"),
    [(("99", "99"), "impossible-score"), (("-1", "99"), "impossible-score"), (("90", "99"), "contradiction")],
)
def test_impossible_scores_are_refused(points: tuple[str, str], code: str) -> None:
    first = FIRST | {"pts": points[0], "opp_pts": points[1]}
    second = SECOND | {"pts": points[1], "opp_pts": points[0]}
    assert codes(read(first, second)) == [code, code]


def test_on_neutral_ground_the_game_id_names_the_home_team() -> None:
    first, second = FIRST | {"game_location": "N"}, SECOND | {"game_location": "N"}
    (match,) = read(first, second).matches
    assert (match.home, match.neutral) == ("Clippers", True)
    other = {"game_id": "197011110NYK"}
    (match,) = read(first | other, second | other).matches
    assert (match.home, match.away_score) == ("Knicks", 101)


def test_two_games_of_one_pair_on_a_day_are_numbered_in_order() -> None:
    later = {"game_id": "197011111BUF"}
    batch = read(FIRST, SECOND, FIRST | later, SECOND | later)
    assert [match.number for match in batch.matches] == [1, 2]
    assert [forecast.match.number for forecast in batch.forecasts] == [1, 2]


def test_one_row_is_one_game_with_the_forecasts_that_it_has() -> None:
    batch = read(GAME)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Nets", "Suns", 109, 97)
    assert (match.season, match.stage, match.neutral) == (2019, "regular", False)
    key = MatchKey(date(2019, 12, 2), "Nets", "Suns", 1)
    assert [(f.match, f.publisher, f.probabilities) for f in batch.forecasts] == [
        (key, "fivethirtyeight-elo", (0.64, 0.36)),
        (key, "fivethirtyeight-raptor", (0.7, 0.3)),
    ]


@pytest.mark.parametrize("blank", ["", "NA", "NaN"])
def test_a_game_not_played_is_scheduled_and_never_nil_nil(blank: str) -> None:
    (match,) = read(GAME | {"score1": blank, "score2": blank}).matches
    assert (match.status, match.home_score, match.away_score) == (MatchStatus.SCHEDULED, None, None)
    assert match.known_at is None


@pytest.mark.parametrize(
    ("letter", "stage"), [("", "regular"), ("t", "playoff"), ("p", "playoff"), ("f", "playoff")]
)
def test_playoff_letters_are_read(letter: str, stage: str) -> None:
    (match,) = read(GAME | {"playoff": letter}).matches
    assert match.stage == stage


def test_a_game_that_names_its_visitor_first_is_turned_round() -> None:
    """London, January 2013: the league's record says NYK @ DET, nba_elo.csv has NYK as team1."""
    london = {"date": "2013-01-17", "season": "2013", "neutral": "1", "team1": "NYK", "team2": "DET"}
    batch = read(GAME | london)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Pistons", "Knicks", 97, 109)
    assert batch.forecasts[0].probabilities == (0.36, 0.64)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"score1": "-4"}, "impossible-score"),
        ({"score1": "97"}, "impossible-score"),
        ({"score1": ""}, "impossible-score"),
        ({"date": "12/02/2019"}, "bad-date"),
        ({"season": "2019"}, "bad-season"),
        ({"team1": ""}, "missing-team"),
        ({"team1": "PHO"}, "same-team"),
        ({"playoff": "x"}, "unknown-stage"),
        ({"neutral": "?"}, "bad-location"),
    ],
)
def test_a_row_without_a_possible_game_is_kept_with_its_reason(change: dict[str, str], code: str) -> None:
    batch = read(GAME, GAME | change)
    assert (len(batch.matches), [(row.line, row.code) for row in batch.rejected]) == (1, [(3, code)])
    assert batch.rows_read == 2


@pytest.mark.parametrize("change", [{"elo_prob1": "1.2"}, {"elo_prob1": "0.5"}, {"elo_prob2": ""}])
def test_a_bad_forecast_costs_only_itself(change: dict[str, str]) -> None:
    batch = read(GAME | change)
    assert (len(batch.matches), codes(batch)) == (1, ["bad-forecast"])
    assert [forecast.publisher for forecast in batch.forecasts] == ["fivethirtyeight-raptor"]


def test_the_same_layout_for_another_sport_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        read(GAME | {"qbelo1_pre": "1500"})
    assert refused.value.error_code == "NOT_THIS_FORMAT"
    with pytest.raises(InputRefused, match=r"nba_elo\.csv or nbaallelo\.csv"):
        read({"Div": "E0", "Date": "14/08/04"})
