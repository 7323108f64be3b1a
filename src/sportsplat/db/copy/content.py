"""A summary of a database's contents: row count and hash of each table, and its sequences.

The hash of a table is the sum of its rows' MD5 hashes (each half modulo 2^64): the order of the rows and how
they came in do not matter, any changed value does. A row is hashed as text in UTF-8, its columns by name,
under settings that give the same text on every server of every major version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from sportsplat.db.connection import Connection

_HALF = 2**64
_SAME_EVERYWHERE = {
    "search_path": "",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmloption": "content",
    "row_security": "off",  # an error instead of rows that are silently left out
}
# Partitions belong to their parent. Objects of extensions are not ours.
_TABLES = """
SELECT c.relname, coalesce(array_agg(a.attname::text ORDER BY a.attname COLLATE "C")
                           FILTER (WHERE a.attname IS NOT NULL), '{}')
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
GROUP BY c.oid, c.relname ORDER BY c.relname COLLATE "C"
"""
_SEQUENCES = """
SELECT c.relname FROM pg_catalog.pg_class c
WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind = 'S'
ORDER BY c.relname COLLATE "C"
"""
# OFFSET 0 keeps the planner from computing the hash once for each half.
_HASH = """
SELECT count(*), coalesce(sum(('x' || left(h, 16))::bit(64)::bigint), 0),
       coalesce(sum(('x' || right(h, 16))::bit(64)::bigint), 0)
FROM (SELECT md5({row}) AS h FROM public.{table} OFFSET 0) AS hashed
"""


@dataclass(frozen=True)
class TableContent:
    """How many rows a table has, and the hash (32 hexadecimal digits) of what is in them."""

    rows: int
    hash: str


Content = dict[str, TableContent]
Tell = Callable[[int, int, str], None]


def content(conn: Connection, tell: Tell = lambda *_: None) -> Content:
    """Return what is in each table of schema public, in one pass over each.

    tell: hears how many tables are done, of how many, and the name of the next.

    In an open transaction of isolation REPEATABLE READ all of it is of one moment.
    """
    with conn.transaction():
        for setting, value in _SAME_EVERYWHERE.items():
            conn.execute("SELECT pg_catalog.set_config(%s, %s, true)", [setting, value])
        utf8 = conn.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        found: Content = {}
        tables = conn.execute(_TABLES).fetchall()
        for table, columns in tables:
            tell(len(found), len(tables), table)
            found[table] = _hashed(conn, table, columns, utf8=utf8)
    return found


def next_values(conn: Connection) -> dict[str, int]:
    """Return what each sequence of schema public will give next; no transaction holds them still."""
    names = [name for (name,) in conn.execute(_SEQUENCES).fetchall()]
    values = {}
    for name in names:
        query = sql.SQL("SELECT last_value + is_called::int FROM public.{}").format(sql.Identifier(name))
        row = conn.execute(query).fetchone()
        values[name] = int(row[0]) if row is not None else 0
    return values


def difference(wanted: Mapping[str, TableContent], found: Mapping[str, TableContent]) -> list[str]:
    """Say in which tables `found` departs from `wanted`, one line each; empty when in none."""
    lines = [f"{table} is missing" for table in wanted.keys() - found.keys()]
    lines += [f"{table} is not expected" for table in found.keys() - wanted.keys()]
    for table in wanted.keys() & found.keys():
        expected, got = wanted[table], found[table]
        if expected.rows != got.rows:
            lines.append(f"{table} has {got.rows:,} rows instead of {expected.rows:,}")
        elif expected != got:
            lines.append(f"{table} has {got.rows:,} rows with other values")
    return sorted(lines)


def behind(wanted: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """Say which sequences of `found` would give a number again, one line each.

    Equality would be too much to ask: sequences move on while a backup is made, whatever its snapshot.
    """
    return [
        f"sequence {name} goes on at {found.get(name, 'nothing')} instead of {value}"
        for name, value in sorted(wanted.items())
        if found.get(name, value - 1) < value
    ]


def _hashed(conn: Connection, table: str, columns: list[str], *, utf8: bool) -> TableContent:
    row: sql.Composable = sql.SQL("ROW({})::text").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    if not utf8:
        row = sql.SQL("convert_to({}, 'UTF8')").format(row)
    query = sql.SQL(_HASH).format(row=row, table=sql.Identifier(table))
    found = conn.execute(query).fetchone()
    rows, high, low = found if found is not None else (0, 0, 0)
    return TableContent(int(rows), f"{int(high) % _HALF:016x}{int(low) % _HALF:016x}")
