"""Matches that stand twice in a file: the same is one, contradictions wait, double headers stay two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.table import ingest_tables
from tests.conftest import Database

MATCHES = """
SELECT m.match_date::text, h.name, m.number, m.home_score, m.away_score
  FROM matches m JOIN teams h ON h.id = m.home_id ORDER BY 1, 2, 3
"""
WAITING = "SELECT line, code, raw FROM quarantine WHERE resolved_at IS NULL ORDER BY line, code"
HEADER = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A"
WON, DREW = "E0,17/08/2024,Leeds,Hull,2,0,H,1.9,3.4,4.1", "E0,17/08/2024,Leeds,Hull,1,1,D,1.9,3.4,4.1"
BOTH = [(2, "contradicting-duplicate"), (3, "contradicting-duplicate")]
CUP = "E0,18/08/2024,Fulham,Derby,1,1,D,2.1,3.3,3.5"
MAPPING = (
    "league: {league}\nrows: matches\ndate: date\nhome: home\naway: away\nhome_score: hs\naway_score: as\n"
)


def asked(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(query).fetchall()


def season(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "E0.csv"
    path.write_text("\n".join([HEADER, *rows, ""]))
    return path


def table(context: Context, tmp_path: Path, league: str, *rows: str) -> None:
    (tmp_path / "m.yaml").write_text(MAPPING.format(league=league))
    (tmp_path / "t.csv").write_text("\n".join(["date,home,away,hs,as", *rows, ""]))
    ingest_tables(context, [tmp_path / "t.csv"], tmp_path / "m.yaml")


def test_rows_that_contradict_each_other_all_wait_with_their_lines(
    context: Context, database: Database, tmp_path: Path
) -> None:
    report = ingest(context, "football-data", [season(tmp_path, WON, CUP, DREW, CUP)])
    assert asked(database, MATCHES) == [("2024-08-18", "Fulham", 1, 1, 1)]
    assert asked(database, WAITING) == [
        (2, "contradicting-duplicate", WON),
        (4, "contradicting-duplicate", DREW),
        (5, "duplicate-match", CUP),
    ]
    assert report.quotes.inserted == 3  # those of the drawn match alone


def test_a_corrected_file_resolves_what_contradicted_itself(
    context: Context, database: Database, tmp_path: Path
) -> None:
    ingest(context, "football-data", [season(tmp_path, WON, CUP, DREW)])
    ingest(context, "football-data", [season(tmp_path, WON, CUP)])
    assert asked(database, WAITING) == []
    assert asked(database, MATCHES)[0] == ("2024-08-17", "Leeds", 1, 2, 0)


def test_a_rule_that_one_of_them_breaks_does_not_make_the_other_right(
    context: Context, database: Database, tmp_path: Path
) -> None:
    absurd = WON.replace("2,0", "99,0")
    ingest(context, "football-data", [season(tmp_path, absurd, WON, CUP)])
    assert [row[:2] for row in asked(database, WAITING)] == [
        (line, "contradicting-duplicate") for line in (2, 3)
    ]


def test_a_played_row_counts_before_the_fixture_above_it(
    context: Context, database: Database, tmp_path: Path
) -> None:
    ingest(context, "football-data", [season(tmp_path, WON.replace("2,0,H", ",,"), WON)])
    assert asked(database, MATCHES) == [("2024-08-17", "Leeds", 1, 2, 0)]


def test_of_prices_that_differ_between_two_rows_of_one_match_none_is_taken(
    context: Context, database: Database, tmp_path: Path
) -> None:
    report = ingest(context, "football-data", [season(tmp_path, WON, WON.replace("1.9", "1.8"))])
    assert report.matches.inserted == 1
    assert report.quotes.inserted == 2  # the draw and the visitor
    assert [row[1] for row in asked(database, WAITING)] == ["contradicting-duplicate", "duplicate-match"]


def test_two_results_of_a_day_are_a_double_header_where_the_league_has_such(
    context: Context, database: Database, tmp_path: Path
) -> None:
    mets, sox = "2024-07-01,New York Mets,Chicago Cubs,", "2024-07-02,Boston Red Sox,Chicago Cubs,3,2"
    table(context, tmp_path, "mlb", mets + "3,2", mets + "1,8", sox, sox)
    assert asked(database, MATCHES) == [
        ("2024-07-01", "Mets", 1, 3, 2),
        ("2024-07-01", "Mets", 2, 1, 8),
        ("2024-07-02", "Red Sox", 1, 3, 2),
    ]
    assert [row[:2] for row in asked(database, WAITING)] == [(5, "duplicate-match")]


def test_two_results_of_a_day_contradict_each_other_elsewhere(
    context: Context, database: Database, tmp_path: Path
) -> None:
    hawks = "2024-01-01,Atlanta Hawks,Chicago Bulls,"
    table(
        context,
        tmp_path,
        "nba",
        hawks + "99,98",
        hawks + "98,99",
        "2024-01-01,Boston Celtics,Utah Jazz,90,80",
    )
    assert asked(database, MATCHES) == [("2024-01-01", "Celtics", 1, 90, 80)]
    assert [row[:2] for row in asked(database, WAITING)] == [
        (line, "contradicting-duplicate") for line in (2, 3)
    ]


def event(number: int, home: int, away: int, host: str = "Atlanta Hawks") -> dict[str, Any]:
    sides = [("home", host, home), ("away", "Chicago Bulls", away)]
    return {
        "id": str(number),
        "date": "2024-01-15T00:30Z",
        "season": {"year": 2024, "type": 2},
        "competitions": [
            {
                "status": {"type": {"name": "STATUS_FINAL", "completed": True}},
                "competitors": [
                    {"homeAway": side, "score": str(score), "team": {"displayName": name}}
                    for side, name, score in sides
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("events", "stored", "codes"),
    [
        ([event(1, 90, 80), event(2, 80, 90)], 0, ["contradicting-duplicate"] * 2),
        ([event(1, 90, 80), event(1, 80, 90)], 0, ["contradicting-duplicate"] * 2),
        ([event(1, 90, 80), event(2, 90, 80)], 1, ["duplicate-match"]),
        ([event(1, 90, 80), event(1, 90, 80)], 1, ["duplicate-match"]),
    ],
)
def test_events_of_one_match_are_settled_alike(
    context: Context, database: Database, tmp_path: Path, events: list[Any], stored: int, codes: list[str]
) -> None:
    path = tmp_path / "scoreboard.json"
    other = event(9, 70, 60, "Boston Celtics")
    path.write_text(json.dumps({"leagues": [{"slug": "nba"}], "events": [*events, other]}))
    ingest(context, "espn", [path])
    assert (len(asked(database, MATCHES)), [row[1] for row in asked(database, WAITING)]) == (
        stored + 1,
        codes,
    )
