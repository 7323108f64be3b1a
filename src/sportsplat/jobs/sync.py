"""Sync: leagues brought up to date from their live sources; a source that is down fails alone.

What came is stored file by file, so an interrupted sync goes on where it was: what is stored is not asked for
again, and what was fetched just now comes out of the raw cache.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sportsplat.errors import (
    ConfigError,
    InputRefused,
    ResourceConflict,
    SourcesFailed,
    SportsplatError,
)
from sportsplat.jobs.ingest import DAYS_AHEAD
from sportsplat.jobs.stored_leagues import stored_leagues
from sportsplat.jobs.sync_report import SourceReport, Status, SyncReport, to_row
from sportsplat.progress import Progress, silent
from sportsplat.sources import SOURCES, get_source
from sportsplat.sources.base import Live, Window

if TYPE_CHECKING:
    import psycopg

    from sportsplat.jobs.context import Context
    from sportsplat.jobs.ingest_file import Stored
    from sportsplat.leagues import League

LOOKED_BACK = timedelta(days=3)  # results are corrected within days
LONGEST_OVERDUE = timedelta(days=30)  # a fixture without a result for longer is waited for by nobody
LOCK_FILE = "sync.lock"

_SINCE = """
SELECT max(match_date) FILTER (WHERE status = 'final'),
       min(match_date) FILTER (WHERE status IN ('scheduled', 'postponed')
                                 AND match_date BETWEEN %(overdue)s AND %(today)s)
  FROM matches WHERE league = %(league)s AND match_date <= %(today)s
"""


class Task(NamedTuple):
    """One source of one league; `missing` says why it cannot be asked."""

    league: League
    provider: Live
    window: Window
    missing: str | None


def sync(
    context: Context,
    leagues: Sequence[str] = (),
    *,
    since: date | None = None,
    days: int = DAYS_AHEAD,
    strict: bool = False,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> SyncReport:
    """Bring leagues (default: all with stored matches) up to date from every live source that serves them.

    since: first day; default: some days before the last stored result, the season's first day where there is
    none. days: how far ahead. strict: raise SourcesFailed at the end when a source failed.

    Raises:
        NotFound: no such league. UsageError (NOTHING_TO_SYNC): no league is named, and none is stored.
        ResourceConflict (SYNC_RUNNING): another sync of this project is at work.
        SourcesFailed: with `strict`, the report in its details.
        EnvironmentUnavailable: the database went away; what was stored until then stays.
    """
    tell = progress or silent
    moment = now or datetime.now(UTC)
    with closing(context.connect("app", autocommit=True)) as conn, _alone(context):
        chosen = [context.league(code) for code in dict.fromkeys(leagues)] or stored_leagues(
            context, conn, "sync"
        )
        tasks = [
            task
            for league in chosen
            for task in _tasks(context, league, _window(conn, league, moment, since, days))
        ]
        rows: list[SourceReport] = []
        tell(0, total=len(tasks))
        for done, task in enumerate(tasks):
            tell(done, description=f"{task.league.code} {task.provider.name}")
            rows.append(_follow(context, conn, task, tell))
        tell(len(tasks))
    report: SyncReport = {
        "leagues": [league.code for league in chosen],
        "sources": rows,
        "failed": sum(row["status"] == "failed" for row in rows),
    }
    if strict and report["failed"]:
        raise _failure(report)
    return report


@contextmanager
def _alone(context: Context) -> Iterator[None]:
    """Hold the project's lock of syncs: two at once would ask every site twice."""
    from sportsplat.infra.lock import exclusive

    folder = context.settings.state_dir
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with exclusive(folder / LOCK_FILE, timeout_s=0.1):
            yield
    except ResourceConflict as held:
        if held.error_code != "LOCK_HELD":
            raise
        raise ResourceConflict(
            "Another sync of this project is at work.",
            code="SYNC_RUNNING",
            cause=held.cause,
            fix="Wait for it to end, then run the command again.",
        ) from held


def _window(
    conn: psycopg.Connection[Any], league: League, now: datetime, since: date | None, days: int
) -> Window:
    """Return the days to ask for: from the first that may lack a result to `days` ahead."""
    today = now.astimezone(league.timezone).date()
    until = today + timedelta(days=days)
    if since is not None:
        return Window(since, max(since, until))
    params = {"league": league.code, "today": today, "overdue": today - LONGEST_OVERDUE}
    last, overdue = conn.execute(_SINCE, params).fetchone() or (None, None)
    if last is None:
        season = league.rules.season
        first = season.bounds(league.season_on(today))[0] if season else today - LONGEST_OVERDUE
        return Window(min(first, today), until)
    return Window(min(last - LOOKED_BACK, overdue or date.max), until)


def _tasks(context: Context, league: League, window: Window) -> Iterator[Task]:
    for name in _in_order(league):
        provider = get_source(name)
        if isinstance(provider, Live) and (name in league.sources or league.code in provider.leagues):
            yield Task(league, provider, window, provider.lacks(context.settings))


def _in_order(league: League) -> list[str]:
    """Return all sources: first those that may name a team, and of the others the one whose word counts last.

    What is written later holds, so the last word is that of the source that counts first.
    """
    ranks = {name: -rank for rank, name in enumerate(league.precedence)}
    return sorted(
        SOURCES, key=lambda name: (name not in league.names_from, ranks.get(name, -len(league.precedence)))
    )


def _follow(context: Context, conn: psycopg.Connection[Any], task: Task, tell: Progress) -> SourceReport:
    """Fetch and store what one source has of one league, as far as it comes."""
    from sportsplat.db.runs import abandon_dead_runs
    from sportsplat.jobs.ingest_file import KIND, Plan, store_file

    started = time.perf_counter()
    stored: list[Stored] = []
    status, reason = Status.SKIPPED, task.missing
    if task.missing is None:
        plan = Plan(task.provider, task.league, context.leagues)
        abandon_dead_runs(conn, KIND)
        try:
            for payload in task.provider.fetch_window(
                task.window, leagues=[task.league], settings=context.settings
            ):
                stored += store_file(conn, plan, payload)
                tell(description=f"{task.league.code} {task.provider.name}, file {len(stored)}")
                reason = payload.stale or reason
            status = Status.FAILED if reason else Status.OK
        except (InputRefused, ConfigError, ResourceConflict) as failure:
            status, reason = Status.FAILED, _told(failure)
    return to_row(
        task.league.code,
        task.provider.name,
        task.window,
        status,
        reason,
        stored,
        time.perf_counter() - started,
    )


def _told(failure: SportsplatError) -> str:
    return " ".join(filter(None, (failure.message, failure.cause, failure.fix)))


def _failure(report: Mapping[str, Any]) -> SourcesFailed:
    failed = [row for row in report["sources"] if row["status"] == "failed"]
    names = ", ".join(f"{row['source']} of {row['league']}" for row in failed)
    return SourcesFailed(
        f"{len(failed)} of {len(report['sources'])} sources failed: {names}; what the others gave is stored.",
        cause="; ".join(row["reason"] for row in failed),
        fix="Run the same command again later: it goes on where it was.",
        report=dict(report),
    )
