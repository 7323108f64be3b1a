"""Team game logs of stats.nba.com: pairs of rows, both headers, what cannot be."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from sportsplat.domain import Batch, MatchKey, MatchStatus, Precision
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.nba_stats.source import NbaStats

LEAGUES = load_leagues()
COMMON = {"GAME_ID": "0021800001", "GAME_DATE": "2018-10-16", "MIN": "240"}
HOME = {
    "SEASON_ID": "22018", "TEAM_ID": "1610612738", "TEAM_ABBREVIATION": "BOS", "TEAM_NAME": "Boston Celtics",
    **COMMON, "MATCHUP": "BOS vs. PHI", "WL": "W", "FGM": "42", "FGA": "97", "FG_PCT": "0.433", "FG3M": "11",
    "FG3A": "37", "FG3_PCT": "0.297", "FTM": "10", "FTA": "14", "FT_PCT": "0.714", "OREB": "12", "DREB": "43",
    "REB": "55", "AST": "21", "STL": "7", "BLK": "5", "TOV": "15", "PF": "20", "PTS": "105",
    "PLUS_MINUS": "18", "VIDEO_AVAILABLE": "1",
}  # fmt: skip
AWAY = HOME | {
    "TEAM_ID": "1610612755", "TEAM_ABBREVIATION": "PHI", "TEAM_NAME": "Philadelphia 76ers",
    "MATCHUP": "PHI @ BOS", "WL": "L", "FGM": "34", "FGA": "87", "FG3M": "5", "FG3A": "26", "FTM": "14",
    "FTA": "23", "OREB": "6", "DREB": "41", "REB": "47", "PTS": "87", "PLUS_MINUS": "-18",
}  # fmt: skip
LATER = {"GAME_ID": "0021800002", "GAME_DATE": "2018-10-17"}
KEY = MatchKey(date(2018, 10, 16), "Celtics", "Sixers")


def read(*rows: dict[str, str]) -> Batch:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows), ""]
    return NbaStats().parse(Payload.of("log.csv", "\n".join(lines).encode()), None, LEAGUES)


def codes(batch: Batch) -> list[str]:
    return [row.code for row in batch.rejected]


@pytest.mark.parametrize("rows", [(HOME, AWAY), (AWAY, HOME)])
def test_two_rows_are_one_game_at_home_of_the_row_with_vs(rows: tuple[dict[str, str], ...]) -> None:
    batch = read(*rows)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Celtics", "Sixers", 105, 87)
    assert (match.season, match.stage, match.precision) == (2018, "regular", Precision.DAY)
    assert match.kickoff_utc == datetime(2018, 10, 16, 4, tzinfo=UTC)  # midnight in New York
    assert match.known_at == datetime(2018, 10, 17, 4, tzinfo=UTC)
    assert (batch.rows_read, batch.rejected) == (2, [])


def test_a_box_score_is_known_when_the_day_ends_under_the_names_of_the_league() -> None:
    home, away = read(HOME, AWAY).stats
    assert (home.match, home.is_home, away.is_home) == (KEY, True, False)
    assert home.known_at == datetime(2018, 10, 17, 4, tzinfo=UTC)
    assert home.stats == {
        "points": 105, "field_goals_made": 42, "field_goals_attempted": 97, "threes_made": 11,
        "threes_attempted": 37, "free_throws_made": 10, "free_throws_attempted": 14,
        "offensive_rebounds": 12, "defensive_rebounds": 43, "rebounds": 55, "assists": 21, "steals": 7,
        "blocks": 5, "turnovers": 15, "fouls": 20, "minutes": 48,
    }  # fmt: skip
    assert home.stats.keys() <= {*LEAGUES["nba"].stats, *LEAGUES["nba"].stored_stats}


def test_the_layout_of_the_play_off_totals_gives_the_same_records() -> None:
    """Other header, time stamps, minutes of the game; the kind of game is told by GAME_ID alone."""
    rows = []
    for row in (HOME, AWAY):
        told = {"SEASON_YEAR": "2018-19", **row, "MIN": "48.0", "GAME_DATE": "2018-10-16T00:00:00"}
        del told["SEASON_ID"]
        rows.append(told | {"TOV": f"{row['TOV']}.0", "PLUS_MINUS": f"{row['PLUS_MINUS']}.0"})
    assert read(*rows)[4:8] == read(HOME, AWAY)[4:8]
    playoff = read(*(row | {"GAME_ID": "0041800101"} for row in rows))
    assert [match.stage for match in playoff.matches] == ["playoff"]


def test_the_answer_of_the_site_gives_the_same_records() -> None:
    rows = [[int(text) if text.isdecimal() and len(text) < 5 else text or None for text in row.values()]
            for row in (HOME, AWAY | {"STL": ""})]  # fmt: skip
    answer = {
        "resource": "leaguegamelog",
        "resultSets": [{"name": "x", "headers": list(HOME), "rowSet": rows}],
    }
    batch = NbaStats().parse(Payload.of("answer", json.dumps(answer).encode()), None, LEAGUES)
    csv = read(HOME, AWAY | {"STL": ""})
    assert (batch.matches, batch.stats, batch.line_of) == (csv.matches, csv.stats, csv.line_of)
    assert json.loads(batch.text[2])[:2] == ["22018", "1610612755"]


@pytest.mark.parametrize(
    ("game", "season", "stage"), [("0021800001", "22018", "regular"), ("0041800001", "42018", "playoff"),
                                  ("0052000001", "52020", "playoff"), ("0029900001", "21999", "regular"),
                                  ("21800001", "22018", "regular")]
)  # fmt: skip
def test_the_kind_of_game_is_the_third_digit_of_its_id(game: str, season: str, stage: str) -> None:
    change = {"GAME_ID": game, "SEASON_ID": season}
    (match,) = read(HOME | change, AWAY | change).matches
    assert (match.stage, match.season) == (stage, int(season[1:]))


@pytest.mark.parametrize("game", ["0011800001", "0031800001", "0062300001", "1021800001"])
def test_preseason_all_star_cup_final_and_other_leagues_are_refused(game: str) -> None:
    batch = read(HOME | {"GAME_ID": game}, AWAY | {"GAME_ID": game}, HOME | LATER, AWAY | LATER)
    assert codes(batch) == ["not-a-league-game"] * 2
    assert game in batch.rejected[0].reason
    assert len(batch.matches) == 1


def test_charlotte_is_new_orleans_until_2002() -> None:
    charlotte = {"TEAM_ID": "1610612766"}
    (new,) = read(HOME | charlotte, AWAY).matches
    change = {"GAME_ID": "0020100001", "SEASON_ID": "22001", "GAME_DATE": "2001-11-01"}
    (old,) = read(HOME | charlotte | change, AWAY | change).matches
    assert (old.home, new.home) == ("Pelicans", "Hornets")


def test_a_team_that_is_not_declared_is_left_as_it_is() -> None:
    (match,) = read(HOME | {"TEAM_ID": "1610612999"}, AWAY).matches
    assert match.home == "1610612999"


def test_a_blank_cell_is_an_unknown_stat_and_no_zero() -> None:
    home, away = read(HOME | {"STL": "", "FG3A": ""}, AWAY | {"STL": "0"}).stats
    assert not {"steals", "threes_attempted"} & home.stats.keys()
    assert away.stats["steals"] == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"PLUS_MINUS": "17"}, "PLUS_MINUS is '17' at 105:87"),
        ({"PTS": "106"}, "PLUS_MINUS is '18' at 106:87"),
        ({"WL": "L"}, "WL is 'L' at 105:87"),
        ({"GAME_DATE": "2018-10-18"}, "GAME_DATE is 2018-10-18 and 2018-10-16"),
        ({"MATCHUP": "BOS @ PHI"}, "no home team"),
        ({"MATCHUP": "BOS vs. NYK"}, "MATCHUP is"),
        ({"MIN": "216"}, "MIN is '216' and '240'"),
    ],
)
def test_rows_that_do_not_mirror_each_other_are_refused(change: dict[str, str], reason: str) -> None:
    batch = read(HOME | change, AWAY)
    assert (codes(batch), batch.matches, batch.stats) == (["contradiction"] * 2, [], [])
    assert reason in batch.rejected[0].reason
    assert [row.line for row in batch.rejected] == [2, 3]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"GAME_ID": "x"}, "bad-game-id"),
        ({"SEASON_ID": "22017"}, "bad-season"),
        ({"SEASON_ID": "42018"}, "bad-season"),
        ({"SEASON_ID": ""}, "bad-season"),
        ({"GAME_DATE": "16.10.2018"}, "bad-date"),
        ({"MATCHUP": "BOS - PHI"}, "bad-matchup"),
        ({"PTS": "-5"}, "impossible-score"),
        ({"TEAM_ID": ""}, "missing-team"),
        ({"TEAM_ID": "1610612755"}, "same-team"),
    ],
)
def test_what_is_no_game_is_refused_with_its_value(change: dict[str, str], code: str) -> None:
    batch = read(HOME | change, AWAY | change)
    assert codes(batch) == [code] * 2
    assert batch.matches == []


@pytest.mark.parametrize("rows", [(HOME,), (HOME, AWAY, AWAY)])
def test_a_game_in_one_row_or_three_is_refused(rows: tuple[dict[str, str], ...]) -> None:
    batch = read(*rows)
    assert (codes(batch), batch.matches) == (["no-pair"] * len(rows), [])


def test_the_second_id_of_one_game_is_a_duplicate() -> None:
    again = {"GAME_ID": "0021800009"}
    batch = read(HOME, AWAY, HOME | again, AWAY | again)
    assert (codes(batch), len(batch.matches), len(batch.stats)) == (["duplicate-match"], 1, 4)


def test_a_row_that_has_shifted_is_refused() -> None:
    assert codes(read(HOME, AWAY, HOME | LATER | {"x": "surplus"})) == ["surplus-fields"]


@pytest.mark.parametrize(
    ("change", "left_out"),
    [
        ({"FTM": "11"}, {"field_goals_made", "threes_made", "free_throws_made"}),
        ({"FG3A": "3"}, {"threes_attempted"}),
        ({"DREB": "42"}, {"rebounds", "offensive_rebounds", "defensive_rebounds"}),
        ({"AST": "many"}, {"assists"}),
        ({"MIN": "230"}, {"minutes"}),
    ],
)
def test_a_box_score_that_cannot_be_costs_what_cannot_be(change: dict[str, str], left_out: set[str]) -> None:
    whole = read(HOME, AWAY).stats[0].stats
    batch = read(HOME | change, AWAY | {name: change[name] for name in change if name == "MIN"})
    assert whole.keys() - batch.stats[0].stats.keys() == left_out
    assert set(codes(batch)) == {"bad-stat"}
    assert len(batch.matches) == 1


@pytest.mark.parametrize(
    ("text", "minutes"), [("240", 48), ("265", 53), ("53.0", 53), ("340", 68), ("241", 48), ("238", 48)]
)
def test_minutes_are_those_of_the_game(text: str, minutes: float) -> None:
    boxes = read(HOME | {"MIN": text}, AWAY | {"MIN": text}).stats
    assert [box.stats["minutes"] for box in boxes] == [minutes] * 2


UNPLAYED = {"WL": "", "PTS": "0", "MIN": "0", "FGM": "0", "FG3M": "0", "FTM": "0", "PLUS_MINUS": "0"}


def test_a_game_that_nobody_won_while_the_season_went_on_was_called_off() -> None:
    """Boston against Indiana, 16 April 2013: cancelled after the attack on the marathon, and no 0:0."""
    batch = read(HOME | UNPLAYED, AWAY | UNPLAYED, HOME | LATER, AWAY | LATER)
    called_off, played = batch.matches
    assert (called_off.status, played.status) == (MatchStatus.CANCELLED, MatchStatus.FINAL)
    assert (called_off.home_score, called_off.away_score, called_off.known_at) == (None, None, None)
    assert {box.match for box in batch.stats} == {MatchKey(played.match_date, played.home, played.away)}
    assert batch.rejected == []


@pytest.mark.parametrize("change", [{}, {"PTS": "44"}])
def test_a_game_of_the_last_day_without_a_winner_is_not_over(change: dict[str, str]) -> None:
    tonight = LATER | UNPLAYED | change
    _, running = read(HOME, AWAY, HOME | tonight, AWAY | tonight).matches
    assert (running.status, running.home_score) == (MatchStatus.SCHEDULED, None)


def test_points_without_a_winner_are_no_result() -> None:
    broken = UNPLAYED | {"PTS": "44"}
    batch = read(HOME | broken, AWAY | broken, HOME | LATER, AWAY | LATER)
    assert (codes(batch), len(batch.matches)) == (["no-result"] * 2, 1)


def test_a_game_that_was_played_out_later_is_not_known_before() -> None:
    """Hawks-Heat of 19 December 2007 ended on 8 March: the league had its last 51.9 seconds played again."""
    change = {"GAME_ID": "0020700367", "SEASON_ID": "22007", "GAME_DATE": "2007-12-19"}
    batch = read(HOME | change, AWAY | change)
    (match,) = batch.matches
    ended = datetime(2008, 3, 9, 5, tzinfo=UTC)
    assert (match.match_date, match.known_at) == (date(2007, 12, 19), ended)
    assert {box.known_at for box in batch.stats} == {ended}


@pytest.mark.parametrize(
    "header",
    ["Div,Date", ",".join(HOME).replace("SEASON_ID", "S"), ",".join(HOME) + ",PLAYER_ID"],
)
def test_another_format_is_refused(header: str) -> None:
    payload = Payload.of("other.csv", f"{header}\n{header.lower()}\n".encode())
    with pytest.raises(InputRefused) as refused:
        NbaStats().parse(payload, None, LEAGUES)
    assert refused.value.error_code == "NOT_THIS_FORMAT"


@pytest.mark.parametrize(
    "text",
    ["{", "{}", '{"resultSets": null}', '{"resultSets": [3, {"headers": ["A"], "rowSet": []}]}',
     '{"resultSets": [{"headers": ["GAME_ID"], "rowSet": [1]}]}', "{" * 100_000],
)  # fmt: skip
def test_json_that_is_no_log_is_refused(text: str) -> None:
    with pytest.raises(InputRefused) as refused:
        NbaStats().parse(Payload.of("answer", text.encode()), None, LEAGUES)
    assert refused.value.error_code == "NOT_THIS_FORMAT"


def test_another_league_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        NbaStats().parse(Payload.of("log.csv", b"x\n"), LEAGUES["nfl"], LEAGUES)
    assert refused.value.error_code == "WRONG_LEAGUE"
