"""Season workbooks of sportsbookreviewsonline: two rows a game, days without a year, lines without a name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from sportsplat.domain import Batch, Market, MatchStatus, Outcome, Phase, Precision
from sportsplat.errors import InputRefused
from sportsplat.leagues import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.sportsbookreview import SportsbookReview
from tests.workbooks import workbook

LEAGUES = load_leagues()
NBA = ["Date", "Rot", "VH", "Team", "1st", "2nd", "3rd", "4th", "Final", "Open", "Close", "ML", "2H"]
VISITOR = [1030, 501, "V", "Portland", 26, 23, 28, 20, 97, 184, 189.5, 900, 95]
HOST = [1030, 502, "H", "SanAntonio", 29, 30, 22, 25, 106, 12.5, 13, -1400, 5]
INNINGS = ["1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th"]
MLB = ["Date", "Rot", "VH", "Team", "Pitcher", *INNINGS, "Final", "Open", "Close", "Run Line", None]
MLB += ["Open OU", None, "Close OU", None]
VISITORS = [
    404,
    931,
    "V",
    "NYY",
    "CSABATHIA-L",
    0,
    2,
    0,
    3,
    0,
    0,
    2,
    0,
    0,
    7,
    -106,
    103,
    1.5,
    -150,
    9,
    -116,
    "8½",
    -105,
]
HOSTS = [
    404,
    932,
    "H",
    "BOS",
    "JBECKETT-R",
    0,
    1,
    0,
    0,
    1,
    3,
    3,
    1,
    "x",
    9,
    -114,
    -117,
    -1.5,
    130,
    9,
    -104,
    "8½",
    -115,
]
Row = Sequence[object]


def change(row: Row, header: Sequence[str | None], **values: object) -> list[object]:
    changed = list(row)
    for name, value in values.items():
        changed[header.index(name.replace("_", " ").removeprefix(" "))] = value
    return changed


def v(**values: object) -> list[object]:
    return change(VISITOR, NBA, **values)


def h(**values: object) -> list[object]:
    return change(HOST, NBA, **values)


def nba(*rows: Row, name: str = "nba odds 2007-08.xlsx") -> Batch:
    return SportsbookReview().parse(workbook(name, [NBA, *rows]), None, LEAGUES)


def mlb(*rows: Row, name: str = "mlb-odds-2010.xlsx") -> Batch:
    return SportsbookReview().parse(workbook(name, [MLB, *rows]), None, LEAGUES)


def codes(batch: Batch) -> list[tuple[int, str]]:
    return [(row.line, row.code) for row in batch.rejected]


def lines(batch: Batch) -> dict[str, object]:
    return {name: value for record in batch.details for name, value in record.details.items()}


def test_two_rows_are_one_game_whose_result_is_known_when_the_day_ends() -> None:
    batch = nba(VISITOR, HOST)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Spurs", "Trailblazers", 106, 97)
    assert (match.season, match.match_date, match.status) == (2007, date(2007, 10, 30), MatchStatus.FINAL)
    assert (match.precision, match.neutral, match.number) == (Precision.DAY, False, 1)
    assert match.kickoff_utc == datetime(2007, 10, 30, 4, tzinfo=UTC)
    assert match.known_at == datetime(2007, 10, 31, 4, tzinfo=UTC)
    assert (batch.rows_read, batch.rejected, dict(batch.line_of)) == (2, [], {batch.quotes[0].match: 2})
    assert batch.text[1].startswith("1030\t501\tV\tPortland\t26")


def test_the_year_turns_with_the_season() -> None:
    days = [(1222, 2020), (1231, 2020), (101, 2021), (720, 2021)]
    rows = [row for day, _ in days for row in (v(Date=day), h(Date=day))]
    batch = nba(*rows, name="downloads/nba odds 2020-21.xlsx")
    assert [match.match_date.year for match in batch.matches] == [year for _, year in days]
    assert {match.season for match in batch.matches} == {2020}


def test_a_mistyped_month_costs_its_own_game_only() -> None:
    """1105 for 0105: no such day is near, so that it falls after the season, where the rules refuse it."""
    days = [(104, 2008), (1105, 2008), (106, 2008)]
    rows = [row for day, _ in days for row in (v(Date=day), h(Date=day))]
    batch = nba(*rows)
    assert [match.match_date.year for match in batch.matches] == [year for _, year in days]
    season = LEAGUES["nba"].rules.season
    assert season is not None
    assert [match.match_date > season.bounds(2007)[1] for match in batch.matches] == [False, True, False]


def test_the_season_that_ran_from_october_to_october() -> None:
    days = [(1022, 2019), (311, 2020), (730, 2020), (815, 2020), (1011, 2020)]
    rows = [row for day, _ in days for row in (v(Date=day), h(Date=day))]
    batch = nba(*rows, name="nba odds 2019-20.xlsx")
    assert [match.match_date.year for match in batch.matches] == [year for _, year in days]
    assert [match.stage for match in batch.matches] == ["regular"] * 3 + ["playoff"] * 2


def test_a_day_that_the_season_does_not_have_is_refused() -> None:
    """29 February stands in 2008, not in 2007 and 2009."""
    assert nba(v(Date=229), h(Date=229)).matches[0].match_date == date(2008, 2, 29)
    batch = nba(v(Date=229), h(Date=229), v(Date="Oct"), h(Date=1301), name="nba odds 2009-10.xlsx")
    assert codes(batch) == [(2, "bad-date"), (3, "bad-date"), (4, "bad-date"), (5, "bad-date")]
    assert "'229'" in batch.rejected[0].reason


@pytest.mark.parametrize(
    "name", ["nba odds.xlsx", "nba odds 2007-09.xlsx", "nba odds 2007.xlsx", "nba 2007-08 2008-09.xlsx"]
)
def test_a_file_whose_name_tells_no_season_is_refused(name: str) -> None:
    with pytest.raises(InputRefused) as refused:
        nba(VISITOR, HOST, name=name)
    assert (refused.value.error_code, "nba odds 2007-08.xlsx" in str(refused.value.cause)) == (
        "NO_SEASON",
        True,
    )


def test_a_file_that_begins_before_the_season_of_its_name_is_refused() -> None:
    """The season 2011-12 began at Christmas."""
    with pytest.raises(InputRefused) as refused:
        nba(VISITOR, HOST, name="nba odds 2011-12.xlsx")
    assert refused.value.error_code == "WRONG_SEASON"
    assert "2011-12-25" in str(refused.value.cause)


def test_the_columns_tell_the_league_and_another_one_is_not_taken() -> None:
    assert mlb(VISITORS, HOSTS).league == "mlb"
    for asked in ("nba", "mlb"):
        payload = workbook("mlb-odds-2010.xlsx", [MLB, VISITORS, HOSTS])
        if asked == "mlb":
            assert len(SportsbookReview().parse(payload, LEAGUES[asked], LEAGUES).matches) == 1
            continue
        with pytest.raises(InputRefused) as refused:
            SportsbookReview().parse(payload, LEAGUES[asked], LEAGUES)
        assert (refused.value.error_code, "--league mlb" in str(refused.value.fix)) == ("WRONG_LEAGUE", True)


def test_the_nfl_file_with_the_nba_columns_is_told_by_its_teams() -> None:
    rows = [(v, "NewEngland"), (h, "Dallas"), (v, "GreenBay"), (h, "Chicago"), (v, "NYGiants"), (h, "Tampa")]
    with pytest.raises(InputRefused) as refused:
        nba(*(side(Team=team) for side, team in rows))
    assert refused.value.error_code == "WRONG_LEAGUE"
    assert "GreenBay, NYGiants, NewEngland, Tampa" in str(refused.value.cause)


def test_an_unknown_team_among_known_ones_is_left_as_it_is_for_the_quarantine() -> None:
    batch = nba(v(Team="Portlnad"), HOST, v(Date=1031, Team="Denver"), h(Date=1031, Team="Seattle"))
    assert [(match.home, match.away) for match in batch.matches] == [
        ("Spurs", "Portlnad"),
        ("Thunder", "Nuggets"),
    ]


def test_on_neutral_ground_the_second_row_is_the_nominal_host() -> None:
    (match,) = nba(v(VH="N"), h(VH="N")).matches
    assert (match.home, match.neutral) == ("Spurs", True)


def test_a_lost_row_costs_its_own_game_only() -> None:
    """The visitor's row is missing: odd rotation numbers are visitors, also on neutral ground."""
    later = v(Date=1031, VH="N", Rot=503, Team="Utah"), h(Date=1031, VH="N", Rot=504, Team="Houston")
    for lost in (h(), h(VH="N"), v(), v(VH="N")):
        batch = nba(lost, *later)
        assert (codes(batch), len(batch.matches)) == ([(2, "no-pair")], 1), lost
        assert batch.matches[0].home == "Rockets"


def test_of_two_days_in_a_pair_the_one_whose_rotation_numbers_it_continues_is_taken() -> None:
    before = v(Date=129, Rot=513, Team="NewOrleans"), h(Date=129, Rot=514, Team="Sacramento")
    game = v(Date=129, Rot=515, Team="Charlotte"), h(Date=130, Rot=516, Team="LAClippers")
    after = v(Date=130, Rot=801, Team="Miami"), h(Date=130, Rot=802, Team="OklahomaCity")
    batch = nba(*before, *game, *after)
    assert [match.match_date.day for match in batch.matches] == [29, 29, 30]
    assert codes(batch) == [(5, "date-mismatch")]
    below = v(Date=130, Rot=517, Team="Miami"), h(Date=130, Rot=518, Team="OklahomaCity")
    batch = nba(*game, *below)
    assert [match.match_date.day for match in batch.matches] == [30, 30]
    assert codes(batch) == [(2, "date-mismatch")]


def test_two_days_in_a_pair_that_nothing_settles_are_a_contradiction() -> None:
    alone = v(Date=129), h(Date=130)
    apart = v(Date=129), h(Date=202)
    for game in (alone, apart):
        batch = nba(*game)
        assert (batch.matches, codes(batch)) == ([], [(2, "contradiction"), (3, "contradiction")])


def test_the_same_game_twice_is_refused() -> None:
    batch = nba(VISITOR, HOST, v(Rot=503), h(Rot=504))
    assert (len(batch.matches), codes(batch)) == (1, [(4, "duplicate-match"), (5, "duplicate-match")])


def test_games_of_a_double_header_are_numbered_in_the_order_of_the_file() -> None:
    again = change(VISITORS, MLB, Rot=951), change(HOSTS, MLB, Rot=952)
    batch = mlb(VISITORS, HOSTS, *again, VISITORS, HOSTS)
    assert [match.number for match in batch.matches] == [1, 2]
    assert codes(batch) == [(6, "duplicate-match"), (7, "duplicate-match")]  # its rotation number is used


def test_a_game_without_a_score_was_not_played_and_none_is_made_up() -> None:
    batch = mlb(change(VISITORS, MLB, Final="NL"), change(HOSTS, MLB, Final="NL"))
    assert (batch.matches, batch.quotes, batch.details) == ([], [], [])
    assert codes(batch) == [(2, "not-played"), (3, "not-played")]


def test_a_suspended_game_keeps_its_level_score_for_the_rules() -> None:
    (match,) = mlb(change(VISITORS, MLB, Final=9), HOSTS).matches
    assert (match.home_score, match.away_score) == (9, 9)


def test_periods_are_stats_and_overtime_is_what_the_final_score_has_beyond_level_ones() -> None:
    stats = {record.is_home: record.stats for record in nba(VISITOR, HOST).stats}
    assert stats[True] == {"period_1": 29, "period_2": 30, "period_3": 22, "period_4": 25}
    overtime = nba(v(_4th=29, Final=110), h(Final=118)).stats
    assert [record.stats["period_overtime"] for record in overtime] == [12, 4]


def test_a_final_score_that_its_quarters_deny_is_left_to_the_rule_of_parts() -> None:
    """Phoenix against New York, 13 December 2016: level at 101, and 12:10 as the final score."""
    batch = nba(v(_4th=29, Final=10), h(Final=12))
    assert [(match.home_score, match.away_score) for match in batch.matches] == [(12, 10)]
    assert [sum(record.stats.values()) for record in batch.stats] == [106, 106]


def test_an_inning_that_was_not_played_is_no_stat() -> None:
    stats = {record.is_home: record.stats for record in mlb(VISITORS, HOSTS).stats}
    assert (len(stats[True]), len(stats[False])) == (8, 9)
    assert sum(stats[True].values()) == 9


def test_a_period_that_cannot_be_costs_the_periods_of_its_team_and_not_the_game() -> None:
    batch = nba(v(_1st=103, _2nd=-54), HOST)
    assert (len(batch.matches), codes(batch)) == (1, [(2, "bad-stat")])
    assert [record.is_home for record in batch.stats] == [True]


@pytest.mark.parametrize(
    ("visitor", "host", "expected"),
    [
        (
            (184, 189.5),
            (12.5, 13),
            {"spread_open": -12.5, "spread_close": -13, "total_open": 184, "total_close": 189.5},
        ),
        (
            (3.5, 195),
            (199, 2),
            {"spread_open": 3.5, "spread_close": -2, "total_open": 199, "total_close": 195},
        ),
        (
            ("pk", 190),
            (190, "PK\xa0"),
            {"spread_open": 0, "spread_close": 0, "total_open": 190, "total_close": 190},
        ),
        (("197.5u10", 200), (3, "NL"), {"spread_open": -3, "total_open": 197.5, "total_close": 200}),
        ((-10, 220), (218.5, None), {"spread_open": 10, "total_open": 218.5, "total_close": 220}),
    ],
)
def test_the_larger_number_is_the_total_and_the_spread_is_added_to_the_home_score(
    visitor: Row, host: Row, expected: dict[str, float]
) -> None:
    batch = nba(v(Open=visitor[0], Close=visitor[1]), h(Open=host[0], Close=host[1]))
    assert (lines(batch), batch.rejected) == (expected, [])
    assert all(str(value) != "-0.0" for value in lines(batch).values())


@pytest.mark.parametrize(
    ("visitor", "host", "kept"),
    [
        (47, 2, {"spread_open": -2}),
        (1955.5, 3.5, {"spread_open": -3.5}),
        (216, 1105, {"total_open": 216}),
        (2.5115, 204, {"total_open": 204}),
        ("7.5.", 204, {"total_open": 204}),
    ],
)
def test_a_line_that_cannot_be_is_left_out_and_the_other_kept(
    visitor: object, host: object, kept: object
) -> None:
    batch = nba(v(Open=visitor, Close=None), h(Open=host, Close=None))
    assert (lines(batch), [code for _, code in codes(batch)]) == (kept, ["bad-line"])


def test_an_opening_line_is_known_at_the_decision_moment_and_a_closing_one_after_it() -> None:
    opening, closing = nba(VISITOR, HOST).details
    assert (opening.phase, opening.known_at) == (Phase.SCHEDULE, datetime(2007, 10, 30, 4, tzinfo=UTC))
    assert (closing.phase, closing.known_at) == (Phase.START, datetime(2007, 10, 31, 4, tzinfo=UTC))
    assert set(closing.details) == {"spread_close", "total_close"}


def test_the_moneyline_is_a_closing_quote_and_a_line_without_a_price_is_none() -> None:
    quotes = nba(VISITOR, HOST).quotes
    assert [(q.market, q.outcome, round(q.decimal_odds, 4)) for q in quotes] == [
        (Market.RESULT, Outcome.HOME, 1.0714),
        (Market.RESULT, Outcome.AWAY, 10.0),
    ]
    assert {(q.bookmaker, q.is_closing, q.quoted_at) for q in quotes} == {("consensus", True, None)}
    assert {q.known_at for q in quotes} == {datetime(2007, 10, 31, 4, tzinfo=UTC)}


def test_a_price_that_is_none_is_left_out_and_a_missing_one_is_no_fault() -> None:
    batch = nba(v(ML=8), h(ML=-300))
    assert ([q.outcome for q in batch.quotes], codes(batch)) == ([Outcome.HOME], [(2, "bad-price")])
    batch = nba(v(ML="NL"), h(ML="NL"))
    assert (batch.quotes, batch.rejected) == ([], [])


def test_baseball_has_quotes_on_three_markets_from_columns_without_a_name() -> None:
    quotes = {
        (q.market.value, q.outcome.value, q.is_closing): (q.line, round(q.decimal_odds, 3))
        for q in mlb(VISITORS, HOSTS).quotes
    }
    assert quotes == {
        ("result", "home", False): (None, 1.877),
        ("result", "away", False): (None, 1.943),
        ("result", "home", True): (None, 1.855),
        ("result", "away", True): (None, 2.03),
        ("spread", "home", True): (-1.5, 2.3),
        ("spread", "away", True): (-1.5, 1.667),
        ("total", "over", False): (9, 1.862),
        ("total", "under", False): (9, 1.962),
        ("total", "over", True): (8.5, 1.952),
        ("total", "under", True): (8.5, 1.87),
    }


def test_an_opening_price_is_known_at_the_decision_moment() -> None:
    known = {(q.is_closing, q.known_at) for q in mlb(VISITORS, HOSTS).quotes}
    midnight, end = datetime(2010, 4, 4, 4, tzinfo=UTC), datetime(2010, 4, 5, 4, tzinfo=UTC)
    assert known == {(False, midnight), (True, end)}


def test_files_before_2014_have_no_run_line() -> None:
    left = MLB.index("Run Line")
    rows = [row[:left] + row[left + 2 :] for row in (MLB, VISITORS, HOSTS)]
    batch = SportsbookReview().parse(workbook("mlb-odds-2010.xlsx", rows), None, LEAGUES)
    assert (len(batch.quotes), {q.market for q in batch.quotes}) == (8, {Market.RESULT, Market.TOTAL})


@pytest.mark.parametrize(("column", "value"), [("Run Line", -1.5), ("Close OU", 104), ("Open OU", 9.5)])
def test_lines_of_a_pair_that_do_not_fit_are_no_quotes(column: str, value: float) -> None:
    both = value == 104
    batch = mlb(
        change(VISITORS, MLB, **{column: value}), change(HOSTS, MLB, **{column: value}) if both else HOSTS
    )
    assert (len(batch.quotes), codes(batch)) == (8, [(3, "bad-line")])


def test_starting_pitchers_are_details_of_the_start() -> None:
    (record,) = mlb(VISITORS, HOSTS).details
    assert record.details == {"home_pitcher": "JBECKETT-R", "away_pitcher": "CSABATHIA-L"}
    assert (record.phase, record.known_at) == (Phase.START, datetime(2010, 4, 5, 4, tzinfo=UTC))


@pytest.mark.parametrize("data", [b"", b"season,date\n2008,2007-10-30\n", b"<html>no such page</html>"])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(InputRefused) as refused:
        SportsbookReview().parse(Payload.of("nba odds 2007-08.xlsx", data), None, LEAGUES)
    assert refused.value.error_code in ("EMPTY_FILE", "NOT_THIS_FORMAT")


def test_a_workbook_of_another_sport_is_refused_by_its_columns() -> None:
    header = ["Date", "Rot", "VH", "Team", "1st", "2nd", "3rd", "Final", "Open", "Close"]
    with pytest.raises(InputRefused) as refused:
        SportsbookReview().parse(workbook("nhl odds 2007-08.xlsx", [header, [1]]), None, LEAGUES)
    assert refused.value.error_code == "NOT_THIS_FORMAT"
    assert "4th, ML missing" in str(refused.value.cause)
