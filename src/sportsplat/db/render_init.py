"""The script that gives a new database its schema at first boot, rendered from the migrations.

The official image runs it as the superuser that it made, through psql, when the data directory is empty. The
roles, the schema at head, Alembic's stamp and, last, the completion marker are one transaction: a script that
fails or is killed leaves nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

from sportsplat.db.migrate import offline_sql
from sportsplat.db.revisions import head

FILE = "10-sportsplat.sql"
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


def render(migrations_dir: Path) -> str:
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
