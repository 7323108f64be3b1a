"""The mapping of the source `table`: what it takes, and how it says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportsplat.errors import ConfigError, InputRefused
from sportsplat.sources.table.mapping import column_names, read_mapping
from tests.tables import HEADER, MAPPING


def mapping_file(folder: Path, text: str) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_name_alone_is_a_column(tmp_path: Path) -> None:
    mapping = read_mapping(mapping_file(tmp_path, MAPPING)).mapping
    assert mapping.home.column == "home"
    assert mapping.market is not None
    assert mapping.market.read("h2h") == "result"
    assert mapping.odds is not None
    assert mapping.odds.format == "decimal"
    assert set(column_names(mapping)) == set(HEADER)


WRONG = [
    ("bookmaker: book", "bokmaker: book", "bokmaker: no mapping has this key; did you mean bookmaker?", 8),
    ("odds: price", "odds: {column: price, format: fractional}", "odds.format: input should be", 12),
    ("odds: price", "odds: {column: price, value: 2}", "odds: needs either a column or a value", 12),
    ("timezone: UTC", "timezone: Mars/Base", "quoted_at: no time zone named 'Mars/Base'", 14),
    ("home: home\n", "", "home: is missing", None),
    ("date: day\nkickoff: start\n", "", "the mapping: needs date or kickoff", None),
    ("outcome: pick\n", "", "the mapping: rows: quotes needs outcome", None),
    ("rows: quotes", "rows: matches", "the mapping: bookmaker is for rows: quotes", None),
    ("rows: quotes", "rows: prices", "rows: input should be 'matches' or 'quotes'", 2),
]


@pytest.mark.parametrize(("old", "new", "told", "line"), WRONG, ids=[told for _, _, told, _ in WRONG])
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, told: str, line: int | None
) -> None:
    assert old in MAPPING
    with pytest.raises(ConfigError) as caught:
        read_mapping(mapping_file(tmp_path, MAPPING.replace(old, new)))
    assert caught.value.message.startswith(told)
    assert caught.value.exit_code == 3
    where = f"mapping.yaml:{line}" if line else "mapping.yaml"
    assert where in str(caught.value.cause)
    assert where in str(caught.value.fix)


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    declared = read_mapping(mapping_file(tmp_path, MAPPING))
    header = [name if name != "price" else "prices" for name in HEADER]
    with pytest.raises(InputRefused, match="no column 'price'; did you mean 'prices'") as caught:
        declared.check_columns("odds.csv", header)
    assert "mapping.yaml:12 needs it" in str(caught.value.cause)
    assert "'season', 'day'" in str(caught.value.cause)
    assert "--suggest" in str(caught.value.fix)
