"""The page in `sportsplat.db.write` lists each temporary table with the modules whose SQL uses it."""

from __future__ import annotations

import re
from pathlib import Path

from sportsplat.db import write

FOLDER = Path(write.__file__).parent
MADE = re.compile(r'CREATE TEMPORARY TABLE (?:IF NOT EXISTS )?([a-z_]+)|Stage\(\s*"(\w+)"')


def sources() -> dict[str, str]:
    paths = [path for path in FOLDER.glob("*.py") if path.stem != "__init__"]
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def listed() -> dict[str, set[str]]:
    """The modules of each table of the page."""
    rows = [line.split("|") for line in (write.__doc__ or "").splitlines() if line.count("|") == 3]
    return {
        name.strip(): {filled.strip(), *(module.strip() for module in read.split(","))} - {"-"}
        for name, filled, read, _ in rows[1:]
    }


def test_every_temporary_table_is_listed() -> None:
    made = {one or other for text in sources().values() for one, other in MADE.findall(text)}
    assert len(made) > 12
    assert made - listed().keys() == set()


def test_the_page_names_the_modules_that_use_a_table() -> None:
    texts = sources()
    for name, modules in listed().items():
        if name.islower():  # others have the name of a season or table in theirs
            users = {module for module, text in texts.items() if re.search(rf"\b{name}\b", text)}
            assert users == modules, name
