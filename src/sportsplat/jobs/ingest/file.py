"""One file into the database: one transaction, after which the file is there as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sportsplat.cleaning.duplicates import deduplicate, merge_repeated_matches, narrow
from sportsplat.cleaning.orientation import Sides
from sportsplat.cleaning.rules import ZONES, apply_rules
from sportsplat.db.errors import Work, server_errors
from sportsplat.db.write import runs
from sportsplat.db.write.claims import declare_league
from sportsplat.db.write.facts import write_details, write_forecasts, write_team_stats
from sportsplat.db.write.import_run import ImportRun, note_changes
from sportsplat.db.write.matches import write_matches
from sportsplat.db.write.quotes import ensure_quote_partitions, write_quotes
from sportsplat.db.write.staging import Tally, tune
from sportsplat.db.write.teams import lock_league
from sportsplat.errors import InputRefused, UsageError
from sportsplat.jobs.ingest.failed_rows import refuse_bad_file, refuse_bad_matches
from sportsplat.jobs.ingest.report import Stored
from sportsplat.jobs.ingest.teams import IdentifiedBatch, identify
from sportsplat.sources.reading.csv import collector_paused

if TYPE_CHECKING:
    import psycopg

    from sportsplat.db.write.matches import Ids, Written
    from sportsplat.db.write.runs import StoredReading
    from sportsplat.domain import Batch, MatchKey, MatchRecord, Rejected
    from sportsplat.leagues.league import League
    from sportsplat.sources.base import Payload
    from sportsplat.sources.base import Source as Provider

KIND = "ingest"
MOST_CHANGED_RESULTS = 3
MOST_CHANGED_SHARE = 0.05
"""A file that contradicts more results than both say is refused as a whole."""
WritePrices = Callable[["Mapping[MatchKey, int]", Sides], "tuple[Tally, list[Rejected]]"]
"""Writes prices of stored matches, given the place of each among all; returns what became of them, and what
was refused."""


ReservedIds = Callable[["Sequence[MatchRecord]", "Mapping[MatchKey, MatchKey]"], "Ids"]
"""Returns the ids of matches, given these and what keys of the file have changed."""


@dataclass(frozen=True)
class IngestPlan:
    """How files are to be taken: whose format, which leagues, and what of them."""

    source: Provider
    league: League | None
    leagues: Mapping[str, League]
    seasons: Sequence[int] = ()
    since: date | None = None
    recorded_at: datetime | None = None  # the moment as of which the files are read; None: now
    accept_changes: bool = False  # take results that their own source gave otherwise before
    now: datetime = field(kw_only=True)

    def __post_init__(self) -> None:
        """Raise UsageError (AS_OF_AHEAD) where files are said to be of a day to come.

        What they say would count as newer than every later file.
        """
        if self.recorded_at is not None and self.recorded_at > self.now + ZONES:
            raise UsageError(
                f"--as-of {self.recorded_at:%Y-%m-%d} is still to come",
                cause=f"it is {self.now:%Y-%m-%d %H:%M} UTC by this machine's clock",
                fix="leave --as-of out, or name the day of which the files are",
                code="AS_OF_AHEAD",
            )

    @property
    def told_at(self) -> datetime:
        """The moment after which a file can tell no result."""
        return min(self.now, self.recorded_at or self.now)

    def reading(self) -> dict[str, Any]:
        """Return what `again` needs to take a file the same way once more, JSON-able."""
        return {
            "league": self.league.code if self.league else None,
            "seasons": list(self.seasons),
            "since": self.since.isoformat() if self.since else None,
            "as_of": self.recorded_at.isoformat() if self.recorded_at else None,
            "accept_changes": self.accept_changes,
        }

    def again(self, last: StoredReading | None, sha256: str) -> IngestPlan:
        """Return how to take a file of this hash that was stored before.

        The same bytes say what was known then: read as of now they would replace what newer files said.
        """
        if last is None:
            return self
        reading = last.reading or {}
        since, as_of = reading.get("since"), reading.get("as_of")
        moment = datetime.fromisoformat(as_of) if as_of else last.told_at
        return replace(
            self,
            seasons=reading.get("seasons", ()),
            since=date.fromisoformat(since) if since else None,
            recorded_at=moment if last.sha256 == sha256 else None,
        )


def store_file(conn: psycopg.Connection[Any], plan: IngestPlan, payload: Payload) -> list[Stored]:
    """Parse and store one file, with a row in `pipeline_runs` for each league that it holds.

    `conn` is in autocommit mode. All leagues of a file are stored, or none.

    Raises:
        InputRefused: the file is not of this format, or the database refused a row of it; nothing of it is
        stored.
        EnvironmentUnavailable: the database went away (CONNECTION_LOST) or has no room; nothing of this file
            is stored.
        ResourceConflict: another session holds what the file needs (LOCK_TIMEOUT).
    """
    with ingest_errors(conn, payload.name), collector_paused():
        run_ids = [_start_run(conn, plan, payload, plan.league.code if plan.league else None)]
        try:
            batches = plan.source.batches(payload, plan.league, plan.leagues)
            run_ids += [_start_run(conn, plan, payload, batch.league) for batch in batches[1:]]
            for batch in batches:
                if batch.quotes:
                    ensure_quote_partitions(conn, {match.season for match in batch.matches})
            with conn.transaction():
                for batch in batches:  # first: readers of all matches wait for the writers
                    lock_league(conn, batch.league)
                stored = [
                    store_batch(conn, plan, payload.name, batch, run_id)
                    for batch, run_id in zip(batches, run_ids, strict=True)
                ]
                stored = keep_rejected(conn, plan, stored, run_ids[0])
                for each, run_id in zip(stored, run_ids, strict=True):
                    runs.finish_run(conn, run_id, each.league, each.counts(), plan.reading())
        except BaseException as failure:
            for run_id in run_ids:
                if not conn.closed:
                    runs.fail_run(conn, run_id, str(failure) or type(failure).__name__)
            raise
        finally:
            for run_id in run_ids:
                if not conn.closed:
                    runs.release_run(conn, run_id)
        return stored


def _start_run(conn: psycopg.Connection[Any], plan: IngestPlan, payload: Payload, league: str | None) -> int:
    return runs.start_run(conn, KIND, plan.source.name, league, payload.name, payload.sha256)


def keep_rejected(
    conn: psycopg.Connection[Any], plan: IngestPlan, stored: Sequence[Stored], run_id: int
) -> list[Stored]:
    """Put what was rejected of a file into quarantine; its first league tells how much of it is new."""
    rejected = {each.league: each.rejected for each in stored}
    unread = frozenset[int]().union(*(each.unread for each in stored))
    new = runs.store_rejected(
        conn,
        run_id,
        plan.source.name,
        stored[0].file,
        rejected,
        whole=plan.league is None,
        unread=unread,
    )
    return [replace(stored[0], newly_rejected=new), *stored[1:]]


def import_run(conn: psycopg.Connection[Any], plan: IngestPlan, league: League, run_id: int) -> ImportRun:
    """Return what the steps of writing need to know of an import of one league's rows."""
    return ImportRun(
        conn,
        league.code,
        plan.source.name,
        run_id,
        league.precedence,
        plan.recorded_at,
        plan.source.lists_all,
    )


def store_batch(
    conn: psycopg.Connection[Any],
    plan: IngestPlan,
    file: str,
    batch: Batch,
    run_id: int,
    prices: WritePrices | None = None,
    reserved: ReservedIds | None = None,
) -> Stored:
    """Store what a file says, within a transaction; `prices` writes what is too much for records.

    reserved: gives the ids that matches are to have if they are new.
    """
    league = plan.leagues[batch.league]
    tune(conn)
    lock_league(conn, league.code)
    note_changes(conn, None)  # what a changed declaration causes belongs to no run
    declare_league(conn, league)
    note_changes(conn, run_id)
    narrowed = narrow(batch, plan.seasons, plan.since)
    wanted = apply_rules(merge_repeated_matches(narrowed), league, plan.told_at)
    if prices is None:
        refuse_bad_file(batch, narrowed, wanted)
    else:
        refuse_bad_matches(narrowed, wanted)
    known = identify(conn, wanted, league, plan.leagues.values())
    mentioned = (match.key for match in (*batch.matches, *wanted.matches))
    sifted = deduplicate(known.batch, known.ids, () if known.batch is batch else mentioned)
    run = import_run(conn, plan, league, run_id)
    written = write_matches(
        run,
        sifted.matches,
        known.ids,
        ids_wanted=bool(sifted.quotes or sifted.stats or sifted.forecasts or sifted.details or prices),
        accept_changes=plan.accept_changes,
        reserved=reserved(sifted.matches, known.renamed) if reserved else None,
    )
    rejected = [*sifted.rejected, *_refused_matches(known.batch, sifted.matches, written)]
    sides = Sides(written.ids, written.turned)
    quotes = write_quotes(run, *sides.of_quotes(sifted.quotes, sifted.quote_rows))
    if prices:
        tally, refused = prices(_place_by_key(known, sifted.matches), sides)
        quotes, rejected = quotes.plus(tally), [*rejected, *refused]
    return Stored(
        file=file,
        league=league.code,
        rows_read=batch.rows_read,
        holds_matches=sum(written.tally) > 0 or len(narrowed.matches) < len(batch.matches),
        matches=written.tally,
        quotes=quotes,
        stats=write_team_stats(run, *sides.of_stats(sifted.stats, sifted.stats_rows)),
        forecasts=write_forecasts(run, *sides.of_forecasts(sifted.forecasts, sifted.forecast_rows)),
        details=write_details(run, *sides.of_details(sifted.details, sifted.detail_rows)),
        rejected=rejected,
        parts_left_out=_parts(known.batch, sifted.matches, written, rejected),
        unread=_unread(batch, narrowed),
    )


def _unread(batch: Batch, narrowed: Batch) -> frozenset[int]:
    """Return the lines of the matches that were left out on purpose, and 0 where the line is not known."""
    if narrowed is batch:
        return frozenset()
    wanted = {match.key for match in narrowed.matches}
    left_out = (match.key for match in batch.matches if match.key not in wanted)
    return frozenset({0, *(batch.line_of.get(key, 0) for key in left_out)})


def _parts(
    batch: Batch, matches: Sequence[MatchRecord], written: Written, rejected: Sequence[Rejected]
) -> int:
    """Return how many of the rejected are parts of a row whose match is stored."""
    refused = {*written.left_out, *(position for position, *_ in written.contradicted)}
    stored = (match.key for place, match in enumerate(matches) if place not in refused)
    lines = {batch.line_of.get(key, 0) for key in stored} - {0} if rejected else set()
    return sum(row.line in lines for row in rejected)


def _place_by_key(known: IdentifiedBatch, matches: Sequence[MatchRecord]) -> dict[MatchKey, int]:
    """Return the places of matches by the keys that the file has for them."""
    places = {match.key: place for place, match in enumerate(matches)}
    return places | {name: places[kept] for name, kept in known.renamed.items() if kept in places}


def _refused_matches(batch: Batch, matches: Sequence[MatchRecord], written: Written) -> list[Rejected]:
    """Make the records of matches that contradict what their own source said before.

    Raises InputRefused (RESULTS_DIFFER) when these are so many that the file is hardly of the season it says.
    """
    rejected = []
    for position in written.left_out:
        match = matches[position]
        reason = f"{match.key.label} is another match in an earlier file"
        rejected.append(batch.reject(match.key, "ambiguous-match", reason))
    for position, home, away in written.contradicted:
        match = matches[position]
        reason = (
            f"{match.key.label} ended {match.home_score}:{match.away_score} "
            f"here and {home}:{away} in what {batch.source} said before; --accept-changes takes it"
        )
        rejected.append(batch.reject(match.key, "changed-result", reason))
    differ = len(written.contradicted)
    if differ > MOST_CHANGED_RESULTS and differ > MOST_CHANGED_SHARE * len(matches):
        raise InputRefused(
            f"{batch.file} contradicts {differ} results that {batch.source} gave before; "
            "nothing of it was stored",
            code="RESULTS_DIFFER",
            cause=rejected[-1].reason,
            fix="check that it is the right file; if it is: the same command with --accept-changes",
        )
    return rejected


def ingest_errors(conn: psycopg.Connection[Any], file: str) -> AbstractContextManager[None]:
    """Turn errors of the server into errors of this package that name the file."""
    again = "the same command again (files already stored are found unchanged)"
    return server_errors(
        conn, Work(f"the ingest of {file}", again, "nothing of the file was stored", kind="ingest")
    )
