"""Retry of tables: the same bytes once more, read by the mapping that was kept when they were stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple

from sportsplat.db import runs
from sportsplat.errors import ConfigError, InputRefused
from sportsplat.jobs.ingest_file import KIND, Plan
from sportsplat.jobs.ingest_report import refused_file
from sportsplat.jobs.ingest_table import store_table
from sportsplat.sources.files import printable
from sportsplat.sources.table import TableSource
from sportsplat.sources.table_mapping import parse_mapping

if TYPE_CHECKING:
    import psycopg

    from sportsplat.jobs.context import Context
    from sportsplat.jobs.ingest_report import RefusedFile
    from sportsplat.progress import Progress


class Retried(NamedTuple):
    """What became of the files: how many were stored again, which are gone, which were refused."""

    files: int
    gone: list[str]
    refused: list[RefusedFile]

    def plus(self, other: Retried) -> Retried:
        """Return what became of these files and of others."""
        return Retried(self.files + other.files, self.gone + other.gone, self.refused + other.refused)


def retry_tables(
    conn: psycopg.Connection[Any], context: Context, league: str, files: Iterable[str], tell: Progress
) -> Retried:
    """Store tables of a league once more, each as it was read the last time.

    A file that is not what it was then, or of which no mapping was kept, is refused with the command that
    stores it. `conn` is in autocommit mode.
    """
    stored = 0
    gone: list[str] = []
    refused: list[RefusedFile] = []
    runs.abandon_dead_runs(conn, KIND)
    for name in files:
        tell(description=f"table {Path(name).name}")
        try:
            _store_again(conn, context, league, Path(name))
            stored += 1
        except FileNotFoundError:
            gone.append(name)
        except InputRefused as refusal:
            refused.append(refused_file(printable(Path(name)), refusal))
    return Retried(stored, gone, refused)


def _store_again(conn: psycopg.Connection[Any], context: Context, league: str, path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(path)
    last = runs.remembered(conn, KIND, TableSource.name, league, str(path))
    if last is None or last.reading is None:
        raise InputRefused(
            f"No mapping of {path} was kept.",
            code="MAPPING_NEEDED",
            cause="It was stored by a version of sportsplat that did not keep mappings.",
            fix=_command(path, None),
        )
    reading = last.reading
    now = _sha256(path)
    if now != last.sha256:
        raise InputRefused(
            f"{path} is not the file whose rows wait.",
            code="FILE_CHANGED",
            cause=f"Its sha256 is {now[:12]}…; that of the file which was stored was {last.sha256[:12]}….",
            fix=_command(path, reading),
        )
    try:
        declared = parse_mapping(reading["mapping"], Path(reading["mapping_file"]))
    except ConfigError as outdated:
        raise InputRefused(
            f"The mapping that {path} was stored with is not valid any more: {outdated.message}.",
            code="MAPPING_NEEDED",
            cause=outdated.cause,
            fix=_command(path, reading),
        ) from outdated
    plan = Plan(TableSource(), context.league(league), context.leagues).again(last, now)
    store_table(conn, plan, path, declared)


def _command(path: Path, reading: dict[str, Any] | None) -> str:
    """Return the command that stores the table, with the options that it was stored with."""
    words = ["sportsplat", "ingest", "table", str(path), "--mapping"]
    words.append(reading["mapping_file"] if reading else "mapping.yaml")
    for season in reading["seasons"] if reading else ():
        words += ["--season", str(season)]
    if reading and reading["since"]:
        words += ["--since", reading["since"]]
    if reading and reading["as_of"]:
        words += ["--as-of", reading["as_of"][: len("2020-01-01")]]
    return " ".join(map(quote, words))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise InputRefused(
            f"{path} cannot be read.",
            code="UNREADABLE_FILE",
            cause=f"The system says: {problem.strerror}.",
            fix=f"ls -l {quote(str(path))}",
        ) from problem
