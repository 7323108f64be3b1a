"""Tables, views, sequences and functions of schema public, and what the migrations know of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from psycopg import sql

from sportsplat.db.schema.catalogue import expected, live
from sportsplat.errors import DataConflict

if TYPE_CHECKING:
    from pathlib import Path

    from sportsplat.db.connection import Connection

# What depends on the others comes first.
KINDS = ("materialized view", "view", "foreign table", "table", "sequence", "function")


def objects(conn: Connection) -> list[str]:
    """Return kind and name of each table, view, sequence and function of schema public: `table quotes`."""
    return [key for key in live(conn) if kind_of(key) is not None]


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
            fix=f"move your objects to another schema, or, if they are not needed: {drops}",
            code="FOREIGN_OBJECTS",
            objects=foreign,
        )
    return found


def tables(conn: Connection) -> list[str]:
    """Return the tables of schema public that may hold data of the user's: all but Alembic's own."""
    names = [key.removeprefix("table ") for key in objects(conn) if kind_of(key) == "table"]
    return [name for name in names if name != "alembic_version"]


def has_rows(conn: Connection, tables: Iterable[str]) -> bool:
    """Tell whether any of these tables of schema public has a row."""
    for table in tables:
        query = sql.SQL("SELECT EXISTS (SELECT FROM public.{})").format(sql.Identifier(table))
        if conn.execute(query).fetchone() == (True,):
            return True
    return False


def refuse_encoding(conn: Connection) -> None:
    """Raise DataConflict (`WRONG_ENCODING`) for a database whose texts are not UTF-8."""
    row = conn.execute("SHOW server_encoding").fetchone()
    if row != ("UTF8",):
        name = conn.info.dbname
        raise DataConflict(
            f"database {name!r} does not store UTF-8, so it cannot store every name; nothing was changed",
            cause=f"its encoding is {row[0] if row else 'unknown'}",
            fix=f"createdb --template template0 --encoding UTF8 NEWNAME, instead of {name!r}",
            code="WRONG_ENCODING",
        )


def kind_of(key: str) -> str | None:
    """Return the kind of an object by its key (`table quotes`), or None for one that is no object of ours."""
    return next((kind for kind in KINDS if key.startswith(f"{kind} ")), None)
