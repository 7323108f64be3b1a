"""The staging table of matches: the rows of one file as its source tells them, on their way into claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sportsplat.db.pgwire import Array, Columns, PgType
from sportsplat.db.staging import Stage, codes, counts, days, fill, moments

if TYPE_CHECKING:
    import psycopg

    from sportsplat.domain import MatchRecord

_STAGE = Stage(
    "staged_matches",
    {
        "position": PgType.INT4,
        "season": PgType.INT4,
        "match_date": PgType.DATE,
        "kickoff_utc": PgType.TIMESTAMPTZ,
        "precision": PgType.INT4,
        "home_id": PgType.INT8,
        "away_id": PgType.INT8,
        "number": PgType.INT2,
        "neutral": PgType.BOOL,
        "stage": PgType.INT4,
        "status": PgType.INT4,
        "home_score": PgType.INT4,
        "away_score": PgType.INT4,
        "known_at": PgType.TIMESTAMPTZ,
        "new_id": PgType.INT8,
    },
    joined_on=("position", "match_date", "home_id", "away_id"),
)

PLAIN = """
SELECT position, season, match_date, kickoff_utc, home_id, away_id, number, neutral,
       (%(precision)s::text[])[precision] AS precision, (%(stage)s::text[])[stage] AS stage,
       (%(status)s::text[])[status] AS status, nullif(home_score, -1) AS home_score,
       nullif(away_score, -1) AS away_score, nullif(known_at, '-infinity') AS known_at, new_id
  FROM staged_matches
"""
"""The staged rows with words for codes and NULL for what is missing."""


class Source(NamedTuple):
    """Who speaks, of which league, in which run, and as of when (None: now)."""

    league: str
    name: str
    run_id: int
    precedence: Sequence[str] = ()
    recorded_at: Any = None
    complete: bool = False  # a file lists every fixture of the stretch that it covers


def stage_matches(
    conn: psycopg.Connection[Any],
    source: Source,
    records: Sequence[MatchRecord],
    teams: Mapping[str, int],
    reserved: Array | None = None,
) -> dict[str, Any]:
    """Fill the staging table; return the parameters that the statements on it share.

    reserved: the id that each match is to have if it is new (None: the next one).
    """
    values = dict(zip(records[0]._fields, zip(*records, strict=True), strict=True))
    coded = {name: codes(values[name]) for name in ("precision", "stage", "status")}
    columns: Columns = {
        "position": np.arange(len(records)),
        "season": counts(values["season"]),
        "match_date": days(values["match_date"]),
        "kickoff_utc": moments(values["kickoff_utc"]),
        "home_id": counts([teams[name] for name in values["home"]]),
        "away_id": counts([teams[name] for name in values["away"]]),
        "number": counts(values["number"]),
        "neutral": np.array(values["neutral"], dtype=np.bool_),
        "home_score": counts(values["home_score"]),
        "away_score": counts(values["away_score"]),
        "known_at": moments(values["known_at"]),
        "new_id": np.zeros(len(records), dtype=np.int64) if reserved is None else reserved,
        **{name: positions for name, (positions, _) in coded.items()},
    }
    fill(conn, _STAGE, columns)
    return {
        "league": source.league,
        "source": source.name,
        "run_id": source.run_id,
        "precedence": list(source.precedence),
        "recorded_at": source.recorded_at,
        "complete": source.complete,
        "reserved": reserved is not None,
        "first": min(values["match_date"]),
        "last": max(values["match_date"]),
        **{name: texts for name, (_, texts) in coded.items()},
    }
