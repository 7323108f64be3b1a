"""`sportsplat ingest`, `sources`, `leagues`: data in, and what is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.command import Answer, Run, command, group
from sportsplat.cli.complete import league_codes, source_names
from sportsplat.cli.help import ListingGroup, Seasons
from sportsplat.errors import ConfigError, InputRefused, UsageError
from sportsplat.paths import printable

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.ingest.report import IngestReport
    from sportsplat.jobs.leagues import NewLeague
    from sportsplat.progress import Progress


def register_leagues(app: typer.Typer) -> None:
    """Add the group `leagues`."""
    leagues = group(
        app, "leagues", "List leagues, or add your own. Without a subcommand: list.", ListingGroup
    )
    command(leagues, "list", project="optional")(list_leagues)
    command(leagues, "add", project="started")(add)


def list_leagues(ctx: Run) -> Answer:
    """List the configured leagues, what is stored for each, and how fresh it is."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.listing import leagues as run

    rows, missing = run(open_context(ctx.settings()))
    if missing:
        ctx.warn(f"what is stored is not known: {missing}")

    def show(console: Console) -> None:
        from sportsplat.cli.views.leagues import show_leagues

        show_leagues(console, rows, stored_is_known=missing is None)

    return Answer({"leagues": [row.to_dict() for row in rows], "stored_is_known": missing is None}, show)


def add(
    ctx: Run,
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="Lowercase letters, digits and hyphens: primera.")
    ],
    sport: Annotated[
        str | None,
        typer.Option(
            metavar="SPORT", help="soccer, basketball, … A configured league of that sport is the template."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Name of the league. Default: made from the code.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone of match dates. Default: UTC.")
    ] = None,
    season_start: Annotated[
        str | None, typer.Option(metavar="MM-DD", help="First possible day of a season.")
    ] = None,
    season_end: Annotated[
        str | None,
        typer.Option(
            metavar="MM-DD", help="Last possible day. If it is before the start, it is in the next year."
        ),
    ] = None,
    matches: Annotated[
        int | None, typer.Option(metavar="N", help="Matches of one team in a regular season.")
    ] = None,
    bookmaker: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Bookmaker of your prices, used for bets and as benchmark."),
    ] = None,
) -> Answer:
    """Add your own league to config/leagues.yaml. On a terminal, asks for missing options.

    sportsplat leagues add primera --sport soccer --timezone America/Montevideo --matches 30
    """
    from sportsplat.jobs.leagues import add_league, defaults, sports

    settings = ctx.settings()
    project = settings.project_dir
    given = {
        "name": name,
        "timezone": timezone,
        "season_start": season_start,
        "season_end": season_end,
        "season_matches": matches,
        "bookmaker": bookmaker,
    }
    asks = sys.stdin.isatty() and sys.stderr.isatty() and not ctx.json
    known = sports(project)
    if sport is None:
        if not asks:
            raise UsageError(
                "the sport of the league is needed: its rules are made like those of a declared league",
                cause=f"declared sports: {', '.join(known)}",
                fix=f"sportsplat leagues add {code} --sport {known[0]}",
            )
        sport = typer.prompt(f"Sport ({', '.join(known)})", default=known[0], err=True)
    league = defaults(code, sport, project)
    league = replace(league, **(_asked(league, given) if asks else _said(given)))
    declared = add_league(league, project)
    from sportsplat.cli.views.leagues import added

    return Answer.text(declared.to_dict(), added(declared))


def _said(given: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not None}


def _asked(league: NewLeague, given: dict[str, Any]) -> dict[str, Any]:
    """Return what was given, and ask on stderr for the rest; an empty answer takes the default."""
    questions = {
        "name": "Name",
        "timezone": "Time zone",
        "season_start": "First day of a season (MM-DD)",
        "season_end": "Last day of a season (MM-DD)",
        "season_matches": "Matches of a team in a season",
        "bookmaker": "Bookmaker whose prices you have (empty: none)",
    }
    found = _said(given)
    for key, question in questions.items():
        if key not in found:
            held = getattr(league, key)
            answer = typer.prompt(question, default="" if held is None else held, err=True)
            found[key] = (answer or None) if key == "bookmaker" else answer
    return found


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
            "the source table needs files", fix="sportsplat ingest table FILE --suggest", code="FILES_NEEDED"
        )
    command = f"sportsplat ingest table {quote(printable(files[0]))}"
    if suggest:
        if len(files) > 1 or mapping is not None:
            given = f"{len(files)} files were named" if len(files) > 1 else f"--mapping {mapping} was given"
            raise UsageError(
                "--suggest proposes a mapping for one file",
                cause=f"{given} with it",
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
    from sportsplat.sources.table.open import SUFFIXES

    name = quote(printable(mapping))
    if mapping.name.lower().endswith(SUFFIXES):
        raise ConfigError(
            f"{name} is a table, not a mapping",
            cause="a mapping is a YAML file that says what columns mean",
            fix=f"{command} --suggest > mapping.yaml",
            code="NO_MAPPING",
        )
    if not mapping.is_file():
        raise ConfigError(
            f"there is no mapping {name}",
            cause=f"{mapping.absolute()} is a folder" if mapping.is_dir() else f"looked from {Path.cwd()}",
            fix=f"{command} --suggest > {name if not mapping.is_dir() else 'mapping.yaml'}",
            code="NO_MAPPING",
        )


def _store(
    ctx: Run, files: Sequence[Path], mapping: Path, league: str | None, options: dict[str, Any]
) -> Answer:
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.table import ingest_tables

    if league is not None:
        raise UsageError("the mapping names the league", fix=f"write league: {league} in {mapping}")
    context = open_context(ctx.settings())
    return _report(
        ctx, "table", lambda progress: ingest_tables(context, files, mapping, progress=progress, **options)
    )


def _suggest(ctx: Run, file: Path, league: str | None) -> Answer:
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.suggest import suggest_mapping

    found = suggest_mapping(open_context(ctx.settings(project="optional")), file, league=league)
    from sportsplat.cli.views.ingest import suggestion

    return Answer.text(found.to_dict(), suggestion(found))


def register(app: typer.Typer) -> None:
    """Add the commands about data."""
    command(app, "sources", project="optional")(sources)
    register_leagues(app)
    command(app, "ingest")(ingest)


def sources(ctx: Run) -> Answer:
    """List the data sources, what each contains and its licence."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.listing import sources as run

    rows = run(open_context(ctx.settings()).leagues)

    def show(console: Console) -> None:
        from sportsplat.cli.views.leagues import show_sources

        show_sources(console, rows)

    return Answer({"sources": [row.to_dict() for row in rows]}, show)


def ingest(
    ctx: Run,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A source listed by `sportsplat sources`.", autocompletion=source_names
        ),
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE…]",
            readable=False,  # not to be looked at here: one that cannot be read is refused beside the others
            help="Files or folders, also .gz. Default: download from the source's site.",
        ),
    ] = None,
    league: Annotated[
        str | None,
        typer.Option(
            metavar="L",
            help="Only this league. Required if a file does not say which league it is.",
            autocompletion=league_codes,
        ),
    ] = None,
    season: Seasons = None,
    since: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="Only matches from this day."),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            formats=["%Y-%m-%d"],
            help="The day on which the files were current, for old files.",
        ),
    ] = None,
    accept_changes: Annotated[
        bool,
        typer.Option("--accept-changes", help="Accept results that differ from what the source gave before."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, then roll back.")] = False,
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With source `table`: file that says what the columns mean."),
    ] = None,
    suggest: Annotated[
        bool,
        typer.Option("--suggest", help="With source `table`: print a draft mapping, store nothing."),
    ] = False,
) -> Answer:
    """Store files of a source, each in one transaction. Safe to repeat.

    sportsplat ingest football-data --league epl --season 2021    download
    sportsplat ingest nflverse games.csv
    sportsplat ingest table odds.csv --mapping mapping.yaml       your own table
    """
    if source == "table" or mapping is not None or suggest:
        options = {
            "seasons": season or [],
            "since": since.date() if since else None,
            "dry_run": dry_run,
            "as_of": as_of.replace(tzinfo=UTC) if as_of else None,
            "accept_changes": accept_changes,
        }
        return ingest_table(ctx, source, files or [], mapping, suggest=suggest, league=league, **options)
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.ingest.ingest import ingest as run

    first_day: date | None = since.date() if since else None
    context = open_context(ctx.settings())
    return _report(
        ctx,
        source,
        lambda progress: run(
            context,
            source,
            files or [],
            league=league,
            seasons=season or [],
            since=first_day,
            dry_run=dry_run,
            as_of=as_of.replace(tzinfo=UTC) if as_of else None,
            accept_changes=accept_changes,
            progress=progress,
        ),
    )


def _report(ctx: Run, source: str, store: Callable[[Progress], IngestReport]) -> Answer:
    """Store files and answer with the report; when some were refused, people see it before the error."""
    with ctx.progress(f"ingest {source}") as progress:
        try:
            report = store(progress)
        except InputRefused as refusal:
            stored: IngestReport | None = refusal.details.get("report")
            if stored and stored.by_file and not ctx.json:
                _show(ctx.console, stored)
            raise
    return Answer(report.to_dict(), lambda console: _show(console, report))


def _show(console: Console, report: IngestReport) -> None:
    from sportsplat.cli.views.ingest import show_report

    show_report(console, report)
