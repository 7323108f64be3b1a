"""Two rows of a season workbook that are one game, or that are not."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sportsplat.domain import MatchStatus, Precision
from tests.sportsbookreview import HOST, HOSTS, MLB, VISITOR, VISITORS, change, codes, h, mlb, nba, v


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
