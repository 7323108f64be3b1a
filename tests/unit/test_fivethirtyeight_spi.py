"""FiveThirtyEight's soccer file: many leagues, forecasts of three outcomes, results before their time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sportsplat.domain import Batch, MatchStatus
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload
from sportsplat.sources.fivethirtyeight.soccer import NAME, SoccerSpi

LEAGUES = load_leagues()
MATCH = {
    "date": "2018-09-01", "league_id": "2411", "league": "Barclays Premier League",
    "team1": "Brighton and Hove Albion", "team2": "Fulham", "spi1": "60", "spi2": "61", "prob1": "0.4001",
    "prob2": "0.3", "probtie": "0.3", "score1": "2", "score2": "2", "xg1": "1.93", "xg2": "2.01",
    "nsxg1": "1.2", "nsxg2": "0", "adj_score1": "2.1", "adj_score2": "2.1",
}  # fmt: skip
SPAIN = {"league": "Spanish Primera Division", "team1": "Málaga", "team2": "Sevilla FC"}
UNPLAYED = {name: "" for name in MATCH if name.startswith(("score", "xg", "nsxg", "adj"))}


def payload(*rows: dict[str, str]) -> Payload:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows), ""]
    return Payload.of("spi_matches.csv", "\n".join(lines).encode())


def read(*rows: dict[str, str]) -> list[Batch]:
    return SoccerSpi().split(payload(*rows), LEAGUES)


def only(*rows: dict[str, str]) -> Batch:
    (batch,) = read(*rows)
    return batch


def codes(batch: Batch) -> list[str]:
    return [row.code for row in batch.rejected]


def test_each_league_of_the_file_is_a_batch_in_the_order_of_codes() -> None:
    batches = read(MATCH | SPAIN, MATCH, MATCH | SPAIN | {"date": "2018-09-08"})
    assert [(b.league, b.rows_read, len(b.matches)) for b in batches] == [("epl", 1, 1), ("la-liga", 2, 2)]
    assert list(batches[1].line_of.values()) == [2, 4]


def test_one_league_can_be_read_alone() -> None:
    batch = SoccerSpi().parse(payload(MATCH | SPAIN, MATCH), LEAGUES["epl"], LEAGUES)
    assert (batch.league, batch.rows_read, len(batch.matches)) == ("epl", 1, 1)
    (alone,) = get_source(NAME).batches(payload(MATCH | SPAIN, MATCH), LEAGUES["la-liga"], LEAGUES)
    assert alone.league == "la-liga"
    assert SoccerSpi().parse(payload(MATCH), None, LEAGUES).league == "epl"


def test_a_file_of_several_leagues_is_not_one_league() -> None:
    with pytest.raises(InputRefused, match="holds 2 leagues") as several:
        SoccerSpi().parse(payload(MATCH | SPAIN, MATCH), None, LEAGUES)
    assert several.value.error_code == "SEVERAL_LEAGUES"
    with pytest.raises(InputRefused, match="no match of Serie A") as wrong:
        SoccerSpi().parse(payload(MATCH), LEAGUES["serie-a"], LEAGUES)
    assert wrong.value.error_code == "WRONG_LEAGUE"


def test_what_no_league_declares_is_told_once_with_its_number_of_rows() -> None:
    cup = {"league": "Moon Cup"}
    batch = only(MATCH | cup, MATCH, MATCH | cup, MATCH | cup)
    assert (batch.league, batch.rows_read, len(batch.matches)) == ("epl", 4, 1)
    (rejected,) = batch.rejected
    assert (rejected.line, rejected.code) == (2, "undeclared-league")
    assert "2 more rows" in rejected.reason
    assert "sources: {fivethirtyeight-soccer-spi: Moon Cup}" in rejected.reason
    with pytest.raises(InputRefused, match="no league is declared") as refused:
        read(MATCH | cup)
    assert refused.value.error_code == "UNKNOWN_DIVISION"


def test_a_match_has_the_clubs_names_of_football_data_and_its_forecast_as_given() -> None:
    batch = only(MATCH)
    (match,), (forecast,) = batch.matches, batch.forecasts
    assert (match.home, match.away, match.home_score, match.away_score) == ("Brighton", "Fulham", 2, 2)
    assert (match.season, match.neutral, match.stage) == (2018, False, "regular")
    assert match.known_at == LEAGUES["epl"].end_of_day(match.match_date)
    assert forecast.probabilities == (0.4001, 0.3, 0.3)  # home, draw, away; their sum is not touched
    assert (forecast.publisher, forecast.known_at) == ("fivethirtyeight-spi", match.kickoff_utc)


def test_expected_goals_are_kept_where_the_league_declares_them() -> None:
    home, away = only(MATCH).stats
    assert home.stats == {"expected_goals": 1.93, "non_shot_expected_goals": 1.2, "adjusted_goals": 2.1}
    assert away.stats["non_shot_expected_goals"] == 0
    assert (home.is_home, away.is_home) == (True, False)
    bare = LEAGUES | {"epl": replace(LEAGUES["epl"], stored_stats=())}
    (batch,) = SoccerSpi().split(payload(MATCH), bare)
    assert batch.stats == []


@pytest.mark.parametrize("told", ["-1", "many", "inf"])
def test_impossible_expected_goals_cost_only_themselves(told: str) -> None:
    batch = only(MATCH | {"xg1": told})
    assert codes(batch) == ["bad-stat"]
    assert "expected_goals" not in batch.stats[0].stats
    assert len(batch.stats[0].stats) == 2


@pytest.mark.parametrize(
    ("league", "day", "season"),
    [
        ("Barclays Premier League", "2018-05-13", 2017),
        ("Barclays Premier League", "2018-08-10", 2018),
        ("Major League Soccer", "2018-12-08", 2018),
        ("Chinese Super League", "2019-03-01", 2019),
        ("Mexican Primera Division Torneo Apertura", "2018-12-16", 2018),
        ("Mexican Primera Division Torneo Clausura", "2019-01-04", 2018),
    ],
)
def test_the_season_is_the_year_in_which_it_starts(league: str, day: str, season: int) -> None:
    batch = only(MATCH | {"league": league, "date": day, "team1": "A", "team2": "B"})
    assert batch.matches[0].season == season


def test_a_file_that_tells_the_season_is_believed() -> None:
    assert only(MATCH | {"date": "2021-07-20"}).matches[0].season == 2021
    assert only({"season": "2020"} | MATCH | {"date": "2021-07-20"}).matches[0].season == 2020


def test_the_season_that_ended_in_july_2020_is_told_by_the_day() -> None:
    assert only(MATCH | {"date": "2020-07-26"}).matches[0].season == 2019


def test_both_mexican_tournaments_are_one_league() -> None:
    name = "Mexican Primera Division Torneo "
    teams = {"team1": "Atlas", "team2": "Toluca"}
    batch = only(MATCH | teams | {"league": name + "Apertura"}, MATCH | teams | {
        "league": name + "Clausura", "date": "2019-01-05"})  # fmt: skip
    assert (batch.league, len(batch.matches)) == ("liga-mx", 2)


def test_a_score_beside_matches_that_are_still_to_come_is_not_a_result() -> None:
    """Reus was expelled in 2019: its matches to come stood as 1-0 and 0-1 in the file."""
    week = [f"2018-09-{day:02d}" for day in (1, 8, 15, 22)]
    played = [MATCH | {"date": day} for day in week[:2]]
    to_come = [MATCH | UNPLAYED | {"date": day} for day in week[2:]]
    awarded = MATCH | {"date": week[3], "team1": "Chelsea"}
    batch = only(*played, *to_come, awarded)
    assert [m.status for m in batch.matches] == [
        MatchStatus.FINAL, MatchStatus.FINAL, MatchStatus.SCHEDULED, MatchStatus.SCHEDULED,
        MatchStatus.CANCELLED,
    ]  # fmt: skip
    assert (batch.matches[4].home_score, batch.matches[4].known_at) == (None, None)
    assert [(row.line, row.code) for row in batch.rejected] == [(6, "result-before-play")]
    assert len(batch.stats) == 4


def test_what_was_awarded_before_the_file_was_written_is_no_result_either() -> None:
    """Reus: expelled in January, and 0-1 or 1-0 stood beside every match since, played or to come."""
    lost = [("Chelsea", "0", "1"), ("Everton", "1", "0")]

    def reus(day: str, other: str, home: str, away: str) -> dict[str, str]:
        teams = ("Fulham", other) if home == "0" else (other, "Fulham")
        score = {"score1": home, "score2": away}
        return MATCH | score | {"date": day, "team1": teams[0], "team2": teams[1]}

    real = [
        reus("2018-09-01", "Arsenal", "0", "0"),
        MATCH | {"date": "2018-09-09", "team1": "Leicester City"},
    ]
    before = [reus(f"2018-09-0{3 + n}", *match) for n, match in enumerate(lost)]
    to_come = [MATCH | UNPLAYED | {"date": f"2018-10-{day}"} for day in range(10, 20)]
    after = [reus(f"2018-11-0{3 + n}", *match) for n, match in enumerate(lost)]
    batch = only(real[0], *before, *to_come, *after)
    assert [(row.line, row.code) for row in batch.rejected] == [
        (3, "awarded"), (4, "awarded"), (15, "result-before-play"), (16, "result-before-play"),
    ]  # fmt: skip
    assert "Fulham" in batch.rejected[0].reason
    assert [m.status for m in batch.matches[:3]] == [
        MatchStatus.FINAL, MatchStatus.CANCELLED, MatchStatus.CANCELLED,
    ]  # fmt: skip
    other_score = only(real[0], *before, real[1], *to_come, *after)  # 2-2 is the last that Fulham played
    assert [row.code for row in other_score.rejected] == ["result-before-play"] * 2
    one_alone = only(real[0], *before, *to_come, after[0])
    assert [row.code for row in one_alone.rejected] == ["result-before-play"]


def test_results_of_one_league_do_not_depend_on_a_pause_of_another() -> None:
    """May 2020: Germany played again while the fixtures of other leagues stood unplayed under old dates."""
    stopped = [MATCH | UNPLAYED | {"date": f"2020-04-{day:02d}"} for day in range(1, 25)]
    germany = {"league": "German Bundesliga", "team1": "Mainz", "team2": "SC Freiburg"}
    resumed = [MATCH | germany | {"date": f"2020-05-{day}"} for day in (16, 23)]
    _, epl = read(*stopped, *resumed)
    assert epl.league == "epl"
    assert codes(epl) == []
    assert all(m.status is MatchStatus.FINAL for m in read(*stopped, *resumed)[0].matches)


def test_a_day_that_is_half_played_is_believed() -> None:
    played = [MATCH | {"date": f"2018-09-0{day}"} for day in (1, 2)]
    today = [MATCH | {"date": "2018-09-03", "team1": "Chelsea"}]
    later = [MATCH | UNPLAYED | {"date": "2018-09-03", "team1": name} for name in ("Everton", "Arsenal")]
    assert codes(only(*played, *today, *later)) == []


def test_a_postponed_match_is_scheduled_and_moves_nothing() -> None:
    days = [f"2018-09-0{day}" for day in range(1, 6)]
    rows = [MATCH | {"date": day} for day in days]
    batch = only(*rows[:2], MATCH | UNPLAYED | {"date": days[2]}, *rows[3:])
    assert [m.status for m in batch.matches].count(MatchStatus.SCHEDULED) == 1
    assert codes(batch) == []


@pytest.mark.parametrize(
    ("league", "neutral"),
    [("UEFA Champions League", True), ("English League Championship", True), ("Major League Soccer", False)],
)
def test_a_match_that_cannot_be_drawn_is_a_knock_out(league: str, neutral: bool) -> None:
    """A final of two-legged cups is on neutral ground; the forecast stays one over three outcomes."""
    final = {"league": league, "prob1": "0.44", "prob2": "0.56", "probtie": "0", "team1": "A", "team2": "B"}
    batch = only(MATCH | final)
    assert (batch.matches[0].stage, batch.matches[0].neutral) == ("playoff", neutral)
    assert batch.forecasts[0].probabilities == (0.44, 0.0, 0.56)


@pytest.mark.parametrize(
    ("league", "stages"),
    [
        ("English League Championship", ["regular", "regular", "playoff"]),
        ("Scottish Premiership", ["regular", "regular", "regular"]),
        ("UEFA Champions League", ["regular", "playoff", "playoff"]),
    ],
)
def test_a_second_meeting_at_one_ground_is_a_play_off_where_there_is_but_one(
    league: str, stages: list[str]
) -> None:
    """A first leg can be drawn, so that no forecast tells it; Scots meet there twice anyway."""
    pair = MATCH | {"league": league, "team1": "Celtic", "team2": "Rangers"}
    turned = pair | {"team1": "Rangers", "team2": "Celtic", "date": "2019-02-01"}
    batch = only(pair, turned, pair | {"date": "2019-05-01"})
    assert [match.stage for match in batch.matches] == stages
    following = only(pair, pair | {"date": "2019-09-01"})
    assert [match.stage for match in following.matches] == ["regular", "regular"]


@pytest.mark.parametrize(
    "change", [{"prob1": "0.6"}, {"prob1": "-0.1"}, {"probtie": ""}, {"prob2": "few"}, {"prob1": "nan"}]
)
def test_a_bad_forecast_costs_only_itself(change: dict[str, str]) -> None:
    batch = only(MATCH | change)
    assert (len(batch.matches), batch.forecasts, codes(batch)) == (1, [], ["bad-forecast"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"date": "01.09.2018"}, "bad-date"),
        ({"team1": ""}, "missing-team"),
        ({"team2": "Brighton and Hove Albion"}, "same-team"),
        ({"score2": ""}, "impossible-score"),
        ({"score2": "-1"}, "impossible-score"),
        ({}, "duplicate-match"),
    ],
)
def test_a_row_without_a_possible_match_is_kept_with_its_reason(change: dict[str, str], code: str) -> None:
    batch = only(MATCH, MATCH | change)
    assert [(row.line, row.code) for row in batch.rejected] == [(3, code)]
    assert (batch.rows_read, len(batch.matches)) == (2, 1)
