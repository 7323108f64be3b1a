"""One file into the database: one transaction, after which the file is there as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from psycopg import errors as pg

from sportsplat.db import runs
from sportsplat.db.staging import Tally, tune
from sportsplat.db.teams import ensure_league, lock_league, resolve_teams
from sportsplat.db.write import ensure_quote_partitions, write_forecasts, write_quotes, write_team_stats
from sportsplat.db.write_matches import write_matches
from sportsplat.errors import EnvironmentUnavailable, InputRefused, ResourceConflict, SportsplatError
from sportsplat.jobs.sift import key_of, narrow, sift
from sportsplat.sources.rows import collector_paused

if TYPE_CHECKING:
    from sportsplat.domain import Batch, MatchKey, Rejected
    from sportsplat.leagues import League
    from sportsplat.sources.base import Payload, Source

KIND = "ingest"
WritePrices = Callable[["Mapping[MatchKey, int]"], "tuple[Tally, list[Rejected]]"]
"""Writes prices of stored matches, given their ids; returns what became of them, and what was refused."""


@dataclass(frozen=True)
class Plan:
    """How files are to be taken: whose format, which leagues, and what of them."""

    source: Source
    league: League | None
    leagues: Mapping[str, League]
    seasons: Sequence[int] = ()
    since: date | None = None


@dataclass(frozen=True)
class Stored:
    """What became of one file."""

    file: str
    league: str
    rows_read: int
    matches: Tally
    quotes: Tally
    stats: Tally
    forecasts: Tally
    rejected: Sequence[Rejected]
    newly_rejected: int

    def counts(self) -> dict[str, Any]:
        """Return the numbers alone, JSON-able, under the names of the report."""
        tables = {name: getattr(self, name)._asdict() for name in ("matches", "quotes", "stats", "forecasts")}
        return {"rows_read": self.rows_read, **tables, "quarantined": len(self.rejected)}


def store_file(conn: psycopg.Connection[Any], plan: Plan, payload: Payload) -> Stored:
    """Parse and store one file, with its row in `pipeline_runs`. `conn` is in autocommit mode.

    Raises:
        InputRefused: the file is not of this format, or the database refused a row of it; nothing of it is
        stored.
        EnvironmentUnavailable: the database went away or has no room; nothing of this file is stored.
    """
    with translated(payload.name), collector_paused():
        run_id = runs.start_run(
            conn,
            KIND,
            plan.source.name,
            plan.league.code if plan.league else None,
            payload.name,
            payload.sha256,
        )
        try:
            batch = plan.source.parse(payload, plan.league, plan.leagues)
            if batch.quotes:
                ensure_quote_partitions(conn, {match.season for match in batch.matches})
            with conn.transaction():
                stored = store_batch(conn, plan, payload.name, batch, run_id)
                runs.finish_run(conn, run_id, batch.league, stored.counts())
        except BaseException as failure:
            if not conn.closed:
                runs.fail_run(conn, run_id, str(failure) or type(failure).__name__)
            raise
        finally:
            if not conn.closed:
                runs.release_run(conn, run_id)
        return stored


def store_batch(
    conn: psycopg.Connection[Any],
    plan: Plan,
    file: str,
    batch: Batch,
    run_id: int,
    prices: WritePrices | None = None,
) -> Stored:
    """Store what a file says, within a transaction; `prices` writes what is too much for records."""
    league, source = batch.league, plan.source.name
    tune(conn)
    lock_league(conn, league)
    ensure_league(conn, plan.leagues[league])
    wanted = narrow(batch, plan.seasons, plan.since)
    names = {name for match in wanted.matches for name in (match.home, match.away)}
    teams = resolve_teams(conn, league, source, names)
    sifted = sift(wanted, teams, () if wanted is batch else map(key_of, batch.matches))
    hangs_on_them = bool(sifted.quotes or sifted.stats or sifted.forecasts or prices)
    matches, ids = write_matches(
        conn, league, source, sifted.matches, teams, run_id, ids_wanted=hangs_on_them
    )
    quotes = write_quotes(conn, sifted.quotes, ids[np.asarray(sifted.quote_rows, dtype=np.intp)])
    rejected = sifted.rejected
    if prices:
        id_of = dict(zip(map(key_of, sifted.matches), ids.tolist(), strict=True))
        written, refused = prices(id_of)
        quotes, rejected = quotes.plus(written), [*rejected, *refused]
    return Stored(
        file=file,
        league=league,
        rows_read=batch.rows_read,
        matches=matches,
        quotes=quotes,
        stats=write_team_stats(conn, sifted.stats, ids[np.asarray(sifted.stats_rows, dtype=np.intp)]),
        forecasts=write_forecasts(
            conn, sifted.forecasts, ids[np.asarray(sifted.forecast_rows, dtype=np.intp)]
        ),
        rejected=rejected,
        newly_rejected=runs.store_rejected(conn, run_id, source, league, file, rejected),
    )


@contextmanager
def translated(file: str) -> Iterator[None]:
    """Turn what the database says into errors of ours that name the file."""
    try:
        yield
    except (pg.IntegrityError, pg.DataError) as refused:
        raise InputRefused(
            f"The database refused a row of {file}; nothing of the file was stored.",
            code="ROW_REFUSED",
            cause=_told(refused),
            fix="Report this: the source's parser should have put that row into quarantine.",
        ) from refused
    except pg.DeadlockDetected as deadlock:
        raise ResourceConflict(
            f"Another ingest held rows of {file}; nothing of the file was stored.",
            cause=_told(deadlock),
            fix="Run the same command again.",
        ) from deadlock
    except (pg.DiskFull, pg.OutOfMemory, pg.InsufficientResources) as full:
        raise EnvironmentUnavailable(
            f"The database has no room left for {file}; nothing of the file was stored.",
            code="DATABASE_FULL",
            cause=_told(full),
            fix="Make room, then run the same command again: files already stored are found unchanged.",
        ) from full
    except psycopg.Error as lost:
        raise _unavailable(file, lost) from lost


def _unavailable(file: str, lost: psycopg.Error) -> SportsplatError:
    return EnvironmentUnavailable(
        f"The database gave up on {file}; nothing of the file was stored.",
        code="DATABASE_FAILED",
        cause=_told(lost),
        fix="sportsplat status, then run the same command again.",
    )


def _told(problem: psycopg.Error) -> str:
    state = f"{problem.sqlstate}: " if problem.sqlstate else ""
    return state + " ".join(str(problem).split())
