"""Words for nothing are blank cells, and columns are known in any case and with any blanks, everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sportsplat.domain import Batch, MatchStatus
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload
from sportsplat.sources.reading.header import spelled
from sportsplat.sources.table.mapping import parse_mapping
from sportsplat.sources.table.match_rows import read_matches
from sportsplat.sources.table.open import open_table
from sportsplat.sources.table.quotes import QuoteTable
from tests.workbooks import workbook

LEAGUES = load_leagues()
NOTHING = ["nan", "NaN", "None", "none", "<NA>", "NULL", "null", "-", "NaT", "N/A", "n/a", "NA"]

FOOTBALL = (
    "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HS,AS,B365H,B365D,B365A,BbAHh,BbAvAHH,BbAvAHA,PSCH\n"
    "E0,17/08/2024,15:00,Arsenal,Wolves,2,0,H,1,9,4,1.2,6,11,-1.5,1.9,1.9,1.21\n"
)
NBA = (
    "SEASON_ID,TEAM_ID,TEAM_ABBREVIATION,TEAM_NAME,GAME_ID,GAME_DATE,MATCHUP,WL,MIN,FGM,FGA,FG3M,FG3A,FTM,FTA,"
    "OREB,DREB,REB,AST,STL,BLK,TOV,PF,PTS,PLUS_MINUS\n"
    "22023,1610612738,BOS,Boston Celtics,0022300901,2024-02-01,BOS vs. CHI,W,240,40,80,10,30,10,12,10,30,40,"
    "25,7,5,12,18,100,10\n"
    "22023,1610612741,CHI,Chicago Bulls,0022300901,2024-02-01,CHI @ BOS,L,240,35,85,8,28,12,15,9,28,37,20,"
    "6,4,13,19,90,-10\n"
)
NFL = (
    "game_id,season,game_type,week,gameday,gametime,away_team,away_score,home_team,home_score,location,result,total,"
    "home_moneyline,away_moneyline,spread_line,home_spread_odds,away_spread_odds,roof,temp\n"
    "2023_01_DET_KC,2023,REG,1,2023-09-07,20:20,DET,21,KC,20,Home,-1,41,-198,164,4,-110,-110,outdoors,70\n"
)
BETTING = (
    "season,date,regular,playoffs,away,home,score_away,score_home,q1_away,q1_home,spread,total,whos_favored,"
    "moneyline_away,moneyline_home\n"
    "2024,2024-02-01,True,False,chi,bos,90,100,20,30,5.5,220.5,home,300,-400\n"
)
GAMES = (
    "GAME_DATE_EST,GAME_ID,GAME_STATUS_TEXT,HOME_TEAM_ID,VISITOR_TEAM_ID,SEASON,TEAM_ID_home,PTS_home,FG_PCT_home,"
    "PTS_away,AST_away,HOME_TEAM_WINS\n"
    "2019-02-01,21800901,Final,1610612738,1610612741,2018,1610612738,100,0.5,90,20,1\n"
)
ELO = (
    "date,season,neutral,playoff,team1,team2,elo1_pre,elo_prob1,elo_prob2,raptor_prob1,raptor_prob2,score1,score2\n"
    "2019-02-01,2019,0,,BOS,CHI,1500,0.6,0.4,0.7,0.3,100,90\n"
)
SPI = (
    "date,league,team1,team2,spi1,spi2,prob1,prob2,probtie,score1,score2,xg1,xg2\n"
    "2019-02-02,Barclays Premier League,Arsenal,Wolverhampton,80,70,0.5,0.2,0.3,2,0,1.5,0.5\n"
)
CHECKING = (
    "season,date,team1,team2,prob1,prob1_outcome,prob2,prob2_outcome\n"
    "2019,2019-02-01,Celtics,Bulls,0.7,1,0.3,0\n2019,2019-02-02,Lakers,Warriors,0.4,0,0.6,1\n"
)
FILES = {
    "football-data": FOOTBALL,
    "nba-stats": NBA,
    "nflverse": NFL,
    "kaggle-nba-betting": BETTING,
    "kaggle-nba-games": GAMES,
    "fivethirtyeight-nba": ELO,
    "fivethirtyeight-soccer-spi": SPI,
    "fivethirtyeight-checking-our-work": CHECKING,
}
REVIEW: list[list[Any]] = [
    [
        *("Date", "Rot", "VH", "Team", "Pitcher"),
        *("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th"),
        *("Final", "Open", "Close", "Run Line", None, "Open OU", None, "Close OU", None),
    ],
    [404, 901, "V", "NYY", "CSABATHIA-L", *[0] * 8, 1, 1, 110, 120, 1.5, -150, 8, -110, 8.5, -105],
    [404, 902, "H", "BOS", "JBECKETT-R", *[0] * 8, 3, 3, -120, -130, -1.5, 130, 8, -110, 8.5, -115],
]


def facts(batches: list[Batch]) -> list[Any]:
    return [
        (
            batch.matches,
            batch.quotes,
            batch.stats,
            batch.forecasts,
            batch.details,
            [r.code for r in batch.rejected],
        )
        for batch in batches
    ]


def read(source: str, text: str) -> list[Batch]:
    return get_source(source).batches(Payload.of("nba_x.csv", text.encode()), None, LEAGUES)


def spaced(header: str) -> str:
    return ",".join(f" {name[:2]} {name[2:]}" for name in header.split(","))


@pytest.mark.parametrize("source", FILES)
@pytest.mark.parametrize("write", [str.lower, str.upper, spaced, str.title])
def test_a_header_in_another_case_or_with_blanks_reads_the_same(
    source: str, write: Callable[[str], str]
) -> None:
    header, rows = FILES[source].split("\n", 1)
    expected = facts(read(source, FILES[source]))
    assert expected[0][0] or expected[0][3]
    assert facts(read(source, f"{write(header)}\n{rows}")) == expected


@pytest.mark.parametrize("write", [str.lower, str.upper, lambda name: name.replace(" ", "")])
def test_the_columns_of_a_workbook_are_known_alike(write: Callable[[str], str]) -> None:
    def batch(header: list[Any]) -> list[Any]:
        payload = workbook("mlb odds 2010.xlsx", [header, *REVIEW[1:]])
        return facts(get_source("sportsbookreview").batches(payload, None, LEAGUES))

    expected = batch(REVIEW[0])
    assert len(expected[0][1]) == 10
    assert batch([name and write(name) for name in REVIEW[0]]) == expected


def test_a_column_under_its_own_name_is_taken_before_one_that_differs_in_case() -> None:
    assert spelled(["hometeam", "HomeTeam", "bs"], ["HomeTeam", "BS"]) == ["hometeam", "HomeTeam", "BS"]
    assert spelled(["b365h"], ["B365H", "b365H"]) == ["b365h"]


@pytest.mark.parametrize("word", NOTHING)
def test_a_word_for_nothing_is_a_blank_cell_of_a_season_file(word: str) -> None:
    header, row = FOOTBALL.strip().split("\n")
    coming = row.replace("2,0,H,1,9,4", ",,,,,").replace("1.2,6,11,-1.5,1.9,1.9,1.21", ",,,,,,")
    words = [cell or word for cell in coming.split(",")]
    (batch,) = read("football-data", f"{header}\n{','.join(words)}\n")
    assert [match.status for match in batch.matches] == [MatchStatus.SCHEDULED]
    assert (batch.quotes, batch.stats, batch.rejected) == ([], [], [])


@pytest.mark.parametrize("word", NOTHING)
def test_a_game_of_nflverse_to_come_may_hold_them(word: str) -> None:
    row = f"2026_15_A,2026,REG,15,2026-12-20,13:00,CLE,{word},CIN,{word},Home,{','.join([word] * 9)}"
    (batch,) = read("nflverse", f"{NFL.split(chr(10))[0]}\n{row}\n")
    assert [(match.status, batch.rejected) for match in batch.matches] == [(MatchStatus.SCHEDULED, [])]


MAPPING = """\
league: epl
rows: matches
date: day
home: home
away: away
home_score: hs
away_score: as
stage: stage
stats: {shots: [sh, sa]}
forecasts: [{publisher: {value: guru}, probabilities: [ph, pd, pa]}]
quotes: [{bookmaker: book, odds: {home: oh, draw: od, away: oa}}]
"""
COLUMNS = ["day", "home", "away", "hs", "as", "stage", "sh", "sa", "ph", "pd", "pa", "book", "oh", "od", "oa"]
ROW = [
    "2024-08-17",
    "Arsenal",
    "Wolves",
    "2",
    "0",
    "",
    "9",
    "4",
    "0.5",
    "0.3",
    "0.2",
    "acme",
    "1.2",
    "6",
    "11",
]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("word", NOTHING)
def test_a_word_for_nothing_is_a_blank_cell_of_a_table(tmp_path: Path, suffix: str, word: str) -> None:
    coming = [ROW[0], "Everton", ROW[2], *[word] * 12]
    path = tmp_path / f"t.{suffix}"
    frame = pd.DataFrame([ROW, coming, [word] * 15], columns=pd.Index(COLUMNS))
    if suffix == "csv":
        frame.to_csv(path, index=False)
    elif suffix == "xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_parquet(path)
    batch = read_matches(open_table(path), parse_mapping(MAPPING, path).mapping, LEAGUES["epl"])
    assert (batch.rows_read, batch.rejected) == (2, [])
    assert [match.status for match in batch.matches] == [MatchStatus.FINAL, MatchStatus.SCHEDULED]
    assert (len(batch.stats), len(batch.forecasts), len(batch.quotes)) == (2, 1, 3)


def test_a_word_that_the_mapping_translates_is_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "day,home,away,side,price\n2024-08-17,Arsenal,Wolves,-,1.9\n2024-08-17,Arsenal,Wolves,NULL,3\n"
    )
    mapping = """\
{league: epl, rows: quotes, date: day, home: home, away: away, bookmaker: {value: acme}, odds: price,
 outcome: {column: side, values: {"-": home}}}
"""
    table = QuoteTable(open_table(path), parse_mapping(mapping, path).mapping, LEAGUES["epl"])
    assert sum(len(prices.row) for _, prices in table.prices()) == 1
    assert [(row.line, row.code) for row in table.batch().rejected] == [(3, "unknown-outcome")]


SIMPLE = "{league: epl, rows: matches, date: day, home: home, away: away, home_score: hs, away_score: as}\n"


@pytest.mark.parametrize(
    "nested",
    [
        pa.array([[1.9], [2.0]]),
        pa.array([{"a": 1}, {"a": 2}]),
        pa.array([[("a", 1)], [("b", 2)]], pa.map_(pa.string(), pa.int64())),
        pa.array([b"\xff\xfe", b"x"]),
    ],
)
def test_a_nested_column_beside_a_bad_row_is_passed_over(tmp_path: Path, nested: pa.Array) -> None:
    path = tmp_path / "t.parquet"
    columns = {
        "day": ["2024-08-17", "2024-08-24"],
        "home": ["Arsenal", "Chelsea"],
        "away": ["Wolves", "Arsenal"],
        "hs": ["2", "x"],
        "as": ["0", "2"],
    }
    pq.write_table(
        pa.table({**{name: pa.array(cells) for name, cells in columns.items()}, "m": nested}), path
    )
    batch = read_matches(open_table(path), parse_mapping(SIMPLE, path).mapping, LEAGUES["epl"])
    assert [match.home for match in batch.matches] == ["Arsenal"]
    (refused,) = batch.rejected
    assert (refused.line, refused.code) == (3, "impossible-score")
    assert '"home": "Chelsea"' in refused.raw


def test_a_nested_column_that_is_mapped_is_told_with_its_type(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"day": ["2024-08-17"], "home": [["Arsenal"]], "away": ["Wolves"]}), path)
    table = open_table(path)
    declared = parse_mapping("{league: epl, rows: matches, date: day, home: home, away: away}\n", path)
    with pytest.raises(InputRefused, match="has values that are not plain") as refused:
        declared.check_columns(str(path), table.header, table.unread)
    assert "list<" in str(refused.value.cause)


@pytest.mark.parametrize(
    ("asked", "likely"),
    [("As", "as"), ("AS", "as"), ("home team", "Home Team"), ("HOMETEAM", "Home Team"), ("Dat", "date")],
)
def test_a_typo_in_a_mapping_gets_the_likeliest_column(tmp_path: Path, asked: str, likely: str) -> None:
    declared = parse_mapping(
        f"{{league: epl, rows: matches, date: {asked}, home: h, away: a}}\n", tmp_path / "m.yaml"
    )
    with pytest.raises(InputRefused, match=f"did you mean '{likely}'") as refused:
        declared.check_columns("t.csv", ["date", "Home Team", "hs", "as", "h", "a", "asst"])
    assert refused.value.error_code == "UNKNOWN_COLUMN"
