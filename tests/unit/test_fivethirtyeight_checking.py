"""FiveThirtyEight's "checking our work": forecasts without scores, two games a day, whose league it is."""

from __future__ import annotations

import pytest

from sportsplat.domain import Batch, MatchStatus
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.fivethirtyeight.checking import CheckingOurWork

LEAGUES = load_leagues()
NBA = {
    "season": "2021", "date": "2021-01-20", "team1": "76ers", "team2": "Trail Blazers", "prob1": "0.62",
    "prob1_outcome": "1", "prob2": "0.38", "prob2_outcome": "0",
}  # fmt: skip
NFL = NBA | {"season": "2020", "date": "2021-01-03", "team1": "Redskins", "team2": "49ers"}
MLB = {
    "season": "2018", "date": "2018-08-16", "team1": "Phillies", "team2": "Mets", "dh": "0", "prob1": "0.571",
    "prob1_outcome": "1", "prob2": "0.429", "prob2_outcome": "0",
}  # fmt: skip


def read(*rows: dict[str, str], league: str | None = None, file: str = "games.csv") -> Batch:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows), ""]
    payload = Payload.of(file, "\n".join(lines).encode())
    return CheckingOurWork().parse(payload, LEAGUES[league] if league else None, LEAGUES)


def codes(batch: Batch) -> list[str]:
    return [row.code for row in batch.rejected]


def test_a_forecast_has_its_match_which_is_scheduled_since_nobody_tells_a_score() -> None:
    batch = read(NBA)
    (match,), (forecast,) = batch.matches, batch.forecasts
    assert (match.home, match.away, match.season) == ("Sixers", "Trailblazers", 2020)
    assert (match.status, match.home_score, match.known_at) == (MatchStatus.SCHEDULED, None, None)
    assert forecast.publisher == "fivethirtyeight-published"
    assert forecast.probabilities == (0.62, 0.38)
    assert forecast.known_at == match.kickoff_utc == LEAGUES["nba"].local_midnight(match.match_date)
    assert (forecast.match.home, forecast.match.number) == ("Sixers", 1)


@pytest.mark.parametrize(
    ("row", "league", "season"), [(NBA, "nba", 2020), (NFL, "nfl", 2020), (MLB, "mlb", 2018)]
)
def test_the_teams_tell_the_league_and_the_league_the_season(
    row: dict[str, str], league: str, season: int
) -> None:
    batch = read(row)
    assert (batch.league, batch.matches[0].season) == (league, season)


def test_the_name_of_the_file_decides_where_teams_of_two_leagues_have_one_name() -> None:
    giants = {"team1": "Giants", "team2": "Cardinals", "season": "2018", "date": "2018-09-16"}
    assert read(NBA | giants, file="/data/nfl_games.csv").league == "nfl"
    assert read(NBA | giants, file="mlb_games.csv").league == "mlb"
    assert read(NBA | giants, league="mlb").league == "mlb"
    with pytest.raises(InputRefused) as refused:
        read(NBA | giants)
    assert refused.value.error_code == "UNKNOWN_TEAMS"
    assert refused.value.fix is not None
    assert "--league" in refused.value.fix


def test_another_league_than_the_teams_own_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        read(NBA, league="mlb")
    assert refused.value.error_code == "WRONG_LEAGUE"
    with pytest.raises(InputRefused, match="does not name its league"):
        read(NBA | {"team1": "Arsenal", "team2": "Chelsea"})


def test_of_two_games_on_a_day_dh_1_is_the_first_and_0_the_second() -> None:
    """16 August 2018: the Mets won the first game 24-4, the Phillies the second 9-6; dh is 1 and 0."""
    lost = {"dh": "1", "prob1": "0.579", "prob2": "0.421", "prob1_outcome": "0", "prob2_outcome": "1"}
    batch = read(MLB, MLB | lost)
    assert [(f.match.number, f.probabilities[0]) for f in batch.forecasts] == [(2, 0.571), (1, 0.579)]
    assert codes(batch) == []


def test_dh_1_and_2_are_numbers_as_they_stand() -> None:
    assert [m.number for m in read(MLB | {"dh": "1"}, MLB | {"dh": "2"}).matches] == [1, 2]
    assert [m.number for m in read(MLB).matches] == [1]
    assert codes(read(MLB | {"dh": "3"})) == ["bad-number"]


def test_a_game_told_twice_is_taken_once() -> None:
    assert codes(read(NBA, NBA)) == ["duplicate-match"]


@pytest.mark.parametrize(
    ("row", "outcomes", "code"),
    [
        (NFL, ("0.5", "0.5"), []),
        (NBA, ("0.5", "0.5"), ["impossible-outcome"]),
        (NBA, ("1", "1"), ["impossible-outcome"]),
        (NBA, ("2", "-1"), ["impossible-outcome"]),
        (NBA, ("", "0"), ["impossible-outcome"]),
        (NBA, ("", ""), []),
    ],
)
def test_an_impossible_outcome_is_told_and_the_forecast_kept(
    row: dict[str, str], outcomes: tuple[str, str], code: list[str]
) -> None:
    batch = read(row | {"prob1_outcome": outcomes[0], "prob2_outcome": outcomes[1]})
    assert (codes(batch), len(batch.forecasts)) == (code, 1)


def test_a_bad_forecast_leaves_the_match() -> None:
    batch = read(NBA | {"prob2": "0.5"})
    assert (len(batch.matches), batch.forecasts, codes(batch)) == (1, [], ["bad-forecast"])


def test_a_row_without_a_game_is_refused() -> None:
    other = {"date": "2021-01-21"}
    bad = [{"date": "20/01/2021"}, {"team2": "76ers"}, {"team1": " "}, {"season": "now"}]
    batch = read(NBA, *(NBA | other | change for change in bad))
    assert codes(batch) == ["bad-date", "same-team", "missing-team", "bad-season"]
    assert (batch.rows_read, len(batch.matches)) == (5, 1)
