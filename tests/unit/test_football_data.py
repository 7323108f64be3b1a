"""Season files of football-data.co.uk: what is read, what is refused, and that nothing is lost between."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportsplat.domain import Batch, MatchStatus, Precision
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.football_data.source import FootballData
from sportsplat.sources.reading.blanks import is_blank

LEAGUES = load_leagues()
HEADER = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HS,AS"
ROW = "E0,14/08/04,Acton,Barnes,2,1,H,1,0,12,7"


def read(*lines: str, name: str = "E0.csv", encoding: str = "utf-8", end: str = "\n") -> Batch:
    data = end.join((*lines, "")).encode(encoding)
    return FootballData().parse(Payload.of(name, data), None, LEAGUES)


def codes(batch: Batch) -> list[str]:
    return [row.code for row in batch.rejected]


def test_a_row_becomes_a_final_match_known_at_the_end_of_its_day() -> None:
    batch = read(HEADER, ROW)
    (match,) = batch.matches
    assert (batch.league, match.home, match.away) == ("epl", "Acton", "Barnes")
    assert (match.home_score, match.away_score, match.season) == (2, 1, 2004)
    assert (match.precision, match.status) == (Precision.DAY, MatchStatus.FINAL)
    assert match.kickoff_utc == datetime(2004, 8, 13, 23, tzinfo=UTC)  # midnight of British Summer Time
    assert match.known_at == datetime(2004, 8, 14, 23, tzinfo=UTC)


def test_box_scores_are_read_for_both_sides() -> None:
    home, away = read(HEADER, ROW).stats
    assert (home.is_home, home.stats) == (True, {"half_time_goals": 1.0, "shots": 12.0})
    assert (away.is_home, away.stats) == (False, {"half_time_goals": 0.0, "shots": 7.0})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_and_line_end_gives_the_same_match(encoding: str, end: str) -> None:
    (match,) = read(HEADER, ROW.replace("Acton", "Añora"), encoding=encoding, end=end).matches
    assert (match.home, match.away_score) == ("Añora", 1)


@pytest.mark.parametrize("text", ["2004-08-14", "2004-08-14 00:00:00", "2004-08-14T00:00"])
def test_iso_dates_are_read_beside_the_usual_ones(text: str) -> None:
    batch = read(HEADER, ROW.replace("14/08/04", text), ROW.replace("14/08/04", "12/09/04"))
    assert [match.match_date for match in batch.matches] == [date(2004, 8, 14), date(2004, 9, 12)]


def in_order(days: list[date], form: str) -> list[str]:
    clubs = ("Acton", "Barnes", "Chelm", "Deal", "Epsom", "Frome", "Goole", "Hythe")
    pairs = [(home, away) for home in clubs for away in clubs if home != away]
    return [
        f"E0,{day.strftime(form)},{home},{away},2,1,H,1,0,12,7"
        for day, (home, away) in zip(days, pairs, strict=False)
    ]


SEASON = [date(2004, 8, 14) + timedelta(days=5 * week) for week in range(50)]


def test_a_file_saved_again_with_the_month_first_is_read_in_that_order() -> None:
    usual, swapped = read(HEADER, *in_order(SEASON, "%d/%m/%Y")), read(HEADER, *in_order(SEASON, "%m/%d/%Y"))
    assert (len(swapped.matches), swapped.rejected) == (50, [])
    assert swapped.matches == usual.matches


def test_a_file_whose_first_weeks_prove_no_order_has_the_usual_one() -> None:
    days = [date(2004, 9, day) for day in (4, 5, 6, 11, 12)]
    assert [match.match_date for match in read(HEADER, *in_order(days, "%d/%m/%y")).matches] == days


def test_a_mistyped_date_does_not_turn_the_order_of_the_others() -> None:
    rows = in_order(SEASON, "%d/%m/%Y")
    rows[3] = rows[3].replace("29/08/2004", "08/29/2004")
    batch = read(HEADER, *rows)
    assert (len(batch.matches), codes(batch)) == (49, ["bad-date"])


@pytest.mark.parametrize("swapped", [slice(0, 5), slice(0, 45)])
def test_a_file_with_dates_of_both_orders_is_refused_whole(swapped: slice) -> None:
    rows = in_order(SEASON, "%d/%m/%Y")
    rows[swapped] = in_order(SEASON, "%m/%d/%Y")[swapped]
    with pytest.raises(InputRefused) as refused:
        read(HEADER, *rows)
    assert refused.value.error_code == "MIXED_DATES"
    assert "08/14/2004" in (refused.value.cause or "")


def test_a_single_date_of_the_other_order_among_dates_of_either_is_refused() -> None:
    days = [date(2004, 9, day) for day in (4, 5, 6, 8, 11, 12)]
    with pytest.raises(InputRefused) as refused:
        read(HEADER, *in_order(days, "%d/%m/%Y"), ROW.replace("14/08/04", "09/18/2004"))
    assert refused.value.error_code == "MIXED_DATES"


@pytest.mark.parametrize("text", ["14/08/04", "14/08/2004", "14/8/04"])
def test_years_have_two_or_four_digits(text: str) -> None:
    (match,) = read(HEADER, ROW.replace("14/08/04", text)).matches
    assert match.match_date == date(2004, 8, 14)


def test_years_of_the_nineties_belong_to_the_last_century() -> None:
    (match,) = read(HEADER, ROW.replace("14/08/04", "14/08/93")).matches
    assert match.match_date == date(1993, 8, 14)


@pytest.mark.parametrize(
    ("day", "clock", "utc"),
    [
        ("12/09/2020", "12:30", datetime(2020, 9, 12, 11, 30, tzinfo=UTC)),
        ("12/12/2020", "20:00", datetime(2020, 12, 12, 20, tzinfo=UTC)),
    ],
)
def test_the_time_column_is_uk_time_summer_and_winter(day: str, clock: str, utc: datetime) -> None:
    (match,) = read("Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG", f"E0,{day},{clock},Acton,Barnes,0,0").matches
    assert (match.kickoff_utc, match.precision) == (utc, Precision.MINUTE)
    assert match.known_at == utc + LEAGUES["epl"].duration


def test_the_time_column_is_uk_time_in_other_countries_too() -> None:
    (match,) = read("Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG", "N1,09/08/2019,19:00,Delft,Edam,1,1").matches
    assert match.kickoff_utc == datetime(2019, 8, 9, 18, tzinfo=UTC)


def test_an_unreadable_time_leaves_the_match_with_its_day() -> None:
    batch = read("Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG", "E0,12/09/2020,25:00,Acton,Barnes,0,0")
    assert batch.matches[0].precision is Precision.DAY
    assert codes(batch) == ["bad-time"]


def test_rows_wider_than_the_header_keep_their_match_and_prices() -> None:
    batch = read(HEADER + ",B365H,B365D,B365A", ROW + ",1.8,3.4,4.5,,,,", ROW + ",1.8")
    assert len(batch.matches) == 1
    assert len(set(batch.quotes)) == 3
    assert codes(batch) == ["duplicate-match"]


def test_values_right_of_the_header_cost_a_row_its_prices_but_not_its_match() -> None:
    """A comma in a referee's name moves every column after it."""
    batch = read(HEADER + ",B365H", ROW + ",1.8,3.4")
    assert (len(batch.matches), batch.quotes, batch.stats) == (1, [], [])
    assert codes(batch) == ["surplus-fields"]


def test_short_rows_keep_their_match() -> None:
    batch = read(HEADER + ",B365H", ROW[: ROW.index(",1,0,12,7")])
    assert (len(batch.matches), batch.stats, batch.rejected) == (1, [], [])


def test_blank_rows_and_empty_header_cells_are_nothing() -> None:
    batch = read(HEADER + ",,,", ROW + ",,,", ",,,,,,,,,,,,,", "", "   ", ROW.replace("Acton", "Chelm"))
    assert (batch.rows_read, len(batch.matches), batch.rejected) == (2, 2, [])


def test_a_stray_quote_does_not_swallow_the_rows_below_it() -> None:
    batch = read(HEADER, ROW.replace("Acton", '"Acton'), ROW, ROW.replace("Acton", "Chelm"))
    assert [match.home for match in batch.matches] == ["Acton", "Chelm"]
    assert [(row.line, row.code) for row in batch.rejected] == [(2, "missing-team")]


def test_files_without_half_time_scores_are_read() -> None:
    batch = read(
        "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,,,,,", "E0,14/08/93,Acton,Barnes,2,1,H", "E0,,,,,,"
    )
    assert (len(batch.matches), batch.stats, codes(batch)) == (1, [], ["bad-date"])


def test_a_match_without_score_is_scheduled_and_keeps_its_prices() -> None:
    batch = read(HEADER + ",PSH,PSD,PSA", "E0,14/08/04,Acton,Barnes,,,,,,,,1.8,3.4,4.5")
    (match,) = batch.matches
    assert (match.status, match.home_score, match.known_at) == (MatchStatus.SCHEDULED, None, None)
    assert (len(batch.quotes), batch.stats) == (3, [])


def test_scores_written_as_decimals_are_whole_numbers() -> None:
    (match,) = read(HEADER, ROW.replace("2,1,H,1,0", "2.0,1.0,H,1.0,0.0")).matches
    assert (match.home_score, match.away_score) == (2, 1)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (ROW.replace(",2,1,H", ",-2,1,A"), "impossible-score"),
        (ROW.replace(",2,1,H", ",2.5,1,H"), "impossible-score"),
        (ROW.replace(",2,1,H", ",two,1,H"), "impossible-score"),
        (ROW.replace(",2,1,H", ",nan,1,H"), "impossible-score"),
        (ROW.replace(",2,1,H", ",2,,H"), "impossible-score"),
        (ROW.replace(",2,1,H", ",,,H"), "impossible-score"),
        (ROW.replace(",2,1,H", ",2,1,A"), "contradiction"),
        (ROW.replace("14/08/04", "31/02/04"), "bad-date"),
        (ROW.replace("14/08/04", "2004-08-32"), "bad-date"),
        (ROW.replace("14/08/04", ""), "bad-date"),
        (ROW.replace("14/08/04", "14/08/9999"), "bad-date"),
        (ROW.replace("Barnes", " "), "missing-team"),
        (ROW.replace("Barnes", "Acton "), "same-team"),
        (ROW.replace("E0", "E1"), "other-division"),
    ],
)
def test_a_row_without_a_possible_match_is_kept_with_its_reason(row: str, code: str) -> None:
    batch = read(HEADER, ROW.replace("Acton", "Chelm"), ROW.replace("Acton", "Deal"), row)
    (rejected,) = batch.rejected
    assert (rejected.file, rejected.line, rejected.code, rejected.raw) == ("E0.csv", 4, code, row)
    assert batch.rows_read == len(batch.matches) + 1 == 3


def test_impossible_box_scores_are_left_out_and_recorded() -> None:
    batch = read(HEADER, ROW.replace("1,0,12,7", "3,0,-1,7"))
    assert codes(batch) == ["bad-stat", "bad-stat"]  # three goals at half-time of a match that ended 2:1
    (away,) = batch.stats
    assert (away.is_home, away.stats) == (False, {"half_time_goals": 0.0, "shots": 7.0})


def test_shots_on_target_are_no_more_than_shots() -> None:
    batch = read(HEADER + ",HST,AST", ROW + ",12,8")
    assert [(row.code, row.reason) for row in batch.rejected] == [
        ("bad-stat", "AS 7, AST 8: more shots on target than shots")
    ]
    home, away = batch.stats
    assert home.stats == {"half_time_goals": 1.0, "shots": 12.0, "shots_on_target": 12.0}
    assert away.stats == {"half_time_goals": 0.0}


def test_the_same_pair_may_meet_at_home_twice_a_season() -> None:
    batch = read(HEADER, ROW.replace("E0", "SC0"), ROW.replace("E0", "SC0").replace("14/08/04", "15/01/05"))
    assert (batch.league, len(batch.matches), {m.season for m in batch.matches}) == (
        "scottish-premiership",
        2,
        {2004},
    )


def test_a_season_that_ends_in_july_stays_one_season() -> None:
    """2019/20 ran to 26 July 2020."""
    rows = [ROW.replace("14/08/04", day) for day in ("09/08/2019", "26/07/2020")]
    assert [match.season for match in read(HEADER, *rows, name="1920/E0.csv").matches] == [2019, 2019]


def test_a_date_of_another_year_is_refused_in_a_file_of_one_season() -> None:
    rows = [ROW.replace("14/08/04", f"{day:02d}/09/04") for day in range(1, 29)]
    batch = read(HEADER, *rows, ROW.replace("14/08/04", "14/08/14"))
    assert (len(batch.matches), codes(batch)) == (28, ["bad-date"])


def test_joined_seasons_are_told_apart_by_date() -> None:
    batch = read(HEADER, ROW, ROW.replace("/04", "/05"))
    assert [match.season for match in batch.matches] == [2004, 2005]


def test_another_format_is_refused_with_what_was_expected_and_seen() -> None:
    with pytest.raises(InputRefused, match="not a file of football-data") as refused:
        read("date,team1,team2", "2004-08-14,A,B")
    assert refused.value.error_code == "NOT_THIS_FORMAT"
    assert "HomeTeam" in str(refused.value.cause)
    assert "date,team1,team2" in str(refused.value.cause)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("", ""), "EMPTY_FILE"),
        ((HEADER, ",,,"), "EMPTY_FILE"),
        ((HEADER, ROW.replace("E0", "X9")), "UNKNOWN_DIVISION"),
    ],
)
def test_files_without_a_usable_row_are_refused(lines: tuple[str, ...], code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        read(*lines)
    assert refused.value.error_code == code


def test_a_file_of_another_league_than_asked_for_is_refused() -> None:
    payload = Payload.of("SP1.csv", f"{HEADER}\n{ROW.replace('E0', 'SP1')}\n".encode())
    with pytest.raises(InputRefused, match="no match of Premier League") as refused:
        FootballData().parse(payload, LEAGUES["epl"], LEAGUES)
    assert refused.value.error_code == "WRONG_LEAGUE"


CELLS = st.one_of(
    st.text(max_size=12), st.sampled_from(["", "0", "-1", "1e9", "nan", "14/08/04", "99:99", '"'])
)


@given(st.lists(st.lists(CELLS, max_size=14), min_size=1, max_size=4))
def test_whatever_stands_in_a_row_is_a_match_or_a_rejected_row(rows: list[list[str]]) -> None:
    lines = [",".join(cells).replace("\n", " ").replace("\r", " ") for cells in rows]
    batch = read(HEADER + ",Time,B365H,AHh,B365AHH", ROW, *lines)
    told = [line for line in lines if not all(map(is_blank, line.replace('"', "").split(",")))]
    refused = {row.line for row in batch.rejected}
    assert batch.rows_read >= 1 + len(told)
    assert len(batch.matches) <= batch.rows_read <= len(batch.matches) + len(refused)
