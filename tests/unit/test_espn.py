"""ESPN's scoreboards: which games count, which season and day is theirs, what is known when."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportsplat.config.load import load_settings
from sportsplat.domain import Batch, MatchStatus, Phase, Precision
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload, Window
from sportsplat.sources.espn import Espn
from tests.json_values import replace_one
from tests.scoreboards import event, scoreboard, side
from tests.site import gives, serving

LEAGUES = load_leagues()
HAWKS, BULLS = "Atlanta Hawks", "Chicago Bulls"
POLITE = {"sources.requests_per_minute": 6000}


def read(slug: str, *events: Any) -> Batch:
    return Espn().parse(Payload.of("week.json", scoreboard(slug, *events)), None, LEAGUES)


def reasons(batch: Batch) -> list[tuple[int, str]]:
    return [(row.line, row.code) for row in batch.rejected]


def test_a_result_is_known_after_the_length_of_a_game_and_dated_at_the_league_s_place() -> None:
    (match,) = read("nba", event(HAWKS, BULLS, "2024-01-15T00:30Z", score=(110, 99))).matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Hawks", "Bulls", 110, 99)
    assert match.match_date == date(2024, 1, 14)  # 19:30 in New York
    assert match.kickoff_utc == datetime(2024, 1, 15, 0, 30, tzinfo=UTC)
    assert match.known_at == datetime(2024, 1, 15, 3, 30, tzinfo=UTC)
    assert (match.status, match.precision, match.stage) == (MatchStatus.FINAL, Precision.MINUTE, "regular")


@pytest.mark.parametrize(
    ("slug", "home", "away", "day", "year", "season"),
    [
        ("nba", HAWKS, BULLS, "2024-01-15T00:30Z", 2024, 2023),
        ("nhl", "Boston Bruins", "Dallas Stars", "2023-10-15T23:00Z", 2024, 2023),
        ("nfl", "Buffalo Bills", "Miami Dolphins", "2024-01-08T01:20Z", 2023, 2023),
        ("mlb", "Houston Astros", "Texas Rangers", "2024-04-12T23:00Z", 2024, 2024),
        ("eng.1", "Arsenal", "Everton", "2024-05-19T15:00Z", 2023, 2023),
    ],
)
def test_the_season_is_named_by_the_year_in_which_it_starts(
    slug: str, home: str, away: str, day: str, year: int, season: int
) -> None:
    (match,) = read(slug, event(home, away, day, season=(year, 2))).matches
    assert match.season == season


def test_the_stage_is_told_by_the_type_of_the_season() -> None:
    batch = read(
        "nba",
        *(
            event(HAWKS, BULLS, f"2024-01-{10 + kind}T20:00Z", number=kind, season=(2024, kind))
            for kind in range(1, 6)
        ),
    )
    assert [match.stage for match in batch.matches] == ["regular", "playoff", "playoff"]
    assert reasons(batch) == [(1, "preseason"), (4, "unknown-stage")]


def test_a_soccer_season_has_a_number_of_its_own_as_type() -> None:
    (match,) = read("eng.1", event("Arsenal", "Everton", season=(2023, 12654))).matches
    assert match.stage == "regular"


def test_an_all_star_game_is_no_match_of_the_league() -> None:
    batch = read(
        "nba", event("Eastern Conf All-Stars", "Western Conf All-Stars", type={"abbreviation": "ALLSTAR"})
    )
    assert (batch.matches, reasons(batch)) == ([], [(1, "all-star")])


@pytest.mark.parametrize(
    "status", ["STATUS_SCHEDULED", "STATUS_IN_PROGRESS", "STATUS_HALFTIME", "STATUS_SUSPENDED"]
)
def test_what_is_not_over_has_no_score(status: str) -> None:
    (match,) = read("nba", event(HAWKS, BULLS, status=status)).matches
    assert (match.status, match.home_score, match.known_at) == (MatchStatus.SCHEDULED, None, None)


@pytest.mark.parametrize("name", ["STATUS_POSTPONED", "STATUS_CANCELED"])
def test_a_postponed_game_is_cancelled_even_where_it_is_called_completed(name: str) -> None:
    told = event("Houston Astros", "Texas Rangers")
    told["competitions"][0]["status"] = {"type": {"name": name, "completed": True}}
    (match,) = read("mlb", told).matches
    assert (match.status, match.home_score, match.known_at) == (MatchStatus.CANCELLED, None, None)


def test_a_final_game_without_a_score_is_refused() -> None:
    told = event(HAWKS, BULLS, score=(1, 2))
    told["competitions"][0]["competitors"][0]["score"] = None
    batch = read("nba", told)
    assert (batch.matches, reasons(batch)) == ([], [(1, "impossible-score")])


def test_a_start_that_is_to_be_settled_is_a_day() -> None:
    (match,) = read("nba", event(HAWKS, BULLS, "2024-01-15T05:00Z", timeValid=False)).matches
    assert (match.precision, match.match_date) == (Precision.DAY, date(2024, 1, 15))
    assert match.kickoff_utc == LEAGUES["nba"].local_midnight(date(2024, 1, 15))


def test_what_comes_after_the_declared_periods_is_overtime() -> None:
    periods = ((30.0, 20.0, 25.0, 25.0, 6.0, 4.0), (25, 25, 25, 25, 6, 2))
    home, away = read("nba", event(HAWKS, BULLS, score=(110, 108), periods=periods)).stats
    assert home.stats == {
        "period_1": 30,
        "period_2": 20,
        "period_3": 25,
        "period_4": 25,
        "period_overtime": 10,
    }
    assert (away.is_home, sum(away.stats.values())) == (False, 108)
    assert home.known_at == datetime(2024, 1, 15, 3, 30, tzinfo=UTC)


def test_goals_of_a_shoot_out_are_no_score() -> None:
    periods = ((1, 1, 0, 0, 2), (0, 1, 1, 0, 1))
    told = event("Boston Bruins", "Dallas Stars", score=(3, 2), periods=periods)
    home, _ = read("nhl", told).stats
    assert home.stats == {"period_1": 1, "period_2": 1, "period_3": 0, "period_overtime": 0}


def test_an_inning_that_was_not_played_is_no_period() -> None:
    periods = ((0, 0, 1, 0, 2, 0, 0, 1), (0, 0, 0, 0, 0, 0, 0, 3, 0))
    home, away = read("mlb", event("Houston Astros", "Texas Rangers", score=(4, 3), periods=periods)).stats
    assert "period_9" not in home.stats
    assert away.stats["period_9"] == 0


def test_a_wrong_period_costs_the_periods_of_its_team_alone() -> None:
    periods = ((30, "x", 25, 25), (25, 25, 25, 24))
    batch = read("nba", event(HAWKS, BULLS, score=(110, 99), periods=periods))
    assert len(batch.matches) == 1
    assert [row.is_home for row in batch.stats] == [False]
    assert reasons(batch) == [(1, "bad-stat")]


def test_the_venue_is_known_with_the_schedule_and_the_price_is_left_alone() -> None:
    batch = read("nba", event(HAWKS, BULLS, neutralSite=True))
    (detail,) = batch.details
    assert detail.phase is Phase.SCHEDULE
    assert detail.details == {"venue": "Harbour Hall", "city": "Acton", "state": "AC", "indoor": True}
    assert detail.known_at == batch.matches[0].kickoff_utc
    assert batch.matches[0].neutral
    assert batch.quotes == []


def test_two_games_of_a_day_are_numbered_by_their_start_those_not_played_last() -> None:
    teams = ("Houston Astros", "Texas Rangers")
    batch = read(
        "mlb",
        event(*teams, "2024-05-01T23:00Z", number=3, score=(1, 2)),
        event(*teams, "2024-05-01T17:00Z", number=1, status="STATUS_POSTPONED"),
        event(*teams, "2024-05-01T20:00Z", number=2, score=(3, 0)),
    )
    assert [(match.number, match.home_score) for match in batch.matches] == [(2, 1), (3, None), (1, 3)]
    assert sorted(detail.match.number for detail in batch.details) == [1, 2, 3]


def test_an_event_that_is_told_twice_is_one_match() -> None:
    batch = read("nba", event(HAWKS, BULLS), event(HAWKS, BULLS))
    assert (len(batch.matches), reasons(batch)) == (1, [(2, "duplicate-match")])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"date": "15/01/2024"}, "bad-date"),
        ({"date": "2024-01-15T00:30"}, "bad-date"),  # a moment without a zone
        ({"competitors": [side("home", HAWKS)]}, "missing-team"),
        ({"competitors": [side("home", HAWKS), side("away", "")]}, "missing-team"),
        ({"competitors": [side("home", HAWKS), side("away", HAWKS)]}, "same-team"),
    ],
)
def test_an_event_without_a_match_is_rejected_with_its_text(change: dict[str, Any], code: str) -> None:
    told = event(HAWKS, BULLS, number=403)
    told["competitions"][0] |= change
    batch = read("nba", told)
    assert (batch.rows_read, batch.matches, reasons(batch)) == (1, [], [(1, code)])
    assert '"id":"403"' in batch.rejected[0].raw


def test_a_season_far_from_its_date_is_refused() -> None:
    assert reasons(read("nba", event(HAWKS, BULLS, season=(2020, 2)))) == [(1, "bad-season")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b"<html>", "NOT_THIS_FORMAT"),
        (b"[1]", "NOT_THIS_FORMAT"),
        (b"{}", "NOT_THIS_FORMAT"),
        (b'{"events": [NaN]}', "NOT_THIS_FORMAT"),
        (b'{"events": []}', "NOT_THIS_FORMAT"),
        (b"[" * 100_000, "NOT_THIS_FORMAT"),
        (b"\xff\xfe\x00", "NOT_THIS_FORMAT"),
        (scoreboard("wnba"), "UNKNOWN_DIVISION"),
    ],
)
def test_what_is_no_scoreboard_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        Espn().parse(Payload.of("x", data), None, LEAGUES)
    assert refused.value.error_code == code


def test_a_scoreboard_of_another_league_is_refused() -> None:
    with pytest.raises(InputRefused, match="has no games of") as refused:
        Espn().parse(Payload.of("x", scoreboard("nfl")), LEAGUES["nba"], LEAGUES)
    assert refused.value.error_code == "WRONG_LEAGUE"


@settings(max_examples=300)
@given(data=st.data())
def test_whatever_stands_where_something_else_was_expected_nothing_is_lost(data: st.DataObject) -> None:
    told = event(HAWKS, BULLS, score=(110, 99), periods=((30, 20, 30, 30), (25, 25, 25, 24)))
    replace_one(data, told)
    batch = read("nba", told)
    assert len(batch.matches) == 1 or reasons(batch)


def test_whole_weeks_are_asked_for_and_a_settled_one_only_once(tmp_path: Path) -> None:
    with serving() as site:
        site.answers = [gives(200, scoreboard("nba", event(HAWKS, BULLS)))]
        overrides = POLITE | {"sources.espn_url": f"{site.url}/sports", "sources.fresh_s": 0.0}
        made = load_settings(project_dir=tmp_path, overrides=overrides, environ={})
        provider = get_source("espn")
        assert provider.live
        days = Window(date(2024, 1, 14), date(2024, 1, 15))
        payloads = list(provider.fetch_window(days, leagues=[LEAGUES["nba"]], settings=made))
        assert [path for path, _ in site.asked] == [
            "/sports/basketball/nba/scoreboard?dates=20240108-20240114&limit=500",
            "/sports/basketball/nba/scoreboard?dates=20240115-20240121&limit=500",
        ]
        assert [payload.name for payload in payloads] == [site.url + path for path, _ in site.asked]
        again = list(provider.fetch_window(days, leagues=[LEAGUES["nba"]], settings=made))
        assert again == payloads
        assert len(site.asked) == 2  # both weeks were over for long when they were fetched

        today = datetime.now(UTC).date()
        for _ in range(2):
            window = Window(today, today)
            list(provider.fetch_window(window, leagues=[LEAGUES["nba"]], settings=made))
        assert len(site.asked) == 4  # this week changes


def test_what_was_fetched_just_now_is_not_asked_for_again(tmp_path: Path) -> None:
    with serving() as site:
        site.answers = [gives(200, scoreboard("nba"))]
        overrides = POLITE | {"sources.espn_url": site.url}
        made = load_settings(project_dir=tmp_path, overrides=overrides, environ={})
        today = datetime.now(UTC).date()
        for _ in range(2):
            list(Espn().fetch_window(Window(today, today), leagues=[LEAGUES["nba"]], settings=made))
        assert len(site.asked) == 1


def test_a_season_is_fetched_from_its_first_week_to_its_last(tmp_path: Path) -> None:
    with serving() as site:
        site.answers = [gives(200, json.dumps({"events": []}).encode())]
        overrides = POLITE | {"sources.espn_url": site.url}
        made = load_settings(project_dir=tmp_path, overrides=overrides, environ={})
        Espn().fetch([2022], leagues=[LEAGUES["mlb"]], settings=made)
    first, last = site.asked[0][0], site.asked[-1][0]
    assert "dates=20220228-20220306" in first  # the season runs from 1 March to 30 November
    assert "dates=20221128-20221204" in last
    assert len(site.asked) == (date(2022, 12, 4) - date(2022, 2, 28) + timedelta(days=1)).days // 7


def noted(told: dict[str, Any], headline: str) -> dict[str, Any]:
    told["competitions"][0]["notes"] = [{"type": "event", "headline": headline}]
    return told


@pytest.mark.parametrize(
    "headline", ["NBA Cup - Championship", "NBA In-Season Tournament - Championship", "NBA Cup - Final"]
)
def test_the_final_of_the_nba_cup_is_no_match_of_the_league(headline: str) -> None:
    batch = read("nba", noted(event(HAWKS, BULLS, "2024-12-18T01:30Z", score=(81, 97)), headline))
    assert (batch.matches, reasons(batch)) == ([], [(1, "not-a-league-game")])


@pytest.mark.parametrize(
    "headline", ["NBA Cup - Semifinal", "NBA Cup - East Group A", "Semi-Finals", "Finals"]
)
def test_other_games_of_the_nba_cup_count(headline: str) -> None:
    played = event(HAWKS, BULLS, "2024-12-15T01:30Z", score=(81, 97))
    assert len(read("nba", noted(played, headline)).matches) == 1


@pytest.mark.parametrize("status", ["STATUS_FORFEIT", "STATUS_WALKOVER", "STATUS_FORFEIT_OF_GAME"])
def test_an_awarded_result_is_none_and_is_told(status: str) -> None:
    told = event("Lyon", "Lille", "2024-10-06T13:00Z", season=(2024, 12654), score=(0, 3))
    told["competitions"][0]["status"]["type"]["name"] = status
    batch = read("fra.1", told)
    (match,) = batch.matches
    assert (match.status, match.home_score, match.known_at) == (MatchStatus.CANCELLED, None, None)
    assert reasons(batch) == [(1, "awarded")]
    assert "at 0:3: the result was awarded and the match not played" in batch.rejected[0].reason
