"""`--suggest`: columns are recognised by their names and by what stands in them."""

from __future__ import annotations

from pathlib import Path

import yaml

from sportsplat.leagues import load_leagues
from sportsplat.sources.table_blocks import open_table
from sportsplat.sources.table_mapping import Mapping
from sportsplat.sources.table_suggest import Suggestion, suggest
from tests.tables import write_csv


def suggested(folder: Path, header: tuple[str, ...], *rows: tuple[str, ...]) -> Suggestion:
    found = suggest(open_table(write_csv(folder / "x.csv", rows, header)), load_leagues())
    if "LEAGUE" not in str(found.mapping):
        Mapping.model_validate(yaml.safe_load(yaml.safe_dump(found.mapping)))
    return found


def test_matches_with_american_odds_are_recognised(tmp_path: Path) -> None:
    found = suggested(
        tmp_path,
        (
            "game_date",
            "home_team",
            "away_team",
            "home_score",
            "away_score",
            "home_ml",
            "away_ml",
            "attendance",
        ),
        ("2019-12-25", "Boston Celtics", "Toronto Raptors", "118", "102", "-150", "130", "18,624"),
        ("2019-12-26", "Denver Nuggets", "Chicago Bulls", "98", "102", "-110", "-110", "19,520"),
    )
    assert found.mapping == {
        "league": "nba",
        "rows": "matches",
        "date": "game_date",
        "home": "home_team",
        "away": "away_team",
        "home_score": "home_score",
        "away_score": "away_score",
        "quotes": [
            {
                "bookmaker": {"value": "BOOKMAKER"},
                "odds": {"home": "home_ml", "away": "away_ml"},
                "format": "american",
                "closing": {"value": False},
            }
        ],
    }
    assert found.unplaced == [{"column": "attendance", "examples": ["18,624", "19,520"]}]


def test_prices_a_row_are_recognised_and_their_words_translated(tmp_path: Path) -> None:
    found = suggested(
        tmp_path,
        ("commence_time", "home_team", "away_team", "bookmaker", "market", "outcome", "point", "price"),
        ("2019-12-25T20:00:00Z", "Boston Celtics", "Toronto Raptors", "acme", "h2h", "home", "", "1.8"),
        (
            "2019-12-25T20:00:00Z",
            "Boston Celtics",
            "Toronto Raptors",
            "acme",
            "totals",
            "over",
            "210.5",
            "1.9",
        ),
    )
    assert found.mapping["rows"] == "quotes"
    assert found.mapping["kickoff"] == "commence_time"
    assert found.mapping["market"] == {"column": "market", "values": {"h2h": "result", "totals": "total"}}
    assert found.mapping["odds"] == {"column": "price", "format": "decimal"}
    assert found.unplaced == []


def test_values_tell_what_names_do_not(tmp_path: Path) -> None:
    found = suggested(
        tmp_path,
        ("a", "b", "c", "d"),
        ("25/12/2019", "Boston Celtics", "Toronto Raptors", "x"),
        ("26/12/2019", "Denver Nuggets", "Chicago Bulls", "y"),
    )
    assert found.mapping["date"] == {"column": "a", "format": "%d/%m/%Y"}
    assert (found.mapping["league"], found.mapping["home"], found.mapping["away"]) == ("nba", "b", "c")
    assert [column["column"] for column in found.unplaced] == ["d"]
    assert sum("check it" in note for note in found.notes) == 4


def test_a_date_that_can_be_read_in_two_ways_is_told(tmp_path: Path) -> None:
    found = suggested(tmp_path, ("date", "home", "away"), ("01/02/2019", "Boston Celtics", "Chicago Bulls"))
    assert any("can be %d/%m/%Y or %m/%d/%Y" in note for note in found.notes)


def test_what_is_not_found_is_told(tmp_path: Path) -> None:
    found = suggested(tmp_path, ("a", "b"), ("1", "2"))
    assert found.mapping == {"league": "LEAGUE", "rows": "matches"}
    assert [note.split(":")[0] for note in found.notes] == ["league", "date", "home", "away"]
