"""Ingest: files of a source into the database, each as a whole; a second run finds everything unchanged."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat.errors import InputRefused, SportsplatError, UsageError
from sportsplat.jobs.ingest.report import IngestReport, RefusedFile, refusal_of, refused_file, to_report
from sportsplat.paths import printable
from sportsplat.progress import Progress, silent
from sportsplat.sources import SOURCES, get_source
from sportsplat.sources.base import Payload, Source, Window
from sportsplat.sources.reading.files import find_files, read_file

if TYPE_CHECKING:
    import psycopg

    from sportsplat.jobs.context import Context
    from sportsplat.jobs.ingest.file import IngestPlan
    from sportsplat.jobs.ingest.report import Stored
    from sportsplat.leagues.league import League


DAYS_AHEAD = 7
ANOTHER_FORMAT = {"NOT_THIS_FORMAT", "MISSING_COLUMN", "NOT_CSV", "NOT_TEXT"}  # another source may know it


def ingest(
    context: Context,
    source: str,
    paths: Sequence[Path],
    *,
    league: str | None = None,
    seasons: Sequence[int] = (),
    since: date | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    options: Mapping[str, Any] | None = None,
    as_of: datetime | None = None,
    accept_changes: bool = False,
    now: datetime | None = None,
) -> IngestReport:
    """Store the files `paths` (without any: what the source's site gives for `seasons`) and count changes.

    Files are independent: a refused one leaves the others stored. `seasons` (years in which they start) and
    `since` narrow what is taken of them; for a live source `since` alone says what is fetched. `dry_run` does
    everything and takes it back. `options` go to a source that makes its own data (`seed` of `simulate`).
    `as_of`: the moment whose knowledge the files hold, `now` if None; `now`: by the clock if None.
    `accept_changes`: take results that their own source gave otherwise before.

    Raises:
        NotFound: no such source or league.
        UsageError: this source does not serve this league, or needs files or seasons.
        InputRefused: a path does not exist (before anything is stored), or files were refused (FILES_REFUSED,
            with the report of the others under `details["report"]`; a single file's own error where there is
            one file).
        EnvironmentUnavailable: the database went away; files stored until then stay.
    """
    from sportsplat.jobs.ingest.file import IngestPlan

    started = time.perf_counter()
    provider = get_source(source, context.leagues)
    chosen = _chosen_league(context, provider, league)
    unreadable: list[RefusedFile] = []
    if paths:
        files = find_files(paths, provider.suffixes)
        number, payloads = len(files), _one_at_a_time(_readable(files, unreadable))
    else:
        made = _made(context, provider, chosen, seasons, since, options or {})
        number, payloads = len(made), iter(made)
    plan = IngestPlan(
        provider,
        chosen,
        context.leagues,
        seasons,
        since,
        as_of,
        accept_changes,
        now=now or datetime.now(UTC),
    )
    tell = progress or silent
    stored: list[Stored] = []
    refused, abandoned = unreadable, list[str]()
    if payloads is not None:
        with closing(context.connect("app", autocommit=True, lasting=True)) as conn:
            stored, unfit, abandoned = store_all(conn, plan, payloads, number, tell, dry_run=dry_run)
        refused = unreadable + unfit
    report = to_report(source, stored, refused, abandoned, dry_run, time.perf_counter() - started)
    if refused:
        raise refusal_of(refused, report)
    return report


def _readable(files: Sequence[Path], refused: list[RefusedFile]) -> Iterator[Payload]:
    """Read files when their turn comes, adding to `refused` those that cannot be read.

    Names are absolute, so that a retry finds them from anywhere.
    """
    for path in files:
        try:
            yield read_file(path.absolute())
        except InputRefused as refusal:
            refused.append(refused_file(printable(path.absolute()), refusal))


def _one_at_a_time(payloads: Iterator[Payload]) -> Iterator[Payload] | None:
    """Return the payloads, of which none is kept once the next is asked for; None if there is none.

    The first is read at once: where no file can be read, no database is needed.
    """
    first = list(islice(payloads, 1))

    def each() -> Iterator[Payload]:
        yield first.pop()
        yield from payloads

    return each() if first else None


def store_all(
    conn: psycopg.Connection[Any],
    plan: IngestPlan,
    payloads: Iterable[Payload],
    number: int,
    tell: Progress,
    *,
    dry_run: bool = False,
) -> tuple[list[Stored], list[RefusedFile], list[str]]:
    """Store `number` payloads; return what became of them, which were refused, and what a killed run left.

    A file whose rows all went to quarantine counts as refused, too.
    """
    from sportsplat.db.write.runs import abandon_dead_runs
    from sportsplat.db.write.teams import lock_league
    from sportsplat.jobs.ingest.failed_rows import nothing_stored
    from sportsplat.jobs.ingest.file import KIND, store_file

    stored: list[Stored] = []
    refused: list[RefusedFile] = []
    outer: AbstractContextManager[Any] = conn.transaction(force_rollback=True) if dry_run else nullcontext()
    tell(0, total=number)
    with outer:
        if dry_run:  # the files' locks are held to the end, and two would take them in two orders
            for code in sorted(
                {plan.league.code} if plan.league else {*plan.source.leagues} & {*plan.leagues}
            ):
                lock_league(conn, code)
        abandoned = abandon_dead_runs(conn, KIND)
        for done, payload in enumerate(payloads):
            tell(done, description=f"{plan.source.name} {Path(payload.name).name}")
            try:
                of_file = store_file(conn, plan, payload)
                stored += of_file
                refused += nothing_stored(of_file)
            except InputRefused as refusal:
                refused.append(_refused(payload, plan, refusal))
    tell(number)
    return stored, refused, abandoned


def _chosen_league(context: Context, provider: Source, code: str | None) -> League | None:
    if code is None:
        return None
    league = context.league(code)
    if code not in provider.leagues:
        raise UsageError(
            f"the source {provider.name} has no league {code}",
            cause=f"it serves {', '.join(provider.leagues)}",
            fix="sportsplat sources",
            code="LEAGUE_NOT_SERVED",
        )
    return league


def _made(
    context: Context,
    provider: Source,
    league: League | None,
    seasons: Sequence[int],
    since: date | None,
    options: Mapping[str, Any],
) -> list[Payload]:
    """Get payloads of a source that makes or fetches them itself."""
    served = [context.leagues[code] for code in provider.leagues if code in context.leagues]
    wanted = [league] if league else served
    if since is not None and not seasons and provider.live:
        window = Window(since, max(since, datetime.now(UTC).date()) + timedelta(days=DAYS_AHEAD))
        payloads = list(provider.fetch_window(window, leagues=wanted, settings=context.settings))
    else:
        payloads = provider.fetch(seasons, leagues=wanted, settings=context.settings, **options)
    if not payloads:
        raise UsageError(
            f"say which seasons of {provider.name} are wanted",
            cause="neither files nor seasons were named",
            fix=f"sportsplat ingest {provider.name} --season {datetime.now(UTC).year - 1}",
            code="SEASONS_NEEDED",
        )
    return payloads


def _refused(payload: Payload, plan: IngestPlan, refusal: InputRefused) -> RefusedFile:
    wanted = refusal.error_code in ANOTHER_FORMAT
    right = source_that_reads(payload, plan.leagues, besides=plan.source.name) if wanted else None
    fix = f"sportsplat ingest {right} {shlex.quote(payload.name)}" if right else None
    return refused_file(payload.name, refusal, fix)


def source_that_reads(payload: Payload, leagues: Mapping[str, League], *, besides: str) -> str | None:
    """Return another source than `besides` that finds matches in a file; None when none does."""
    for name in SOURCES:
        if name != besides:
            try:
                batches = get_source(name, leagues).batches(payload, None, leagues)
                if any(batch.matches for batch in batches):
                    return name
            except (SportsplatError, ImportError):
                continue
    return None
