"""Leagues and teams: the rows that everything else refers to, and what users say of names."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from sportsplat.leagues.team_names import ANY, Spelling, fold

if TYPE_CHECKING:
    from sportsplat.leagues.league import League


class Team(NamedTuple):
    """A stored team; `named_by`: the source that brought its name; None: no source yet, or a user."""

    id: int
    name: str
    named_by: str | None


class Alias(NamedTuple):
    """A name that `source` (or `any`) uses for a team on the days from `since` to `until`."""

    source: str
    alias: str
    team: str
    since: date
    until: date


def lock_league(conn: psycopg.Connection[Any], code: str) -> None:
    """Wait for the sole right to write matches of a league, until this transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('sportsplat league ' || %s, 0))", (code,))


def ensure_league(conn: psycopg.Connection[Any], league: League) -> bool:
    """Store a league's declaration, or what changed of it; return whether its precedence changed."""
    declared = {
        "code": league.code,
        "name": league.name,
        "sport": league.sport,
        "outcomes": list(league.outcomes),
        "timezone": league.timezone.key,
        "precedence": list(league.precedence),
    }
    before = conn.execute("SELECT precedence FROM leagues WHERE code = %(code)s", declared).fetchone()
    conn.execute(
        """
        INSERT INTO leagues (code, name, sport, outcomes, timezone, precedence)
        SELECT %(code)s, %(name)s, %(sport)s, %(outcomes)s::text[], %(timezone)s, %(precedence)s::text[]
         WHERE NOT EXISTS (
               SELECT FROM leagues
                WHERE (code, name, sport, outcomes, timezone, precedence)
                    = (%(code)s, %(name)s, %(sport)s, %(outcomes)s::text[], %(timezone)s,
                       %(precedence)s::text[]))
        ON CONFLICT (code) DO UPDATE
           SET name = excluded.name, sport = excluded.sport, outcomes = excluded.outcomes,
               timezone = excluded.timezone, precedence = excluded.precedence
        """,
        declared,
    )
    return before is not None and before[0] != declared["precedence"]


def stored_teams(conn: psycopg.Connection[Any], league: str) -> list[Team]:
    """Return the teams of a league by name."""
    rows = conn.execute(
        'SELECT id, name, named_by FROM teams WHERE league = %s ORDER BY name COLLATE "C"', (league,)
    )
    return [Team(*row) for row in rows.fetchall()]


def add_teams(
    conn: psycopg.Connection[Any], league: str, names: Collection[str], named_by: str | None = None
) -> dict[str, int]:
    """Store the teams of these names that are not stored; return the ids of the new ones."""
    if not names:
        return {}
    made = conn.execute(
        """
        INSERT INTO teams (league, name, named_by) SELECT %s, name, %s FROM unnest(%s::text[]) AS t (name)
        ON CONFLICT (league, name) DO NOTHING RETURNING name, id
        """,
        (league, named_by, sorted(names)),
    )
    return dict(made.fetchall())


def aliases_of(conn: psycopg.Connection[Any], league: str, source: str | None = None) -> list[Alias]:
    """Return what users said of a league's names: of one source (and of any), or all, by name and day."""
    rows = conn.execute(
        """
        SELECT a.source, a.alias, t.name, greatest(a.since, '0001-01-01'), least(a.until, '9999-12-31')
          FROM team_aliases a JOIN teams t ON t.id = a.team_id
         WHERE a.league = %(league)s AND (%(source)s::text IS NULL OR a.source IN (%(source)s, %(any)s))
         ORDER BY a.alias COLLATE "C", a.source = %(any)s, a.since
        """,
        {"league": league, "source": source, "any": ANY},
    ).fetchall()
    return [Alias(*row) for row in rows]


def set_alias(conn: psycopg.Connection[Any], league: str, alias: Alias) -> bool:
    """Store what a user says of a name; return whether it is new. The team exists.

    Another team that the name meant on some of these days is replaced on them: only what lies outside stays.
    """
    same = [one for one in aliases_of(conn, league, alias.source) if one.source == alias.source]
    overlapping = [
        one
        for one in same
        if fold(one.alias) == fold(alias.alias) and one.since <= alias.until and alias.since <= one.until
    ]
    if alias in overlapping:
        return False
    for one in overlapping:
        conn.execute(
            "DELETE FROM team_aliases WHERE league = %s AND source = %s AND alias = %s"
            " AND greatest(since, '0001-01-01') = %s",
            (league, one.source, one.alias, one.since),
        )
    conn.execute(
        """
        INSERT INTO team_aliases (league, source, alias, team_id, since, until)
        SELECT %(league)s, %(source)s, %(alias)s, id,
               CASE WHEN %(since)s = '0001-01-01'::date THEN '-infinity' ELSE %(since)s END,
               CASE WHEN %(until)s = '9999-12-31'::date THEN 'infinity' ELSE %(until)s END
          FROM teams WHERE league = %(league)s AND name = %(team)s
        """,
        {"league": league, **alias._asdict()},
    )
    return True


def spellings_of(aliases: Iterable[Alias]) -> dict[tuple[str, str], tuple[Spelling, ...]]:
    """Return aliases as declared spellings are kept: by source and name, without regard to case."""
    found: dict[tuple[str, str], tuple[Spelling, ...]] = {}
    for one in aliases:
        key = one.source, fold(one.alias)
        found[key] = (*found.get(key, ()), Spelling(one.team, one.since, one.until, one.alias))
    return found
