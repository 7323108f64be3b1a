"""One team of two: what is stored of the one becomes the other's, and the one is gone.

A match that both have stored becomes one (`merge_matches`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from sportsplat.db.write.claims import resolve_matches
from sportsplat.db.write.import_run import ImportRun
from sportsplat.db.write.same_match import IN_USE, link_stored, merge_duplicates, merge_matches

if TYPE_CHECKING:
    import psycopg

_PAIRS = ("matches", "match_claims", "match_revisions")  # tables that name both teams of a match
_SINGLE = ("team_match_stats", "team_stat_revisions", "player_match_stats", "team_aliases")


class DuplicateMatch(NamedTuple):
    """A match that both teams have: its id as that of either team, and what `kept` says of it.

    turned: one tells the venues the other way round. contradicting: sources that give the two other results.
    in_use: predictions or bets refer to it.
    """

    gone: int
    kept: int
    day: date
    home: str
    away: str
    turned: bool
    one_season: bool
    contradicting: list[str]
    gone_in_use: bool
    kept_in_use: bool


class Merged(NamedTuple):
    """How many rows became the other team's, and how many matches of both became one."""

    matches: int
    joined: int
    claims: int
    box_scores: int
    player_box_scores: int
    aliases: int


_MEETINGS = " UNION ".join(
    f"""
    SELECT match_date FROM {table}
     WHERE (home_id, away_id) IN ((%(gone)s, %(kept)s), (%(kept)s, %(gone)s))
    """
    for table in _PAIRS
)


def _as_kept(alias: str, side: str) -> str:
    return f"CASE {alias}.{side} WHEN %(gone)s THEN %(kept)s ELSE {alias}.{side} END"


_SAME_PAIR = f"""
       a.match_date = b.match_date AND a.number = b.number
       AND {_as_kept("a", "home_id")} = b.home_id AND {_as_kept("a", "away_id")} = b.away_id
"""
# Of one match by its own key, or because one source means the same match by both.
_DUPLICATE_MATCHES = f"""
WITH pair AS (
    SELECT a.id AS gone, b.id AS kept
      FROM matches a JOIN matches b ON b.league = a.league AND {_SAME_PAIR}
     WHERE %(gone)s IN (a.home_id, a.away_id)
    UNION
    SELECT a.match_id, b.match_id
      FROM match_claims a JOIN match_claims b ON b.source = a.source AND {_SAME_PAIR}
     WHERE %(gone)s IN (a.home_id, a.away_id) AND a.match_id <> b.match_id)
SELECT g.id, k.id, k.match_date, h.name, w.name, {_as_kept("g", "home_id")} <> k.home_id, g.season = k.season,
       ARRAY(SELECT p.source FROM match_claims p JOIN match_claims q USING (source)
              WHERE p.match_id = g.id AND q.match_id = k.id AND p.status = 'final' AND q.status = 'final'
                AND (p.home_score, p.away_score) IS DISTINCT FROM
                    (CASE WHEN {_as_kept("p", "home_id")} = q.home_id THEN q.home_score ELSE q.away_score END,
                     CASE WHEN {_as_kept("p", "home_id")} = q.home_id THEN q.away_score ELSE q.home_score END)
              ORDER BY 1),
       {IN_USE.format(id="g.id")}, {IN_USE.format(id="k.id")}
  FROM pair JOIN matches g ON g.id = pair.gone JOIN matches k ON k.id = pair.kept
  JOIN teams h ON h.id = k.home_id JOIN teams w ON w.id = k.away_id
 ORDER BY 3, 1, 2
"""


def meetings(conn: psycopg.Connection[Any], gone: int, kept: int) -> list[date]:
    """Return the days on which two teams met, by what holds, what held before, or what a source says."""
    rows = conn.execute(f"{_MEETINGS} ORDER BY 1".encode(), {"gone": gone, "kept": kept}).fetchall()
    return [day for (day,) in rows]


def duplicate_matches(conn: psycopg.Connection[Any], gone: int, kept: int) -> list[DuplicateMatch]:
    """Return the matches that both teams have, by day. One that could be either of two stands there twice."""
    return [
        DuplicateMatch(*row)
        for row in conn.execute(_DUPLICATE_MATCHES.encode(), {"gone": gone, "kept": kept}).fetchall()
    ]


def merge_teams(
    conn: psycopg.Connection[Any],
    league: str,
    precedence: Sequence[str],
    gone: int,
    kept: int,
    same: Sequence[DuplicateMatch],
) -> Merged:
    """Make the team `kept` of both, and delete `gone`. The caller holds the league's lock.

    same: all that `duplicate_matches` returns, each match once; predictions or bets refer to one of the two
    at most.
    The teams have never met. What a day or a venue tells apart becomes one match too, as in an ingest.
    """
    roles = {"gone": gone, "kept": kept}
    rows = conn.execute("SELECT id FROM matches WHERE %(gone)s IN (home_id, away_id)", roles).fetchall()
    ids = {match_id for (match_id,) in rows}
    counts = {table: _give(conn, table, ("team_id",), roles) for table in _SINGLE}
    joined: list[int] = []
    for each in same:
        older, newer = sorted((each.gone, each.kept))
        stayed = merge_matches(conn, older, newer, turned=each.turned)
        joined += stayed[:1] if stayed else []
    counts |= {table: _give(conn, table, ("home_id", "away_id"), roles) for table in _PAIRS}
    ids = ids - {one for each in same for one in (each.gone, each.kept)} | set(joined)
    run = ImportRun(conn, league, precedence=precedence)
    link_stored(run, sorted(ids))
    near = merge_duplicates(run)
    resolve_matches(run, sorted({*joined, *near}))
    conn.execute(
        "UPDATE teams SET named_by = coalesce(named_by, (SELECT named_by FROM teams WHERE id = %(gone)s))"
        " WHERE id = %(kept)s",
        roles,
    )
    conn.execute("DELETE FROM teams WHERE id = %(gone)s", roles)
    return Merged(
        matches=len(rows),
        joined=len(joined) + len(near),
        claims=counts["match_claims"],
        box_scores=counts["team_match_stats"],
        player_box_scores=counts["player_match_stats"],
        aliases=counts["team_aliases"],
    )


def _give(conn: psycopg.Connection[Any], table: str, columns: tuple[str, ...], roles: dict[str, int]) -> int:
    """Let rows of the team `gone` name `kept` instead; return how many."""
    changes = ", ".join(
        f"{name} = CASE {name} WHEN %(gone)s THEN %(kept)s ELSE {name} END" for name in columns
    )
    statement = f"UPDATE {table} SET {changes} WHERE %(gone)s IN ({', '.join(columns)})"
    return conn.execute(statement.encode(), roles).rowcount
