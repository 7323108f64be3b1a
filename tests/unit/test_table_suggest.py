"""`--suggest`: columns are recognised by their names, which their values must bear out; nothing is guessed.

Each table here is invented, in a layout that people have. What was placed must read the table without a
refused row, once the questions are answered.
"""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from sportsplat.errors import ConfigError
from sportsplat.sources.table.mapping import parse_mapping
from sportsplat.sources.table.match_rows import read_matches
from sportsplat.sources.table.open import open_table
from sportsplat.sources.table.quotes import QuoteTable
from sportsplat.sources.table.suggest.columns import column_of
from sportsplat.sources.table.suggest.suggest import Suggestion, suggest_for
from tests.suggested_layouts import LAYOUTS
from tests.suggestions import LEAGUES, MATCHES, Case, suggested
from tests.tables import write_typed_table

CASES = [*MATCHES, *LAYOUTS]


def placed(mapping: dict[str, Any]) -> str:
    """Return the fields with their columns in one line, blanks as underscores."""
    told = []
    for field, cell in mapping.items():
        if field in ("check", "league", "rows", "quotes", "decimal") or cell in (
            {"value": "?"},
            {"value": False},
        ):
            continue
        column = cell if isinstance(cell, str) else cell["column"]
        rest = cell if isinstance(cell, dict) else {}
        form = f"[{rest['format']}]" if rest.get("format", "").startswith("%") else ""
        zone = f"{{{rest['timezone']}}}" if "timezone" in rest else ""
        told.append(f"{field}={column}{form}{zone}".replace(" ", "_"))
    return " ".join(told)


def told(quote: dict[str, Any]) -> str:
    closing = {True: "closing", False: "open", None: ""}[quote.get("closing", {}).get("value")]
    words = [
        *quote["bookmaker"].values(), quote.get("market", "result"), *quote.get("line", {}).values(),
        quote.get("format", ""), closing,
    ]  # fmt: skip
    return f"{' '.join(str(word) for word in words if word)}: {' '.join(quote['odds'].values())}"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_table_is_proposed_as_it_must_be_read(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "x.csv"
    path.write_text(case.table, encoding="utf-8")
    found = suggested(path, case.league)
    order = sorted(case.placed.split())
    assert sorted(placed(found.mapping).split()) == order
    assert tuple(map(told, found.mapping.get("quotes", ()))) == case.quotes
    assert found.mapping["league"] == case.found
    assert len(found.checks) == len(case.asked), found.checks
    for check, asked in zip(found.checks, case.asked, strict=True):
        assert asked in check
    expected = [one.partition(":") for one in case.unplaced.split()]
    assert [one["column"].replace(" ", "_") for one in found.unplaced] == [name for name, _, _ in expected]
    for one, (_, _, why) in zip(found.unplaced, expected, strict=True):
        assert why.replace("_", " ") in one.get("why", ""), one
    assert case.noted in "\n".join(found.notes)


def finished(found: Suggestion, league: str) -> str:
    """Answer the questions of a proposal, as its user would; return the YAML."""
    mapping: dict[str, Any] = copy.deepcopy(found.mapping)
    mapping.pop("check", None)
    mapping["league"] = league
    for cells in (mapping, *mapping.get("quotes", ())):
        if cells.get("bookmaker") == {"value": "?"}:
            cells["bookmaker"] = {"value": "acme"}
    return yaml.safe_dump(mapping, sort_keys=False)


WHOLE = [
    case
    for case in CASES
    if " home=" in f" {case.placed}" and "=" in case.placed and case.name != "no header"
]


@pytest.mark.parametrize("case", WHOLE, ids=[case.name for case in WHOLE])
def test_a_proposal_reads_its_table_once_it_is_answered(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "x.csv"
    path.write_text(case.table, encoding="utf-8")
    found = suggested(path, case.league)
    league = case.found if case.found != "?" else "epl"
    mapping = parse_mapping(finished(found, league), tmp_path / "mapping.yaml").mapping
    if mapping.rows == "quotes":
        reader = QuoteTable(open_table(path, decimal=mapping.decimal), mapping, LEAGUES[league])
        list(reader.prices())
        batch = reader.batch()
    else:
        batch = read_matches(open_table(path, decimal=mapping.decimal), mapping, LEAGUES[league])
    assert batch.rejected == []
    assert batch.rows_read
    assert len(batch.matches) >= 1


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
def test_typed_tables_are_proposed_like_csv(tmp_path: Path, kind: str) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(["2019-12-25", "2019-12-26"]),
            "season": [2019, 2019],
            "home": ["Boston Celtics", "Denver Nuggets"],
            "away": ["Toronto Raptors", "Chicago Bulls"],
            "home_score": [118.0, None],
            "away_score": [102.0, None],
            "odds_home": [1.8, 2.0],
            "odds_away": [2.1, 1.9],
            "neutral": [True, False],
        }
    )
    path = write_typed_table(tmp_path / f"x.{kind}", frame)
    found = suggested(path)
    assert placed(found.mapping) == (
        "date=date home=home away=away season=season neutral=neutral home_score=home_score"
        " away_score=away_score"
    )
    assert [told(quote) for quote in found.mapping["quotes"]] == ["? result: odds_home odds_away"]
    batch = read_matches(
        open_table(path), parse_mapping(finished(found, "nba"), path).mapping, LEAGUES["nba"]
    )
    assert batch.rejected == []
    assert [match.home_score for match in batch.matches] == [118, None]


def test_a_proposal_with_questions_is_no_mapping_yet(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(CASES[0].table)
    found = suggested(path)
    text = yaml.safe_dump(found.mapping, sort_keys=False)
    with pytest.raises(ConfigError, match=r"quotes.0.bookmaker.value is still '\?'") as caught:
        parse_mapping(text, tmp_path / "mapping.yaml")
    assert "mapping.yaml:13" in str(caught.value.fix)
    with pytest.raises(ConfigError, match="needs review: quotes: whose prices") as caught:
        parse_mapping(text.replace("value: '?'", "value: acme"), tmp_path / "mapping.yaml")
    assert "and 1 more" in caught.value.message
    assert caught.value.exit_code == 3
    assert "delete the lines under check" in str(caught.value.fix)


def test_a_league_that_is_not_known_must_be_written(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("date,home,away\n2021-08-14,Acton,Barnes\n")
    text = yaml.safe_dump(suggested(path).mapping, sort_keys=False)
    with pytest.raises(ConfigError, match=r"league is still '\?'") as caught:
        parse_mapping(text, tmp_path / "mapping.yaml")
    assert "sportsplat leagues" in str(caught.value.fix)


def test_a_name_of_any_length_and_any_number_of_columns_is_looked_at_in_time() -> None:
    """A name of 200,000 letters took minutes."""
    table = [column_of("x" * 200_000, ["1"]), *(column_of(f"home{n}", ["1"]) for n in range(5_000))]
    started = time.process_time()
    assert len(suggest_for(table, LEAGUES).unplaced) == len(table)
    assert time.process_time() - started < 10
