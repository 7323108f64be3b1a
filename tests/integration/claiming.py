"""Sources that tell of matches, one after the other, and what is stored of it afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg

from sportsplat.cleaning.orientation import Sides
from sportsplat.db.write.facts import write_details, write_forecasts, write_team_stats
from sportsplat.db.write.import_run import ImportRun
from sportsplat.db.write.matches import Written, write_matches
from sportsplat.db.write.quotes import write_quotes
from sportsplat.db.write.teams import lock_league
from sportsplat.domain import Batch, MatchRecord
from tests.records import match

Connection = psycopg.Connection[Any]
FIRST, SECOND = "first", "second"
NAMES = ["Ajax", "Boca", "Celta", "Dukla"]
PRECEDENCE = [FIRST, SECOND]

# All that is stored, by natural keys: ids and moments of storing depend on the order, nothing else may.
CONTENT = """
SELECT string_agg(t.line, E'\\n' ORDER BY t.line COLLATE "C") FROM (
    SELECT concat_ws('|', 'match', m.season, m.match_date, m.kickoff_utc, m.precision, h.name, a.name,
                     m.number, m.neutral, m.stage, m.status, m.home_score, m.away_score, m.known_at,
                     m.source) AS line
      FROM matches m JOIN teams h ON h.id = m.home_id JOIN teams a ON a.id = m.away_id
    UNION ALL
    SELECT concat_ws('|', 'claim', c.source, c.match_date, h.name, a.name, c.status, c.home_score,
                     c.away_score, m.match_date, m.home_id = c.home_id)
      FROM match_claims c JOIN matches m ON m.id = c.match_id
      JOIN teams h ON h.id = c.home_id JOIN teams a ON a.id = c.away_id
    UNION ALL
    SELECT concat_ws('|', 'quote', m.match_date, h.name, q.bookmaker, q.market, q.outcome, q.line,
                     q.is_closing, q.decimal_odds)
      FROM quotes q JOIN matches m ON m.id = q.match_id JOIN teams h ON h.id = m.home_id
    UNION ALL
    SELECT concat_ws('|', 'stats', m.match_date, s.source, s.is_home, t.name, s.stats)
      FROM team_match_stats s JOIN matches m ON m.id = s.match_id JOIN teams t ON t.id = s.team_id
    UNION ALL
    SELECT concat_ws('|', 'forecast', m.match_date, h.name, f.publisher, f.probabilities)
      FROM forecasts f JOIN matches m ON m.id = f.match_id JOIN teams h ON h.id = m.home_id
    UNION ALL
    SELECT concat_ws('|', 'team', name) FROM teams) t
"""


def store(
    conn: Connection,
    source: str,
    made: Batch,
    *,
    at: datetime | None = None,
    precedence: list[str] = PRECEDENCE,
    accept_changes: bool = True,
    complete: bool = False,
) -> Written:
    """Write what a source says as a job does."""
    with conn.transaction():
        lock_league(conn, "sim")
        teams = dict(conn.execute("SELECT name, id FROM teams").fetchall())
        run = conn.execute("INSERT INTO pipeline_runs (kind) VALUES ('ingest') RETURNING id").fetchone()
        importing = ImportRun(conn, "sim", source, run[0] if run else 0, precedence, at, complete)
        written = write_matches(importing, made.matches, teams, accept_changes=accept_changes)
        sides = Sides(written.ids, written.turned)
        places = {record.key: place for place, record in enumerate(made.matches)}
        rows = {
            name: [places[record.match] for record in getattr(made, name)]
            for name in ("quotes", "stats", "forecasts", "details")
        }
        write_quotes(importing, *sides.of_quotes(made.quotes, rows["quotes"]))
        write_team_stats(importing, *sides.of_stats(made.stats, rows["stats"]))
        write_forecasts(importing, *sides.of_forecasts(made.forecasts, rows["forecasts"]))
        write_details(importing, *sides.of_details(made.details, rows["details"]))
        return written


def held(conn: Connection, *columns: str) -> list[tuple[Any, ...]]:
    return conn.execute(
        f"SELECT {', '.join(columns)} FROM matches ORDER BY match_date, id".encode()
    ).fetchall()


def conflicts(conn: Connection) -> set[tuple[str, str, str, str]]:
    rows = conn.execute("SELECT source, field, said, holds FROM match_conflicts").fetchall()
    return set(rows)


def content(conn: Connection) -> str:
    row = conn.execute(CONTENT.encode()).fetchone()
    return str(row[0]) if row else ""


def turned_round(record: MatchRecord) -> MatchRecord:
    return record._replace(
        home=record.away, away=record.home, home_score=record.away_score, away_score=record.home_score
    )


def next_day(record: MatchRecord) -> MatchRecord:
    day = timedelta(days=1)
    known_at = record.known_at + day if record.known_at else None
    return record._replace(
        match_date=record.match_date + day, kickoff_utc=record.kickoff_utc + day, known_at=known_at
    )


PLAYED = match(score=(3, 1))
