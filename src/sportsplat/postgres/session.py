"""Sessions of PostgreSQL that behave alike whatever the server, the database, the user and the caller set.

What a session needs is pinned when it begins. Behind a pooler such as PgBouncer in transaction mode there is
no session: each transaction may run on another server connection, and what is set on one stays for the
client that gets it next. There the same is set anew in every transaction, and ends with it. A
pooler is recognised by the process number: it tells the client another one than the server has.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from sportsplat.errors import InvalidSetting

if TYPE_CHECKING:
    from psycopg.abc import Params, Query

CONNECT_TIMEOUT_S = 10

PINNED: Mapping[str, str] = {
    "TimeZone": "UTC",  # a timestamptz arrives as an aware datetime in UTC
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "search_path": "public",
    "extra_float_digits": "1",  # less rounds numbers on their way
    "array_nulls": "on",  # off makes NULL in an array the text "NULL"
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",  # on changes how the server describes the schema
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
}
NO_LIMITS: Mapping[str, str] = dict.fromkeys(
    (
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "transaction_timeout",
    ),
    "0",
)
"""No limits but those that the URL itself names (`options=-c statement_timeout=…`).

Every user may set all of these. A server that does not know one of them goes without it."""
_NAMED = re.compile(r"(?:-c\s*|--)([A-Za-z_-]+)\s*=")

# Membership alone is not enough from PostgreSQL 16 on: SET ROLE has an option of its own.
_PIN: LiteralString = """
SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('transaction_read_only') = 'off',
       count(pg_catalog.set_config(name, value, local)) FROM (
    SELECT name, value, pg_catalog.pg_backend_pid() <> %(pid)s AS local
      FROM unnest(%(names)s::text[], %(values)s::text[]) AS s (name, value)
     WHERE pg_catalog.current_setting(name, true) IS NOT NULL
    UNION ALL
    SELECT 'role', rolname, pg_catalog.pg_backend_pid() <> %(pid)s
      FROM pg_catalog.pg_roles
     WHERE rolname = %(role)s
       AND pg_catalog.pg_has_role(
           oid, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                     THEN 'SET' ELSE 'MEMBER' END)) AS pinned
"""


def session_conninfo(dsn: str) -> str:
    """Return the dsn with what every session of ours has; raises InvalidSetting when it cannot be read.

    The caller's own PG* variables are taken out of this process: libpq fills in from them what the dsn leaves
    open (PGSERVICE, PGCHANNELBINDING, PGHOSTADDR, PGOPTIONS, …), and of some a dsn cannot say otherwise.
    """
    for variable in pg_variables():
        os.environ.pop(variable, None)
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # its text, and a chained traceback, can quote a part of the password
        raise InvalidSetting(
            "the database URL cannot be read",
            cause="DATABASE_URL is neither postgresql://user:password@host:port/database nor key=value pairs",
            fix="write special characters of the password as %XX, then run: sportsplat config check",
        ) from None
    defaults: dict[str, str | int] = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "sportsplat"}
    missing = {key: value for key, value in defaults.items() if key not in given}
    return make_conninfo(dsn, **missing, client_encoding="UTF8")


def pg_variables() -> list[str]:
    """Return the names of the caller's variables that libpq and PostgreSQL's programs read."""
    return [name for name in os.environ if name.startswith("PG")]


def pinned_settings(conninfo: str) -> dict[str, str]:
    """Return what is pinned in sessions of a dsn."""
    options = str(conninfo_to_dict(conninfo).get("options") or "")
    named = {name.replace("-", "_").lower() for name in _NAMED.findall(options)}
    return {**PINNED, **{name: value for name, value in NO_LIMITS.items() if name not in named}}


class _Pins(NamedTuple):
    """What is pinned: the role to act as (None: the user itself), and the settings."""

    role: str | None = None
    settings: Mapping[str, str] = PINNED

    def parameters(self, pid: int) -> dict[str, Any]:
        return {
            "pid": pid, "role": self.role,
            "names": list(self.settings), "values": list(self.settings.values()),
        }  # fmt: skip


class _Cursor(psycopg.Cursor[Any]):
    """A cursor of a pooled session."""

    def execute(
        self, query: Any, params: Params | None = None, *, prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:  # fmt: skip
        with _session_of(self).pinned():
            return super().execute(query, params, prepare=prepare, binary=binary)

    def executemany(self, query: Any, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        with _session_of(self).pinned():
            super().executemany(query, params_seq, returning=returning)

    @contextmanager
    def copy(
        self, statement: Query, params: Params | None = None, *, writer: Any = None
    ) -> Iterator[psycopg.Copy]:
        with (
            _session_of(self).pinned(),
            psycopg.Cursor.copy(self, statement, params, writer=writer) as copy,
        ):
            yield copy


class Session(psycopg.Connection[Any]):
    """A connection whose settings and role are ours.

    pooled: a pooler stands before the server. writable: False on a standby server, and where the
    administrator made the database read-only.
    """

    pooled = False
    writable = True
    _pins = _Pins()

    @classmethod
    def begin(
        cls, dsn: str, *, role: str | None = None, autocommit: bool = False, name: str | None = None
    ) -> Session:
        """Connect; `role`: to act as it where the user may. `name`: another application_name.

        Raises InvalidSetting for a dsn that cannot be read, psycopg.OperationalError when there is no
        connection.
        """
        conninfo = session_conninfo(dsn)
        named = make_conninfo(conninfo, **({"application_name": name} if name else {}))
        session = cls.connect(named, autocommit=True)
        try:
            session._pins = _Pins(role, pinned_settings(conninfo))
            session._pin()
            session.autocommit = autocommit
        except BaseException:
            session.close()
            raise
        return session

    @contextmanager
    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> Iterator[psycopg.Transaction]:
        """Begin a transaction or a savepoint, as psycopg's own."""
        outermost = self._unpinned()
        with super().transaction(savepoint_name, force_rollback) as transaction:
            if outermost:
                self._pin()
            yield transaction

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Run the block in a transaction that is pinned, one of its own where none is open."""
        if not self._unpinned():
            yield
        elif self.autocommit:
            with self.transaction():
                yield
        else:
            self._pin()
            yield

    def _unpinned(self) -> bool:
        return self.pooled and self.info.transaction_status == TransactionStatus.IDLE

    def _pin(self) -> None:
        parameters = self._pins.parameters(self.info.backend_pid)
        row = psycopg.Cursor(self).execute(_PIN, parameters, prepare=False).fetchone()
        if row is None or self.pooled:
            return
        self.writable = row[1]
        if row[0] != self.info.backend_pid:
            self.pooled = True
            self.prepare_threshold = None  # a prepared statement stays on the server connection that made it
            self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            self.cursor_factory = _Cursor


class AsyncSession(psycopg.AsyncConnection[dict[str, Any]]):
    """The asynchronous session: after `pin`, statements belong into `pinned`."""

    pooled = False
    _pins = _Pins()

    async def pin(self, role: str | None, settings: Mapping[str, str]) -> None:
        """Pin the role and `settings` (see `pinned_settings`); once, right after connecting."""
        self._pins = _Pins(role, settings)
        self.pooled = await self._pin() != self.info.backend_pid
        if self.pooled:
            self.prepare_threshold = None
            await self.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)

    @asynccontextmanager
    async def pinned(self) -> AsyncIterator[None]:
        """Run the block as it is pinned: behind a pooler in a transaction of its own."""
        if not self.pooled:
            yield
            return
        async with self.transaction():
            await self._pin()
            yield

    async def _pin(self) -> int:
        cursor = psycopg.AsyncCursor(self, row_factory=psycopg.rows.tuple_row)
        await cursor.execute(_PIN, self._pins.parameters(self.info.backend_pid), prepare=False)
        row = await cursor.fetchone()
        return int(row[0]) if row is not None else 0


def _session_of(cursor: psycopg.Cursor[Any]) -> Session:
    session = cursor.connection
    assert isinstance(session, Session)  # noqa: S101 - it alone makes such cursors
    return session
