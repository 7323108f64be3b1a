"""Season workbooks of sportsbookreviewsonline: days without a year, leagues told by columns and teams."""

from __future__ import annotations

from datetime import date

import pytest

from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.sportsbookreview.source import SportsbookReview
from tests.sportsbookreview import HOST, HOSTS, LEAGUES, MLB, VISITOR, VISITORS, codes, h, mlb, nba, v
from tests.workbooks import workbook


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
