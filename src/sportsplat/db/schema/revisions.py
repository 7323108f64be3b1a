"""Which revision a database is at, and which one the code knows as its last; without importing Alembic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.errors import DataConflict, MigrationError
from sportsplat.paths import asset_dir

if TYPE_CHECKING:
    from sportsplat.db.connection import Connection

_DESTRUCTIVE = re.compile(r"^destructive = True\b", re.MULTILINE)
_ASSIGNMENT = re.compile(r"^(revision|down_revision) = (?:\"([^\"]+)\"|None)$", re.MULTILINE)


def current(conn: Connection) -> str | None:
    """Return the revision that the database is at, None when it was never migrated.

    Raises DataConflict when it names several (`SEVERAL_REVISIONS`), or none though it has our tables
    (`REVISION_MISSING`).
    """
    found = conn.execute("SELECT to_regclass('public.alembic_version')").fetchone()
    if found is None or found[0] is None:
        return None
    rows = conn.execute("SELECT version_num FROM public.alembic_version ORDER BY 1").fetchall()
    if len(rows) > 1:
        raise several([str(version) for (version,) in rows])
    if rows:
        return str(rows[0][0])
    found = conn.execute("SELECT to_regclass('public.leagues')").fetchone()
    if found is not None and found[0] is not None:
        raise _none(conn)
    return None


def several(found: list[str]) -> DataConflict:
    """Return the error for a database that names several revisions."""
    newest = max(found)
    return DataConflict(
        f"the schema has several revisions at once: {', '.join(found)}",
        cause="alembic_version has more than one row",
        fix="keep the newest: sportsplat psql -- -c "
        f"\"DELETE FROM alembic_version WHERE version_num <> '{newest}'\"; then: sportsplat db check",
        code="SEVERAL_REVISIONS",
    )


def _none(conn: Connection) -> DataConflict:
    from sportsplat.db.schema.catalogue import difference, expected_here, live

    migrations = asset_dir("migrations")
    newest = head(migrations)
    differs = difference(expected_here(conn, migrations), live(conn))
    put_back = f"sportsplat psql -- -c \"INSERT INTO alembic_version VALUES ('{newest}')\""
    other = "restore the newest backup: sportsplat db backups"
    return DataConflict(
        "the database has tables of sportsplat's, and names no revision of them",
        cause="alembic_version is empty; the schema is "
        + (f"not that of revision {newest}" if differs else f"that of revision {newest}"),
        fix=other if differs else f"{put_back}; then: sportsplat db check",
        code="REVISION_MISSING",
    )


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
