"""Runs: what each brought, and one of them taken back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sportsplat.db.write import runs
from sportsplat.db.write.teams import lock_league
from sportsplat.errors import DataConflict, NotFound, UsageError
from sportsplat.jobs.ingest.file import KIND
from sportsplat.progress import Progress, silent
from sportsplat.results import Result

if TYPE_CHECKING:
    import psycopg

    from sportsplat.db.write.runs import StoredRun
    from sportsplat.db.write.undo_run import UsedMatch
    from sportsplat.jobs.context import Context


@dataclass(frozen=True)
class UndoReport(Result):
    """What an undo did: rows that went, rows that say again what they said before, by kind.

    `not_restored` rows could not come back. What later files repeat of the run was read again from
    `read_again`; `not_read_again` are files that are gone or have changed since.
    """

    run: int
    source: str
    league: str
    file: str
    removed: dict[str, int]
    restored: dict[str, int]
    not_restored: int
    read_again: list[str]
    not_read_again: list[str]
    dry_run: bool


def listed(
    context: Context,
    *,
    league: str | None = None,
    source: str | None = None,
    file: str | None = None,
    limit: int | None = None,
) -> list[StoredRun]:
    """Return runs, the last one first, of a league, a source, or files with `file` in their name."""
    with closing(context.connect("read", autocommit=True)) as conn:
        return runs.stored_runs(conn, league=league, source=source, file=file, limit=limit)


def show(context: Context, run_id: int) -> StoredRun:
    """Return one run. Raises NotFound (NO_SUCH_RUN)."""
    with closing(context.connect("read", autocommit=True)) as conn:
        return _found(conn, run_id)


def undo(
    context: Context,
    run_id: int,
    *,
    dry_run: bool = False,
    with_predictions: bool = False,
    progress: Progress | None = None,
) -> UndoReport:
    """Take back what an ingest of one file brought of a league, all of it or, when killed, nothing.

    What it replaced comes back; what other runs said stands, and the values in use follow from what remains.
    What later files repeated is read again from them. dry_run: do everything, report it, and take it back.
    with_predictions: delete predictions and bets of matches that go; without it they are a reason to refuse.

    Raises:
        NotFound: there is no such run (NO_SUCH_RUN).
        UsageError: it is no finished ingest (NOT_AN_INGEST), or was undone before (ALREADY_UNDONE).
        DataConflict: its changes were not recorded (CHANGES_NOT_NOTED), or predictions or bets refer to
            matches that would go (MATCHES_IN_USE).
    """
    from sportsplat.db.write.undo_run import settle, take_out, used
    from sportsplat.jobs.ingest.reread import reread_later_files

    tell = progress or silent
    with (
        closing(context.connect("app", autocommit=True, lasting=True)) as conn,
        conn.transaction(force_rollback=dry_run),
    ):
        lock_league(conn, _undoable(_found(conn, run_id)).league or "")
        run = _undoable(_found(conn, run_id))  # somebody else may have undone it meanwhile
        league = context.league(run.league or "")
        undone = take_out(conn, run_id)
        again, not_again = reread_later_files(conn, context, run, tell)
        matches = used(conn)
        if matches and not with_predictions:
            raise _in_use(run, matches)
        undone = settle(conn, league, run_id, undone)
    return UndoReport(
        run=run_id,
        source=run.source or "",
        league=league.code,
        file=run.file or "",
        removed=undone.removed,
        restored=undone.restored,
        not_restored=undone.lost,
        read_again=again,
        not_read_again=not_again,
        dry_run=dry_run,
    )


def _found(conn: psycopg.Connection[Any], run_id: int) -> StoredRun:
    run = runs.stored_run(conn, run_id)
    if run is None:
        raise NotFound(f"there is no run {run_id}", fix="sportsplat runs list", code="NO_SUCH_RUN")
    return run


def _undoable(run: StoredRun) -> StoredRun:
    if run.status == "undone":
        when = str(run.counts.get("undone_at", ""))[:16].replace("T", " ")
        raise UsageError(
            f"run {run.id} was undone already",
            cause=f"{run.file}, taken back on {when} UTC",
            fix="sportsplat runs list",
            code="ALREADY_UNDONE",
        )
    if run.kind != KIND or run.status != "done":
        raise UsageError(
            f"run {run.id} stored nothing that could be taken back: it is {run.kind}, {run.status}",
            cause=run.error,
            fix="sportsplat runs list",
            code="NOT_AN_INGEST",
        )
    if not run.counts.get("changes_noted"):
        raise DataConflict(
            f"the changes of run {run.id} were not recorded, so it cannot be undone",
            cause=f"{run.file} was stored before the database took note of that (schema revision 0018)",
            fix="sportsplat db backups: a backup from before the run has what was there then",
            code="CHANGES_NOT_NOTED",
        )
    return run


def _in_use(run: StoredRun, matches: list[UsedMatch]) -> DataConflict:
    one = matches[0]
    return DataConflict(
        f"predictions or bets refer to {len(matches):,} matches that would go with run {run.id};"
        " nothing was changed",
        cause=f"for example {one.home} - {one.away} on {one.day}",
        fix=f"sportsplat runs undo {run.id} --with-predictions deletes those predictions and bets, too",
        code="MATCHES_IN_USE",
        matches=[match._asdict() for match in matches],
    )
