"""A proposal of what the columns of a table mean, ready to be saved as a mapping."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import yaml

from sportsplat.errors import InputRefused
from sportsplat.jobs.ingest.ingest import source_that_reads
from sportsplat.results import Result
from sportsplat.sources.reading.files import find_files, open_file, read_file
from sportsplat.sources.table.open import (
    SUFFIXES,
    FileFields,
    choose_sheet,
    open_table,
    refuse_rows_above,
    refuse_torn,
)
from sportsplat.sources.table.source import TableSource
from sportsplat.sources.table.suggest.suggest import look, suggest_for

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context


@dataclass(frozen=True)
class SuggestedMapping(Result):
    """A proposed mapping; `yaml` is the file to save, `unplaced` are the columns that have no place in it."""

    file: str
    mapping: dict[str, Any]
    unplaced: list[dict[str, Any]]
    notes: list[str]
    checks: list[str]
    yaml: str
    command: str


LARGEST_TRIED = 4 << 20  # bytes of a file that other sources are asked about


def suggest_mapping(context: Context, path: Path, *, league: str | None = None) -> SuggestedMapping:
    """Look at a table and propose a mapping.

    Raises InputRefused for what is no table, has nothing in it (EMPTY_FILE) or no header at its top
    (NO_HEADER); a folder is the only table in it.
    """
    path = _only_file(path)
    chosen = context.league(league) if league else None
    open_file(path).close()
    beside = choose_sheet(path) if path.name.lower().endswith(".xlsx") else FileFields()
    table = open_table(path, sheet=beside.fields.get("sheet"))
    refuse_rows_above(table)
    columns, beside = look(table, beside)
    if not any(column.words for column in columns):
        refuse_torn(table)
        raise InputRefused(
            f"{path} has a header and no rows: there is nothing to look at",
            code="EMPTY_FILE",
            cause=f"its columns are {', '.join(column.name for column in columns)[:300]}",
            fix="name a file with rows: its mapping reads this one too",
        )
    found = suggest_for(columns, context.leagues, chosen, beside)
    notes = found.notes
    known = _source_that_reads(context, path)
    if known is not None:
        notes = [
            f"the source {known} reads this file as it is: sportsplat ingest {known} {quote(str(path))}",
            *notes,
        ]
    return SuggestedMapping(
        file=str(path),
        mapping=found.mapping,
        unplaced=found.unplaced,
        notes=notes,
        checks=found.checks,
        yaml=yaml.safe_dump(found.mapping, sort_keys=False, allow_unicode=True, width=1000),
        command=f"sportsplat ingest table {quote(str(path))} --mapping mapping.yaml",
    )


def _only_file(path: Path) -> Path:
    files = find_files([path], SUFFIXES)
    if len(files) > 1:
        raise InputRefused(
            f"{path} holds {len(files)} tables, and a mapping is proposed for one",
            code="SEVERAL_FILES",
            cause=f"the first is {files[0]}",
            fix=f"sportsplat ingest table {quote(str(files[0]))} --suggest",
        )
    return files[0]


def _source_that_reads(context: Context, path: Path) -> str | None:
    """Return the source whose own format a file has, if any: it needs no mapping."""
    if path.stat().st_size > LARGEST_TRIED:
        return None
    try:
        return source_that_reads(read_file(path.absolute()), context.leagues, besides=TableSource.name)
    except InputRefused:
        return None
