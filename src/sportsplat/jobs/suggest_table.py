"""A proposal of what the columns of a table mean, ready to be saved as a mapping."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypedDict

import yaml

from sportsplat.sources.table_blocks import open_table
from sportsplat.sources.table_suggest import suggest

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context


class SuggestReport(TypedDict):
    """The object of `sportsplat ingest table FILE --suggest --json`; `yaml` is the file to save."""

    file: str
    mapping: dict[str, Any]
    unplaced: list[dict[str, Any]]
    notes: list[str]
    yaml: str
    command: str


def suggest_mapping(context: Context, path: Path, *, league: str | None = None) -> SuggestReport:
    """Look at a table and propose a mapping. Raises InputRefused for a file that is no table."""
    chosen = context.league(league) if league else None
    found = suggest(open_table(path), context.leagues, chosen)
    return {
        "file": str(path),
        "mapping": found.mapping,
        "unplaced": found.unplaced,
        "notes": found.notes,
        "yaml": yaml.safe_dump(found.mapping, sort_keys=False, allow_unicode=True),
        "command": f"sportsplat ingest table {quote(str(path))} --mapping mapping.yaml",
    }
