"""The script that gives a new database its schema at first boot, rendered from the migrations.

The official image runs it as the superuser that it made, through psql, when the data directory is empty. The
roles, the schema at head, Alembic's stamp and, last, the completion marker are one transaction: a script that
fails or is killed leaves nothing.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from sportsplat.db.connection import Connection, connect
from sportsplat.db.schema.catalogue import CATALOGUE_FILE, Catalogue, live
from sportsplat.db.schema.migrate import offline_sql, upgrade
from sportsplat.db.schema.revisions import head
from sportsplat.paths import asset_dir

INIT_FILE = "10-sportsplat.sql"
MARKER = "sportsplat.initialised"
"""A setting of the database, and so of each new session: the revision that the script made."""

_LINE_END = re.compile(r"(?:(?<=;);|[ \t]+)$", re.MULTILINE)  # a second semicolon, or blanks
_SCRIPT = """\
-- Schema revision {revision}, rendered from the migrations by `sportsplat db render-init`: not to be edited.
-- For psql, as a superuser, in an empty database.
\\set ON_ERROR_STOP on
\\set QUIET on
\\encoding UTF8

BEGIN;

{migrations}

-- Last: whoever sees this setting finds a database that is complete.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET {marker} = %L', current_database(), '{revision}');
END
$$;

COMMIT;
"""


def render_init_script(migrations_dir: Path) -> str:
    """Return the script: the same text for the same migrations, without the name of a user or a database."""
    migrations = _LINE_END.sub("", offline_sql(migrations_dir, bare=True)).strip()
    return _SCRIPT.format(revision=head(migrations_dir), migrations=migrations, marker=MARKER)


def first_difference(wanted: str, found: str) -> str | None:
    """Name the first line in which `found` departs from `wanted`, and say both; None when in none."""
    wanted_lines, found_lines = wanted.splitlines(), found.splitlines()
    for number in range(max(len(wanted_lines), len(found_lines))):
        should, does = (_line(lines, number) for lines in (wanted_lines, found_lines))
        if should != does:
            return f"line {number + 1} is {does}, and is to be {should}"
    return None if wanted == found else "the line ends differ"


def _line(lines: list[str], number: int) -> str:
    return repr(lines[number]) if number < len(lines) else "missing"


def render_catalogue(dsn: str, migrations_dir: Path) -> str:
    """Return the text of `catalogue.json`: an object a line, sorted, so that a change reads well."""
    with scratch_database(dsn) as conn:
        upgrade(conn, migrations_dir)
        return to_text(live(conn))


def to_text(catalogue: Catalogue) -> str:
    """Return a catalogue as the file holds it."""
    return json.dumps(catalogue, indent=0, sort_keys=True, ensure_ascii=False) + "\n"


@contextmanager
def scratch_database(dsn: str) -> Iterator[Connection]:
    """Yield an autocommit connection to an empty database that is dropped at the end."""
    name = f"sportsplat_scratch_{os.getpid()}"
    with connect(dsn, autocommit=True) as server:
        database = sql.Identifier(name)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(database))
        try:
            with connect(make_conninfo(dsn, dbname=name), autocommit=True) as conn:
                yield conn
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def main() -> None:
    """Render for the server whose URL is the only argument."""
    migrations_dir = asset_dir("migrations")
    target = migrations_dir / CATALOGUE_FILE
    target.write_text(render_catalogue(sys.argv[1], migrations_dir), encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
