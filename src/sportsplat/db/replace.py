"""Replacing all that is in schema public by what a backup holds, inside one transaction of the caller's.

Only what the migrations or the backup know is ever dropped, and never with CASCADE: anything else that stands
there, or depends on it from elsewhere, is a reason to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import IO, TYPE_CHECKING

import psycopg
from psycopg import sql

from sportsplat.db.catalogue import OUR_ROLES, expected, expected_here, live, restore_grants
from sportsplat.db.table_locks import in_order, lock_tables
from sportsplat.errors import DataConflict, InputRefused

if TYPE_CHECKING:
    from pathlib import Path

    from sportsplat.db.engine import Connection

# What depends on the others comes first.
_KINDS = ("materialized view", "view", "foreign table", "table", "sequence", "function")
_BATCH = 1 << 18
_END_OF_ROWS = b"\\.\n"
_ONLY_FROM_17 = b"SET transaction_timeout = 0;\n"


def objects(conn: Connection) -> list[str]:
    """Return kind and name of each table, view, sequence and function of schema public: `table quotes`."""
    return [key for key in live(conn) if _kind(key) is not None]


def known_objects(conn: Connection, migrations_dir: Path, also_known: Collection[str] = ()) -> list[str]:
    """Return the objects of schema public, all of which the migrations or `also_known` know.

    Raises DataConflict (`FOREIGN_OBJECTS`) when something else stands there: it is not ours to drop.
    """
    known = {*expected(migrations_dir), *also_known}
    found = objects(conn)
    foreign = [key for key in found if key not in known]
    if foreign:
        drops = "; ".join(f"DROP {key}" for key in foreign)
        raise DataConflict(
            f"schema public holds {len(foreign)} object{'s' * (len(foreign) > 1)} unknown to sportsplat; "
            "nothing was changed",
            cause=", ".join(foreign),
            fix=f"move what is yours to another schema, or, if nobody needs it: {drops}",
            code="FOREIGN_OBJECTS",
            objects=foreign,
        )
    return found


def has_rows(conn: Connection, tables: Iterable[str]) -> bool:
    """Tell whether any of these tables of schema public has a row."""
    for table in tables:
        query = sql.SQL("SELECT EXISTS (SELECT FROM public.{})").format(sql.Identifier(table))
        if conn.execute(query).fetchone() == (True,):
            return True
    return False


def tables(conn: Connection) -> list[str]:
    """Return the tables of schema public that may hold data of the user's: all but Alembic's own."""
    names = [key.removeprefix("table ") for key in objects(conn) if _kind(key) == "table"]
    return [name for name in names if name != "alembic_version"]


def empty(conn: Connection, ours: Collection[str]) -> None:
    """Drop these objects of schema public.

    Raises DataConflict (`FOREIGN_OBJECTS`) when something else depends on one of them.
    """
    held = [key.removeprefix("table ") for key in ours if _kind(key) == "table"]
    lock_tables(conn, in_order(conn, held), "ACCESS EXCLUSIVE")
    for kind in _KINDS:
        # What belonged to a table (the sequence of a column) is gone with it.
        left = set(objects(conn)) if kind == "sequence" else set(ours)
        names = [key.removeprefix(f"{kind} ") for key in ours if _kind(key) == kind and key in left]
        if names:
            _drop(conn, kind, names)


def load(
    conn: Connection, before: bytes, rows: IO[bytes], after: bytes, tell: Callable[[int, str], None]
) -> None:
    """Run the scripts of an archive: what stands before its rows, the rows, what follows.

    tell: hears how many tables are done, and what comes next. Raises InputRefused (`BACKUP_DAMAGED`) when the
    rows end in the middle of a table.
    """
    run_script(conn, before)
    pending: list[bytes] = []
    done = 0
    lines = _Lines(rows)
    for line in lines:
        if line.startswith(b"COPY ") and line.endswith(b" FROM stdin;\n"):
            run_script(conn, b"".join(pending))
            pending = []
            tell(done, line.split()[1].decode().removeprefix("public."))
            with conn.cursor().copy(line) as copy:
                for block in lines.rows():
                    copy.write(block)
            done += 1
        elif not line.startswith(b"\\"):
            pending.append(line)
    run_script(conn, b"".join(pending))
    tell(done, "indexes and constraints")
    run_script(conn, after)


def run_script(conn: Connection, script: bytes) -> None:
    """Run several statements, as the server itself tells them apart."""
    if conn.info.server_version < 170000:
        script = script.replace(_ONLY_FROM_17, b"", 1)
    if script.strip():
        conn.execute(script)


def revoke_defaults(conn: Connection) -> None:
    """Take back what our roles are given on every new table: the first migration gives it anew."""
    for role in _our_roles(conn):
        revoke = "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {}"
        conn.execute(sql.SQL(revoke).format(role))


def give_grants(conn: Connection, migrations_dir: Path) -> None:
    """Give our roles on our new objects what the migrations give them, and nothing else."""
    wanted, found = expected_here(conn, migrations_dir), live(conn)
    ours = [key for key in wanted if key in found]
    tables = sql.SQL(", ").join(
        sql.Identifier("public", key.partition(" ")[2]) for key in ours if _kind(key) in ("table", "view")
    )
    for role in _our_roles(conn):
        conn.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(tables, role))
    for key in ours:
        if _kind(key) == "function":  # everybody may call a new function
            conn.execute(f"REVOKE ALL ON FUNCTION public.{key.partition(' ')[2]} FROM PUBLIC".encode())
    restore_grants(conn, wanted, live(conn))


def refuse_encoding(conn: Connection) -> None:
    """Raise DataConflict (`WRONG_ENCODING`) for a database whose texts are not UTF-8."""
    row = conn.execute("SHOW server_encoding").fetchone()
    if row != ("UTF8",):
        name = conn.info.dbname
        raise DataConflict(
            f"database {name!r} does not store UTF-8, so it cannot hold every name; nothing was changed",
            cause=f"its encoding is {row[0] if row else 'unknown'}",
            fix=f"createdb --template template0 --encoding UTF8 NEWNAME, instead of {name!r}",
            code="WRONG_ENCODING",
        )


class _Lines:
    """The lines of a script; inside a COPY they come in large blocks, since there are millions."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ahead: list[bytes] = []

    def __iter__(self) -> Iterator[bytes]:
        while self._fill():
            yield self._ahead.pop(0)

    def rows(self) -> Iterator[bytes]:
        r"""Yield the rows of one COPY, up to the line `\.`."""
        while self._fill():
            lines, self._ahead = self._ahead, []
            if _END_OF_ROWS in lines:
                end = lines.index(_END_OF_ROWS)
                yield b"".join(lines[:end])
                self._ahead = lines[end + 1 :]
                return
            yield b"".join(lines)
        raise InputRefused(
            "the backup ends in the middle of a table",
            fix="use another backup: sportsplat db backups",
            code="BACKUP_DAMAGED",
        )

    def _fill(self) -> bool:
        if not self._ahead:
            self._ahead = self._stream.readlines(_BATCH)
        return bool(self._ahead)


def _our_roles(conn: Connection) -> list[sql.Identifier]:
    found = conn.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", [list(OUR_ROLES)])
    return [sql.Identifier(name) for (name,) in found.fetchall()]


def _kind(key: str) -> str | None:
    return next((kind for kind in _KINDS if key.startswith(f"{kind} ")), None)


def _drop(conn: Connection, kind: str, names: list[str]) -> None:
    # A function's name comes from the server with its arguments and quoted.
    listed: list[sql.Composable] = [
        sql.SQL(f"public.{name}") if kind == "function" else sql.Identifier("public", name) for name in names
    ]
    statement = sql.SQL("DROP {} {}").format(sql.SQL(kind.upper()), sql.SQL(", ").join(listed))
    try:
        conn.execute(statement)
    except psycopg.errors.DependentObjectsStillExist as error:
        raise DataConflict(
            "something that is not sportsplat's depends on its tables; nothing was changed",
            cause=" / ".join((error.diag.message_detail or str(error)).splitlines()),
            fix="drop what is named there (you can make it again afterwards), then run the command again",
            code="FOREIGN_OBJECTS",
        ) from error
