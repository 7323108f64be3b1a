"""Build a league's features from what is stored, keep them in the database, write them to a file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportsplat.db import read
from sportsplat.db.staging import Tally
from sportsplat.db.write_features import write_features
from sportsplat.domain import JsonObject
from sportsplat.errors import InputRefused, UsageError
from sportsplat.features.build import Features, build_features
from sportsplat.leagues import League

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

    from sportsplat.jobs.context import Context

FORMATS = (".parquet", ".csv")


@dataclass(frozen=True)
class Frames:
    """Matches of a league and their box scores, as they were known at one moment."""

    matches: pd.DataFrame
    stats: pd.DataFrame

    def build(self, league: League, windows: Sequence[int]) -> Features:
        """Build the features of every match, played or not."""
        return build_features(self.matches, league, windows=windows, stats=self.stats)


def read_frames(
    connection: psycopg.Connection[Any],
    league: League,
    *,
    known_at: datetime | None = None,
    as_held: bool = False,
) -> Frames:
    """Read what features are built from: everything, or what was known at a moment.

    as_held: told as this database held it then, although it has been corrected or moved since.
    """
    return Frames(
        read.matches_frame(connection, league, known_at=known_at, as_held=as_held),
        read.stats_frame(connection, league, league.stats, known_at=known_at, as_held=as_held),
    )


def features(context: Context, code: str, *, as_of: str | None = None, out: Path | None = None) -> JsonObject:
    """Build a league's features and store them; with `as_of` build from what was known then, store nothing.

    `as_of`: a day (its beginning at the league's place) or an ISO moment. `out`: also write a .parquet or
    .csv file, one row a match. Raises NotFound (league), UsageError (a moment or a file that cannot be
    used), InputRefused (nothing is stored of the league).
    """
    league = context.league(code)
    moment = None if as_of is None else parse_moment(as_of, league)
    if out is not None:
        _refuse_format(out)
    started = time.perf_counter()
    with context.connect("read") as connection:
        frames = read_frames(connection, league, known_at=moment, as_held=True)
        names = read.team_names(connection, league) if out is not None else {}
    _refuse_empty(frames, league)
    read_by = time.perf_counter()
    built = frames.build(league, context.settings.features.rolling_windows)
    built_by = time.perf_counter()
    stored = _store(context, built) if moment is None else None
    if out is not None:
        _write_file(built, frames.matches, names, out)
    done = time.perf_counter()
    return {
        "league": league.code,
        "as_of": None if moment is None else moment.isoformat(),
        "matches": len(frames.matches),
        "played": int(frames.matches["final"].sum()),
        "features": len(built.names),
        "names": list(built.names),
        "manifest": built.manifest,
        "stored": None if stored is None else stored._asdict(),
        "out": None if out is None else str(out),
        "seconds": {"read": read_by - started, "build": built_by - read_by, "write": done - built_by},
    }


def parse_moment(text: str, league: League) -> datetime:
    """Read an ISO day (its beginning at the league's place) or moment (UTC unless it names its zone)."""
    try:
        if len(text) == len("2021-02-14"):
            return league.local_midnight(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except ValueError as unreadable:
        raise UsageError(
            f"{text!r} is neither a day nor a moment",
            cause="--as-of",
            fix="write it as 2021-02-14 or 2021-02-14T15:00Z",
            code="BAD_MOMENT",
        ) from unreadable
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse_format(out: Path) -> None:
    if out.suffix.lower() not in FORMATS:
        raise UsageError(
            f"{out.name} has no ending that names a format of features",
            cause=f"--out {out}",
            fix=f"--out {out.with_suffix('.parquet')}",
            code="BAD_FORMAT",
        )
    if not out.parent.is_dir():
        raise UsageError(
            f"there is no folder {out.parent}",
            cause=f"--out {out}",
            fix=f"mkdir -p {out.parent}",
            code="NO_FOLDER",
        )


def _refuse_empty(frames: Frames, league: League) -> None:
    if not len(frames.matches):
        raise InputRefused(
            f"no match of {league.code} is stored", fix="sportsplat sources", code="NO_MATCHES"
        )


def _store(context: Context, built: Features) -> Tally:
    with context.connect("app") as connection:
        return write_features(
            connection,
            built.manifest,
            built.names,
            built.frame.index.to_numpy(dtype=np.int64),
            built.decision_at.to_numpy(dtype="datetime64[us]"),
            built.frame.to_numpy(),
        )


def _write_file(built: Features, matches: pd.DataFrame, names: dict[int, str], out: Path) -> None:
    """Write who played when, then the features; the file appears when it is whole."""
    import pandas as pd

    head = matches[["match_id", "season", "match_date", "kickoff_utc"]].assign(
        home=matches["home_id"].map(names), away=matches["away_id"].map(names)
    )
    table = pd.concat([head, built.frame.reset_index(drop=True)], axis=1)
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        if out.suffix.lower() == ".parquet":
            table.to_parquet(unfinished, index=False)
        else:
            table.to_csv(unfinished, index=False)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
