"""What the API asks of the database: small keyed reads over an asynchronous pool, rows as dictionaries.

Times are aware datetimes in UTC, odds decimal, probabilities in the order of the league's outcomes.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from sportsplat.db.engine import BECOME, session_conninfo
from sportsplat.errors import EnvironmentUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

Row = dict[str, Any]
AsyncConnection = psycopg.AsyncConnection[Row]

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
     WHERE m.league = %(league)s
       AND (%(since)s::date IS NULL OR m.match_date >= %(since)s)
       AND (%(until)s::date IS NULL OR m.match_date <= %(until)s)
       AND (%(status)s::text IS NULL OR m.status = %(status)s)
       AND (%(team)s::text IS NULL OR lower(%(team)s) IN (lower(h.name), lower(a.name)))
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
     WHERE m.league = %(league)s
       AND p.model_id = coalesce(%(model_id)s, (SELECT model_id FROM model_promotions
                                                 WHERE league = %(league)s ORDER BY id DESC LIMIT 1))
       AND (%(since)s::date IS NULL OR m.match_date >= %(since)s)
       AND (%(until)s::date IS NULL OR m.match_date <= %(until)s)
     ORDER BY m.kickoff_utc, m.id, p.as_of DESC, p.predicted_at DESC
     LIMIT %(limit)s OFFSET %(offset)s
"""

READY: LiteralString = """
    SELECT (SELECT version_num FROM alembic_version) AS schema_revision,
           (SELECT count(DISTINCT league) FROM model_promotions) AS promoted_models
"""


@dataclass(frozen=True)
class Page:
    """Which stretch of an ordered answer is wanted: `limit` rows after the first `offset`."""

    limit: int
    offset: int


class Database:
    """A bounded pool of read connections; opened and closed with the application."""

    def __init__(self, dsn: str, *, role: str | None, max_size: int = 8, timeout_s: float = 5.0) -> None:
        """Prepare the pool; nothing connects before `open`."""
        self._timeout_s = timeout_s

        async def become(conn: AsyncConnection) -> None:
            await conn.execute("SET statement_timeout = '10s'")
            if role is not None:
                await conn.execute(BECOME, [role])

        self._pool: AsyncConnectionPool[AsyncConnection] = AsyncConnectionPool(
            session_conninfo(dsn),
            connection_class=psycopg.AsyncConnection[Row],
            kwargs={"row_factory": dict_row, "autocommit": True},
            configure=become,
            min_size=1,
            max_size=max_size,
            max_waiting=256,
            timeout=timeout_s,
            reconnect_timeout=timeout_s,  # then the next request tries at once, not when a long pause is over
            open=False,
            check=AsyncConnectionPool.check_connection,
        )

    async def open(self) -> None:
        """Start connecting in the background: the application starts although the database is down."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give every connection back."""
        await self._pool.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._pool.connection() as conn:
                yield conn
        except (PoolTimeout, TooManyRequests, psycopg.OperationalError) as problem:
            raise EnvironmentUnavailable(
                "The database does not answer.",
                code="DATABASE_DOWN",
                cause=f"No connection within {self._timeout_s:g} s ({type(problem).__name__}).",
                fix="sportsplat status",
            ) from problem

    async def rows(self, query: LiteralString, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """Run one query and return every row.

        Raises:
            EnvironmentUnavailable: no connection could be had in time.
        """
        async with self._connection() as conn:
            cursor = await conn.execute(query, parameters)
            return await cursor.fetchall()

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
        return await self.rows(
            MATCHES,
            {
                "league": league, "since": since, "until": until, "status": status, "team": team,
                "limit": page.limit, "offset": page.offset,
            },
        )  # fmt: skip

    async def predictions(
        self, league: str, *, since: date | None, until: date | None, model_id: int | None, page: Page
    ) -> list[Row]:
        """Return the newest prediction of each match in order of kick-off."""
        return await self.rows(
            PREDICTIONS,
            {
                "league": league, "since": since, "until": until, "model_id": model_id,
                "limit": page.limit, "offset": page.offset,
            },
        )  # fmt: skip

    async def readiness(self) -> Row:
        """Return the schema's revision and how many leagues have a promoted model."""
        return (await self.rows(READY))[0]
