"""nflverse games.csv: signs, zones, ties, and games to come."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sportsplat.domain import Batch, DetailRecord, Market, MatchKey, MatchStatus, Outcome, Phase, Precision
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.nflverse.source import Nflverse

LEAGUES = load_leagues()
GAME = {
    "game_id": "2010_01_SD_OAK",
    "season": "2010",
    "game_type": "REG",
    "gameday": "2010-09-12",
    "gametime": "16:15",
    "away_team": "SD",
    "away_score": "17",
    "home_team": "OAK",
    "home_score": "20",
    "location": "Home",
    "result": "3",
    "total": "37",
    "away_moneyline": "150",
    "home_moneyline": "-200",
    "spread_line": "4.5",
    "away_spread_odds": "-105",
    "home_spread_odds": "-115",
    "total_line": "41",
    "under_odds": "-110",
    "over_odds": "100",
}


def read(*changes: dict[str, str]) -> Batch:
    rows = [GAME | change for change in changes]
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows), ""]
    return Nflverse().parse(Payload.of("games.csv", "\n".join(lines).encode()), None, LEAGUES)


def test_a_game_is_known_after_the_length_of_a_game() -> None:
    (match,) = read({}).matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("LV", "LAC", 20, 17)
    assert (match.season, match.stage, match.neutral) == (2010, "regular", False)
    assert match.kickoff_utc == datetime(2010, 9, 12, 20, 15, tzinfo=UTC)  # 16:15 in New York's summer
    assert match.known_at == datetime(2010, 9, 13, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "told", "location", "kickoff"),
    [
        ("2003-10-06", "09:00", "Home", datetime(2003, 10, 7, 1, tzinfo=UTC)),
        ("2003-12-08", "09:00", "Home", datetime(2003, 12, 9, 2, tzinfo=UTC)),
        ("2018-10-21", "21:30", "Neutral", datetime(2018, 10, 21, 13, 30, tzinfo=UTC)),
        ("2014-10-26", "09:30", "Neutral", datetime(2014, 10, 26, 13, 30, tzinfo=UTC)),
        ("2018-10-22", "20:15", "Neutral", datetime(2018, 10, 23, 0, 15, tzinfo=UTC)),
    ],
)
def test_monday_night_is_not_played_in_the_morning_nor_london_at_night(
    day: str, told: str, location: str, kickoff: datetime
) -> None:
    """A result that counts as known half a day early would be a look into the future."""
    change = {"gameday": day, "season": day[:4], "gametime": told, "location": location}
    (match,) = read(change).matches
    assert (match.kickoff_utc, match.precision) == (kickoff, Precision.MINUTE)
    assert match.match_date == date.fromisoformat(day)


def test_january_belongs_to_the_season_of_the_year_before() -> None:
    (match,) = read({"gameday": "2011-01-16", "game_type": "DIV"}).matches
    assert (match.season, match.stage) == (2010, "playoff")
    assert match.kickoff_utc == datetime(2011, 1, 16, 21, 15, tzinfo=UTC)


def test_without_a_time_of_day_the_result_is_known_when_the_day_ends() -> None:
    (match,) = read({"gametime": ""}).matches
    assert (match.precision, match.match_date) == (Precision.DAY, date(2010, 9, 12))
    assert match.kickoff_utc == datetime(2010, 9, 12, 4, tzinfo=UTC)
    assert match.known_at == datetime(2010, 9, 13, 4, tzinfo=UTC)


def test_a_positive_spread_line_favours_the_home_team() -> None:
    """nflverse turns the usual sign round; our line is added to the home score."""
    spreads = [quote for quote in read({}).quotes if quote.market is Market.SPREAD]
    assert [(q.outcome, q.line) for q in spreads] == [(Outcome.HOME, -4.5), (Outcome.AWAY, -4.5)]
    even = [quote.line for quote in read({"spread_line": "0"}).quotes if quote.market is Market.SPREAD]
    assert [str(line) for line in even] == ["0.0", "0.0"]


def test_american_prices_become_decimal_closing_prices() -> None:
    quotes = {(q.market, q.outcome): q for q in read({}).quotes}
    assert quotes[Market.RESULT, Outcome.HOME].decimal_odds == 1.5
    assert quotes[Market.RESULT, Outcome.AWAY].decimal_odds == 2.5
    assert quotes[Market.TOTAL, Outcome.OVER].decimal_odds == 2.0
    assert quotes[Market.TOTAL, Outcome.UNDER].line == 41.0
    assert {(q.bookmaker, q.is_closing) for q in quotes.values()} == {("consensus", True)}
    kickoff = datetime(2010, 9, 12, 20, 15, tzinfo=UTC)
    assert {(q.quoted_at, q.known_at) for q in quotes.values()} == {(None, kickoff)}


def test_a_line_without_a_price_is_no_quote() -> None:
    batch = read(dict.fromkeys([name for name in GAME if name.endswith(("odds", "moneyline"))], ""))
    assert (len(batch.matches), batch.quotes, batch.rejected) == (1, [], [])


def test_a_tie_is_a_final_result() -> None:
    (match,) = read({"away_score": "20", "result": "0", "total": "40"}).matches
    assert (match.status, match.home_score, match.away_score) == (MatchStatus.FINAL, 20, 20)


@pytest.mark.parametrize("blank", ["", "NA"])
def test_a_game_to_come_is_scheduled_and_has_no_closing_price_yet(blank: str) -> None:
    batch = read(dict.fromkeys(["away_score", "home_score", "result", "total"], blank))
    (match,) = batch.matches
    assert (match.status, match.home_score, match.known_at) == (MatchStatus.SCHEDULED, None, None)
    assert len(batch.quotes) == len(read({}).quotes)
    assert {(q.is_closing, q.quoted_at, q.known_at) for q in batch.quotes} == {
        (False, None, match.kickoff_utc)
    }


def test_neutral_ground_is_read() -> None:
    (match,) = read({"location": "Neutral", "game_type": "SB", "gameday": "2011-02-06"}).matches
    assert (match.neutral, match.stage) == (True, "playoff")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"home_score": "-3"}, "impossible-score"),
        ({"home_score": "20.5"}, "impossible-score"),
        ({"home_score": ""}, "impossible-score"),
        ({"result": "-3"}, "contradiction"),
        ({"total": "38"}, "contradiction"),
        ({"gameday": "12/09/2010"}, "bad-date"),
        ({"season": "2009"}, "bad-season"),
        ({"home_team": ""}, "missing-team"),
        ({"home_team": "SD"}, "same-team"),
        ({"game_type": "PRE"}, "unknown-stage"),
        ({"location": "Moon"}, "bad-location"),
        ({}, "duplicate-match"),
    ],
)
def test_a_row_without_a_possible_game_is_kept_with_its_reason(change: dict[str, str], code: str) -> None:
    batch = read({}, change)
    (rejected,) = batch.rejected
    assert (rejected.line, rejected.code, rejected.raw) == (3, code, ",".join((GAME | change).values()))
    assert batch.rows_read == 2 == len(batch.matches) + 1


@pytest.mark.parametrize(
    ("change", "code", "left"),
    [
        ({"home_moneyline": "-50"}, "bad-price", 5),
        ({"home_moneyline": "even"}, "bad-price", 5),
        ({"home_moneyline": "0"}, None, 5),
        ({"spread_line": "PK"}, "bad-line", 4),
        ({"gametime": "noon"}, "bad-time", 6),
    ],
)
def test_a_bad_price_costs_only_itself(change: dict[str, str], code: str | None, left: int) -> None:
    batch = read(change)
    assert (len(batch.matches), len(batch.quotes)) == (1, left)
    assert {row.code for row in batch.rejected} == ({code} if code else set())


def test_another_format_or_league_is_refused() -> None:
    with pytest.raises(InputRefused, match="not a file of nflverse"):
        Nflverse().parse(Payload.of("x.csv", b"Div,Date\nE0,14/08/04\n"), None, LEAGUES)
    with pytest.raises(InputRefused, match="no games of Premier League"):
        Nflverse().parse(Payload.of("x.csv", b"game_id\n1\n"), LEAGUES["epl"], LEAGUES)


FACTS = {
    "week": "1", "stadium": "Ring Central", "surface": "grass ", "div_game": "1", "home_rest": "7",
    "away_rest": "14", "roof": "outdoors", "home_qb_name": "B. Gradkowski", "away_qb_name": "P. Rivers",
    "home_coach": "T. Cable", "away_coach": "N. Turner", "referee": "E. Hochuli", "temp": "64", "wind": "11",
}  # fmt: skip


def details(change: dict[str, str] | None = None) -> dict[Phase, DetailRecord]:
    return {record.phase: record for record in read(FACTS | (change or {})).details}


def test_each_fact_of_a_game_is_known_when_it_could_be_used() -> None:
    found = details()
    kickoff = datetime(2010, 9, 12, 20, 15, tzinfo=UTC)
    assert {phase: record.known_at for phase, record in found.items()} == {
        Phase.SCHEDULE: kickoff,
        Phase.START: kickoff,
        Phase.RESULT: datetime(2010, 9, 13, 0, 15, tzinfo=UTC),
    }
    schedule = found[Phase.SCHEDULE].details
    assert (schedule["surface"], schedule["div_game"], schedule["away_rest"]) == ("grass", True, 14.0)
    assert found[Phase.START].details["home_qb_name"] == "B. Gradkowski"
    assert found[Phase.RESULT].details == {"temp": 64.0, "wind": 11.0}
    assert {record.match for record in found.values()} == {MatchKey(date(2010, 9, 12), "LV", "LAC")}


def test_where_only_the_day_is_known_the_line_ups_are_known_at_its_end() -> None:
    found = details({"gametime": ""})
    assert found[Phase.SCHEDULE].known_at == datetime(2010, 9, 12, 4, tzinfo=UTC)
    assert found[Phase.START].known_at == found[Phase.RESULT].known_at == datetime(2010, 9, 13, 4, tzinfo=UTC)


def test_of_a_game_to_come_only_the_schedule_is_told() -> None:
    found = details(dict.fromkeys(["away_score", "home_score", "result", "total"], "NA"))
    assert list(found) == [Phase.SCHEDULE]


def test_a_closed_roof_has_no_weather() -> None:
    assert Phase.RESULT not in details({"temp": "NA", "wind": ""})


def test_a_closing_line_without_a_price_is_a_detail_and_with_one_a_quote() -> None:
    assert "spread_close" not in details()[Phase.START].details
    bare = {"home_spread_odds": "", "away_spread_odds": "NA", "over_odds": "0", "under_odds": ""}
    batch = read(FACTS | bare)
    start = next(record for record in batch.details if record.phase is Phase.START)
    assert (start.details["spread_close"], start.details["total_close"]) == (-4.5, 41.0)
    assert {quote.market for quote in batch.quotes} == {Market.RESULT}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"temp": "warm"}, "bad-detail"),
        ({"home_rest": "inf"}, "bad-detail"),
        ({"temp": "1_000"}, "bad-detail"),
        ({"div_game": "yes"}, "bad-detail"),
        ({"home_spread_odds": "", "away_spread_odds": "", "spread_line": "PK"}, "bad-line"),
    ],
)
def test_a_bad_fact_costs_only_itself(change: dict[str, str], code: str) -> None:
    batch = read(FACTS | change)
    assert ([row.code for row in batch.rejected], len(batch.matches), len(batch.details)) == ([code], 1, 3)
