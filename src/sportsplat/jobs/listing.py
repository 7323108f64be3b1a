"""What can be ingested, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sportsplat.errors import EnvironmentUnavailable, MigrationError
from sportsplat.results import Result
from sportsplat.sources import SOURCES, get_source

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context
    from sportsplat.leagues.league import League


@dataclass(frozen=True)
class SourceRow(Result):
    """One source."""

    name: str
    title: str
    licence: str
    url: str
    gives: list[str]
    leagues: list[str]


@dataclass(frozen=True)
class LeagueRow(Result):
    """One league as configured, and what is stored of it: None while the database cannot be asked."""

    code: str
    name: str
    sport: str
    outcomes: list[str]
    sources: list[str]
    matches: int | None
    scheduled: int | None
    to_play: int | None  # scheduled ones whose day is not over anywhere
    seasons: int | None
    teams: int | None
    quotes: int | None
    first_match: date | None
    last_match: date | None
    last_ingest: datetime | None


_COUNTS = ("matches", "scheduled", "to_play", "seasons", "teams", "quotes")
_MOMENTS = ("first_match", "last_match", "last_ingest")
_STORED = """
SELECT l.code,
       m.matches, m.scheduled, m.to_play, m.seasons, m.first_match, m.last_match,
       (SELECT count(*) FROM teams t WHERE t.league = l.code) AS teams,
       coalesce(q.quotes, 0) AS quotes,
       (SELECT max(finished_at) FROM pipeline_runs r
         WHERE r.league = l.code AND r.kind = 'ingest' AND r.status = 'done') AS last_ingest
  FROM leagues l
 CROSS JOIN LATERAL (
       SELECT count(*) AS matches, count(*) FILTER (WHERE status = 'scheduled') AS scheduled,
              count(*) FILTER (WHERE status = 'scheduled'
                                 AND match_date >= (now() AT TIME ZONE 'UTC')::date - 1) AS to_play,
              count(DISTINCT season) AS seasons, min(match_date) AS first_match, max(match_date) AS last_match
         FROM matches WHERE league = l.code) m
  LEFT JOIN (
       SELECT x.league, sum(of_match.quotes)::bigint AS quotes
         FROM (SELECT match_id, season, count(*) AS quotes FROM quotes GROUP BY match_id, season) of_match
         JOIN matches x ON x.id = of_match.match_id
        GROUP BY x.league) q ON q.league = l.code
"""


def sources(leagues: Mapping[str, League]) -> list[SourceRow]:
    """Return every source that can be ingested, and which of a project's `leagues` it serves."""
    found = [get_source(name, leagues) for name in SOURCES]
    return [
        SourceRow(
            name=source.name,
            title=source.title,
            licence=source.licence,
            url=source.url,
            gives=list(source.gives),
            leagues=list(source.leagues),
        )
        for source in found
    ]


def leagues(context: Context) -> tuple[list[LeagueRow], str | None]:
    """Return every configured league with what is stored, and why that is not known (None: it is)."""
    try:
        stored = _stored(context)
        missing = None
    except (EnvironmentUnavailable, MigrationError) as unavailable:
        stored, missing = None, f"{unavailable.message} ({unavailable.fix})"
    serving = {row.name: row.leagues for row in sources(context.leagues)}
    nothing = None if stored is None else 0
    rows: list[LeagueRow] = []
    for league in context.leagues.values():
        counts = (stored or {}).get(league.code, {})
        rows.append(
            LeagueRow(
                code=league.code,
                name=league.name,
                sport=league.sport,
                outcomes=list(league.outcomes),
                sources=[name for name, codes in serving.items() if league.code in codes],
                **{name: counts.get(name, nothing) for name in _COUNTS},
                **{name: counts.get(name) for name in _MOMENTS},
            )
        )
    return rows, missing


def _stored(context: Context) -> dict[str, dict[str, Any]]:
    from psycopg.rows import dict_row

    with (
        closing(context.connect("read", autocommit=True)) as conn,
        conn.cursor(row_factory=dict_row) as cursor,
    ):
        return {row["code"]: row for row in cursor.execute(_STORED).fetchall()}
