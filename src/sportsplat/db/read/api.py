"""Database reads of the API: small keyed reads over an asynchronous pool, rows as dictionaries.

Times are aware datetimes in UTC, odds decimal, probabilities in the order of the league's outcomes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from sportsplat.errors import EnvironmentUnavailable, MigrationError, TimedOut, UsageError
from sportsplat.postgres.session import AsyncSession, pinned_settings, session_conninfo

Row = dict[str, Any]

LEAGUES: LiteralString = """
    SELECT l.code, l.name, l.sport, l.outcomes, l.timezone,
           count(m.id) AS matches,
           count(m.id) FILTER (WHERE m.status = 'scheduled') AS scheduled,
           min(m.match_date) AS first_match, max(m.match_date) AS last_match,
           max(m.updated_at) AS updated_at
      FROM leagues l LEFT JOIN matches m ON m.league = l.code
     GROUP BY l.code ORDER BY l.code
"""

MATCH_COLUMNS: LiteralString = """
    m.id, m.league, m.season, m.match_date, m.kickoff_utc, m.precision, h.name AS home, a.name AS away,
    m.neutral, m.stage, m.status, m.home_score, m.away_score
"""

MATCHES: LiteralString = f"""
    SELECT {MATCH_COLUMNS}
      FROM matches m JOIN teams h ON h.id = m.home_id JOIN teams a ON a.id = m.away_id
     WHERE m.league = %(league)s {{conditions}}
     ORDER BY m.kickoff_utc, m.id LIMIT %(limit)s OFFSET %(offset)s
"""

# The newest prediction of each match by one model: the named one, else the league's promoted one.
PREDICTIONS: LiteralString = f"""
    SELECT DISTINCT ON (m.kickoff_utc, m.id)
           {MATCH_COLUMNS}, p.model_id, mo.kind AS model, p.predicted_at, p.as_of, p.probabilities, l.outcomes
      FROM predictions p
      JOIN matches m ON m.id = p.match_id
      JOIN leagues l ON l.code = m.league
      JOIN models mo ON mo.id = p.model_id
      JOIN teams h ON h.id = m.home_id JOIN teams a ON a.id = m.away_id
     WHERE m.league = %(league)s {{conditions}}
     ORDER BY m.kickoff_utc, m.id, p.as_of DESC, p.predicted_at DESC
     LIMIT %(limit)s OFFSET %(offset)s
"""

PREDICTIONS_OF_THE_PROMOTED: LiteralString = PREDICTIONS.replace(
    "{conditions}",
    """AND p.model_id = (SELECT model_id FROM model_promotions
                          WHERE league = %(league)s ORDER BY id DESC LIMIT 1) {conditions}""",
)

# A condition is part of the query only where its value is given: then the plan of a prepared statement suits
# every value, and the server does not plan each request anew, which would cost more than running it.
CONDITIONS: Mapping[str, LiteralString] = {
    "since": "AND m.match_date >= %(since)s",
    "until": "AND m.match_date <= %(until)s",
    "status": "AND m.status = %(status)s",
    "team": "AND lower(%(team)s) IN (lower(h.name), lower(a.name))",
    "model_id": "AND p.model_id = %(model_id)s",
}

READY: LiteralString = """
    SELECT ARRAY(SELECT version_num::text FROM alembic_version ORDER BY 1) AS revisions,
           (SELECT count(DISTINCT league) FROM model_promotions) AS promoted_models,
           current_setting('server_encoding') AS encoding,
           current_setting('transaction_read_only') = 'on' AS read_only
"""


@dataclass(frozen=True)
class Page:
    """Which stretch of an ordered answer is wanted: `limit` rows after the first `offset`."""

    limit: int
    offset: int


@dataclass(frozen=True)
class PoolLimits:
    """Bounds of the pool: nothing that clients do makes the server hold more than this.

    max_size: connections. max_waiting: requests that may wait for one, each for `timeout_s` seconds at most;
    requests beyond that are refused at once. query_timeout_s: seconds after which a query is ended.
    """

    max_size: int = 8
    max_waiting: int = 1000
    timeout_s: float = 5.0
    query_timeout_s: float = 10.0


class Database:
    """A bounded pool of read connections; opened and closed with the application."""

    def __init__(self, dsn: str, *, role: str | None, limits: PoolLimits | None = None) -> None:
        """Prepare the pool; nothing connects before `open`."""
        self._limits = limits = limits or PoolLimits()
        self._answered_at = -math.inf

        conninfo = session_conninfo(dsn)
        settings = pinned_settings(conninfo) | {"statement_timeout": f"{limits.query_timeout_s * 1000:.0f}ms"}

        async def pin(conn: AsyncSession) -> None:
            await conn.pin(role, settings)

        self._pool: AsyncConnectionPool[AsyncSession] = AsyncConnectionPool(
            conninfo,
            connection_class=AsyncSession,
            kwargs={"row_factory": dict_row, "autocommit": True},
            configure=pin,
            min_size=1,
            max_size=limits.max_size,
            max_waiting=limits.max_waiting,
            timeout=limits.timeout_s,
            # Then the next request tries at once, not when a long pause is over.
            reconnect_timeout=limits.timeout_s,
            open=False,
        )

    async def open(self) -> None:
        """Start connecting in the background: the application starts although the database is down."""
        await self._pool.open(wait=False)
        self._answered_at = time.monotonic()

    async def close(self) -> None:
        """Give every connection back."""
        await self._pool.close()

    async def rows(self, query: LiteralString, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """Run one query and return every row.

        A connection that the server has ended meanwhile (a restart, an idle timeout) is found out by the
        query itself; it is then asked again on another one. All queries here only read.

        Raises:
            EnvironmentUnavailable: no connection in time (`DATABASE_DOWN`), or all of them are busy
                (`OVERLOADED`).
            TimedOut: the query took longer than its time.
            MigrationError: the tables are not those that the code needs.
            UsageError: the database cannot take a value of the request.
        """
        for attempt in range(self._limits.max_size + 1):
            try:
                async with self._pool.connection() as conn:
                    try:
                        async with conn.pinned():
                            found = await (await conn.execute(query, parameters)).fetchall()
                    except psycopg.OperationalError:
                        if conn.closed and attempt < self._limits.max_size:
                            continue
                        raise
            except (PoolTimeout, TooManyRequests) as problem:
                raise self._no_connection(problem) from problem
            except psycopg.Error as problem:
                raise _translated(problem) from problem
            self._answered_at = time.monotonic()
            return found
        raise AssertionError("the last attempt returns or raises")

    def _no_connection(self, problem: PoolTimeout | TooManyRequests) -> EnvironmentUnavailable:
        """Tell a server that has too much to do from a database that does not answer anybody."""
        if time.monotonic() - self._answered_at < self._limits.timeout_s:
            return EnvironmentUnavailable(
                "there are more concurrent requests than the server can answer",
                code="OVERLOADED",
                cause=f"all {self._limits.max_size} connections to the database are busy "
                f"({type(problem).__name__})",
                fix="retry after the seconds in Retry-After, with fewer concurrent requests",
                retry_after_s=1,
            )
        return EnvironmentUnavailable(
            "the database does not answer",
            code="DATABASE_DOWN",
            cause=f"no connection within {self._limits.timeout_s:g} s ({type(problem).__name__})",
            fix="sportsplat status",
            retry_after_s=5,
        )

    async def leagues(self) -> list[Row]:
        """Return what is stored of each league, one row a league."""
        return await self.rows(LEAGUES)

    async def matches(
        self,
        league: str,
        *,
        since: date | None,
        until: date | None,
        status: str | None,
        team: str | None,
        page: Page,
    ) -> list[Row]:
        """Return a league's matches in order of kick-off."""
        given = {"since": since, "until": until, "status": status, "team": team}
        return await self._listed(MATCHES, league, given, page)

    async def predictions(
        self, league: str, *, since: date | None, until: date | None, model_id: int | None, page: Page
    ) -> list[Row]:
        """Return the newest prediction of each match in order of kick-off."""
        given = {"since": since, "until": until, "model_id": model_id}
        query = PREDICTIONS if model_id is not None else PREDICTIONS_OF_THE_PROMOTED
        return await self._listed(query, league, given, page)

    async def _listed(
        self, query: LiteralString, league: str, given: Mapping[str, object], page: Page
    ) -> list[Row]:
        values = {name: value for name, value in given.items() if value is not None}
        conditions: LiteralString = " ".join(text for name, text in CONDITIONS.items() if name in values)
        return await self.rows(
            query.format(conditions=conditions),
            {"league": league, "limit": page.limit, "offset": page.offset, **values},
        )

    async def readiness(self) -> Row:
        """Return `revisions` (one, unless broken), `promoted_models`, `encoding` and `read_only`."""
        return (await self.rows(READY))[0]


def _translated(problem: psycopg.Error) -> Exception:
    """Translate a server error of a query into an error of this package; unexpected errors stay unchanged."""
    said = " ".join(str(problem).split())
    if isinstance(problem, psycopg.errors.QueryCanceled):
        return TimedOut(
            "the query took too long and was cancelled",
            code="QUERY_TIMED_OUT",
            cause=said,
            fix="request fewer rows: a smaller limit or offset, or a date range",
        )
    if isinstance(problem, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return MigrationError(
            "the database schema is not the one this version needs",
            cause=said,
            fix="sportsplat db migrate",
            code="SCHEMA_BEHIND",
        )
    if isinstance(problem, psycopg.DataError):
        return UsageError(
            "the database rejected a value of this request",
            cause=said,
            fix="see /docs for the parameters of this route",
        )
    if isinstance(problem, psycopg.OperationalError):
        return EnvironmentUnavailable(
            "the database does not answer",
            code="DATABASE_DOWN",
            cause=said,
            fix="sportsplat status",
            retry_after_s=5,
        )
    return problem
