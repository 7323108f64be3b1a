"""The SQL of an archive on a server that is older than the one it comes from.

Options of columns, tables and indexes (`SET (…)`, `WITH (…)`) tune storage and never change what is stored,
so one that this server does not know is left out. Options whose names begin with `pg_` are notes of a server
to itself (15.20 keeps `pg_attver` for each column, and an older pg_dump writes it out): always left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from sportsplat.db.connection import Connection

_ONLY_FROM_17 = b"SET transaction_timeout = 0;\n"
_NAME = rb'(?:"(?:[^"]|"")+"|\w+)'
_OPTION = rb"(?:\w+\.)?" + _NAME + rb"(?:\s?=\s?(?:'(?:[^']|'')*'|[^\s'(),]+))?"
_OPTIONS = rb"\((?P<%s>" + _OPTION + rb"(?:, " + _OPTION + rb")*)\)"
# What is quoted, or a comment, comes first: an option is none inside a text or the body of a function.
_TOKEN = re.compile(
    rb"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'"
    rb"|\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$"
    rb"|--[^\n]*"
    rb"|(?P<column>ALTER (?:MATERIALIZED VIEW|TABLE|FOREIGN TABLE)(?: ONLY)? (?:" + _NAME + rb"\.)?" + _NAME +
    rb" ALTER COLUMN " + _NAME + rb" SET )" + _OPTIONS % b"of_column" + rb";\n?"
    rb"|(?P<relation>\s?\bWITH )" + _OPTIONS % b"of_relation" +
    rb'|"(?:[^"]|"")*"',
    re.DOTALL,
)  # fmt: skip


def run_script(conn: Connection, script: bytes) -> list[str]:
    """Run several statements in the open transaction, as the server itself tells them apart.

    Returns the options that were left out because this server does not know them (none of those that begin
    with `pg_`). Raises psycopg's errors.
    """
    if conn.info.server_version < 170000:
        script = script.replace(_ONLY_FROM_17, b"", 1)
    script = without_options(script, lambda name: name.startswith("pg_"))
    left_out: list[str] = []
    while script.strip():
        try:
            with conn.transaction():
                conn.execute(script)
            break
        except psycopg.errors.InvalidParameterValue as error:
            unknown = _named_in(error.diag.message_primary or "", script)
            if unknown is None:
                raise
            left_out.append(unknown)
            script = without_options(script, lambda name: name == left_out[-1])
    return left_out


def without_options(script: bytes, unwanted: Callable[[str], bool]) -> bytes:
    """Return the script without the options whose name is `unwanted`; texts and functions stay."""

    def kept(token: re.Match[bytes]) -> bytes:
        options = token["of_column"] or token["of_relation"]
        if options is None:
            return token[0]
        left = [option for option in _each(options) if not unwanted(_name(option))]
        if len(left) == len(_each(options)):
            return token[0]
        head = token["column"] or token["relation"]
        tail = token[0][len(head) + len(options) + 2 :]
        return head + b"(" + b", ".join(left) + b")" + tail if left else b""

    return _TOKEN.sub(kept, script)


def _named_in(message: str, script: bytes) -> str | None:
    """Return the option of the script that the message names, in whichever language it is."""
    found = {
        _name(option)
        for token in _TOKEN.finditer(script)
        for option in _each(token["of_column"] or token["of_relation"] or b"")
    }
    named = [name for name in found if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message)]
    return max(named, key=len, default=None)


def _each(options: bytes) -> list[bytes]:
    return [option[0] for option in re.finditer(_OPTION, options)]


def _name(option: bytes) -> str:
    return re.split(rb"\s?=", option)[0].strip(b'"').decode()
