"""Replacing all that is in schema public by what a backup holds, inside one transaction of the caller's.

Only what the migrations or the backup know is ever dropped, and never with CASCADE: anything else that stands
there, or depends on it from elsewhere, is a reason to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import IO, TYPE_CHECKING

import psycopg
from psycopg import sql

from sportsplat.db.copy.archive_script import run_script
from sportsplat.db.copy.locks import in_order, lock_tables
from sportsplat.db.schema.catalogue import OUR_ROLES, expected_here, live, restore_grants
from sportsplat.db.schema.objects import KINDS, kind_of, objects
from sportsplat.errors import DataConflict, InputRefused

if TYPE_CHECKING:
    from pathlib import Path

    from sportsplat.db.connection import Connection

_BATCH = 1 << 18
_NAME = rb'(?:\w+|"(?:[^"]|"")+")'
_COPY = re.compile(
    rb"COPY public\.(" + _NAME + rb") \((?:" + _NAME + rb"(?:, " + _NAME + rb")*)?\) FROM stdin;\n"
)
_SEQUENCE = re.compile(
    rb"SELECT pg_catalog\.setval\('public\.(?:\w|\"(?:[^'\"\\]|''|\"\")+\")+', -?\d+, (?:true|false)\);\n"
)
# Settings of the session that stand before every section (the first one was run whole), comments, psql's own.
_SAYS_NOTHING = re.compile(
    rb"|\n|--.*\n|\\.*\n|SET \w+ = [\w']*;\n|SELECT pg_catalog\.set_config\('search_path', '', false\);\n",
    re.DOTALL,
)
_END_OF_ROWS = b"\\.\n"


def empty(conn: Connection, ours: Collection[str]) -> None:
    """Drop these objects of schema public.

    Raises DataConflict (`FOREIGN_OBJECTS`) when something else depends on one of them.
    """
    held = [key.removeprefix("table ") for key in ours if kind_of(key) == "table"]
    lock_tables(conn, in_order(conn, held), "ACCESS EXCLUSIVE")
    for kind in KINDS:
        # What belonged to a table (the sequence of a column) is gone with it.
        left = set(objects(conn)) if kind == "sequence" else set(ours)
        names = [key.removeprefix(f"{kind} ") for key in ours if kind_of(key) == kind and key in left]
        if names:
            _drop(conn, kind, names)


def load(
    conn: Connection, before: bytes, rows: IO[bytes], after: bytes, tell: Callable[[int, str], None]
) -> list[str]:
    """Run the scripts of an archive: what stands before its rows, the rows, what follows.

    Of the rows' script nothing runs but what pg_dump writes there: COPY into a table, and where a sequence
    goes on. tell: hears how many tables are done, and what comes next. Returns the options of tables, columns
    and indexes that were left out because this server does not know them. Raises InputRefused
    (`BACKUP_DAMAGED`) when the rows end in the middle of a table, or when there is anything else among them.
    """
    left_out = run_script(conn, before)
    done = 0
    lines = _Lines(rows)
    for line in lines:
        if copied := _COPY.fullmatch(line):
            tell(done, copied[1].decode())
            with conn.cursor().copy(line) as copy:
                for block in lines.rows():
                    copy.write(block)
            done += 1
        elif _SEQUENCE.fullmatch(line):
            conn.execute(line)
        elif not _SAYS_NOTHING.fullmatch(line):
            raise InputRefused(
                "the rows of the backup contain something that pg_dump does not write",
                cause=line[:200].decode("utf-8", "replace").strip(),
                fix="use another backup: sportsplat db backups",
                code="BACKUP_DAMAGED",
            )
    tell(done, "indexes and constraints")
    return left_out + run_script(conn, after)


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
        sql.Identifier("public", key.partition(" ")[2]) for key in ours if kind_of(key) in ("table", "view")
    )
    for role in _our_roles(conn):
        conn.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(tables, role))
    for key in ours:
        if kind_of(key) == "function":  # everybody may call a new function
            conn.execute(f"REVOKE ALL ON FUNCTION public.{key.partition(' ')[2]} FROM PUBLIC".encode())
    restore_grants(conn, wanted, live(conn))


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
            "objects outside sportsplat depend on its tables; nothing was changed",
            cause=" / ".join((error.diag.message_detail or str(error)).splitlines()),
            fix="drop the objects named there (you can recreate them afterwards), then run the command again",
            code="FOREIGN_OBJECTS",
        ) from error
