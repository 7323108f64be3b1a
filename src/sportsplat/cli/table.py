"""`sportsplat ingest table`: the user's own files, by a mapping, and the proposal of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from sportsplat.cli.data import show_what_was_stored
from sportsplat.cli.render import Answer, Run
from sportsplat.errors import ConfigError, InputRefused, UsageError
from sportsplat.sources.files import printable
from sportsplat.sources.table_open import SUFFIXES

if TYPE_CHECKING:
    from rich.console import Console


def ingest_table(
    ctx: Run,
    source: str,
    files: Sequence[Path],
    mapping: Path | None,
    *,
    suggest: bool,
    league: str | None,
    **options: Any,
) -> Answer:
    """Store tables, or propose a mapping for one. Raises UsageError when the options do not fit together."""
    if source != "table":
        raise UsageError(
            f"--mapping and --suggest are of the source table, not of {source}",
            fix="sportsplat ingest table FILE --mapping mapping.yaml",
            code="NOT_A_TABLE",
        )
    if not files:
        raise UsageError(
            "The source table needs files.", fix="sportsplat ingest table FILE --suggest", code="FILES_NEEDED"
        )
    command = f"sportsplat ingest table {quote(printable(files[0]))}"
    if suggest:
        if len(files) > 1 or mapping is not None:
            given = f"{len(files)} files were named" if len(files) > 1 else f"--mapping {mapping} was given"
            raise UsageError(
                "--suggest proposes a mapping for one file.",
                cause=f"{given} with it.",
                fix=f"{command} --suggest",
            )
        return _suggest(ctx, files[0], league)
    if mapping is None:
        raise UsageError(
            f"{printable(files[0])} needs a mapping: what do its columns mean?",
            fix=f"{command} --suggest > mapping.yaml",
            code="MAPPING_NEEDED",
        )
    _refuse_no_mapping(mapping, command)
    return _store(ctx, files, mapping, league, options)


def _refuse_no_mapping(mapping: Path, command: str) -> None:
    """Raise ConfigError where the path of the mapping leads to nothing, or to a table."""
    name = quote(printable(mapping))
    if mapping.name.lower().endswith(SUFFIXES):
        raise ConfigError(
            f"{name} is a table, not a mapping.",
            cause="A mapping is a YAML file that says what columns mean.",
            fix=f"{command} --suggest > mapping.yaml",
            code="NO_MAPPING",
        )
    if not mapping.is_file():
        raise ConfigError(
            f"There is no mapping {name}.",
            cause=f"{mapping.absolute()} is a folder." if mapping.is_dir() else f"Looked from {Path.cwd()}.",
            fix=f"{command} --suggest > {name if not mapping.is_dir() else 'mapping.yaml'}",
            code="NO_MAPPING",
        )


def _store(
    ctx: Run, files: Sequence[Path], mapping: Path, league: str | None, options: dict[str, Any]
) -> Answer:
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest_table import ingest_tables

    if league is not None:
        raise UsageError("The mapping names the league.", fix=f"write league: {league} in {mapping}")
    context = open_context(ctx.settings())
    with ctx.progress("ingest table") as progress:
        try:
            report = ingest_tables(context, files, mapping, progress=progress, **options)
        except InputRefused as refusal:
            show_what_was_stored(ctx, refusal)
            raise

    def show(console: Console) -> None:
        from sportsplat.cli.data_tables import show_report

        show_report(console, report)

    return Answer(report, show)


def _suggest(ctx: Run, file: Path, league: str | None) -> Answer:
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.suggest_table import suggest_mapping

    found = suggest_mapping(open_context(ctx.settings()), file, league=league)
    lines = ["# save as mapping.yaml, then: " + found["command"]]
    if found["checks"]:
        lines.append(
            "# before: look at what stands under check, correct what is wrong, and delete those lines"
        )
    lines.append(found["yaml"].rstrip())
    lines += [f"# {note}" for note in found["notes"]]
    for column in found["unplaced"]:
        shown = ", ".join(map(repr, column["examples"])) or "nothing in it"
        why = f": {column['why']}" if "why" in column else ""
        lines.append(f"# not placed: {column['column']} ({shown}){why}")
    return Answer.text(found, "\n".join(lines))
