"""fixtures.csv of football-data.co.uk: the coming matches of all divisions, with prices, without results."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sportsplat.domain import Batch, MatchStatus
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload

LEAGUES = load_leagues()
HEADER = "\ufeffDiv,Date,Time,HomeTeam,AwayTeam,Referee,B365H,B365D,B365A,PSH,PSD,PSA"
LINES = (
    HEADER,
    "E0,05/12/2026,15:00,Arsenal,Chelsea,,1.9,3.6,4.1,,,",
    "E1,05/12/2026,15:00,Derby,Norwich,,2.4,3.3,2.9,2.45,3.35,2.95",
    "E0,06/12/2026,,Everton,Fulham,,2,3.5,4,,,",
    "D1,05/12/2026,14:30,Bayern Munich,Dortmund,,1.4,5,7,,,",
)


def read(*lines: str, league: str | None = None) -> list[Batch]:
    payload = Payload.of("fixtures.csv", ("\n".join(lines) + "\n").encode())
    return get_source("football-data").batches(payload, LEAGUES[league] if league else None, LEAGUES)


def test_every_division_becomes_a_batch_of_matches_to_come() -> None:
    batches = read(*LINES)
    assert [(batch.league, batch.rows_read) for batch in batches] == [
        ("bundesliga", 1),
        ("championship", 1),
        ("epl", 2),
    ]
    assert {match.status for batch in batches for match in batch.matches} == {MatchStatus.SCHEDULED}
    assert [match.season for batch in batches for match in batch.matches] == [2026] * 4
    assert [batch.rejected for batch in batches] == [[], [], []]


def test_a_price_of_a_match_to_come_has_no_moment_of_collection() -> None:
    """When it was read is known when it is stored; the Friday of its collection may be ahead."""
    batches = {batch.league: batch for batch in read(*LINES)}
    assert [quote.decimal_odds for quote in batches["epl"].quotes] == [1.9, 2.0, 3.6, 3.5, 4.1, 4.0]
    assert len(batches["championship"].quotes) == 6
    quote = batches["bundesliga"].quotes[0]
    assert (quote.quoted_at, quote.known_at) == (None, datetime(2026, 12, 5, 14, 30, tzinfo=UTC))


def test_one_league_of_the_list_can_be_asked_for() -> None:
    (batch,) = read(*LINES, league="championship")
    assert [(match.home, match.away) for match in batch.matches] == [("Derby", "Norwich")]
    assert batch.rows_read == 1
    with pytest.raises(InputRefused, match="no match of Serie A") as refused:
        read(*LINES, league="serie-a")
    assert refused.value.error_code == "WRONG_LEAGUE"


def test_a_division_that_no_league_declares_is_told_once() -> None:
    first, *others = read(*LINES, *["X9,05/12/2026,15:00,Acton,Barnes,,2,3,4,,,"] * 2, "X8,,,,,,,,,,,")
    told = [(row.line, row.code) for row in first.rejected]
    assert told == [(6, "undeclared-league"), (8, "undeclared-league")]
    assert "'X9' here and in 1 more rows" in first.rejected[0].reason
    assert sum(batch.rows_read for batch in (first, *others)) == 7


def test_a_list_of_fixtures_of_unknown_divisions_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        read(HEADER, "X9,05/12/2026,15:00,Acton,Barnes,,2,3,4,,,")
    assert refused.value.error_code == "UNKNOWN_DIVISION"


@pytest.mark.parametrize("name", ["FTR", "HTHG", "HS"])
def test_a_season_file_that_lost_its_scores_is_no_list_of_fixtures(name: str) -> None:
    with pytest.raises(InputRefused, match="no column FTHG and no column FTAG") as refused:
        read(f"{HEADER},{name}", *LINES[1:])
    assert refused.value.error_code == "MISSING_COLUMN"


def test_blank_columns_of_results_are_no_results() -> None:
    lines = [f"{HEADER},FTHG,FTAG,FTR", *(f"{line},,," for line in LINES[1:])]
    assert [batch.league for batch in read(*lines)] == ["bundesliga", "championship", "epl"]


def test_a_file_of_extra_leagues_is_named_as_such() -> None:
    with pytest.raises(InputRefused, match="files of extra leagues") as refused:
        read(
            "Country,League,Season,Date,Time,Home,Away,HG,AG,Res,PSCH,PSCD,PSCA",
            "Argentina,Liga,2024,10/05/2024,01:15,Boca,River,2,2,D,2.3,3.1,3.6",
        )
    assert refused.value.error_code == "NOT_THIS_FORMAT"
    assert "sportsplat ingest table fixtures.csv --suggest" in str(refused.value.fix)
