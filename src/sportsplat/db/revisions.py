"""Which revision a database is at, and which one the code knows as its last; without importing Alembic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.errors import MigrationError

if TYPE_CHECKING:
    from sportsplat.db.engine import Connection

_DESTRUCTIVE = re.compile(r"^destructive = True\b", re.MULTILINE)
_ASSIGNMENT = re.compile(r"^(revision|down_revision) = (?:\"([^\"]+)\"|None)$", re.MULTILINE)


def current(conn: Connection) -> str | None:
    """Return the revision that the database is at, None when it was never migrated."""
    found = conn.execute("SELECT to_regclass('public.alembic_version')").fetchone()
    if found is None or found[0] is None:
        return None
    row = conn.execute("SELECT version_num FROM public.alembic_version").fetchone()
    return None if row is None else str(row[0])


def head(migrations_dir: Path) -> str:
    """Return the last revision of the version files."""
    return revisions(migrations_dir)[-1]


def revisions(migrations_dir: Path) -> list[str]:
    """Return all revisions, first to last.

    Raises MigrationError when the files are no single chain.
    """
    follows: dict[str | None, str] = {}
    files = _files(migrations_dir)
    for file, text in files.items():
        revision, before = _links(text)
        if revision is None or before in follows:
            raise _broken(
                migrations_dir, f"{file.name}: revision {revision} follows {before}, as another does"
            )
        follows[before] = revision
    chain: list[str] = []
    before = None
    while (revision := follows.get(before)) is not None:
        chain.append(revision)
        before = revision
    if not chain or len(chain) != len(files):
        raise _broken(migrations_dir, f"{len(files)} files, of which {len(chain)} follow one another")
    return chain


def behind(revision: str | None, migrations_dir: Path) -> list[str]:
    """Return the revisions that a database at `revision` still needs, first to last.

    Raises MigrationError (SCHEMA_NEWER) when the code does not know that revision.
    """
    chain = revisions(migrations_dir)
    if revision is None:
        return chain
    if revision not in chain:
        raise MigrationError(
            f"the database is at schema revision {revision}, which this version does not know",
            cause=f"the last revision known here is {chain[-1]}; a newer sportsplat migrated this database",
            fix="pip install --upgrade sportsplat",
            code="SCHEMA_NEWER",
            revision=revision,
            head=chain[-1],
        )
    return chain[chain.index(revision) + 1 :]


def destructive(migrations_dir: Path, among: Sequence[str]) -> list[str]:
    """Return those of the revisions `among` that say `destructive = True`: they take data away."""
    texts = _files(migrations_dir).values()
    marked = {_links(text)[0] for text in texts if _DESTRUCTIVE.search(text)}
    return [revision for revision in among if revision in marked]


def _files(migrations_dir: Path) -> dict[Path, str]:
    files = sorted((migrations_dir / "versions").glob("*.py"))
    return {file: file.read_text(encoding="utf-8") for file in files}


def _links(text: str) -> tuple[str | None, str | None]:
    """Return the revision of a version file, and the one that it follows."""
    found = {name: value or None for name, value in _ASSIGNMENT.findall(text)}
    return found.get("revision"), found.get("down_revision")


def _broken(migrations_dir: Path, cause: str) -> MigrationError:
    return MigrationError(
        f"the migrations in {migrations_dir} are no single chain",
        cause=cause,
        fix="give every file in versions/ the revision before it as down_revision",
        code="MIGRATIONS_BROKEN",
    )
