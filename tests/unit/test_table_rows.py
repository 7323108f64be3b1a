"""Rows of a table with a match a row: what cannot be true costs itself, and is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportsplat.domain import Batch
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.table.mapping import parse_mapping
from sportsplat.sources.table.match_rows import read_matches
from sportsplat.sources.table.open import open_table
from tests.tables import write_csv

HEADER = ("season", "day", "home", "away", "who", "ph", "pa", "book", "ho", "ao", "taken")
ROW = ("2019", "2019-12-26", "Ants", "Bees", "oracle", "0.6", "0.4", "acme", "1.9", "2.1", "")
MAPPING = """\
league: sim
rows: matches
season: season
date: day
home: home
away: away
forecasts:
  - {publisher: who, probabilities: [ph, pa]}
  - {publisher: {value: guru}, probabilities: [ph, pa]}
quotes:
  - {bookmaker: book, odds: {home: ho, away: ao}}
  - {bookmaker: {value: best}, odds: {home: ho, away: ao}}
"""


def read(folder: Path, *, text: str = MAPPING, **changed: str) -> Batch:
    row = tuple(changed.get(name, cell) for name, cell in zip(HEADER, ROW, strict=True))
    table = open_table(write_csv(folder / "x.csv", [row], HEADER))
    return read_matches(table, parse_mapping(text, folder / "mapping.yaml").mapping, load_leagues()["sim"])


@pytest.mark.parametrize(("ph", "pa"), [("1.005", "0"), ("-0.005", "1.005"), ("0.6", "0.5"), ("0.6", "x")])
def test_chances_that_cannot_be_cost_themselves(tmp_path: Path, ph: str, pa: str) -> None:
    batch = read(tmp_path, ph=ph, pa=pa)
    assert (len(batch.matches), batch.forecasts) == (1, [])
    assert {row.code for row in batch.rejected} >= {"bad-forecast"}


@pytest.mark.parametrize(
    ("taken", "kept"), [("2019-12-26T23:59", 4), ("2019-12-27T00:00", 4), ("2019-12-27T00:01", 2)]
)
def test_a_price_from_after_the_day_of_a_match_is_refused(tmp_path: Path, taken: str, kept: int) -> None:
    batch = read(
        tmp_path,
        text=MAPPING.replace("{bookmaker: book,", "{bookmaker: book, quoted_at: taken,"),
        taken=taken,
    )
    assert len(batch.quotes) == kept
    assert [row.code for row in batch.rejected] == ["in-play"] * (kept < 4)


AMERICAN = [("EVEN", 2.0), ("even", 2.0), ("Ev", 2.0), ("\u2212200", 1.5), ("-200", 1.5), ("+150", 2.5)]


@pytest.mark.parametrize(("written", "odds"), AMERICAN)
def test_american_odds_are_read_as_people_write_them(tmp_path: Path, written: str, odds: float) -> None:
    """EVEN is +100; the minus may be that of print."""
    text = MAPPING.replace("away: ao}", "away: ao}, format: american")
    batch = read(tmp_path, text=text, ho=written, ao="-110")
    assert batch.rejected == []
    assert {quote.decimal_odds for quote in batch.quotes if quote.outcome.value == "home"} == {odds}


def test_even_is_no_decimal_price(tmp_path: Path) -> None:
    batch = read(tmp_path, ho="EVEN")
    assert [(row.code, "ho is 'EVEN'" in row.reason) for row in batch.rejected] == [
        ("impossible-odds", True)
    ] * 2


@pytest.mark.parametrize("side", ["home", "away"])
def test_a_team_with_a_zero_byte_is_refused_with_its_row(tmp_path: Path, side: str) -> None:
    """The database takes no such text, and would refuse the whole file."""
    batch = read(tmp_path, **{side: "An\0ts"})
    assert (batch.rows_read, batch.matches) == (1, [])
    assert [(row.line, row.code) for row in batch.rejected] == [(2, "nul-byte")]
    assert batch.rejected[0].reason.startswith(f"{side} is 'An\\x00ts'")


@pytest.mark.parametrize(
    ("changed", "code", "reason"),
    [
        ({"book": ""}, "missing-bookmaker", "book is blank"),
        ({"book": "\0"}, "nul-byte", "book is '\\x00'"),
        ({"who": " "}, "missing-publisher", "who is blank"),
        ({"who": "a\0b"}, "nul-byte", "who is 'a\\x00b'"),
    ],
)
def test_prices_and_forecasts_of_nobody_cost_themselves_alone(
    tmp_path: Path, changed: dict[str, str], code: str, reason: str
) -> None:
    batch = read(tmp_path, **changed)
    assert len(batch.matches) == 1
    assert [(row.line, row.code) for row in batch.rejected] == [(2, code)]
    assert batch.rejected[0].reason.startswith(reason)
    assert len(batch.quotes) == (2 if "book" in changed else 4)
    assert len(batch.forecasts) == (1 if "who" in changed else 2)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "expected"),
    [
        ("2024-05-10", "01:15", "Europe/London", "2024-05-09"),
        ("2024-05-10", "15:00", "Europe/London", "2024-05-10"),
        ("2024-05-10", "23:30", "America/Argentina/Buenos_Aires", "2024-05-10"),
        ("2024-05-10", "", "Europe/London", "2024-05-10"),
    ],
)
def test_a_time_of_another_zone_gives_the_day_at_the_league_s_place(
    tmp_path: Path, day: str, clock: str, zone: str, expected: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"day,clock,home,away,season\n{day},{clock},Boca,River,2023\n")
    text = (
        "{league: argentine-primera, rows: matches, date: day, home: home, away: away, season: season,"
        f" time: {{column: clock, timezone: {zone}}}}}\n"
    )
    league = load_leagues()["argentine-primera"]
    (match,) = read_matches(open_table(path), parse_mapping(text, path).mapping, league).matches
    assert match.match_date.isoformat() == expected
    assert match.kickoff_utc >= league.local_midnight(match.match_date)
    assert match.kickoff_utc < league.end_of_day(match.match_date)


def test_a_table_with_too_many_matches_is_refused_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sportsplat.sources.table.match_rows.MOST_ROWS", 0)
    with pytest.raises(InputRefused) as refused:
        read(tmp_path)
    assert refused.value.error_code == "TOO_LARGE"
    assert "more than 0" in str(refused.value.cause)
