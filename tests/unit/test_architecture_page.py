"""The tables of docs/architecture.md name files and functions that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sportsplat

PACKAGE = Path(sportsplat.__file__).parent
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = [
    cells
    for line in PAGE.partition("| folder |")[0].partition("| I want to change")[2].splitlines()
    if len(cells := line.strip("| ").split(" | ")) == 2 and not line.startswith("| ---")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_file_exists_and_has_the_names_beside_it(row: list[str]) -> None:
    path: Path | None = None
    for name, in_brackets in re.findall(r"`([^`<>]+)`|\(((?:`\w+`(?:, )?)+)\)", row[1]):
        if in_brackets:
            assert path is not None
            text = path.read_text(encoding="utf-8")
            for word in re.findall(r"\w+", in_brackets):
                assert re.search(rf"\b(def|class) {word}\b|^{word}\b.*=", text, re.MULTILINE), (path, word)
        elif "/" in name or name.endswith(".py"):
            places = [place / name for place in (PACKAGE, ROOT, PACKAGE / "cli" / "views")]
            path = next((place for place in places if place.exists()), None)
            assert path is not None, name


def test_the_page_has_both_tables() -> None:
    assert len(ROWS) > 25
