"""What is stored of a league, counted by season; nothing is judged here.

Each table is read once: the counts of a season come from one GROUP BY, prices from one pass over `quotes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from sportsplat.quality.facts import (
    ALL_STATS,
    BOX,
    ODD_MARGIN,
    Conflict,
    ConflictCount,
    Facts,
    Ingest,
    OddOffer,
    OverdueFixtures,
    Pause,
    PriceCount,
    RepeatedPairing,
    SeasonCounts,
    SourceCount,
    TeamCount,
    WaitingRows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sportsplat.leagues.league import League


SEASONS = """
SELECT season,
       count(*) FILTER (WHERE status = 'final') AS final,
       count(*) FILTER (WHERE status = 'scheduled') AS scheduled,
       count(*) FILTER (WHERE status = 'postponed') AS postponed,
       count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE stage = 'regular' AND status <> 'cancelled') AS regular,
       count(*) FILTER (WHERE stage = 'regular' AND status = 'final') AS regular_final,
       count(*) FILTER (WHERE status = 'final' AND precision = 'minute') AS minute,
       min(match_date) FILTER (WHERE status <> 'cancelled') AS first,
       max(match_date) FILTER (WHERE status <> 'cancelled') AS last,
       max(match_date) FILTER (WHERE status = 'final') AS last_result,
       count(*) FILTER (WHERE status = 'scheduled' AND match_date < %(today)s::date) AS overdue
  FROM matches WHERE league = %(league)s GROUP BY season ORDER BY season
"""

TEAMS = """
WITH regular AS (
    SELECT season, home_id, away_id, source FROM matches
     WHERE league = %(league)s AND stage = 'regular' AND status <> 'cancelled')
SELECT s.season, t.name AS team, sum(s.matches)::int8 AS matches, min(s.source) AS source
  FROM (SELECT season, home_id AS team_id, count(*) AS matches, min(source) AS source
          FROM regular GROUP BY season, home_id
        UNION ALL
        SELECT season, away_id, count(*), min(source) FROM regular GROUP BY season, away_id) s
  JOIN teams t ON t.id = s.team_id
 GROUP BY s.season, t.name ORDER BY s.season, matches, t.name COLLATE "C"
"""

# Played ones alone: a match that was put off may still stand beside the one that was played.
REPEATED = """
SELECT m.season, h.name AS home, a.name AS away, array_agg(m.match_date ORDER BY m.match_date) AS days
  FROM matches m
  JOIN teams h ON h.id = m.home_id
  JOIN teams a ON a.id = m.away_id
 WHERE m.league = %(league)s AND m.stage = 'regular' AND m.status = 'final'
 GROUP BY m.season, m.home_id, m.away_id, h.name, a.name
HAVING count(*) > %(at_home)s
 ORDER BY m.season, min(m.match_date), h.name COLLATE "C"
"""

# The five longest of each season: enough to tell the usual one, and all that are out of the ordinary.
PAUSES = """
SELECT season, since, until, days
  FROM (SELECT p.*, row_number() OVER (PARTITION BY season ORDER BY days DESC, until) AS place
          FROM (SELECT season, lag(match_date) OVER w AS since, match_date AS until,
                       match_date - lag(match_date) OVER w AS days
                  FROM (SELECT DISTINCT season, match_date FROM matches
                         WHERE league = %(league)s AND status = 'final') d
                WINDOW w AS (PARTITION BY season ORDER BY match_date)) p
         WHERE days IS NOT NULL) ranked
 WHERE place <= 5 ORDER BY season, place
"""

SOURCES = """
SELECT m.season, c.source, count(*) AS matches
  FROM match_claims c JOIN matches m ON m.id = c.match_id
 WHERE m.league = %(league)s GROUP BY m.season, c.source ORDER BY m.season, c.source COLLATE "C"
"""

STATS = """
SELECT season, count(*) FILTER (WHERE whole), count(*) FILTER (WHERE whole AND {every}){counts}
  FROM (SELECT season, match_id, count(*) = 2 AS whole{both}
          FROM (SELECT m.season, s.match_id, s.is_home{has}
                  FROM team_match_stats s JOIN matches m ON m.id = s.match_id
                 WHERE m.league = %(league)s AND m.status = 'final'
                 GROUP BY m.season, s.match_id, s.is_home) side
         GROUP BY season, match_id) box
 GROUP BY season
"""

# An offer is whole with a price of every outcome; its rows differ in the outcome alone.
PRICES = """
WITH offer AS MATERIALIZED (
    SELECT m.season, q.match_id, q.bookmaker, q.market, q.is_closing, sum(1 / q.decimal_odds) AS booksum
      FROM quotes q JOIN matches m ON m.id = q.match_id AND m.season = q.season
     WHERE m.league = %(league)s AND m.status = 'final'
     GROUP BY m.season, q.match_id, q.bookmaker, q.market, q.is_closing, q.line, q.quoted_at
    HAVING count(*) = CASE q.market WHEN 'result' THEN %(sides)s ELSE 2 END),
priced AS (
    SELECT season, match_id, bookmaker, market, is_closing, count(*) AS offers, sum(booksum) AS booksums,
           min(booksum) AS low, max(booksum) AS high,
           count(*) FILTER (WHERE booksum NOT BETWEEN %(low)s AND %(high)s) AS outside
      FROM offer GROUP BY season, match_id, bookmaker, market, is_closing),
kind AS MATERIALIZED (
    SELECT season, bookmaker, market, is_closing, count(*) AS matches, sum(offers)::int8 AS offers,
           sum(booksums) / sum(offers) AS usual, min(low) AS low, max(high) AS high,
           sum(outside)::int8 AS outside
      FROM priced GROUP BY season, bookmaker, market, is_closing),
odd AS (
    SELECT k.season, k.bookmaker, k.market, k.is_closing, count(*) AS offers,
           json_agg(json_build_array(m.match_date, h.name, a.name, o.booksum)) AS examples
      FROM kind k
      JOIN offer o USING (season, bookmaker, market, is_closing)
      JOIN matches m ON m.id = o.match_id
      JOIN teams h ON h.id = m.home_id
      JOIN teams a ON a.id = m.away_id
     WHERE greatest(k.high - k.usual, k.usual - k.low) > %(odd)s AND abs(o.booksum - k.usual) > %(odd)s
     GROUP BY k.season, k.bookmaker, k.market, k.is_closing)
SELECT k.season, k.bookmaker, k.market, k.is_closing, k.matches, k.offers, k.usual, k.outside,
       coalesce(o.offers, 0), o.examples
  FROM kind k LEFT JOIN odd o USING (season, bookmaker, market, is_closing)
UNION ALL
SELECT season, NULL, market, is_closing, count(*), sum(offers)::int8, NULL, 0, 0, NULL
  FROM (SELECT season, match_id, market, is_closing, count(*) AS offers FROM offer
         GROUP BY season, match_id, market, is_closing) anybody
 GROUP BY season, market, is_closing
"""

FORECASTS = """
SELECT m.season, f.publisher, count(*)
  FROM forecasts f JOIN matches m ON m.id = f.match_id
 WHERE m.league = %(league)s AND m.status = 'final' GROUP BY m.season, f.publisher
"""

DETAILS = """
SELECT m.season, count(DISTINCT d.match_id)
  FROM match_details d JOIN matches m ON m.id = d.match_id
 WHERE m.league = %(league)s AND m.status = 'final' GROUP BY m.season
"""

UNPLAYED = """
SELECT season, source, status, count(*) AS matches, min(match_date) AS first, max(match_date) AS last
  FROM matches
 WHERE league = %(league)s
   AND (status = 'postponed' OR status = 'scheduled' AND match_date < %(today)s)
 GROUP BY season, source, status ORDER BY season, source COLLATE "C", status
"""

CONFLICT_COUNTS = """
SELECT season, source, holder, field, count(*) AS matches
  FROM match_conflicts
 WHERE league = %(league)s
   AND (source, field) NOT IN (SELECT * FROM unnest(%(sources)s::text[], %(fields)s::text[]))
 GROUP BY season, source, holder, field
 ORDER BY season, source COLLATE "C", holder COLLATE "C", field COLLATE "C"
"""

CONFLICTS = """
SELECT match_id, season, match_date, home, away, source, field, said, holder, holds
  FROM match_conflicts
 WHERE league = %(league)s
   AND (%(seasons)s::int[] IS NULL OR season = ANY (%(seasons)s))
   AND (%(field)s::text IS NULL OR field = %(field)s)
   AND (source, field) NOT IN (SELECT * FROM unnest(%(sources)s::text[], %(fields)s::text[]))
 ORDER BY match_date DESC, match_id, source COLLATE "C", field COLLATE "C"
 LIMIT %(limit)s
"""

# The reason of an unknown team ends with the command that says which team is meant.
WAITING = """
SELECT source, code, count(*) AS rows, min(reason) AS example,
       substring(reason FROM 'sportsplat teams alias .*$') AS command
  FROM quarantine
 WHERE league = %(league)s AND resolved_at IS NULL
 GROUP BY source, code, substring(reason FROM 'sportsplat teams alias .*$')
 ORDER BY count(*) DESC, source COLLATE "C", code COLLATE "C"
"""

INGESTS = """
SELECT source, max(finished_at) AS finished_at
  FROM pipeline_runs
 WHERE league = %(league)s AND kind = 'ingest' AND status = 'done' AND source IS NOT NULL
 GROUP BY source ORDER BY source COLLATE "C"
"""


Row = TypeVar("Row")

MEMORY = "64MB"
"""What one sort or hash may take: that of a league's offers would go to disk with the server's usual 4 MB."""


Ignored = Collection[tuple[str, str]]
"""Sources with a field that they do not tell, so that what is stored there contradicts nothing."""


def read_facts(conn: psycopg.Connection[Any], league: League, today: date, ignored: Ignored = ()) -> Facts:
    """Return what is stored of a league, in one snapshot. `today` is the day at the league's place."""
    params = {"league": league.code, "today": today, **_ignored_params(ignored)}
    with _snapshot(conn):
        prices, odd_offers = _prices(conn, league, params)
        return Facts(
            seasons=_rows(conn, SeasonCounts, SEASONS, params),
            teams=_rows(conn, TeamCount, TEAMS, params),
            pauses=_rows(conn, Pause, PAUSES, params),
            sources=_rows(conn, SourceCount, SOURCES, params),
            box_scores=_box_scores(conn, league, params),
            prices=prices,
            odd_offers=odd_offers,
            forecasts=_by_season(conn, FORECASTS, params),
            details=dict(conn.execute(DETAILS, params).fetchall()),
            unplayed=_rows(conn, OverdueFixtures, UNPLAYED, params),
            conflicts=_rows(conn, ConflictCount, CONFLICT_COUNTS, params),
            quarantine=_rows(conn, WaitingRows, WAITING, params),
            ingests=_rows(conn, Ingest, INGESTS, params),
            repeated=_repeated(conn, league),
        )


def read_schedule(conn: psycopg.Connection[Any], league: League) -> Facts:
    """Return what says whether a league's matches can be right: seasons, teams, and who met too often."""
    params = {"league": league.code, "today": None}  # what is overdue says nothing here
    with _snapshot(conn):
        return Facts(
            seasons=_rows(conn, SeasonCounts, SEASONS, params),
            teams=_rows(conn, TeamCount, TEAMS, params),
            repeated=_repeated(conn, league),
            pauses=(),
            sources=(),
            box_scores={},
            prices=(),
            odd_offers=(),
            forecasts={},
            details={},
            unplayed=(),
            conflicts=(),
            quarantine=(),
            ingests=(),
        )


def _repeated(conn: psycopg.Connection[Any], league: League) -> list[RepeatedPairing]:
    if league.meetings is None:
        return []
    return _rows(conn, RepeatedPairing, REPEATED, {"league": league.code, "at_home": league.meetings // 2})


def read_conflicts(
    conn: psycopg.Connection[Any],
    league: str,
    *,
    seasons: Sequence[int] = (),
    field: str | None = None,
    limit: int | None = None,
    ignored: Ignored = (),
) -> list[Conflict]:
    """Return where sources contradict the value in use, newest first: of some seasons (none: all), of one
    field."""
    params = {"league": league, "seasons": list(seasons) or None, "field": field, "limit": limit}
    params |= _ignored_params(ignored)
    return _rows(conn, Conflict, CONFLICTS, params)


def count_conflicts(conn: psycopg.Connection[Any], league: str, ignored: Ignored = ()) -> list[ConflictCount]:
    """Return how many contradictions there are, by season, source, holder and field."""
    return _rows(conn, ConflictCount, CONFLICT_COUNTS, {"league": league, **_ignored_params(ignored)})


def _ignored_params(ignored: Ignored) -> dict[str, Any]:
    return {"sources": [source for source, _ in ignored], "fields": [field for _, field in ignored]}


@contextmanager
def _snapshot(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Let all questions be answered from one state of the database."""
    level, read_only = conn.isolation_level, conn.read_only
    # With BEGIN: a session behind a pooler is pinned first of all in a transaction, and then it is too late.
    conn.isolation_level, conn.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    try:
        with conn.transaction():
            conn.execute("SELECT set_config('work_mem', %s, true)", (MEMORY,))
            yield
    finally:
        if not conn.closed:
            conn.isolation_level, conn.read_only = level, read_only


def _rows(conn: psycopg.Connection[Any], kind: type[Row], query: str, params: Mapping[str, Any]) -> list[Row]:
    with conn.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query.encode(), params).fetchall()


def _by_season(
    conn: psycopg.Connection[Any], query: str, params: Mapping[str, Any]
) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for season, name, count in conn.execute(query.encode(), params).fetchall():
        found[season][name] = count
    return dict(found)


def _box_scores(
    conn: psycopg.Connection[Any], league: League, params: Mapping[str, Any]
) -> dict[int, dict[str, int]]:
    """Return, by season and stat, how many played matches have it for both sides."""
    names = (*league.stats, *league.stored_stats)
    places = range(len(names))
    every = [sql.Identifier(f"s{place}") for place in range(len(league.stats))] or [sql.Identifier("whole")]
    query = sql.SQL(STATS).format(
        has=sql.SQL("").join(
            sql.SQL(", bool_or(s.stats ? (%(names)s::text[])[{}]) AS {}").format(place + 1, _column(place))
            for place in places
        ),
        both=sql.SQL("").join(sql.SQL(", bool_and({0}) AS {0}").format(_column(place)) for place in places),
        counts=sql.SQL("").join(
            sql.SQL(", count(*) FILTER (WHERE whole AND {})").format(_column(place)) for place in places
        ),
        every=sql.SQL(" AND ").join(every),
    )
    found = {}
    for season, *counts in conn.execute(query, {**params, "names": list(names)}).fetchall():
        found[season] = dict(zip((BOX, ALL_STATS, *names), counts, strict=True))
    return found


def _column(place: int) -> sql.Identifier:
    return sql.Identifier(f"s{place}")


def _prices(
    conn: psycopg.Connection[Any], league: League, params: Mapping[str, Any]
) -> tuple[list[PriceCount], list[OddOffer]]:
    """Return how many played matches each kind of offer covers, and the offers that are unlike their kind."""
    low, high = league.rules.overround
    asked = {**params, "sides": len(league.outcomes), "low": low, "high": high, "odd": ODD_MARGIN}
    counts: list[PriceCount] = []
    odd: list[OddOffer] = []
    for row in conn.execute(PRICES.encode(), asked).fetchall():
        season, bookmaker, market, closing, matches, offers, overround, outside, unlike, reported = row
        counts.append(
            PriceCount(season, bookmaker, market, closing, matches, offers, overround, outside, unlike)
        )
        for day, home, away, booksum in reported or ():
            odd.append(
                OddOffer(
                    season,
                    date.fromisoformat(day),
                    home,
                    away,
                    bookmaker,
                    market,
                    closing,
                    booksum,
                    overround,
                )
            )
    return counts, sorted(odd)
