"""Leagues and teams: the rows that everything else refers to, made when a file first names them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from sportsplat.leagues import League


def lock_league(conn: psycopg.Connection[Any], code: str) -> None:
    """Wait for the sole right to write matches of a league, until this transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('sportsplat league ' || %s, 0))", (code,))


def ensure_league(conn: psycopg.Connection[Any], league: League) -> None:
    """Store a league's declaration, or what changed of it."""
    conn.execute(
        """
        INSERT INTO leagues (code, name, sport, outcomes, timezone)
        SELECT %(code)s, %(name)s, %(sport)s, %(outcomes)s::text[], %(timezone)s
         WHERE NOT EXISTS (
               SELECT FROM leagues WHERE (code, name, sport, outcomes, timezone)
                                       = (%(code)s, %(name)s, %(sport)s, %(outcomes)s::text[], %(timezone)s))
        ON CONFLICT (code) DO UPDATE
           SET name = excluded.name, sport = excluded.sport, outcomes = excluded.outcomes,
               timezone = excluded.timezone
        """,
        {
            "code": league.code,
            "name": league.name,
            "sport": league.sport,
            "outcomes": list(league.outcomes),
            "timezone": league.timezone.key,
        },
    )


def resolve_teams(
    conn: psycopg.Connection[Any], league: str, source: str, names: Iterable[str]
) -> dict[str, int]:
    """Return the id of each named team, making teams that the league does not have yet.

    A row of `team_aliases` for this source decides before the name does: it is where a user says that two
    names are one team. The caller holds the league's lock.
    """
    wanted = sorted(set(names))
    known = dict(
        conn.execute(
            "SELECT alias, team_id FROM team_aliases WHERE league = %s AND source = %s AND alias = ANY(%s)",
            (league, source, wanted),
        ).fetchall()
    )
    new = [name for name in wanted if name not in known]
    if new:
        known |= _teams_by_name(conn, league, new)
        conn.execute(
            """
            INSERT INTO team_aliases (league, source, alias, team_id)
            SELECT %s, %s, alias, team_id FROM unnest(%s::text[], %s::bigint[]) AS a (alias, team_id)
            """,
            (league, source, new, [known[name] for name in new]),
        )
    return known


def _teams_by_name(conn: psycopg.Connection[Any], league: str, names: list[str]) -> dict[str, int]:
    query = "SELECT name, id FROM teams WHERE league = %s AND name = ANY(%s)"
    known: dict[str, int] = dict(conn.execute(query, (league, names)).fetchall())
    missing = [name for name in names if name not in known]
    if missing:
        made = conn.execute(
            "INSERT INTO teams (league, name) SELECT %s, unnest(%s::text[]) RETURNING name, id",
            (league, missing),
        )
        known |= dict(made.fetchall())
    return known
