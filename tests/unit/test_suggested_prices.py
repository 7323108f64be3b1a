"""`--suggest`: which columns can be prices and which scores, however they are named; the sides of spreads."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportsplat.sources.table.mapping import Mapping
from sportsplat.sources.table.open import open_table
from sportsplat.sources.table.quotes import QuoteTable
from sportsplat.sources.table.suggest.columns import column_of
from sportsplat.sources.table.suggest.suggest import suggest_for
from tests.examples import some_of
from tests.suggestions import LEAGUES, NBA, suggested

STYLES = ("{side}_{word}", "{word}_{side}", "{side}<Word>", "{word}<Side>", "{side}{word}", "{SIDE} {WORD}")
SIDES = (("home", "away"), ("h", "a"), ("heim", "gast"), ("local", "visitante"), ("1", "2"))
PRICES = ("odds", "price", "ml", "moneyline", "cuota", "quote", "closing_odds", "odds_bet365", "dec_odds")
SCORES = ("score", "goals", "points", "pts", "tore", "goles", "final_score")
NEITHER = (
    *(
        "elo",
        "xg",
        "prob",
        "win_prob",
        "rating",
        "id",
        "attendance",
        "rank",
        "shots",
        "corners",
        "rest",
        "ht",
    ),
    *("score_ht", "goals_xg", "odds_change_pct", "score_prob", "points_rank", "q1", "form", "spread", "line"),
    *("total", "implied_odds", "expected_goals", "score_diff", "goals_odds", "odds_score", "wins"),
)


def columns(words: tuple[str, ...]) -> list[list[str]]:
    """Return the names of the two sides for each word, in every style."""
    return [
        [
            style.format(side=side, word=word, SIDE=side.upper(), WORD=word.upper())
            .replace("<Side>", side.title())
            .replace("<Word>", word.title())
            for side in pair
        ]
        for word in words
        for pair in SIDES
        for style in STYLES
        if len(pair[0]) > 1 or style != "{side}{word}"
    ]


VALUES = ("2,1", "1.9,2.1", "-150,130", "118,102", "2.0,2.0")
COULD_BE = {
    "prices": ("1.9,2.1", "-150,130", "2.0,2.0"),
    "scores": ("2,1", "118,102", "2.0,2.0"),
    "neither": (),
}


@pytest.mark.examples
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("kind", ["prices", "scores", "neither"])
def test_no_price_is_ever_a_score_and_no_score_a_price(kind: str, values: str) -> None:
    """Whatever stands in it, and however it is written."""
    pairs = some_of(columns({"prices": PRICES, "scores": SCORES, "neither": NEITHER}[kind]))
    cells = [*NBA.split(","), *values.split(",")]
    taken = 0
    for pair in pairs:
        header = ["date", "home_team", "away_team", *pair]
        table = [column_of(name, [cell]) for name, cell in zip(header, cells, strict=True)]
        mapping = suggest_for(table, LEAGUES, LEAGUES["nba"]).mapping
        score, quotes = "home_score" in mapping, bool(mapping.get("quotes"))
        assert not score or kind == "scores", pair
        assert not quotes or kind == "prices", pair
        taken += score or quotes
    assert taken > (0.9 * len(pairs) if values in COULD_BE[kind] else -1)


@pytest.mark.parametrize("header", ["home_ml,away_ml", "home,away"])
@pytest.mark.parametrize("prices", ["-110,EVEN", "even,100", "EV,\u2212120", "+100,Even"])
def test_even_and_the_minus_of_print_are_american_prices(header: str, prices: str) -> None:
    header = f"date,home_team,away_team,{header}"
    table = [
        column_of(name, [cell])
        for name, cell in zip(header.split(","), f"{NBA},{prices}".split(","), strict=True)
    ]
    (quote,) = suggest_for(table, LEAGUES, LEAGUES["nba"]).mapping["quotes"]
    assert quote["format"] == "american"


def test_prices_in_letters_are_read_from_a_price_a_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "date,home_team,away_team,book,pick,american_odds,closing\n"
        "2019-12-25,Boston Celtics,Toronto Raptors,acme,home,EVEN,1\n"
        "2019-12-25,Boston Celtics,Toronto Raptors,acme,away,\u2212120,1\n",
        encoding="utf-8",
    )
    found = suggested(path)
    assert found.mapping["odds"] == {"column": "american_odds", "format": "american"}
    reader = QuoteTable(open_table(path), Mapping.model_validate(found.mapping), LEAGUES["nba"])
    odds = [odds for _, prices in reader.prices() for odds in prices.decimal_odds.tolist()]
    assert sorted(odds) == pytest.approx([1 + 100 / 120, 2.0])


SPREADS = (
    "commence_time,home_team,away_team,bookmaker,market,outcome,point,price\n"
    "2019-12-25T20:00:00Z,Boston Celtics,Toronto Raptors,acme,{0},Boston Celtics,-5.5,1.90\n"
    "2019-12-25T20:00:00Z,Boston Celtics,Toronto Raptors,acme,{0},Toronto Raptors,{1},1.90\n"
)


@pytest.mark.parametrize("market", ["spreads", "spread", "Handicap"])
def test_spreads_told_from_each_side_are_refused_rather_than_turned_round(
    tmp_path: Path, market: str
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(SPREADS.format(market, "5.5"))
    found = suggested(path)
    assert "from each side's view" in "\n".join(found.notes)
    mapping = Mapping.model_validate(found.mapping)
    reader = QuoteTable(open_table(path), mapping, LEAGUES["nba"])
    assert sum(len(prices) for prices in map(list, reader.prices())) == 0
    assert [row.code for row in reader.batch().rejected] == ["unknown-market"] * 2


def test_spreads_told_from_the_home_side_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(SPREADS.format("spreads", "-5.5"))
    found = suggested(path)
    assert found.mapping["market"]["values"] == {"spreads": "spread"}
    assert ["added to the home score" in check for check in found.checks] == [False, True]
