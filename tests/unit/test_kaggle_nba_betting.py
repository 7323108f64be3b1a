"""Kaggle's NBA Betting Data: one row a game; what is a result, or of the second half, is not taken."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime

import pytest

from sportsplat.domain import Batch, Outcome, Phase
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.kaggle_nba.betting import KaggleNbaBetting

LEAGUES = load_leagues()
(GAME,) = csv.DictReader(
    [
        "season,date,regular,playoffs,away,home,score_away,score_home,q1_away,q2_away,q3_away,q4_away,ot_away,"
        "q1_home,q2_home,q3_home,q4_home,ot_home,whos_favored,spread,total,moneyline_away,moneyline_home,"
        "h2_spread,h2_total,id_spread,id_total",
        "2008,2007-10-30,True,False,por,sa,97,106,26,23,28,20,0,29,30,22,25,0,home,13.0,189.5,900,-1400,"
        "5,95.0,0,1",
    ]
)


def read(*changes: dict[str, str]) -> Batch:
    rows = [",".join((GAME | change).values()) for change in changes]
    text = "\n".join([",".join(GAME), *rows, ""])
    return KaggleNbaBetting().parse(Payload.of("nba.csv", text.encode()), None, LEAGUES)


def codes(batch: Batch) -> list[str]:
    return [row.code for row in batch.rejected]


def test_a_row_is_a_game_and_the_season_is_named_by_its_first_year() -> None:
    batch = read({})
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Spurs", "Trailblazers", 106, 97)
    assert (match.season, match.match_date, match.stage) == (2007, date(2007, 10, 30), "regular")
    assert match.known_at == datetime(2007, 10, 31, 4, tzinfo=UTC)
    assert batch.rejected == []


@pytest.mark.parametrize(
    ("code", "team"), [("no", "Pelicans"), ("bkn", "Nets"), ("okc", "Thunder"), ("wsh", "Wizards")]
)
def test_codes_are_those_of_the_franchise(code: str, team: str) -> None:
    """YAML reads a bare `no` as false."""
    assert read({"away": code}).matches[0].away == team


def test_results_and_lines_of_the_second_half_are_nowhere() -> None:
    batch = read({"id_spread": "77", "id_total": "78", "h2_spread": "79", "h2_total": "80"})
    stored = repr((batch.matches, batch.quotes, batch.stats, batch.details))
    assert not any(number in stored.replace("1970", "") for number in ("77", "78", "79", "80"))


@pytest.mark.parametrize(("favoured", "spread"), [("home", -13), ("away", 13)])
def test_the_spread_is_added_to_the_home_score(favoured: str, spread: float) -> None:
    (record,) = read({"whos_favored": favoured}).details
    assert record.details == {"spread_close": spread, "total_close": 189.5}
    assert (record.phase, record.known_at) == (Phase.START, datetime(2007, 10, 31, 4, tzinfo=UTC))


def test_moneylines_are_closing_quotes_that_no_decision_of_the_day_can_use() -> None:
    quotes = read({}).quotes
    assert {(q.outcome, round(q.decimal_odds, 4)) for q in quotes} == {
        (Outcome.HOME, 1.0714),
        (Outcome.AWAY, 10.0),
    }
    assert {(q.bookmaker, q.is_closing, q.known_at) for q in quotes} == {
        ("kaggle-consensus", True, datetime(2007, 10, 31, 4, tzinfo=UTC))
    }


def test_overtime_is_a_stat_only_where_there_was_one() -> None:
    assert all("period_overtime" not in record.stats for record in read({}).stats)
    stats = {record.is_home: record.stats for record in read({"ot_home": "9"}).stats}
    assert (stats[True]["period_overtime"], stats[False]["period_overtime"]) == (9, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"date": "30/10/2007"}, "bad-date"),
        ({"season": ""}, "bad-season"),
        ({"home": ""}, "missing-team"),
        ({"home": "por"}, "same-team"),
        ({"score_home": "-3"}, "impossible-score"),
        ({"regular": "yes"}, "unknown-stage"),
        ({"regular": "True", "playoffs": "True"}, "unknown-stage"),
    ],
)
def test_a_row_without_a_sound_result_is_no_game(change: dict[str, str], code: str) -> None:
    batch = read(change, {"date": "2007-10-31"})
    assert (codes(batch), len(batch.matches)) == ([code], 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"moneyline_away": "8"}, "bad-price"),
        ({"spread": "130"}, "bad-line"),
        ({"whos_favored": ""}, "bad-line"),
        ({"total": "x"}, "bad-line"),
        ({"q2_home": "-4"}, "bad-stat"),
    ],
)
def test_a_wrong_value_costs_itself(change: dict[str, str], code: str) -> None:
    batch = read(change)
    assert (codes(batch), len(batch.matches)) == ([code], 1)


def test_a_play_in_game_is_neither_and_counts_as_after_the_regular_season() -> None:
    assert read({"regular": "False"}).matches[0].stage == "playoff"


def test_another_file_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        KaggleNbaBetting().parse(Payload.of("x.csv", b"a,b\n1,2\n"), None, LEAGUES)
    assert refused.value.error_code == "NOT_THIS_FORMAT"
    with pytest.raises(InputRefused):
        KaggleNbaBetting().parse(Payload.of("x.csv", b"a,b\n1,2\n"), LEAGUES["mlb"], LEAGUES)


def test_the_final_of_the_nba_cup_is_no_match_of_the_league() -> None:
    """A play-in game is neither regular nor of the play-offs either, but it is played in spring."""
    batch = read(
        {"season": "2024", "date": "2023-12-09", "regular": "False"},
        {"season": "2024", "date": "2024-04-16", "regular": "False"},
        {"season": "2024", "date": "2023-12-07"},
    )
    assert codes(batch) == ["not-a-league-game"]
    assert [(match.match_date.month, match.stage) for match in batch.matches] == [
        (4, "playoff"),
        (12, "regular"),
    ]
