"""What a season should have, shares as people see them, and which findings follow from counts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from sportsplat.quality import page as heat
from sportsplat.quality.coverage import cell, share_in_words
from sportsplat.quality.facts import (
    ConflictCount,
    Ingest,
    OddOffer,
    OverdueFixtures,
    Pause,
    PriceCount,
    RepeatedPairing,
    TeamCount,
    WaitingRows,
)
from sportsplat.quality.findings import findings
from sportsplat.quality.page import GENERATOR, render_page
from sportsplat.quality.report import report
from sportsplat.quality.seasons import expected, longest_usual_pause, season_label
from tests.quality_pictures import (
    CLUBS,
    EPL,
    LEAGUES,
    NOW,
    TODAY,
    clubs,
    facts,
    found,
    picture,
    priced,
    whole,
)


@pytest.mark.parametrize(
    ("played", "season_matches", "usual_teams", "over", "matches", "about"),
    [
        ([42] * 22, 38, 20, True, 462, False),  # the Premier League of 1993 had 22 clubs
        ([20] * 20, 38, 20, False, 380, False),  # half of a season that goes on
        ([30] * 10 + [38] * 10, 38, 20, True, 380, False),
        ([50] * 29, 82, 30, True, 725, False),  # the lock-out of 1998: all played 50
        ([41] * 30, 82, 30, False, 1230, True),  # a season that goes on is no short one
        ([82] * 28 + [81] * 2, 82, 30, True, 1230, False),  # one game of 2012 was called off
        ([64, 67, 75, 75, 70, 66], 82, 30, True, 246, True),
        ([10] * 30, 82, 30, True, 1230, True),  # too few to be a whole season of its own
    ],
)
def test_a_double_round_robin_tells_how_many_matches_there_are_and_the_declared_number_elsewhere(
    played: list[int], season_matches: int, usual_teams: int, over: bool, matches: int, about: bool
) -> None:
    assert expected(played, season_matches, usual_teams, over=over) == (matches, about)


def test_no_number_of_matches_is_expected_of_a_season_that_was_abandoned() -> None:
    stored = facts(whole(2018), whole(2019, final=288, regular=288, regular_final=288), whole(2020))
    assert [one.season for one in found(stored, "incomplete-season")] == [2019]
    assert found(stored, "incomplete-season", league=replace(EPL, uneven_seasons=frozenset({2019}))) == []


def test_teams_of_an_uneven_season_may_have_few_matches_but_a_misspelt_one_is_told() -> None:
    uneven = replace(EPL, uneven_seasons=frozenset({2019}))
    teams = [
        *clubs(2019),
        TeamCount(2019, "Tonawanda", 1, "football-data"),
        TeamCount(2019, "Dayton", 12, "football-data"),
        TeamCount(2019, "Actonn", 1, "table"),
    ]
    stored = facts(whole(2018), whole(2019), teams=[*clubs(2018), *teams])
    assert len(found(stored, "few-matches")) == 1
    assert len(found(stored, "stray-team")) == 2
    assert found(stored, "few-matches", league=uneven) == []
    (stray,) = found(stored, "stray-team", league=uneven)
    assert stray.next == "sportsplat teams merge epl Actonn Acton"


@pytest.mark.parametrize(
    ("share", "words"), [(0.0, "0"), (0.004, "<1"), (0.29, "29"), (379 / 380, "99"), (1.0, "100")]
)
def test_a_hundred_per_cent_is_every_match_and_zero_is_none(share: float, words: str) -> None:
    assert share_in_words(share) == words


def test_every_whole_per_cent_is_shown_as_itself() -> None:
    assert [share_in_words(part / 100) for part in range(1, 101)] == [str(part) for part in range(1, 101)]


@pytest.mark.parametrize(
    ("count", "of", "step"), [(0, 10, 0), (1, 1000, 1), (99, 100, 9), (5, 5, 10), (7, 5, 10), (0, 0, None)]
)
def test_the_darkest_cell_is_every_match_and_an_empty_one_none(count: int, of: int, step: int | None) -> None:
    assert cell(count, of).step == step


def test_a_long_pause_does_not_make_itself_usual() -> None:
    pauses = [Pause(2019, TODAY, TODAY, days) for days in (100, 14, 13)]
    assert longest_usual_pause(pauses) == 42
    assert longest_usual_pause([]) == 14


def test_a_season_is_named_by_both_years_where_it_ends_in_the_next() -> None:
    assert (season_label(EPL, 1999), season_label(LEAGUES["mlb"], 1999)) == ("1999/00", "1999")


def test_whole_seasons_that_are_up_to_date_have_no_errors_and_no_warnings() -> None:
    told = findings(picture(facts(whole(2020), whole(2021))))
    assert {one.severity for one in told} == {"info"}


def test_each_season_missing_in_between_is_an_error_with_its_command() -> None:
    missing = found(facts(whole(2017), whole(2020)), "missing-season")
    assert [(one.severity, one.where) for one in missing] == [("error", "2018/19"), ("error", "2019/20")]
    assert missing[0].next == "sportsplat ingest football-data --league epl --season 2018"


@pytest.mark.parametrize(("matches", "severity"), [(379, "info"), (300, "error")])
def test_a_season_that_is_over_with_fewer_matches_than_there_are_pairs_is_incomplete(
    matches: int, severity: str
) -> None:
    short = whole(2020, final=matches, regular=matches, regular_final=matches)
    (one,) = found(facts(short, whole(2021)), "incomplete-season")
    assert (one.severity, one.where) == (severity, "2020/21")
    assert f"{matches} of 380 matches are stored: {380 - matches} missing" in one.what


def test_matches_that_were_cancelled_are_not_missing() -> None:
    called_off = whole(2020, final=379, regular=379, regular_final=379, cancelled=1)
    (one,) = found(facts(called_off, whole(2021)), "cancelled-matches")
    assert (one.severity, one.what) == ("info", "379 of 380 matches are stored: 1 match cancelled")
    assert not found(facts(called_off, whole(2021)), "incomplete-season")


def test_a_season_that_goes_on_is_not_called_incomplete() -> None:
    begun = whole(2021, final=100, regular=100, regular_final=100, last_result=date(2021, 11, 1))
    told = findings(picture(facts(whole(2020), begun), today=date(2021, 11, 3)))
    assert {one.code for one in told if one.season == 2021} == {"season-going-on"}


def test_more_matches_than_pairs_are_told() -> None:
    (one,) = found(facts(whole(2020, final=381, regular=381)), "too-many-matches")
    assert "1 too many" in one.what


def test_more_results_than_pairs_are_an_error_where_every_pair_meets_twice() -> None:
    stored = facts(whole(2020, final=381, regular=381, regular_final=381))
    assert [one.severity for one in found(stored, "too-many-matches")] == ["error"]
    varied = replace(EPL, meetings=None)
    assert [one.severity for one in found(stored, "too-many-matches", league=varied)] == ["warning"]


def test_a_pair_that_met_too_often_is_an_error_but_in_an_uneven_season() -> None:
    days = [date(2020, 9, 1), date(2021, 1, 9)]
    stored = facts(whole(2020), repeated=[RepeatedPairing(2020, "Club A", "Club B", days)])
    (one,) = found(stored, "repeated-pair")
    assert (one.severity, one.where) == ("error", "2020/21")
    assert not found(stored, "repeated-pair", league=replace(EPL, uneven_seasons=frozenset({2020})))


def test_a_team_with_hardly_a_match_is_an_error_once_the_others_have_played_enough() -> None:
    stray = TeamCount(2021, "Tonawanda", 1, "football-data")
    autumn = date(2021, 10, 1)
    for matches, severity in ((7, "warning"), (8, "error")):
        stored = facts(whole(2021), teams=[stray, *clubs(2021, matches)])
        assert [one.severity for one in found(stored, "stray-team", today=autumn)] == [severity]


@pytest.mark.parametrize(
    ("code", "meetings"),
    [("epl", 2), ("league-two", 2), ("brasileirao", 2), ("scottish-league-one", 4),
     ("scottish-premiership", None), ("greek-super-league", None), ("mls", None), ("champions-league", None),
     ("nba", None)],
)  # fmt: skip
def test_leagues_declare_how_often_their_pairs_meet(code: str, meetings: int | None) -> None:
    assert LEAGUES[code].meetings == meetings


def test_a_misspelt_team_is_named_with_the_command_that_would_join_it() -> None:
    season = whole(2020)
    stray = TeamCount(2020, "Camdenn", 1, "espn")
    (one,) = found(facts(season, teams=[stray, *clubs(2020)]), "stray-team")
    assert "Camdenn has 1 match, the others 38" in one.what
    assert one.next == "sportsplat teams merge epl Camdenn Camden"
    assert not found(facts(season, teams=[stray, *clubs(2020)]), "incomplete-season")


def test_a_misspelt_team_is_found_by_every_spelling_of_the_one_that_is_meant() -> None:
    """'Manchester Untied' is nearly 'Manchester United', which is declared as a spelling of Man United."""
    stray = TeamCount(2020, "Manchester Untied", 1, "table")
    teams = [stray, *clubs(2020, names=[*CLUBS[1:], "Man United"])]
    (one,) = found(facts(whole(2020), teams=teams), "stray-team")
    assert one.next == "sportsplat teams merge epl 'Manchester Untied' 'Man United'"


def test_a_neighbour_is_not_to_be_joined() -> None:
    """Two clubs of one town are alike in most letters, and a merge cannot be taken back."""
    stray = TeamCount(2020, "Manchester City", 1, "table")
    teams = [stray, *clubs(2020, names=[*CLUBS[1:], "Manchester United"])]
    bare = replace(EPL, spellings={}, clubs=())
    (one,) = found(facts(whole(2020), teams=teams), "stray-team", league=bare)
    assert "teams merge" not in str(one.next)


def test_a_declared_team_with_few_matches_is_not_to_be_joined() -> None:
    teams = [TeamCount(2020, "Bristol City", 1, "table"), *clubs(2020, names=[*CLUBS[1:], "Bristol Rvs"])]
    (one,) = found(facts(whole(2020), teams=teams), "stray-team")
    assert one.next == "sportsplat ingest football-data --league epl --season 2020"


def test_a_stray_that_is_like_no_team_is_to_be_ingested_again() -> None:
    stored = facts(whole(2020), teams=[TeamCount(2020, "Xyz", 1, "espn"), *clubs(2020)])
    (one,) = found(stored, "stray-team")
    assert one.next == "sportsplat ingest football-data --league epl --season 2020"


def test_teams_with_far_fewer_matches_than_the_others_are_named() -> None:
    teams = [*clubs(2020, names=CLUBS[1:]), *clubs(2020, 25, CLUBS[:1])]
    (one,) = found(facts(whole(2020), teams=teams), "few-matches")
    assert "Acton 25" in one.what


@pytest.mark.parametrize(("regular", "severity"), [(380, "info"), (300, "warning")])
def test_a_long_pause_matters_where_matches_are_missing(regular: int, severity: str) -> None:
    pauses = [*facts(whole(2018)).pauses, Pause(2019, date(2020, 3, 9), date(2020, 6, 17), 100)]
    stored = facts(whole(2018), whole(2019, regular=regular), pauses=pauses)
    (one,) = found(stored, "long-pause")
    assert (one.severity, one.where) == (severity, "2019/20")
    assert "no match for 100 days, between 2020-03-09 and 2020-06-17" in one.what


@pytest.mark.parametrize(("days_ago", "severity"), [(1, "warning"), (3, "warning"), (4, "error")])
def test_a_fixture_whose_day_is_over_waits_some_days_for_its_result(days_ago: int, severity: str) -> None:
    day = TODAY - timedelta(days_ago)
    (one,) = found(
        facts(whole(2021), unplayed=[OverdueFixtures(2021, "espn", "scheduled", 2, day, day)]),
        "unplayed-past-fixture",
    )
    assert (one.severity, one.next) == (severity, "sportsplat ingest espn --league epl --season 2021")
    assert "2 matches without a result although the day is over, espn" in one.what


def test_contradicting_scores_are_warnings_and_other_fields_notes() -> None:
    conflicts = [
        ConflictCount(2019, "espn", "football-data", "score", 1),
        ConflictCount(2020, "espn", "football-data", "score", 2),
        ConflictCount(2020, "espn", "football-data", "date", 4),
    ]
    date_one, score = sorted(
        found(facts(whole(2019), whole(2020), conflicts=conflicts), "conflict"), key=lambda one: one.what
    )
    assert (score.severity, score.where) == ("warning", "2019/20 to 2020/21")
    assert score.what == "espn has a different score from football-data (the value in use) for 3 matches"
    assert score.next == "sportsplat data conflicts epl --field score"
    assert (date_one.severity, date_one.season) == ("info", 2020)


def test_an_unknown_team_in_quarantine_is_an_error_with_the_command_of_its_reason() -> None:
    command = "sportsplat teams alias epl espn 'Wolves FC' Wolves"
    waiting = [
        WaitingRows("espn", "unknown-team", 3, f"'Wolves FC' is no team. {command}", command),
        WaitingRows("football-data", "bad-line", 1, "GBAH is ''", None),
    ]
    unknown, bad = found(facts(whole(2021), quarantine=waiting), "quarantine")
    assert (unknown.severity, unknown.next) == ("error", command)
    assert unknown.what == "3 rows in quarantine, unknown-team: 'Wolves FC' is no team."
    assert (bad.severity, bad.next) == ("warning", "sportsplat quarantine list --source football-data")
    assert bad.what.startswith("1 row in quarantine")


def test_overrounds_that_cannot_be_and_odd_ones_are_told_apart() -> None:
    kind = PriceCount(2020, "bet365", "result", False, 380, 380, 1.05, outside=2)
    odd = OddOffer(2020, date(2020, 9, 12), "Leeds", "Hull", "bet365", "result", False, 1.3, 1.05)
    stored = facts(whole(2020), prices=[kind], odd_offers=[odd])
    (impossible,) = found(stored, "impossible-overround")
    assert impossible.severity == "error"
    assert "2 offers of bet365 result pre-match have an overround outside 0.95 to 1.6" in impossible.what
    (unlike,) = found(stored, "odd-overround")
    assert "Leeds - Hull on 2020-09-12, bet365 result pre-match: 1.300, usually 1.050" in unlike.what


def test_results_that_stopped_in_a_season_are_stale_only_after_a_pause_that_is_long() -> None:
    begun = whole(2021, final=100, regular=380, regular_final=100, last_result=date(2021, 11, 1))
    stored = facts(whole(2020), begun)
    assert not found(stored, "stale", today=date(2021, 12, 1))
    (one,) = found(stored, "stale", today=date(2021, 12, 24))
    assert one.what == "the last result is from 2021-11-01, 53 days ago; the season is still running"


def test_seasons_that_have_begun_since_are_named_in_one_command() -> None:
    (one,) = found(facts(whole(2021)), "stale", today=date(2024, 1, 2))
    assert "nothing is stored of 2022/23 to 2023/24" in one.what
    assert one.next == "sportsplat ingest football-data --league epl --season 2022 --season 2023"


def test_coverage_that_begins_ends_or_thins_out_is_told_by_season() -> None:
    seasons = [whole(season) for season in range(2010, 2015)]
    stored = facts(*seasons, prices=priced({2011: 380, 2012: 200, 2013: 342}))
    (begins,) = found(stored, "coverage-begins")
    (ends,) = found(stored, "coverage-ends")
    (gap,) = found(stored, "coverage-gap")
    assert (begins.where, begins.what) == ("2011/12", "begins here: pinnacle closing")
    assert ends.where == "2013/14"
    assert (gap.severity, gap.where) == ("warning", "2012/13")
    assert gap.what == "less than in the seasons around it: pinnacle closing 52%"
    assert gap.next == "sportsplat ingest football-data --league epl --season 2012"


def test_what_half_of_the_matches_never_have_is_no_gap() -> None:
    """A ninth inning of the home team is not played where it leads: 55% is all there can be."""
    seasons = [whole(season) for season in range(2010, 2013)]
    assert not found(facts(*seasons, prices=priced({2010: 205, 2011: 200, 2012: 210})), "coverage-gap")


def test_a_report_of_one_season_tells_no_other() -> None:
    conflicts = [ConflictCount(season, "espn", "football-data", "score", 1) for season in (2018, 2020)]
    stored = facts(
        whole(2018), whole(2020), conflicts=conflicts, ingests=[Ingest("espn", NOW - timedelta(days=2))]
    )
    data = report(picture(stored), NOW, [2020])
    assert [season.season for season in data.seasons] == [2020]
    assert sum(one.matches for one in data.conflicts) == 1
    assert "missing-season" not in {one.code for one in data.findings}
    assert data.freshness.ingests[0].age_days == 2


def test_the_map_shows_only_kinds_of_which_something_is_stored_single_stats_on_the_page_alone() -> None:
    stored = facts(whole(2020), box_scores={2020: {"": 380, "*": 0, "shots": 190}}, prices=priced({2020: 38}))
    data = report(picture(stored), NOW)
    narrow = [column.key for column in heat.columns(data, details=False)]
    assert narrow == ["box_score", "price:pinnacle:closing"]
    wide = heat.columns(data, details=True)
    assert [column.key for column in wide] == ["box_score", "stat:shots", "price:pinnacle:closing"]
    assert heat.groups(wide) == [("box scores", 2), ("prices", 1)]
    (line,) = heat.lines(data, wide)
    assert line.matches.text == "380/380"
    assert [(one.text, one.hint) for one in line.cells] == [
        ("100", "380 of 380"),
        ("50", "190 of 380"),
        ("10", "38 of 380"),
    ]


def test_the_page_escapes_names_and_loads_nothing() -> None:
    waiting = [WaitingRows("espn", "bad-line", 1, "<script>alert(1)</script>", None)]
    league = replace(EPL, name="A & <b>")
    data = report(picture(facts(whole(2020), quarantine=waiting), league=league), NOW)
    page = render_page(data, [])
    assert GENERATOR in page[:4096]
    assert "<script" not in page
    assert "A &amp; &lt;b&gt;" in page
    assert not [word for word in ("http://", "https://", "url(", "@import", " src=") if word in page]


def test_a_season_with_too_many_matches_is_painted_unlike_a_complete_one() -> None:
    page = render_page(report(picture(facts(whole(2019), whole(2020, final=381, regular=381))), NOW), [])
    body = page[page.index("<tbody>") :]
    assert re.search(r'class="many too-many"[^>]*>381/380<span class="spoken">: too many</span>', body)
    assert re.search(r'class="many s10"[^>]*>380/380</td>', body)
    assert "<span>too many matches</span>" in body
    complete = render_page(report(picture(facts(whole(2020))), NOW), [])
    assert "too many" not in complete[complete.index("<tbody>") :]


def test_no_option_date_or_short_name_of_a_finding_is_broken() -> None:
    waiting = [WaitingRows("espn", "bad-line", 1, "on 2020-09-12 <b>", None)]
    page = render_page(report(picture(facts(whole(2020), quarantine=waiting)), NOW), [])
    for word in ("2020-09-12", "--source", "2020/21", "&lt;b&gt;"):
        assert f"<span class=word>{word}</span>" in page


def test_the_page_of_a_league_without_matches_says_so() -> None:
    data = report(picture(facts()), NOW)
    assert "No data for Premier League is stored." in render_page(data, [])
