"""Sync: leagues brought up to date from their live sources; a source that is down fails alone.

What came is stored file by file, so an interrupted sync goes on where it was: what is stored is not asked for
again, and what was fetched just now comes out of the raw cache.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sportsplat.errors import (
    ConfigError,
    InputRefused,
    ResourceConflict,
    SourcesFailed,
    SportsplatError,
    UsageError,
)
from sportsplat.jobs.ingest.ingest import DAYS_AHEAD
from sportsplat.jobs.ingest.report import TABLES, to_report
from sportsplat.progress import Progress, silent
from sportsplat.results import Result
from sportsplat.sources import SOURCES, get_source
from sportsplat.sources.base import Source, Window

if TYPE_CHECKING:
    import psycopg

    from sportsplat.db.write.staging import Tally
    from sportsplat.jobs.context import Context
    from sportsplat.jobs.ingest.report import Stored
    from sportsplat.leagues.league import League


def stored_leagues(context: Context, conn: psycopg.Connection[Any], command: str) -> list[League]:
    """Return them in the order of config/leagues.yaml; `command`: the one that asks, as "sync".

    Raises:
        UsageError: there is none (NOTHING_TO_SYNC).
    """
    codes = {code for (code,) in conn.execute("SELECT DISTINCT league FROM matches").fetchall()}
    found = [league for league in context.leagues.values() if league.code in codes]
    if not found:
        raise nothing_to_sync(command, "no match is stored of any")
    return found


def nothing_to_sync(command: str, why: str) -> UsageError:
    """Make the error for a command that knows no league to follow; `why`: besides that none is named."""
    return UsageError(
        "say which leagues are to be kept up to date",
        code="NOTHING_TO_SYNC",
        cause=f"no league is named, and {why}",
        fix=f"sportsplat {command} nba",
    )


class Status(StrEnum):
    """What came of one source."""

    OK = "ok"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class SourceReport(Result):
    """One source of one league; `reason` tells why it failed or was skipped."""

    league: str
    source: str
    status: Status
    reason: str | None
    since: date
    until: date
    files: int
    matches: Tally
    quotes: Tally
    quarantined: int
    seconds: float


@dataclass(frozen=True)
class SyncReport(Result):
    """The object of `sportsplat sync --json`."""

    leagues: list[str]
    sources: list[SourceReport]
    failed: int


def to_row(
    league: str,
    source: str,
    window: Window,
    status: Status,
    reason: str | None,
    stored: Sequence[Stored],
    seconds: float,
) -> SourceReport:
    """Add up what one source gave; `ok` becomes `unchanged` where nothing of it was new."""
    counts = to_report(source, stored, [], [], dry_run=False, seconds=max(seconds, 1e-9))
    tables = [getattr(counts, name) for name in TABLES]
    if status is Status.OK and not any(table.inserted + table.updated for table in tables):
        status = Status.UNCHANGED
    return SourceReport(
        league=league,
        source=source,
        status=status,
        reason=reason,
        since=window.since,
        until=window.until,
        files=len(stored),
        matches=counts.matches,
        quotes=counts.quotes,
        quarantined=counts.quarantined,
        seconds=round(seconds, 3),
    )


LOOKED_BACK = timedelta(days=3)  # results are corrected within days
LONGEST_OVERDUE = timedelta(days=30)  # no result is expected any more after that

_SINCE = """
SELECT max(match_date) FILTER (WHERE status = 'final'),
       min(match_date) FILTER (WHERE status IN ('scheduled', 'postponed')
                                 AND match_date BETWEEN %(overdue)s AND %(today)s)
  FROM matches WHERE league = %(league)s AND match_date <= %(today)s
"""


class Task(NamedTuple):
    """One source of one league; `missing` says why it cannot be asked."""

    league: League
    provider: Source
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
    none. days: how far ahead. strict: raise SourcesFailed at the end when any source failed.

    Raises:
        NotFound: no such league. UsageError (NOTHING_TO_SYNC): no league is named, and none is stored.
        ResourceConflict (SYNC_RUNNING): another sync of this project is at work.
        SourcesFailed: with `strict` a source failed, or without it all that were asked; with the report.
        EnvironmentUnavailable: the database went away; what was stored until then stays.
    """
    tell = progress or silent
    moment = now or datetime.now(UTC)
    with closing(context.connect("app", autocommit=True, lasting=True)) as conn, _alone(context):
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
            rows.append(_follow(context, conn, task, moment, tell))
        tell(len(tasks))
    report = SyncReport(
        leagues=[league.code for league in chosen],
        sources=rows,
        failed=sum(row.status == "failed" for row in rows),
    )
    came = any(row.status in ("ok", "unchanged") for row in rows)
    if report.failed and (strict or not came):
        raise _failure(report)
    return report


@contextmanager
def _alone(context: Context) -> Iterator[None]:
    """Hold the project's lock of syncs: two at once would ask every site twice."""
    from sportsplat.infra.lock import exclusive
    from sportsplat.infra.state_folder import StateFolder

    state = StateFolder(context.settings.state_dir)
    state.create()
    try:
        with exclusive(state.sync_lock_file, timeout_s=0.1):
            yield
    except ResourceConflict as held:
        if held.error_code != "LOCK_HELD":
            raise
        raise ResourceConflict(
            "another sync of this project is at work",
            code="SYNC_RUNNING",
            cause=held.cause,
            fix="wait for it to end, then run the command again",
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
        first = season.bounds(league.last_season_begun(today))[0] if season else today - LONGEST_OVERDUE
        return Window(min(first, today), until)
    return Window(min(last - LOOKED_BACK, overdue or date.max), until)


def _tasks(context: Context, league: League, window: Window) -> Iterator[Task]:
    for name in _in_order(league):
        provider = get_source(name, context.leagues)
        if provider.live and (name in league.sources or league.code in provider.leagues):
            yield Task(league, provider, window, provider.lacks(context.settings))


def _in_order(league: League) -> list[str]:
    """Return all sources: those that may name a team first, then from the lowest precedence to the highest.

    A value written later is used, so the source with the highest precedence comes last.
    """
    ranks = {name: -rank for rank, name in enumerate(league.precedence)}
    return sorted(
        SOURCES, key=lambda name: (name not in league.names_from, ranks.get(name, -len(league.precedence)))
    )


def _follow(
    context: Context, conn: psycopg.Connection[Any], task: Task, now: datetime, tell: Progress
) -> SourceReport:
    """Fetch and store what one source has of one league, as far as it comes."""
    from sportsplat.db.write.runs import abandon_dead_runs
    from sportsplat.jobs.ingest.failed_rows import nothing_stored
    from sportsplat.jobs.ingest.file import KIND, IngestPlan, store_file

    started = time.perf_counter()
    stored: list[Stored] = []
    status, reason = Status.SKIPPED, task.missing
    if task.missing is None:
        plan = IngestPlan(task.provider, task.league, context.leagues, now=now)
        abandon_dead_runs(conn, KIND)
        try:
            for payload in task.provider.fetch_window(
                task.window, leagues=[task.league], settings=context.settings
            ):
                of_file = store_file(conn, plan, payload)
                stored += of_file
                for file in nothing_stored(of_file):
                    reason = f"{file.message}: {file.cause}"
                tell(description=f"{task.league.code} {task.provider.name}, file {len(stored)}")
                reason = payload.stale or reason
            status = Status.FAILED if reason else Status.OK
        except (InputRefused, ConfigError, ResourceConflict) as failure:
            status, reason = Status.FAILED, _error_text(failure)
    return to_row(
        task.league.code,
        task.provider.name,
        task.window,
        status,
        reason,
        stored,
        time.perf_counter() - started,
    )


def _error_text(failure: SportsplatError) -> str:
    return "; ".join(filter(None, (failure.message, failure.cause, failure.fix)))


def _failure(report: SyncReport) -> SourcesFailed:
    failed = [row for row in report.sources if row.status == "failed"]
    asked = [row for row in report.sources if row.status != "skipped"]
    names = ", ".join(f"{row.source} of {row.league}" for row in failed)
    others = "; what the others gave is stored" if len(asked) > len(failed) else ""
    return SourcesFailed(
        f"{len(failed)} of {len(asked)} sources failed: {names}{others}",
        cause="; ".join(row.reason or "" for row in failed),
        fix="run the same command again later; it continues where it stopped",
        report=report,
    )
