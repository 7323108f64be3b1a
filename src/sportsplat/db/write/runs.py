"""The diary of pipelines: one row a file in `pipeline_runs`, rows that could not be taken in `quarantine`.

A running file holds a session lock of its own. A run that says `running` although its lock is free was
killed; the next run calls it `abandoned`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from sportsplat.domain import JsonObject, Rejected

_RUN_LOCK = "hashtextextended('sportsplat run ' || {}, 0)"


def start_run(
    conn: psycopg.Connection[Any], kind: str, source: str, league: str | None, file: str, sha256: str
) -> int:
    """Open a run, whose lock this session holds until `release_run` or its end; return the run's id."""
    row = conn.execute(
        """
        INSERT INTO pipeline_runs (kind, source, league, file, sha256, status)
        VALUES (%s, %s, %s, %s, %s, 'running') RETURNING id
        """,
        (kind, source, league, file, sha256),
    ).fetchone()
    run_id = int(row[0]) if row else 0
    conn.execute(f"SELECT pg_advisory_lock({_RUN_LOCK.format('%s')})".encode(), (run_id,))
    return run_id


def finish_run(
    conn: psycopg.Connection[Any], run_id: int, league: str, counts: JsonObject, reading: JsonObject
) -> None:
    """Mark a run as done; called in the transaction that holds its rows, so that both become true at once.

    Kept for a later retry are `reading`, how the file was read, and `told_at`, the moment as of which rows
    are stored for which no other was given.
    """
    conn.execute(
        """
        UPDATE pipeline_runs
           SET status = 'done', finished_at = clock_timestamp(), league = %s,
               counts = counts || %s
                        || jsonb_build_object('told_at', now(), 'changes_noted', true, 'reading', %s::jsonb)
         WHERE id = %s
        """,
        (league, Jsonb(counts), Jsonb(reading), run_id),
    )


class StoredReading(NamedTuple):
    """The hash of a file as it was when last stored, when that was (UTC), and how it was read.

    `reading` is None where no run kept that.
    """

    sha256: str
    told_at: datetime
    reading: dict[str, Any] | None


def remembered(
    conn: psycopg.Connection[Any], kind: str, source: str, league: str | None, file: str
) -> StoredReading | None:
    """Return how a file was read when `league` of it was last stored; None when it never was.

    league: None for a file with several leagues that was read whole.
    """
    with conn.cursor(row_factory=class_row(StoredReading)) as cursor:
        return cursor.execute(
            """
            SELECT sha256, coalesce((counts ->> 'told_at')::timestamptz, finished_at) AS told_at,
                   counts -> 'reading' AS reading
              FROM pipeline_runs
             WHERE kind = %(kind)s AND source = %(source)s AND file = %(file)s AND status = 'done'
               AND (league = %(league)s
                    OR %(league)s::text IS NULL AND counts -> 'reading' ->> 'league' IS NULL)
             ORDER BY id DESC LIMIT 1
            """,
            {"league": league, "kind": kind, "source": source, "file": file},
        ).fetchone()


def fail_run(conn: psycopg.Connection[Any], run_id: int, error: str) -> None:
    """Mark a run as failed, with the reason."""
    conn.execute(
        """
        UPDATE pipeline_runs SET status = 'failed', finished_at = clock_timestamp(), error = %s WHERE id = %s
        """,
        (error, run_id),
    )


def release_run(conn: psycopg.Connection[Any], run_id: int) -> None:
    """Give the run's lock back."""
    conn.execute(f"SELECT pg_advisory_unlock({_RUN_LOCK.format('%s')})".encode(), (run_id,))


def abandon_dead_runs(conn: psycopg.Connection[Any], kind: str) -> list[str]:
    """Mark runs that were killed as `abandoned`; return their files."""
    rows = conn.execute(
        f"""
        WITH running AS MATERIALIZED (
            SELECT id FROM pipeline_runs WHERE kind = %(kind)s AND status = 'running'),
        dead AS MATERIALIZED (
            SELECT id FROM running WHERE pg_try_advisory_xact_lock({_RUN_LOCK.format("id")}))
        UPDATE pipeline_runs r
           SET status = 'abandoned', finished_at = clock_timestamp(),
               error = 'The process ended before this file was stored; nothing was changed.'
          FROM dead WHERE r.id = dead.id
        RETURNING r.file
        """.encode(),
        {"kind": kind},
    ).fetchall()
    return [file for (file,) in rows]


@dataclass(frozen=True)
class StoredRun:
    """One run of a job: of which file, what it counted, and what became of it. Times are UTC."""

    id: int
    kind: str
    source: str | None
    league: str | None
    file: str | None
    sha256: str | None
    started_at: datetime
    finished_at: datetime | None
    status: str
    counts: dict[str, Any]
    error: str | None


_RUN = "id, kind, source, league, file, sha256, started_at, finished_at, status, counts, error"


def stored_runs(
    conn: psycopg.Connection[Any],
    *,
    league: str | None = None,
    source: str | None = None,
    file: str | None = None,
    limit: int | None = None,
) -> list[StoredRun]:
    """Return runs, the last one first. file: a part of its name."""
    with conn.cursor(row_factory=class_row(StoredRun)) as cursor:
        return cursor.execute(
            f"""
            SELECT {_RUN} FROM pipeline_runs
             WHERE (%(league)s::text IS NULL OR league = %(league)s)
               AND (%(source)s::text IS NULL OR source = %(source)s)
               AND (%(file)s::text IS NULL OR strpos(file, %(file)s) > 0)
             ORDER BY id DESC LIMIT %(limit)s
            """.encode(),
            {"league": league, "source": source, "file": file, "limit": limit},
        ).fetchall()


def stored_run(conn: psycopg.Connection[Any], run_id: int) -> StoredRun | None:
    """Return one run; None if there is no such run."""
    with conn.cursor(row_factory=class_row(StoredRun)) as cursor:
        return cursor.execute(
            f"SELECT {_RUN} FROM pipeline_runs WHERE id = %s".encode(), (run_id,)
        ).fetchone()


def later_runs(conn: psycopg.Connection[Any], run: StoredRun) -> list[StoredRun]:
    """Return the runs after `run` that found in its league something as it was stored, or refused rows."""
    with conn.cursor(row_factory=class_row(StoredRun)) as cursor:
        return cursor.execute(
            f"""
            SELECT {_RUN} FROM pipeline_runs
             WHERE kind = %(kind)s AND status = 'done' AND league = %(league)s AND id > %(id)s
               AND (counts ->> 'quarantined' <> '0'
                    OR EXISTS (SELECT FROM jsonb_each(counts) AS e (name, value)
                                WHERE jsonb_typeof(value) = 'object' AND value ->> 'unchanged' <> '0'))
             ORDER BY id
            """.encode(),
            {"kind": run.kind, "league": run.league, "id": run.id},
        ).fetchall()


def keep_counts(conn: psycopg.Connection[Any], run: StoredRun) -> None:
    """Let a run's row say what `run` says, when it finished and what it counted."""
    conn.execute(
        "UPDATE pipeline_runs SET finished_at = %s, counts = %s WHERE id = %s",
        (run.finished_at, Jsonb(run.counts), run.id),
    )


@dataclass(frozen=True)
class Quarantined:
    """A row that waits in quarantine. `line` is 0 where the reason concerns no single line of the file."""

    id: int
    run_id: int | None
    source: str
    league: str | None
    file: str
    line: int
    code: str
    reason: str
    raw: str
    created_at: datetime
    resolved_at: datetime | None


_COLUMNS = "id, run_id, source, league, file, line, code, reason, raw, created_at, resolved_at"


def store_rejected(
    conn: psycopg.Connection[Any],
    run_id: int,
    source: str,
    file: str,
    rejected: Mapping[str, Sequence[Rejected]],
    *,
    whole: bool,
    unread: Collection[int] = (),
) -> int:
    """Make the open quarantine rows of `file` those in `rejected`: add new ones, resolve those that passed.

    rejected: by league, for every league that was read. whole: every league of the file was, so that rows of
    which none is known count, too. unread: lines of matches that were not asked for
    (0: of no single one); what waits of them waits on. Return how many were added; one that already waits is
    left as it is.
    """
    rows = [
        (None if row.of_no_league else league, row.line, row.code, _storable(row.reason), _storable(row.raw))
        for league, of_league in rejected.items()
        for row in of_league
    ]
    columns = zip(*rows, strict=True) if rows else ([], [], [], [], [])
    named = zip(("league", "line", "code", "reason", "raw"), map(list, columns), strict=True)
    params = {"run": run_id, "source": source, "file": file, "whole": whole, **dict(named)}
    params |= {"leagues": list(rejected), "unread": sorted(unread)}
    conn.execute(
        """
        UPDATE quarantine q SET resolved_at = now()
         WHERE q.source = %(source)s AND q.file = %(file)s AND q.resolved_at IS NULL
           AND (q.league = ANY(%(leagues)s) OR q.league IS NULL AND %(whole)s)
           AND q.line <> ALL(%(unread)s::int[])
           AND NOT EXISTS (
               SELECT FROM unnest(%(league)s::text[], %(line)s::int[], %(code)s::text[], %(reason)s::text[])
                        AS r (league, line, code, reason)
                WHERE r.league IS NOT DISTINCT FROM q.league
                  AND r.line = q.line AND r.code = q.code AND r.reason = q.reason)
        """,
        params,
    )
    return conn.execute(
        """
        INSERT INTO quarantine (run_id, source, file, league, line, code, reason, raw)
        SELECT DISTINCT ON (r.line, r.code, r.reason, r.league) %(run)s::bigint, %(source)s, %(file)s, r.*
          FROM unnest(%(league)s::text[], %(line)s::int[], %(code)s::text[], %(reason)s::text[],
                      %(raw)s::text[]) AS r (league, line, code, reason, raw)
         WHERE NOT EXISTS (
               SELECT FROM quarantine q
                WHERE q.source = %(source)s AND q.file = %(file)s AND q.resolved_at IS NULL
                  AND q.league IS NOT DISTINCT FROM r.league
                  AND q.line = r.line AND q.code = r.code AND q.reason = r.reason)
         ORDER BY r.line, r.code, r.reason, r.league
        """,
        params,
    ).rowcount


def resolve_other_leagues(conn: psycopg.Connection[Any], source: str, league: str, file: str) -> None:
    """Resolve the rows of a file that are open as rows of another league: that was a mistake, now
    corrected."""
    conn.execute(
        """
        UPDATE quarantine SET resolved_at = now()
         WHERE source = %s AND league <> %s AND file = %s AND resolved_at IS NULL
        """,
        (source, league, file),
    )


class Waiting(NamedTuple):
    """Which of the rows that wait are meant: all that fit every value given. file: a part of its name."""

    source: str | None = None
    league: str | None = None
    file: str | None = None
    reason: str | None = None
    run: int | None = None


ALL_WAITING = Waiting()
_FITS = """
resolved_at IS NULL
   AND (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(league)s::text IS NULL OR league = %(league)s)
   AND (%(file)s::text IS NULL OR strpos(file, %(file)s) > 0)
   AND (%(reason)s::text IS NULL OR code = %(reason)s)
   AND (%(run)s::bigint IS NULL OR run_id = %(run)s)
"""


def open_quarantine(conn: psycopg.Connection[Any], wanted: Waiting = ALL_WAITING) -> list[Quarantined]:
    """Return the rows that wait, by file and line."""
    with conn.cursor(row_factory=class_row(Quarantined)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM quarantine WHERE {_FITS} ORDER BY source, file, line, id".encode(),
            wanted._asdict(),
        ).fetchall()


def drop_quarantined(conn: psycopg.Connection[Any], wanted: Waiting) -> dict[str, int]:
    """Delete rows that wait; return how many were of each reason, the most frequent first."""
    rows = conn.execute(
        f"""
        WITH gone AS (DELETE FROM quarantine WHERE {_FITS} RETURNING code)
        SELECT code, count(*) FROM gone GROUP BY code ORDER BY 2 DESC, 1
        """.encode(),
        wanted._asdict(),
    )
    return dict(rows.fetchall())


def quarantined(conn: psycopg.Connection[Any], row_id: int) -> Quarantined | None:
    """Return one row, resolved or not; None if there is no such row."""
    with conn.cursor(row_factory=class_row(Quarantined)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM quarantine WHERE id = %s".encode(), (row_id,)
        ).fetchone()


def _storable(text: str) -> str:
    """Replace what PostgreSQL's text cannot hold: NUL, and halves of surrogate pairs."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
